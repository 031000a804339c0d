/** Messages that the broker stores later: what their headers say, when they are due, and what they become. Pure. */

import { cronAfter } from '../../base/cron.ts'
import { blockOf, type Fields, fieldOf } from './header.ts'
import { refuse } from './refused.ts'

/** A schedule as the headers of its message say. `every` in ms; one of `at`, `every` and `cron` is there. */
export interface Plan {
  readonly at?: number
  readonly every?: number
  readonly cron?: string
  readonly zone: string
  readonly target: string
  /** How long what it fires lives, as a header value. */
  readonly ttl: string | undefined
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
const named: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
}

/** A duration as Go writes it, in ms; undefined: it is none. */
export function goDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  let ms = 0
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    ms += Number(number) * { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit as 'ms']
  return ms
}

/** The schedule that a message is; undefined: it is none. Throws what the broker refuses. */
export function planOf(fields: Fields, now: number): Plan | undefined {
  const text = fieldOf(fields, 'Nats-Schedule')
  if (text === undefined) return undefined
  const given = fieldOf(fields, 'Nats-Schedule-Time-Zone')
  const invalid = () => refuse(400, 10189, 'message schedules pattern is invalid')
  const plan = { zone: given ?? 'UTC', target: fieldOf(fields, 'Nats-Schedule-Target') ?? '', ttl: fieldOf(fields, 'Nats-Schedule-TTL') }
  if (text.startsWith('@at ')) {
    const at = rfc3339.test(text.slice(4)) ? Date.parse(text.slice(4)) : Number.NaN
    if (Number.isNaN(at) || given !== undefined) throw invalid()
    return { ...plan, at }
  }
  if (text.startsWith('@every ')) {
    const every = goDuration(text.slice(7))
    if (every === undefined || every < 1000 || given !== undefined) throw invalid()
    return { ...plan, every }
  }
  const cron = named[text] ?? text
  if (cron.split(' ').length !== 6) throw invalid()
  if (!knownZone(plan.zone)) throw refuse(400, 10223, 'message schedules time zone is invalid')
  try {
    if (cronAfter({ cron, zone: plan.zone }, new Date(now), 1).length === 0) throw invalid()
  } catch {
    throw invalid()
  }
  return { ...plan, cron }
}

function knownZone(zone: string): boolean {
  if (/^[+-]/.test(zone)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** When a schedule is due first, and next after an instant. Undefined: never again. */
export function dueAfter({ at, every, cron, zone }: Plan, from: number, first: boolean): number | undefined {
  if (at !== undefined) return first ? Math.max(at, from) : undefined
  if (every !== undefined) return Math.round(from / 1000) * 1000 + every
  return cronAfter({ cron: cron as string, zone }, new Date(from), 1)[0]?.getTime()
}

/** Said of the schedule or of the way it was stored, and not of what it fires. */
const own = /^Nats-(Schedule|Msg-Id$|Expected-|TTL$|Rollup$|Batch-)/

/** The headers of what a schedule fires. `next`: when it fires again. */
export function firedHeaders(fields: Fields, { ttl }: Plan, subject: string, next: number | undefined): Buffer {
  return blockOf([
    ...fields.filter(([name]) => !own.test(name)),
    ['Nats-Scheduler', subject],
    ['Nats-Schedule-Next', next === undefined ? 'purge' : new Date(next).toISOString().replace('.000Z', 'Z')],
    ...(ttl === undefined ? [] : [['Nats-TTL', ttl] as const]),
  ])
}
