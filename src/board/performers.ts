/** Where those stand who perform the tasks of a queue. */

import { type Lane, lanes } from '../wire/names.ts'
import type { Standing } from '../wire/place.ts'

/** Where the tasks of one kind and lane stand. Times in ms since 1970. */
export interface PerformerFact extends Standing {
  readonly task: string
  readonly lane: Lane
  /** Of a task with an order or turns by key: which part of the keys, of how many. `single`: one at a time, in order. */
  readonly strand?: { readonly index: number; readonly of: number; readonly single: boolean }
  /** Somebody has performed it once, or does now; what waits for nobody yet is not split further. */
  readonly known: boolean
  readonly pausedUntil: number | undefined
  readonly lastDelivery: number | undefined
  /** When the oldest of them was stored that has not ended. */
  readonly oldest: number | undefined
}

/** Where nobody stands. */
export const nobody = {
  waiting: 0,
  open: 0,
  again: 0,
  asking: 0,
  answered: 0,
  paused: false,
  pausedUntil: undefined,
  lastDelivery: undefined,
} as const

/** In the order of their names, the highest lane first. */
export const byTask = (a: PerformerFact, b: PerformerFact): number =>
  a.task === b.task ? lanes.indexOf(a.lane) - lanes.indexOf(b.lane) : a.task < b.task ? -1 : 1
