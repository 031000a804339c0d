/**
 * Who takes what of a task. A strand is one consumer with its share of the rows; every worker may serve every strand.
 *
 * not ordered   a strand for each lane; what waits there is worked on side by side
 * by key        the buckets of the keys are dealt out to the strands, and the broker hands over one task of a strand at a time
 * fair          they are dealt out as well; what waits in a strand is worked on side by side, and strands have free slots in turn
 * single file   one strand for everything
 */

import { buckets, type Lane, laneOf, lanes, type Names, performerName, type Row, rowOf, strandName } from '../wire/names.ts'
import type { Task } from './contract.ts'
import type { Site } from './site.ts'

/** One consumer of a task. */
export interface Strand {
  readonly consumer: string
  readonly filters: readonly string[]
  /** One at a time. */
  readonly single: boolean
  /** Lower ones get free slots first. */
  readonly rank: number
}

/** The row a task waits in. Throws what `keyOf` throws, and INVALID_ID for what cannot be a key. */
export const rowFor = ({ ordered }: Pick<Task, 'ordered'>, lane: Lane, input: unknown): Row =>
  ordered?.keyOf === undefined ? lane : rowOf(lane, ordered.keyOf(input as never))

/** The strands of a task in one stream of its queue. `served`: lanes that are wanted; an ordered task has but one. */
export function strandsOf(names: Names, task: Task<never>, { part, delayed }: Site, served: readonly Lane[]): Strand[] {
  const { name, ordered } = task
  if (ordered === undefined)
    return lanes
      .filter((lane) => task.lanes.includes(lane) && served.includes(lane))
      .map((lane, index) => ({
        consumer: performerName(name, lane),
        filters: [names.taskFilter(part, name, lane, delayed)],
        single: false,
        // What was delayed and is due comes before what came at once.
        rank: 2 * index + (delayed ? 0 : 1),
      }))
  const [lane = 'normal'] = task.lanes
  const count = ordered.strands
  return Array.from({ length: count }, (_, index) => {
    const rows: Row[] = Array.from(
      { length: Math.ceil((buckets - index) / count) },
      (_, turn) => `${lane}-${index + turn * count}` as const,
    )
    // The first also takes what was stored without a key, before the task was ordered.
    if (index === 0) rows.push(...lanes)
    const filters =
      count === 1 ? [names.taskFilter(part, name, undefined, delayed)] : rows.map((row) => names.taskFilter(part, name, row, delayed))
    return { consumer: strandName(name, index, count), filters, single: ordered.single, rank: 0 }
  })
}

/** The consumer that what is stored in a row belongs to. */
export function consumerOf({ name, ordered }: Pick<Task, 'name' | 'ordered'>, row: string): string {
  if (ordered === undefined) return performerName(name, laneOf(row))
  return strandName(name, Number(row.split('-')[1] ?? 0) % ordered.strands, ordered.strands)
}
