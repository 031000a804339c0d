/** Where the broker differs from the code: found, judged and put into words. Pure. */

import { fault } from '../base/errors.ts'

/** What to do where the broker differs from the code. */
export type OnDrift = 'tell' | 'refuse' | 'update'

/** One difference between code and broker. */
export interface Drift {
  readonly place: string
  readonly field: string
  readonly declared: unknown
  readonly found: unknown
}

/** The differences between what is declared and what is found, field by field. Fields the code does not declare may be anything. */
export function differences(place: string, declared: object, found: Record<string, unknown>): Drift[] {
  return Object.entries(declared)
    .filter(([field, value]) => value !== undefined && !same(value, found[field]))
    .map(([field, value]) => ({ place, field, declared: value, found: found[field] }))
}

/** A difference for people. */
export function inWords({ place, field, declared, found }: Drift): string {
  const word = (value: unknown) =>
    field.match(/age|wait|window/) && typeof value === 'number' ? `${value / 1_000_000} ms` : JSON.stringify(value)
  return `${place}: ${field} is ${word(found)}, the code says ${word(declared)}`
}

/** Without these being equal callboard does not work. */
export const vital = new Set(['retention', 'subjects', 'storage'])

/**
 * Whether it harms nobody to settle a difference at once: a stream takes more subjects, because a newer callboard met that of an
 * older one; or a consumer hands over one at a time from now on, because somebody counts on its order.
 */
export function grows({ field, declared, found }: Drift): boolean {
  if (field === 'max_ack_pending') return declared === 1
  return field === 'subjects' && Array.isArray(declared) && Array.isArray(found) && found.every((subject) => declared.includes(subject))
}

/** The error for differences that are not accepted. */
export function conflict(drift: readonly Drift[]): Error {
  return fault('CONFIG_CONFLICT', `The broker differs from the code: ${drift.map(inWords).join('; ')}.`, { details: { drift } })
}

/** Absent means the same as empty, zero or false to the broker, and −1 the same as 0 where it means "no limit". */
function same(declared: unknown, found: unknown): boolean {
  const plain = (value: unknown) => (value === false || value === 0 || value === -1 || value === null ? undefined : value)
  if (typeof declared !== 'object' || declared === null) return plain(declared) === plain(found)
  if (Array.isArray(declared)) return JSON.stringify(declared) === JSON.stringify(found)
  return (
    typeof found === 'object' &&
    found !== null &&
    Object.entries(declared).every(([key, value]) => same(value, (found as Record<string, unknown>)[key]))
  )
}
