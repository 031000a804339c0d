/**
 * Shows both ways to invoke, side by side: it hears of an event that was addressed to nobody, and asks by name for one mail per reader.
 * Should it crash half way and run again, tasks it has enqueued before are not enqueued twice: their ids follow from the event.
 *
 * node --conditions=callboard-source --import tsx demos/email-fanout/planner.ts [readers.csv]
 */

import { callboard } from 'callboard'
import { onStage } from '../stage/child.ts'
import { bookReleased, sendMail } from './contracts.ts'
import { ownReaders, readReaders } from './readers.ts'

const [file = ownReaders] = process.argv.slice(2)
const board = await callboard({ name: 'planner' })
const stage = onStage(board)

await board
  .service('mail-planner')
  .subscribe(
    bookReleased,
    async ({ title, at }, ctx) => {
      for (const { name, address, zone } of await readReaders(file)) {
        const time = new Date(at).toLocaleString('en-GB', { timeZone: zone, dateStyle: 'full', timeStyle: 'short' })
        await ctx.enqueue(sendMail, { name, to: address, title, time })
      }
    },
    { lease: '3s' },
  )
  .start()

stage.ready()
