/**
 * Shows the same work done both ways: because something happened, and because it was asked for. What it does is the same; what differs
 * is who decides that it is done, how often it is tried, and who hears what came of it.
 *
 * node --conditions=callboard-source --import tsx demos/both-ways/clerk.ts <stock | mail | statistics> <books on the shelf> <unlucky order>
 */

import { callboard } from 'callboard'
import { onStage } from '../stage/child.ts'
import { placed, refused, reserve, reserved, sendReceipt } from './contracts.ts'

const [name = 'stock', books = '4', unlucky = '1'] = process.argv.slice(2)
const board = await callboard({ name })
const stage = onStage(board)
const service = board.service(name)

/** The printer jams once for one receipt, whichever way it was asked for. */
function print(order: number, attempt: number): { number: string } {
  if (order === Number(unlucky) && attempt === 1) throw new Error('the printer is jammed')
  return { number: `R-${order}` }
}

if (name === 'stock') {
  const shelf = { topics: Number(books), tasks: Number(books) }
  service
    // Nobody waits for an answer, so the answer is one more thing that happened.
    .subscribe(placed, ({ order }, ctx) => ctx.publish(shelf.topics-- > 0 ? reserved : refused, { order }), { concurrency: 1 })
    .perform(reserve, () => ({ ok: shelf.tasks-- > 0 }), { concurrency: 1 })
}
if (name === 'mail') {
  service
    .subscribe(reserved, ({ order }, ctx) => print(order, ctx.attempt), { retry: { attempts: 3, backoff: '200ms' } })
    .perform(sendReceipt, ({ order }, ctx) => print(order, ctx.attempt))
}
// Joins late, and reads what was said before it came: nobody has to change for it.
if (name === 'statistics') service.subscribe(placed, () => undefined, { from: 'all' })

await service.start()
stage.ready()
