/** The streams that hold the tasks of a queue: one for each partition, or two where it is bounded. */

import { newId } from '../base/ids.ts'
import { type Names, partName, partOfId } from '../wire/names.ts'
import { queueIn } from '../wire/names-read.ts'
import { batchLimit } from '../wire/publisher.ts'
import { type Kept, type Shelf, shelf } from '../wire/stored.ts'
import { isBounded, partsOf } from '../wire/streams.ts'
import type { Core } from './core.ts'
import type { Queue } from './queue.ts'
import type { Origin } from './sender.ts'

/** A stream that holds tasks of a queue. */
export interface Site {
  readonly stream: string
  /** The partition, which stands in its subjects where the queue would. */
  readonly part: string
  /** It holds what was delayed, and has fallen due or will. */
  readonly delayed: boolean
}

/**
 * The streams that hold the tasks of a queue: of what is to come later first, where a bounded queue keeps that apart; otherwise
 * the first partition first, where all waits that is ordered, has a key or was scheduled.
 */
export function sitesOf(names: Names, place: Queue): Site[] {
  const sites = partsOf(place).map((part) => ({ stream: names.queue(part), part, delayed: false }))
  return isBounded(place) ? [{ stream: names.laterStream(place.name), part: place.name, delayed: true }, ...sites] : sites
}

/** The partition of a task that has no key: the same for its id each time, as long as there are as many. */
export const partFor = ({ name, partitions }: Queue, id: string): string =>
  partitions === 1 ? name : partName(name, partOfId(id, partitions))

let turn = 0

/**
 * Names many tasks that are stored together, one with each call. Each thousand falls into one partition, so that it is stored all or
 * none, and the next thousand into the next. Undefined: any name will do.
 */
export function namedInTurn({ partitions }: Queue): (() => Pick<Origin, 'idFor'>) | undefined {
  if (partitions === 1) return undefined
  let made = 0
  return () => {
    if (made++ % batchLimit === 0) turn++
    let id = newId()
    while (partOfId(id, partitions) !== turn % partitions) id = newId()
    return { idFor: () => id }
  }
}

/** The streams that a queue has on the broker, by name; none where nothing was ever enqueued or performed. */
export async function streamsThere({ layout, names }: Core, queue: string): Promise<string[]> {
  const found: string[] = []
  for await (const stream of layout.manager.streams.names(`${names.namespace}.>`)) if (queueIn(names, stream) === queue) found.push(stream)
  return found.sort()
}

/** Something that is stored, and where. */
export interface Found extends Site {
  readonly kept: Kept
  readonly among: Shelf
}

/** The first that is found in any of some streams, which are all asked at once: nothing moves from one to another. */
export async function search(
  core: Core,
  sites: readonly Site[],
  look: (among: Shelf, part: string) => Promise<Kept | undefined>,
): Promise<Found | undefined> {
  const found = sites.map(async (site) => {
    const among = shelf(core.layout, site.stream)
    const kept = await look(among, site.part)
    return kept && { ...site, kept, among }
  })
  return (await Promise.all(found)).find((each) => each !== undefined)
}

/** Names of streams that a board needs, for itself and for the services it runs, and that are not there. */
export async function missing({ names, layout, roster }: Core): Promise<string[]> {
  const queues = [...roster].flatMap(({ consumers }) => consumers.flatMap(({ binding }) => binding.label.queue ?? []))
  const needed = [...new Set([names.topics, names.table, names.dead, ...queues.map(names.queue)])]
  const there = await Promise.all(needed.map((stream) => layout.exists(stream)))
  return needed.filter((_, index) => !there[index])
}
