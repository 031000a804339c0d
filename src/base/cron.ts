/**
 * Cron expressions, in the one form that the broker and croner read alike. Pure; the only file that knows croner.
 *
 * People write five or six fields, or a name such as @daily. The broker takes six, counts Sunday as 0, takes no range that
 * runs past its end, and knows no L, W, # or year: what can be said in its words is rewritten, what cannot is refused here,
 * before anything is stored.
 */

import { Cron } from 'croner'
import { fault, shown } from './errors.ts'

/** Times by cron: six fields in the common form, and the zone whose clock they mean. */
export interface CronTimes {
  readonly cron: string
  readonly zone: string
}

const named: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
}

interface Field {
  readonly name: string
  readonly least: number
  readonly most: number
  readonly words?: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const fields: readonly Field[] = [
  { name: 'second', least: 0, most: 59 },
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of the month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, words: months },
  { name: 'day of the week', least: 0, most: 7, words: weekdays },
]

/** Reads an expression into the common form. Throws INVALID_SCHEDULE. Whether it ever fires is asked by `runsAfter`. */
export function commonForm(expression: unknown): string {
  const refuse = (why: string) => fault('INVALID_SCHEDULE', `The cron expression ${shown(expression)} cannot be used: ${why}.`)
  if (typeof expression !== 'string') throw refuse('it is not text')
  const trimmed = expression.trim()
  if (trimmed.startsWith('@')) {
    const known = named[trimmed.toLowerCase()]
    if (known === undefined) throw refuse(`the only names are ${Object.keys(named).join(', ')}`)
    return known
  }
  const given = trimmed.split(/\s+/)
  if (given.length === 7) throw refuse('it has seven fields, and the broker knows no year')
  if (given.length !== 5 && given.length !== 6) throw refuse('it needs five fields, or six with seconds first')
  if (given.length === 5) given.unshift('0')
  return given.map((text, index) => commonField(text, fields[index] as Field, refuse)).join(' ')
}

type Refuse = (why: string) => Error

function commonField(text: string, field: Field, refuse: Refuse): string {
  const parts = text.split(',').map((part) => commonPart(part, field, refuse))
  // A star among others is a star: the broker gives it another meaning where days of month and week are both given.
  return parts.includes('*') ? '*' : parts.join(',')
}

function commonPart(part: string, field: Field, refuse: Refuse): string {
  const special = /^L|L$|\d+W|W$|#|\+/i.exec(part.replace(/jul/gi, '').replace(/wed/gi, ''))
  if (special) throw refuse(`the broker knows no ${special[0].replace(/\d/g, '').toUpperCase()} (${field.name} ${shown(part)})`)
  const match = /^(\*|\?|[a-z\d]+)(?:-([a-z\d]+))?(?:\/(\d+))?$/i.exec(part)
  if (!match) throw refuse(`the ${field.name} ${shown(part)} cannot be read`)
  const [, first = '', last, by] = match
  const step = by === undefined ? 1 : Number(by)
  if (step < 1) throw refuse(`the step of the ${field.name} ${shown(part)} must be 1 or more`)
  if (first === '*' || first === '?') {
    if (last !== undefined) throw refuse(`the ${field.name} ${shown(part)} cannot be read`)
    return step === 1 ? '*' : stepped(field.least, field === weekdayField ? 6 : field.most, step)
  }
  const from = numberOf(first, field, refuse)
  const to = last === undefined ? (by === undefined ? from : field.most) : numberOf(last, field, refuse)
  if (field === weekdayField) return weekdayRange(from, to, step)
  if (from > to) throw refuse(`the ${field.name} ${shown(part)} begins after it ends`)
  return from === to && by === undefined ? String(from) : stepped(from, to, step)

  function stepped(low: number, high: number, each: number): string {
    if (each > high - low) throw refuse(`the step of the ${field.name} ${shown(part)} leads beyond its end; for an interval say { every }`)
    if (each === 1) return `${low}-${high}`
    return first === '*' || first === '?' ? `*/${each}` : `${low}-${high}/${each}`
  }
}

const weekdayField = fields[5] as Field

/** Sunday is 0 and 7, and a week has no end: friday to sunday is 5, 6, 0. */
function weekdayRange(from: number, to: number, step: number): string {
  if (from === to) return String(from % 7)
  const last = to < from ? to + 7 : to
  if (last < 7 && step === 1) return `${from}-${last}`
  const days: number[] = []
  for (let day = from; day <= last; day += step) if (!days.includes(day % 7)) days.push(day % 7)
  return days.length === 7 ? '0-6' : days.sort().join(',')
}

function numberOf(text: string, { name, least, most, words }: Field, refuse: Refuse): number {
  const word = words?.indexOf(text.toLowerCase()) ?? -1
  if (word >= 0) return word + least
  const number = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= least && number <= most)) throw refuse(`the ${name} ${shown(text)} is not from ${least} to ${most}`)
  return number
}

function job({ cron, zone }: CronTimes): Cron {
  return new Cron(cron, { timezone: zone, paused: true, mode: '6-part' })
}

/** The next times after an instant, at most `count`. Empty: it never fires. */
export function cronAfter(times: CronTimes, from: Date, count: number): Date[] {
  return job(times).nextRuns(count, from)
}

/** The last times at or before an instant, newest first, at most `count`. */
export function cronBefore(times: CronTimes, at: Date, count: number): Date[] {
  // croner goes back from the beginning of a second; times are whole seconds, so this includes the second of `at` itself.
  return job(times).previousRuns(count, new Date(at.getTime() + 1000))
}

/** All times after one instant and up to another, oldest first, at most `most`. */
export function cronBetween(times: CronTimes, after: Date, until: Date, most: number): Date[] {
  const found: Date[] = []
  const walk = job(times)
  for (let [next] = walk.nextRuns(1, after); next && next <= until && found.length < most; [next] = walk.nextRuns(1, next)) found.push(next)
  return found
}
