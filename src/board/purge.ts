/**
 * Emptying a queue, while it hands out nothing. What a worker has taken stays: it runs, waits in its hands, or waits for its next
 * attempt. The broker says how far each consumer has come, and what lies behind that nobody has.
 */

import { referenceIn } from '../wire/body.ts'
import type { StreamFact } from '../wire/inventory.ts'
import { hasAddress, type Lane, token } from '../wire/names.ts'
import { meant, taskIn, waitingAmong } from '../wire/names-read.ts'
import { type Kept, type Shelf, shelf } from '../wire/stored.ts'
import type { Core } from './core.ts'
import { defaults } from './defaults.ts'
import { release } from './large.ts'

/** Removals under way at a time. */
const underWay = 64

/** What is to be purged. */
export interface PurgeOptions {
  /** Only tasks of this name. Default: all. */
  readonly task?: string
  /** Only tasks of this lane. Default: all. */
  readonly lane?: Lane
  /** Those as well that wait for their time. Default: only what waits for a worker. Edge: schedules stay; `schedules.remove` ends them. */
  readonly delayed?: boolean
}

/** Removes what waits in the streams of a queue; gives how many. */
export async function purge(core: Core, streams: readonly StreamFact[], { task, lane, delayed }: PurgeOptions): Promise<number> {
  const narrowed = (subject: string) =>
    task === undefined && lane === undefined ? subject : subject.replace(/>$/, `${task === undefined ? '*' : token(task)}.${lane ?? '*'}.>`)
  let removed = 0
  // What waits for its time goes first: what falls due meanwhile is found among the others.
  for (const later of delayed ? [true, false] : [false])
    for (const stream of streams)
      for (const subject of waitingAmong(stream.subjects, later).map(narrowed)) removed += await removeFrom(core, stream, subject)
  return removed
}

async function removeFrom(core: Core, stream: StreamFact, filter: string): Promise<number> {
  const waiting = shelf(core.layout, stream.name)
  const emptied = new Set<string>()
  let pending: Promise<boolean>[] = []
  let count = 0
  async function settle(): Promise<void> {
    count += (await Promise.all(pending)).filter((each) => each).length
    pending = []
  }
  for await (const kept of waiting.all(filter)) {
    if (emptied.has(kept.subject)) continue
    const { taken, untouched } = reached(stream, kept.subject)
    if (kept.sequence <= taken) continue
    // Nobody has any of them, and none has to be told of: all at once.
    if (untouched && !hasAddress(kept.subject)) {
      emptied.add(kept.subject)
      count += await waiting.purge(kept.subject)
    } else if (pending.push(removeOne(core, waiting, kept)) === underWay) await settle()
  }
  await settle()
  return count
}

/** How far those have come who take from a subject. A log keeps what is done, so there it is not enough that nothing is open. */
function reached(stream: StreamFact, subject: string): { readonly taken: number; readonly untouched: boolean } {
  const takers = stream.consumers.filter(({ filters }) => filters.some((filter) => meant(filter, subject)))
  return {
    taken: Math.max(0, ...takers.map(({ delivered }) => delivered)),
    untouched: takers.every(({ open, delivered }) => open === 0 && (stream.retention === 'workqueue' || delivered === 0)),
  }
}

/** One with an address may be waited for: its end is kept first, as when it is cancelled. */
async function removeOne(core: Core, waiting: Shelf, { headers, subject, sequence }: Kept): Promise<boolean> {
  const { id } = headers
  if (id !== undefined && hasAddress(subject)) await core.results.decide(id, { state: 'cancelled', at: Date.now() }, defaults.keep)
  const removed = await waiting.remove(sequence)
  const body = removed ? referenceIn(headers) : undefined
  const named = taskIn(subject)
  if (body && named && id !== undefined) await release(core, { ...named, name: named.task }, id, body)
  return removed
}
