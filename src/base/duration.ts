/** Time at the edge of callboard: people write '30s', the inside counts milliseconds. */

import { fault, shown } from './errors.ts'

type Unit = 'ms' | 's' | 'm' | 'h' | 'd'

/** A span of time: milliseconds as a number, or a number with a unit: `'250ms'`, `'30s'`, `'1.5m'`, `'2h'`, `'7d'`. */
export type Duration = number | `${number}${Unit}`

const units: Readonly<Record<Unit, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const shape = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** A hundred years: what is longer is a mistake. */
export const longest = 100 * 365 * units.d

/** Milliseconds of a duration, or undefined if it is not one. Never negative, never fractional, never over a hundred years. */
export function milliseconds(value: unknown): number | undefined {
  const ms = typeof value === 'number' ? value : parsed(value)
  if (ms === undefined || !Number.isFinite(ms) || ms < 0 || ms > longest) return undefined
  if (typeof value === 'number' && !Number.isInteger(ms)) return undefined
  return Math.round(ms)
}

/** Milliseconds of a duration. Throws INVALID_OPTION naming the option. */
export function duration(value: Duration, option: string): number {
  const ms = milliseconds(value)
  if (ms !== undefined) return ms
  throw fault('INVALID_OPTION', `${option} is ${shown(value)}.`, { why: durationShape })
}

/** The sentence that says what a duration looks like. */
export const durationShape = 'It must be whole milliseconds of 0 or more, or text such as "250ms", "30s", "5m", "2h", "7d".'

/** A span of time for people: the two largest units, as `1h 5m` or `2.5s`. */
export function spelled(ms: number): string {
  // Rounded before it is compared, so that nothing reads 1000ms or 60s.
  const tidy = ms < units.s ? Math.round(ms) : Math.round(ms / 100) * 100
  if (tidy < units.s) return `${tidy}ms`
  if (tidy < units.m) return `${tidy / units.s}s`
  for (const [larger, smaller] of [
    ['d', 'h'],
    ['h', 'm'],
    ['m', 's'],
  ] as const) {
    if (tidy < units[larger]) continue
    const rest = Math.floor((tidy % units[larger]) / units[smaller])
    return `${Math.floor(tidy / units[larger])}${larger}${rest > 0 ? ` ${rest}${smaller}` : ''}`
  }
  return `${tidy}ms`
}

function parsed(value: unknown): number | undefined {
  const match = typeof value === 'string' ? shape.exec(value) : null
  return match ? Number(match[1]) * units[match[2] as Unit] : undefined
}
