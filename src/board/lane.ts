/** Where tasks come from on the broker: one strand of one task, in one stream of a queue of either layout, bounded or not. */

import type { Footing } from '../wire/declare.ts'
import { displace } from '../wire/displace.ts'
import { hasAddress } from '../wire/names.ts'
import type { ConsumerPlace } from '../wire/source.ts'
import type { Task } from './contract.ts'
import type { Core } from './core.ts'
import { keepPaused } from './pause.ts'
import type { Strand } from './strand.ts'

/** Where the performers of one strand get their tasks. A work queue removes what is acknowledged; a log is trimmed behind it. */
export function performerPlace(
  core: Core,
  task: Pick<Task, 'queue' | 'place'>,
  stream: string,
  strand: Strand,
  lease: number,
): ConsumerPlace {
  const { consumer, filters, single } = strand
  const log = task.place.layout === 'log'
  async function trimmed(): Promise<Footing> {
    const standing = await core.layout.footing(stream, consumer)
    for (const filter of filters) await core.layout.trim(stream, filter, standing.floor)
    return standing
  }
  return {
    stream,
    consumer,
    lease,
    ...(log ? { footing: trimmed } : {}),
    async declare(floor) {
      if (floor !== undefined) await core.layout.queue(task.place)
      const claim = () =>
        core.layout.consumer(stream, consumer, filters, lease, log && floor !== undefined ? { floor } : { at: 'all' }, single)
      const footing = await claim().catch((error: unknown) => displace(core.layout, stream, consumer, error).then(claim))
      await keepPaused(core, task.queue, stream, consumer)
      return footing
    },
  }
}

/** Whether a task stays stored after it is done, with its key taken: a log keeps it longer than it waits. */
export const keptWhenDone = (task: Pick<Task, 'place'>, subject: string): boolean => task.place.layout === 'log' && hasAddress(subject)
