/** Flags that several verbs share, read into what callboard takes. */

import { milliseconds } from '../../base/duration.ts'
import type { Duration, LocalTime } from '../../index.ts'
import type { Call } from './call.ts'
import { UsageError } from './usage.ts'

/** `--header name=value`, as often as it was said. Undefined: never. */
export function headersOf(call: Call): Record<string, string> | undefined {
  const said = pairs(call, 'header')
  return Object.keys(said).length === 0 ? undefined : said
}

/** `name=value`, as often as a flag was said. */
export function pairs(call: Call, flag: string): Record<string, string> {
  return Object.fromEntries(
    call.list(flag).map((each) => {
      const cut = each.indexOf('=')
      if (cut < 1) throw new UsageError(`--${flag} is ${JSON.stringify(each)}.`, `Write it as --${flag} name=value.`)
      return [each.slice(0, cut), each.slice(cut + 1)]
    }),
  )
}

/** A span of time. */
export function durationOf(call: Call, flag: string): Duration | undefined {
  const text = call.flag(flag)
  if (text === undefined) return undefined
  if (milliseconds(text) === undefined)
    throw new UsageError(`--${flag} is ${JSON.stringify(text)}.`, 'Write a duration, as 250ms, 30s, 5m, 2h or 7d.')
  return text as Duration
}

/** A time: with a zone of its own it is an instant, without one it is read on the clock of `--zone`. */
export function timeOf(call: Call, flag: string): Date | LocalTime | undefined {
  const text = call.flag(flag)
  const zone = call.flag('zone')
  if (text === undefined) return undefined
  const fixed = /(Z|[+-]\d\d:?\d\d)$/.test(text)
  if (fixed && zone !== undefined)
    throw new UsageError(`--${flag} has a zone of its own, and --zone says another.`, 'Leave one of them out.')
  if (!fixed && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text)) return { local: text, zone: zone ?? 'UTC' }
  const at = new Date(text)
  if (fixed && !Number.isNaN(at.getTime())) return at
  throw new UsageError(`--${flag} is ${JSON.stringify(text)}.`, 'Write a time, as 2027-03-01T09:00 or 2027-03-01T09:00Z.')
}

/** What comes, in lists of so many. */
export async function* handfuls<T>(source: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const each of source) {
    batch.push(each)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
