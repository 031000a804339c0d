/** The streams that hold the tasks of a queue: one, or two where it is bounded. */

import type { Names } from '../wire/names.ts'
import { type Kept, type Shelf, shelf } from '../wire/stored.ts'
import { isBounded } from '../wire/streams.ts'
import type { Core } from './core.ts'
import type { Queue } from './queue.ts'

/** A stream that holds tasks of a queue. */
export interface Site {
  readonly stream: string
  /** It holds what was delayed, and has fallen due or will. */
  readonly delayed: boolean
}

/** The streams that hold the tasks of a queue: of what is to come later first, where a bounded queue keeps that apart. */
export function sitesOf(names: Names, place: Queue): Site[] {
  const now = { stream: names.queue(place.name), delayed: false }
  return isBounded(place) ? [{ stream: names.laterStream(place.name), delayed: true }, now] : [now]
}

/** Something that is stored, and where. */
export interface Found extends Site {
  readonly kept: Kept
  readonly among: Shelf
}

/** The first that is found in any of some streams. */
export async function search(
  core: Core,
  sites: readonly Site[],
  look: (among: Shelf) => Promise<Kept | undefined>,
): Promise<Found | undefined> {
  for (const site of sites) {
    const among = shelf(core.layout, site.stream)
    const kept = await look(among)
    if (kept) return { ...site, kept, among }
  }
  return undefined
}
