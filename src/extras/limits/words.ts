/** Limits as people write them. */

import { fault, shown } from '../../base/errors.ts'
import { readOptions, time, whole } from '../../base/options.ts'
import type { Duration } from '../../index.ts'
import type { RateSetting } from './setting.ts'

/** A rate as it is written. */
export interface RateLimit {
  /** So many beginnings. Edge: 1 to 1,000,000. */
  readonly count: number
  /** In this time. Edge: 1 ms to 1 day. */
  readonly per: Duration
  /** So many at once after a pause. Default 1: evenly spaced. Edge: at most `count`. */
  readonly burst?: number
}

const day = 86_400_000

/** Reads a rate. Throws INVALID_OPTION. */
export function rateOf(where: string, given: RateLimit): RateSetting {
  const { count, per, burst } = readOptions(where, given, { count: whole(1, 1_000_000), per: time(1), burst: whole(1, 1_000_000) })
  if (count === undefined || per === undefined) throw fault('INVALID_OPTION', `${where} needs a count and a time.`)
  if (per > day) throw fault('INVALID_OPTION', `${where} is within ${per} ms: it must be at most a day.`)
  if ((burst ?? 1) > count) throw fault('INVALID_OPTION', `${where} has a burst of ${burst}, more than its count, which is ${count}.`)
  return { count, per, burst: burst ?? 1 }
}

/** Refuses what cannot name a limit. Throws INVALID_NAME. */
export function checkedName(name: unknown): string {
  if (typeof name === 'string' && name !== '' && name.length <= 200 && name.isWellFormed()) return name
  throw fault('INVALID_NAME', `The name of a limit is ${shown(name)}.`, { fix: 'Use text of 1 to 200 characters.' })
}
