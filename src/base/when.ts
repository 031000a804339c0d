/** When a schedule fires: what people write, read once into one of three forms. Pure; it is given the time. */

import { type CronTimes, commonForm, cronAfter, cronBefore } from './cron.ts'
import { type Duration, milliseconds } from './duration.ts'
import { fault, shown } from './errors.ts'
import { checkedZone, instantOf, isLocal, type LocalTime } from './zone.ts'

/**
 * When a schedule fires.
 *
 * cron   five fields, six with seconds first, or `@yearly @monthly @weekly @daily @hourly`; read on the clock of `zone`
 *        (IANA name, default UTC)
 * every  an interval of a second or more, counted from the last firing; the broker fires on whole seconds
 * at     once, at an instant or at a local time of a zone
 */
export type When = { readonly cron: string; readonly zone?: string } | { readonly every: Duration } | { readonly at: Date | LocalTime }

/** When, as it is kept. Times in ms. */
export type Times = CronTimes | { readonly every: number } | { readonly at: number }

/** Reads what people write. Throws INVALID_SCHEDULE or INVALID_TIMEZONE. */
export function timesOf(when: When, now = new Date()): Times {
  const given = (typeof when === 'object' && when !== null ? when : {}) as Partial<Record<'cron' | 'zone' | 'every' | 'at', unknown>>
  const kinds = (['cron', 'every', 'at'] as const).filter((kind) => given[kind] !== undefined)
  if (kinds.length !== 1)
    throw fault('INVALID_SCHEDULE', `A schedule says ${kinds.length === 0 ? 'not when it fires' : kinds.join(' and ')}.`, {
      fix: 'Give one of { cron, zone }, { every } and { at }.',
    })
  if (kinds[0] === 'cron') return cronOf(given.cron, given.zone, now)
  if (given.zone !== undefined)
    throw fault('INVALID_SCHEDULE', `A zone was given with ${kinds[0]}.`, { fix: 'Leave it out: only cron reads the clock of a zone.' })
  return kinds[0] === 'every' ? everyOf(given.every) : atOf(given.at)
}

function cronOf(expression: unknown, zone: unknown, now: Date): CronTimes {
  const times = { cron: commonForm(expression), zone: zone === undefined ? 'UTC' : zoneOf(zone) }
  if (cronAfter(times, now, 1).length === 0)
    throw fault('INVALID_SCHEDULE', `The cron expression ${shown(expression)} never fires.`, { why: 'Its dates do not exist.' })
  return times
}

/** The runtime takes zones in any case, the broker only as they are written. */
function zoneOf(zone: unknown): string {
  const checked = checkedZone(zone)
  const written = Intl.supportedValuesOf('timeZone').find((each) => each.toLowerCase() === checked.toLowerCase())
  if (written !== undefined && written !== checked)
    throw fault('INVALID_TIMEZONE', `The time zone ${shown(zone)} is unknown.`, { fix: `Write it as ${written}.` })
  return checked
}

function everyOf(given: unknown): { every: number } {
  const every = milliseconds(given)
  if (every === undefined || every < 1000)
    throw fault('INVALID_SCHEDULE', `The interval is ${shown(given)}.`, { why: 'It must be a duration of one second or more.' })
  return { every }
}

function atOf(given: unknown): { at: number } {
  if (isLocal(given)) return { at: instantOf(given).getTime() }
  if (!(given instanceof Date) || Number.isNaN(given.getTime()) || given.getUTCFullYear() > 9999)
    throw fault('INVALID_SCHEDULE', `The time is ${shown(given)}.`, { why: 'It must be a valid Date before the year 10000.' })
  return { at: given.getTime() }
}

/** How the broker is told: `Nats-Schedule`, and the zone where it is not UTC. */
export function brokerForm(times: Times): { readonly schedule: string; readonly zone: string | undefined } {
  if ('cron' in times) return { schedule: times.cron, zone: times.zone === 'UTC' ? undefined : times.zone }
  if ('every' in times) return { schedule: `@every ${times.every}ms`, zone: undefined }
  return { schedule: `@at ${new Date(times.at).toISOString()}`, zone: undefined }
}

/** The next `count` times after `from`. An interval counts from `last`, its last firing, where that is known. */
export function timesAfter(times: Times, from: number, count: number, last = from): number[] {
  if ('cron' in times) return cronAfter(times, new Date(from), count).map(Number)
  if ('at' in times) return times.at > from ? [times.at] : []
  const missed = Math.max(0, Math.floor((from - last) / times.every))
  return Array.from({ length: count }, (_, index) => last + (missed + index + 1) * times.every)
}

/** Clocks are set back by so much at most without anybody noticing, in ms. */
const slack = 100

/** The time that a firing stored at `stored` stands for: the last one at or before it. That of an interval is its own. */
export function timeOf(times: Times, stored: number): number {
  if ('at' in times) return times.at
  return ('cron' in times && cronBefore(times, new Date(stored + slack), 1)[0]?.getTime()) || stored
}

/** The last times up to and with `until`, newest first. None for an interval: it counts from its last firing, not from a clock. */
export function timesBefore(times: Times, until: number, count: number): number[] {
  if ('cron' in times) return cronBefore(times, new Date(until), count).map(Number)
  return 'at' in times && times.at <= until ? [times.at] : []
}

/** One of the next times. */
export interface Occurrence {
  readonly at: Date
  /** As clocks show it in the zone of the schedule: `Mon 2026-03-02 09:00`. */
  readonly there: string
  /** As clocks show it in the zone of the reader. */
  readonly here: string
}

/** How to look ahead. */
export interface PreviewOptions {
  /** How many. Default 5. */
  readonly count?: number
  /** After when. Default: now. */
  readonly from?: Date
  /** The zone of the reader. Default: that of this process. */
  readonly zone?: string
}

/**
 * The next times of a schedule, on its own clock and on the reader's. Asks nobody; computed with the zone database of this
 * process. Throws INVALID_SCHEDULE or INVALID_TIMEZONE.
 */
export function preview(when: When, options: PreviewOptions = {}): Occurrence[] {
  const from = options.from ?? new Date()
  return previewOf(timesOf(when, from), from.getTime(), options)
}

/** The same for times that were read before. `last`: where an interval counts from. */
export function previewOf(times: Times, from: number, { count = 5, zone }: PreviewOptions, last?: number): Occurrence[] {
  const reader = zone === undefined ? Intl.DateTimeFormat().resolvedOptions().timeZone : checkedZone(zone)
  const own = 'zone' in times ? times.zone : 'UTC'
  return timesAfter(times, from, count, last).map((at) => ({ at: new Date(at), there: clock(at, own), here: clock(at, reader) }))
}

/** What clocks of a zone show: `Mon 2026-03-02 09:00`, with seconds where there are any. */
export function clock(at: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(at)
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]))
  const seconds = part.second === '00' ? '' : `:${part.second}`
  return `${part.weekday} ${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}${seconds}`
}
