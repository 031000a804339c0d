/** Where tasks come from on the broker: one lane of one task, in a queue of either layout. */

import type { Footing } from '../wire/declare.ts'
import { hasAddress, type Lane, performerName } from '../wire/names.ts'
import type { ConsumerPlace } from '../wire/source.ts'
import type { Task } from './contract.ts'
import type { Core } from './core.ts'

/** Where the performers of one lane get their tasks. A work queue removes what is acknowledged; a log is trimmed behind it. */
export function performerPlace(core: Core, task: Pick<Task, 'name' | 'queue' | 'place'>, lane: Lane, lease: number): ConsumerPlace {
  const stream = core.names.queue(task.queue)
  const consumer = performerName(task.name, lane)
  const filter = core.names.taskFilter(task.queue, task.name, lane)
  const log = task.place.layout === 'log'
  async function trimmed(): Promise<Footing> {
    const standing = await core.layout.footing(stream, consumer)
    await core.layout.trim(stream, filter, standing.floor)
    return standing
  }
  return {
    stream,
    consumer,
    lease,
    ...(log ? { footing: trimmed } : {}),
    async declare(floor) {
      if (floor !== undefined) await core.layout.queue(task.queue, task.place.layout)
      return core.layout.consumer(stream, consumer, [filter], lease, log && floor !== undefined ? { floor } : { at: 'all' })
    },
  }
}

/** Whether a task stays stored after it is done, with its key taken: a log keeps it longer than it waits. */
export const keptWhenDone = (task: Pick<Task, 'place'>, subject: string): boolean => task.place.layout === 'log' && hasAddress(subject)
