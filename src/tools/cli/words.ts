/** Numbers and times as people read them. Pure; those that need the time are given it. */

import { spelled } from '../../base/duration.ts'

/** `1,234`. */
export const count = (value: number): string => value.toLocaleString('en-US')

/** `3 dead letters`, `1 dead letter`. */
export const many = (value: number, one: string, more = `${one}s`): string => `${count(value)} ${value === 1 ? one : more}`

/** `1.5 MiB`. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** A span of time, `2h 5m`; nothing for what is unknown. */
export const span = (ms: number | undefined): string => (ms === undefined ? '' : spelled(Math.max(0, ms)))

/** How long ago, `5m ago`. */
export function ago(at: number | undefined, now: number): string {
  return at === undefined ? '' : `${spelled(Math.max(0, now - at))} ago`
}

/** How far ahead, `in 5m`. */
export function ahead(at: number | undefined, now: number): string {
  if (at === undefined) return ''
  return at <= now ? 'now' : `in ${spelled(at - now)}`
}

/** A time of day with the date where it is not today's, in the zone of the reader. */
export function clock(at: number, now: number): string {
  const date = new Date(at)
  const time = date.toTimeString().slice(0, 8)
  return date.toDateString() === new Date(now).toDateString() ? time : `${date.toLocaleDateString('sv-SE')} ${time}`
}
