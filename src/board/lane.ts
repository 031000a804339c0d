/** Where tasks come from on the broker: one lane of one task, in a queue of either layout, bounded or not. */

import type { Footing } from '../wire/declare.ts'
import { hasAddress, type Lane, type Names, performerName } from '../wire/names.ts'
import type { ConsumerPlace } from '../wire/source.ts'
import { isBounded } from '../wire/streams.ts'
import type { Task } from './contract.ts'
import type { Core } from './core.ts'
import { keepPaused } from './pause.ts'

/** The streams that hold the tasks of a queue: of what is to come later first, where a bounded queue keeps that apart. */
export function streamsOf(names: Names, { place }: Pick<Task, 'place'>): string[] {
  const now = names.queue(place.name)
  return isBounded(place) ? [names.laterStream(place.name), now] : [now]
}

/** Where the performers of one lane get their tasks; what was delayed and is due first. */
export const performerPlaces = (core: Core, task: PerformedTask, lane: Lane, lease: number): ConsumerPlace[] =>
  streamsOf(core.names, task).map((stream) => performerPlace(core, task, lane, lease, stream))

type PerformedTask = Pick<Task, 'name' | 'queue' | 'place'>

/** One of these places. A work queue removes what is acknowledged; a log is trimmed behind it. */
function performerPlace(core: Core, task: PerformedTask, lane: Lane, lease: number, stream: string): ConsumerPlace {
  const consumer = performerName(task.name, lane)
  const filter = core.names.taskFilter(task.queue, task.name, lane, stream !== core.names.queue(task.queue))
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
      if (floor !== undefined) await core.layout.queue(task.place)
      const footing = await core.layout.consumer(stream, consumer, [filter], lease, log && floor !== undefined ? { floor } : { at: 'all' })
      await keepPaused(core, task.queue, stream, consumer)
      return footing
    },
  }
}

/** Whether a task stays stored after it is done, with its key taken: a log keeps it longer than it waits. */
export const keptWhenDone = (task: Pick<Task, 'place'>, subject: string): boolean => task.place.layout === 'log' && hasAddress(subject)
