/**
 * Ten thousand chests, one treasure. A captain asks by name for ranges of chests to be opened; the first to find it tells nobody in
 * particular, the captain hears of it and calls the others off. In worker threads first, then on the main thread, which shows what that costs.
 */

import { rm } from 'node:fs/promises'
import type { Board, Handle } from 'callboard'
import type { Options } from '../stage/options.ts'
import { random } from '../stage/random.ts'
import type { Report } from '../stage/report.ts'
import type { Demo, Stage, Tempo } from '../stage/stage.ts'
import { bury, contentOf, openFolder } from './chests.ts'
import { found, open } from './contracts.ts'
import { Count } from './count.ts'

const name = 'treasure-hunt'
const chests = 10_000
/** Chests of one task. */
const range = 500
/** A loop that was held longer is red, in ms: as on the dashboard. */
const red = 200

/** What is played. */
interface Play {
  readonly folder: string
  readonly treasure: number
  readonly turns: number
  readonly count: Count
  /** The tasks of each hunt, from the moment on in which they are asked for. */
  readonly hunts: Map<string, Promise<readonly Handle[]>>
  /** The longest the loop of the searcher was held, once it has told. */
  held: number | undefined
}

/** The demo. */
export async function treasureHunt({ seed }: Options, tempo: Tempo): Promise<Demo> {
  const folder = await openFolder()
  // In the middle: there is something to search, and something to call off.
  const treasure = random(seed).whole(chests * 0.4, chests * 0.55)
  const turns = { headless: 200, watched: 800, played: 1500 }[tempo]
  const play: Play = { folder, treasure, turns, count: new Count(), hunts: new Map(), held: undefined }
  let again: (() => Promise<void>) | undefined
  return {
    name,
    title: `${chests.toLocaleString('en')} chests, one treasure: in worker threads, then on the main thread`,
    places: [],
    async play(stage) {
      await bury(folder, chests)
      const { board, gauge } = await prepare(play, stage)
      await hunt(play, stage, board, true)
      await gauge()
      await stage.pause(1000)
      await hunt(play, stage, board, false)
      await gauge()
      again = async () => {
        await hunt(play, stage, board, false)
        await gauge()
      }
    },
    encore: (stage) => stage.key('h', 'hunt on the main thread', () => again?.()),
    score: () => play.count.score(name, treasure, 2),
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

/** The searcher, the captain, and how to read the gauge of the searcher's event loop. */
async function prepare(play: Play, stage: Stage): Promise<{ board: Board; gauge: () => Promise<void> }> {
  const { count } = play
  const { say, paint } = stage.terminal
  const searcher = await stage.enter('searcher', new URL('searcher.ts', import.meta.url), ['searcher'], (report) => {
    count.hear(report)
    if (report.what === 'held') play.held = report.ms
  })
  const board = await stage.board('captain')
  const hear = (report: Report) => {
    count.hear(report)
    stage.changed()
  }
  board.on('stored', (event) => hear({ what: 'stored', id: event.id, style: event.style, duplicate: event.duplicate }))
  await board
    .service('captain')
    .subscribe(found, async ({ hunt, chest }) => {
      say('hear', 'captain', `hears that the treasure is in chest ${chest}, and calls the others off`)
      for (const handle of (await play.hunts.get(hunt)) ?? []) if (await handle.cancel()) count.cancelled(handle.id)
      count.found(hunt, chest)
      stage.changed()
    })
    .start()
  async function gauge(): Promise<void> {
    play.held = undefined
    searcher.cue('gauge')
    await stage.until('the searcher tells how long its loop was held', () => play.held !== undefined)
    const { held = 0 } = play
    const bar = '█'.repeat(Math.max(1, Math.min(30, Math.ceil(held / 25)))).padEnd(30, '░')
    const said = held > red ? 'nothing else could happen meanwhile' : 'everything else went on meanwhile'
    say('note', 'searcher', paint(held > red ? 'red' : 'green', `${bar} event loop held for ${held} ms at most: ${said}`))
  }
  return { board, gauge }
}

/** One hunt, from asking to the last task. */
async function hunt(play: Play, stage: Stage, board: Board, thread: boolean): Promise<void> {
  const { folder, turns, treasure, count, hunts } = play
  const { say } = stage.terminal
  const name = `hunt-${hunts.size + 1}`
  const wanted = contentOf(folder, treasure, turns)
  const inputs = Array.from({ length: chests / range }, (_, at) => {
    return { hunt: name, folder, first: at * range + 1, last: (at + 1) * range, turns, wanted, thread }
  })
  say('enqueue', 'captain', `asks for ${inputs.length} ranges of ${range} chests, ${thread ? 'in worker threads' : 'on the main thread'}`)
  const asked: Promise<readonly Handle[]> = board.enqueueMany(open, inputs)
  hunts.set(name, asked)
  const ids = (await asked).map(({ id }) => id)
  await stage.until('every range was searched or called off', () => ids.every((id) => count.ended(id)))
  say('note', 'captain', `has the treasure; ${count.spared(ids)} of ${ids.length} ranges were called off`)
}
