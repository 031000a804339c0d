/** Where tasks wait. A plain name is a queue as most want it; a contract says how it is kept. */

import { oneOf, type ReadersOf, readOptions } from '../base/options.ts'
import { checkedWord } from '../wire/names.ts'
import type { QueueLayout } from '../wire/streams.ts'

/** The contract of a queue. A plain value, shared by the tasks that wait there. */
export interface Queue {
  readonly kind: 'queue'
  readonly name: string
  readonly layout: QueueLayout
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
}

const readers = { layout: oneOf('work', 'log') } satisfies ReadersOf<QueueOptions>

/** Defines a queue. Changing the layout of one that exists is refused: drain it, delete its stream, and begin anew. */
export function queue(name: string, options?: QueueOptions): Queue {
  const called = checkedWord('queue', name)
  const { layout } = readOptions(`queue(${called})`, options, readers)
  return { kind: 'queue', name: called, layout: layout ?? 'work' }
}

/** The queue that a task names, by contract or by name. */
export function queueOf(given: string | Queue | undefined): Queue {
  return typeof given === 'object' && given?.kind === 'queue' ? given : queue((given === undefined ? 'default' : given) as string)
}
