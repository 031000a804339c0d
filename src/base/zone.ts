/** Local times of a zone as instants. Pure, and as right as the zone database of the runtime. */

import { fault, shown } from './errors.ts'

/** A wall-clock time in a zone. */
export interface LocalTime {
  /** `2026-12-01T09:00` or with seconds; no offset. */
  readonly local: string
  /** IANA name, as `Asia/Kolkata`. */
  readonly zone: string
}

const shape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?$/

/** Refuses what is no IANA zone. Throws INVALID_TIMEZONE. */
export function checkedZone(zone: unknown): string {
  try {
    if (typeof zone === 'string' && /^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(zone))
      return new Intl.DateTimeFormat('en', { timeZone: zone }) && zone
  } catch {
    // Told below, in our words.
  }
  throw fault('INVALID_TIMEZONE', `The time zone ${shown(zone)} is unknown.`)
}

/**
 * The instant of a local time. A time that a change of clocks skips is moved on by the gap (02:30 becomes 03:30); one that
 * happens twice is the first of the two: the rule of Temporal's "compatible".
 */
export function instantOf({ local, zone }: LocalTime): Date {
  checkedZone(zone)
  const naive = typeof local === 'string' && shape.test(local) ? Date.parse(`${local}Z`) : Number.NaN
  if (Number.isNaN(naive))
    throw fault('INVALID_OPTION', `The local time ${shown(local)} cannot be read.`, {
      fix: 'Write it as 2026-12-01T09:00, without an offset.',
    })
  const before = offset(naive - day, zone)
  const after = offset(naive + day, zone)
  for (const guess of [naive - before, naive - after]) if (guess + offset(guess, zone) === naive) return new Date(guess)
  return new Date(naive - before)
}

const day = 86_400_000

/** How far a zone is ahead of UTC at an instant, in ms. */
function offset(instant: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instant)
  const value = (type: string) => Number(parts.find((part) => part.type === type)?.value)
  const wall = Date.UTC(value('year'), value('month') - 1, value('day'), value('hour'), value('minute'), value('second'))
  return wall - Math.floor(instant / 1000) * 1000
}

/** Whether something is a local time, well-formed or not. */
export function isLocal(value: unknown): value is LocalTime {
  return typeof value === 'object' && value !== null && 'local' in value && 'zone' in value
}
