/** Where tasks wait. A plain name is a queue as most want it; a contract says how it is kept and how much it holds. */

import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import { made, oneOf, type ReadersOf, readOptions, time, whole } from '../base/options.ts'
import { checkedWord } from '../wire/names.ts'
import { isBounded, type QueueLayout, type QueueShape } from '../wire/streams.ts'

/** The contract of a queue. A plain value, shared by the tasks that wait there. */
export interface Queue extends QueueShape {
  readonly kind: 'queue'
}

/** Settings of a queue. */
export interface QueueOptions {
  /**
   * How it is kept. Default `work`. Edge: changing it for a queue that exists is refused.
   *
   * work  an acknowledged task is removed at once. After the end of the broker's process nothing runs twice that was acknowledged.
   * log   an acknowledged task is removed a moment later, with all before it, and tasks enqueued at the same moment are stored in one
   *       step. On a server that syncs always this is several times faster, at this price: after the broker's process or its
   *       machine ends, tasks acknowledged just before may run again. None is lost.
   */
  readonly layout?: QueueLayout
  /**
   * In how many streams it is kept, each with a leader of its own. Default 1. Edge: 1 to 16; may grow, and never shrinks; not with
   * a limit of tasks or bytes. What is ordered, has a key or was scheduled waits in the first.
   */
  readonly partitions?: number
  /** What it may hold at most. Default: no limit but the storage of the server. Edge: a queue that exists does not get or lose `tasks` and `bytes`; other numbers are drift. */
  readonly limit?: LimitOptions
  /** What becomes of an enqueue that does not fit: refused with `QUEUE_FULL`, or stored as soon as there is room. Default `reject`. Edge: without a limit of tasks or bytes it says nothing; what waits lies in the memory of its sender. */
  readonly full?: 'reject' | 'wait'
}

/** What a queue may hold at most. The broker counts, so `tasks` and `bytes` are exact, whoever enqueues. */
export interface LimitOptions {
  /** Tasks that wait, run or are retried. Default: any number. Edge: 1 or more; delayed tasks and what schedules fire do not count, even when they are due; not with layout `log`. */
  readonly tasks?: number
  /** Bytes of those tasks on the broker, with subjects and headers. Default: any number. Edge: 1 or more; not with layout `log`. */
  readonly bytes?: number
  /** How long a task may wait before it starts; then it is buried as `expired` by the worker it comes to. Default: for ever. Edge: at least 1 ms; counted from when it was stored or fell due; without a worker it stays. */
  readonly age?: Duration
}

const limitReaders = {
  tasks: whole(1, Number.MAX_SAFE_INTEGER),
  bytes: whole(1, Number.MAX_SAFE_INTEGER),
  age: time(1),
} satisfies ReadersOf<LimitOptions>

const limitOption = made((value: unknown): Queue['limit'] => ({
  tasks: 0,
  bytes: 0,
  age: 0,
  ...readOptions('limit', value, limitReaders),
}))

const queueReaders = {
  layout: oneOf('work', 'log'),
  partitions: whole(1, 16),
  limit: limitOption,
  full: oneOf('reject', 'wait'),
} satisfies ReadersOf<QueueOptions>

/** Defines a queue. Changing the layout of one that exists, or whether it is bounded, is refused: drain it, delete its stream, and begin anew. */
export function queue(name: string, options?: QueueOptions): Queue {
  const called = checkedWord('queue', name)
  const where = `queue(${called})`
  const { layout = 'work', partitions = 1, limit, full = 'reject' } = readOptions(where, options, queueReaders)
  if (layout === 'log' && isBounded({ limit }))
    throw fault(
      'INVALID_OPTION',
      `${where} has the layout log and a limit, which could not be kept exactly: a log keeps for a moment what is done.`,
      {
        fix: "Leave out the limit, or the layout: a queue of the layout 'work' counts exactly.",
      },
    )
  if (partitions > 1 && isBounded({ limit }))
    throw fault('INVALID_OPTION', `${where} has ${partitions} partitions and a limit, which none of them could keep for all.`, {
      fix: 'Leave out one of them.',
    })
  return { kind: 'queue', name: called, layout, partitions, limit, full }
}

/** The queue that a task names, by contract or by name. */
export function queueOf(given: string | Queue | undefined): Queue {
  return typeof given === 'object' && given?.kind === 'queue' ? given : queue((given === undefined ? 'default' : given) as string)
}
