/**
 * One job, both ways: an order is placed, stock is reserved, a receipt is sent. First with topics alone, then with tasks alone; after each
 * it is said what this way has lost. The guide to it is docs/guides/both-ways.md.
 */

import type { Board } from 'callboard'
import type { Player } from '../stage/player.ts'
import type { Report } from '../stage/report.ts'
import type { Demo, Stage } from '../stage/stage.ts'
import { placed, refused, reserve, reserved, sendReceipt } from './contracts.ts'
import { Count } from './count.ts'

const name = 'both-ways'
const orders = 6
const books = 4

/** The demo. */
export function bothWays(): Demo {
  const count = new Count()
  return {
    name,
    title: 'one job with topics alone, then with tasks alone, and what each has lost',
    places: [],
    play: (stage) => perform(stage, count),
    score: () => count.score(name, { orders, books }),
    close: async () => undefined,
  }
}

async function perform(stage: Stage, count: Count): Promise<void> {
  const unlucky = stage.random.whole(1, books)
  const hear = (report: Report, { name: who }: Player) => {
    count.hear(report, who)
    tell(stage, report, who)
  }
  const enter = (who: string) => stage.enter(who, new URL('clerk.ts', import.meta.url), [who, String(books), String(unlucky)], hear)
  await Promise.all(['stock', 'mail'].map(enter))
  const board = await stage.board('shop')
  listen(board, stage, count)
  await withTopics(board, stage, count, () => enter('statistics'))
  await stage.pause(1500)
  await withTasks(board, stage, count)
}

/** What the shop itself does is told like that of all others. */
function listen(board: Board, stage: Stage, count: Count): void {
  const hear = (report: Report) => {
    count.hear(report, 'shop')
    stage.changed()
  }
  board.on('stored', (event) => hear({ what: 'stored', ...event }))
  board.on('finished', ({ id, name, attempt, verdict }) => hear({ what: 'finished', id, name, attempt, verdict }))
}

async function withTopics(board: Board, stage: Stage, count: Count, enterStatistics: () => Promise<unknown>): Promise<void> {
  const { say } = stage.terminal
  await using _ = await board
    .service('shop')
    .subscribe(refused, ({ order }) => say('hear', 'shop', `finds its order ${order} among all that were refused`))
    .start()
  for (let order = 1; order <= orders; order++) {
    say('publish', 'shop', `order ${order} is placed; nobody is named`)
    await board.publish(placed, { order })
    await stage.pause(300)
  }
  const settled = () => count.heard('mail', reserved) === books && count.heard('shop', refused) === orders - books
  await stage.until('every order is reserved or refused', settled)
  say('note', 'statistics', 'joins late; the shop does not change, and the past is there')
  await enterStatistics()
  await stage.until('statistics has read the past', () => count.heard('statistics', placed) === orders)
  say('note', 'lost', 'with topics alone: the answer to whom it concerns, when, how often, calling it off, and whether anybody was there')
}

async function withTasks(board: Board, stage: Stage, count: Count): Promise<void> {
  const { say } = stage.terminal
  for (let order = 1; order <= orders; order++) {
    say('enqueue', 'shop', `asks stock by name to reserve for order ${order}, and waits for the answer`)
    const { ok } = await (await board.enqueue(reserve, { order }, { expires: '1m' })).result({ timeout: '30s' })
    if (!ok) {
      say('note', 'shop', `order ${order} is refused; the shop knows at once`)
      continue
    }
    const receipt = await board.enqueue(sendReceipt, { order }, { unique: `receipt:${order}` })
    const reminder = await board.enqueue(sendReceipt, { order }, { delay: '14d' })
    const { number } = await receipt.result({ timeout: '30s' })
    say('note', 'shop', `has receipt ${number}, and calls off the reminder it had set for in 14 days`)
    if (await reminder.cancel()) count.cancelled(reminder.id)
    await stage.pause(300)
  }
  await stage.until('every task has come to its end', () => count.done === orders + books)
  say('note', 'lost', 'with tasks alone: statistics. The shop would have to name it, and the orders so far are told to nobody')
}

/** One line for each thing that happens. */
function tell({ terminal: { say } }: Stage, { what, name, verdict, after, error }: Report, who: string): void {
  if (what !== 'finished') return
  const task = name === reserve.name || name === sendReceipt.name
  if (verdict === 'again') say(task ? 'perform' : 'hear', who, `fails (${error}), to be tried again in ${after} ms`)
  else say(task ? 'perform' : 'hear', who, task ? `has done ${name}` : `has heard ${name}`)
}
