/**
 * Queues, for whoever operates them: see them, hold them, empty them, wait until they are done. Made of what a board says of its
 * queues, so it needs no contract, and nobody of ours has to run.
 */

import { setTimeout as after } from 'node:timers/promises'
import type { Duration } from '../../base/duration.ts'
import { fault } from '../../base/errors.ts'
import { callable, type ReadersOf, readOptions, signal, time } from '../../base/options.ts'
import { type Board, type Lane, type Queue, type QueueFact, type Queues, queue } from '../../index.ts'

/** How much there is to do. */
export interface Load {
  /** Stored, and not with a worker. */
  readonly waiting: number
  /** With a worker: it runs, is about to, or waits for its next attempt. */
  readonly running: number
}

/** Those who perform one task on one lane. */
export interface QueueConsumer extends Load {
  readonly task: string
  readonly lane: Lane
  /** Of those with a worker, how many were handed over before. */
  readonly again: number
  /** Workers that are asking for more. */
  readonly asking: number
}

/** A queue, as it stands. */
export interface QueueStatus extends Load {
  readonly name: string
  readonly layout: Queue['layout']
  /** In how many streams it is kept. */
  readonly partitions: number
  /** Waits for its time. */
  readonly delayed: number
  /** Given up, and kept as dead letters. */
  readonly dead: number
  /** When the oldest was stored that has not ended; undefined: there is none. */
  readonly oldest: Date | undefined
  /** It hands out nothing; until then, or until it is resumed. */
  readonly paused: boolean | Date
  /** What it may hold at most, 0 for any number, `age` in ms; undefined: it has no limit. */
  readonly limit: Queue['limit']
  readonly full: Queue['full']
  /** What is held against the limit: tasks that have not ended and were not delayed, and their bytes. */
  readonly held: { readonly tasks: number; readonly bytes: number }
  /** All its bytes on the broker. */
  readonly bytes: number
  readonly consumers: readonly QueueConsumer[]
}

/** How to wait until a queue is done. */
export interface DrainOptions {
  /** How long to wait; then `TIMED_OUT`, and the queue goes on. Default: as long as it takes. */
  readonly timeout?: Duration
  /** Gives up waiting, with `ABORTED`. Default: waits. */
  readonly signal?: AbortSignal
  /** Hears how much is left, whenever that has changed. Default: nobody does. */
  readonly progress?: (left: Load) => void
}

/** The queues of a board, named or given as contracts. All of it throws NOT_FOUND where nothing was ever enqueued or performed. */
export interface QueuesOf extends Queues {
  /** Resolves when nothing waits or runs, delayed tasks and schedules aside. Throws TIMED_OUT or ABORTED. */
  drain(queue: string | Queue, options?: DrainOptions): Promise<void>
  status(queue: string | Queue): Promise<QueueStatus>
  /** All queues, in the order of their names. */
  list(): AsyncIterable<QueueStatus>
}

const drainReaders = { timeout: time(), signal, progress: callable<(left: Load) => void>() } satisfies ReadersOf<DrainOptions>

/** Between two looks at a queue that drains, in ms: at first, and at most. */
const soonest = 20
const latest = 500
/** Nobody means a pause of half a century as one that has an end. */
const forGood = 50 * 365 * 86_400_000

/** The queues of a board. */
export function queues(board: Board): QueuesOf {
  async function find(given: string | Queue): Promise<QueueFact> {
    const name = typeof given === 'string' ? queue(given).name : given.name
    const found = (await board.inspect.queues()).find((each) => each.name === name)
    if (found === undefined) throw fault('NOT_FOUND', `There is no queue ${name}.`)
    return found
  }

  return {
    ...board.queues,
    async drain(given, options) {
      const { timeout, signal, progress } = readOptions('queues.drain()', options, drainReaders)
      const since = Date.now()
      let told = ''
      for (let wait = soonest; ; wait = Math.min(latest, wait * 1.5)) {
        const { name, ...found } = await find(given)
        const left = loadOf(found)
        if (told !== JSON.stringify(left)) progress?.(left)
        told = JSON.stringify(left)
        if (left.waiting + left.running === 0) return
        if (signal?.aborted)
          throw fault('ABORTED', `Waiting until ${name} is done was aborted.`, {
            cause: signal.reason,
            details: { outcome: 'unknown', ...left },
          })
        if (timeout !== undefined && Date.now() - since >= timeout)
          throw fault('TIMED_OUT', `${name} was not done in ${timeout} ms: ${left.waiting} tasks wait, ${left.running} are with workers.`, {
            details: { ...left },
          })
        await after(wait, undefined, signal && { signal }).catch(() => undefined)
      }
    },
    status: async (given) => statusOf(await find(given)),
    async *list() {
      for (const fact of await board.inspect.queues()) yield statusOf(fact)
    },
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

const loadOf = ({ performers }: Pick<QueueFact, 'performers'>): Load => ({
  waiting: sum(performers.map((each) => each.waiting)),
  running: sum(performers.map((each) => each.open)),
})

function statusOf(fact: QueueFact): QueueStatus {
  const { name, layout, partitions, limit, full, held, bytes, scheduled, dead, pausedUntil, performers } = fact
  const since = performers.flatMap(({ oldest }) => oldest ?? [])
  return {
    name,
    layout,
    partitions,
    ...loadOf(fact),
    delayed: scheduled,
    dead,
    oldest: since.length === 0 ? undefined : new Date(Math.min(...since)),
    paused: pausedUntil === undefined ? false : pausedUntil > Date.now() + forGood ? true : new Date(pausedUntil),
    limit,
    full,
    held,
    bytes,
    consumers: together(performers),
  }
}

/** One for each task and lane, where a queue has several streams. */
function together(performers: QueueFact['performers']): QueueConsumer[] {
  const found = new Map<string, QueueConsumer>()
  for (const { task, lane, waiting, open, again, asking } of performers) {
    const other = found.get(`${task} ${lane}`) ?? { waiting: 0, running: 0, again: 0, asking: 0 }
    found.set(`${task} ${lane}`, {
      task,
      lane,
      waiting: waiting + other.waiting,
      running: open + other.running,
      again: again + other.again,
      asking: asking + other.asking,
    })
  }
  return [...found.values()]
}
