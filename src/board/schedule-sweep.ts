/**
 * The sweep: sees to it that times are not lost and schedules do not stay stuck.
 *
 * The broker makes up for missed times once after an ordered stop and never after it was killed, and gives a schedule up
 * when it cannot store what it fires. So boards with a running service look: when the first service starts, when the
 * connection is back, and every few minutes. One board looks at a time, and what it finds it sets right: missed times are
 * fired as their schedule wants it, each once, and stuck schedules are armed again.
 */

import { cronBetween } from '../base/cron.ts'
import { CallboardError, isForbidden } from '../base/errors.ts'
import { timesBefore } from '../base/when.ts'
import { header, headerJson } from '../wire/envelope.ts'
import type { Core } from './core.ts'
import { putBack } from './leftover.ts'
import { bringOn } from './overdue.ts'
import { type Definition, firedId, firedMessage, placeOf, type Stored, written } from './schedule-definition.ts'
import { firstSecond, margin, type ScheduleState, stateOf } from './schedule-state.ts'
import { allSchedules, firedSince, lastFired, replace } from './schedule-store.ts'
import { amendTrail, type Came, readTrail } from './schedule-trail.ts'
import { madeUpFor } from './schedule-turn.ts'

/** Times made up for in one sweep at most; the rest waits for the next. */
const most = 1000
/** Between two sweeps, in ms, give or take a fifth. */
const pace = 300_000
/** How long one board has the sweep to itself, in ms. */
const turnOfOne = 2000
/** Who has been away looks again when what was due meanwhile is certain not to come by itself. */
const again = margin + 1500

/** Looks at every schedule, every delayed task and what stayed behind once, unless another board is just doing so. True: there may be more to do. `places`: see `bringOn`. */
export async function sweep(core: Core, places: Map<string, number> = new Map()): Promise<boolean> {
  let alone = false
  // Not one's own clock: one that is ahead would fire and bring on what is not due.
  const now = await core.layout.time()
  for await (const schedule of allSchedules(core)) {
    alone ||= await takeSweep(core)
    if (!alone) return false
    if (schedule.definition.paused === true) continue
    await makeUp(core, schedule, now)
    const { state } = await judged(core, schedule)
    if (state === 'stuck') await rearm(core, schedule, state)
  }
  await bringOn(core, places, now, async () => {
    alone ||= await takeSweep(core)
    return alone
  })
  return putBack(core)
}

async function takeSweep(core: Core): Promise<boolean> {
  try {
    await core.table.put(core.names.record('sweep'), new Uint8Array(0), { ttl: turnOfOne, revision: 0 })
    return true
  } catch (error) {
    if (error instanceof CallboardError && error.code === 'ALREADY_EXISTS') return false
    throw error
  }
}

/** Fires what was missed, as the schedule wants it. */
async function makeUp(core: Core, schedule: Stored, now: number): Promise<void> {
  const { definition } = schedule
  if (!madeUpFor(definition)) return
  const { until } = await readTrail(core, definition.name)
  const due = dueTimes(definition, Math.max(until, definition.since + firstSecond), now)
  const [first] = due
  if (first === undefined) return
  const { waiting, run } = await cameSince(core, definition, first)
  const missing = due.filter((time) => !run.has(time) && !waiting.has(time))
  for (const time of missing) await fireMissed(core, schedule, time)
  if (missing.length > 0) {
    const when = missing.slice(-3).map(written).join(', ')
    core.events.tell('trouble', {
      what: `the schedule ${definition.name} missed ${missing.length} of its times (${when}); they are made up for`,
    })
  }
  // An event stays in its stream, whether anybody listens or not.
  const certain = 'topic' in definition.fires ? new Set([...run, ...waiting]) : run
  const accounted = accountedFor(due, certain, due.length < most ? now - margin : (due.at(-1) as number))
  await amendTrail(core, { name: definition.name, lasting: true }, (trail) => ({ ...trail, until: Math.max(trail.until, accounted) }))
}

/** The times that should have come and are not accounted for, oldest first. */
export function dueTimes({ times, missed }: Pick<Definition, 'times' | 'missed'>, after: number, now: number): number[] {
  if (!('cron' in times) || missed === 'skip') return []
  if (missed === undefined) return timesBefore(times, now - margin, 1).filter((time) => time > after)
  return cronBetween(times, new Date(Math.max(after, now - missed)), new Date(now - margin), most).map(Number)
}

/**
 * Up to where nobody has to look again: before the first time that has not been run yet. What only lies in its stream may be
 * gone with a broker that had no room on its disk, and is killed.
 */
export function accountedFor(due: readonly number[], run: ReadonlySet<number>, until: number): number {
  const open = due.find((time) => !run.has(time))
  return open === undefined ? until : Math.min(until, open - 1)
}

/** The times that came: what is still stored, and then what was run. Read in this order, nothing can pass by in between. */
async function cameSince(core: Core, definition: Definition, since: number) {
  const waiting = new Set<number>()
  for await (const [time] of firedSince(core, definition, since)) waiting.add(time)
  const { came } = await readTrail(core, definition.name)
  return { waiting, run: new Set(came.map(([time]) => time)) }
}

/** Fires for a time that was missed. Its id follows from the time, so two that do it do it once. */
async function fireMissed(core: Core, { definition, body, fields }: Stored, time: number): Promise<void> {
  const { target } = placeOf(core.names, definition)
  const extra: [string, string][] = [
    [header.definition, headerJson(definition)],
    [header.occurrence, String(time)],
  ]
  await core.publisher.publish(firedMessage({ body, fields }, target, firedId(definition.name, time), extra))
}

/** How a schedule is doing, and the newest firing that is known of. `counts`: where an interval counts from. */
export async function judged(core: Core, { definition, storedAt }: Stored): Promise<Judged> {
  const now = Date.now()
  const stateAfter = (last: Came | undefined) =>
    stateOf(definition, { now, storedAt, lastTime: last?.[0] ?? 0, lastStored: last?.[2] ?? 0 })
  const [waiting, trail] = await Promise.all([lastFired(core, definition), readTrail(core, definition.name)])
  const newest = (a: Came | undefined, b: Came | undefined) => (a === undefined || (b !== undefined && b[2] > a[2]) ? b : a)
  let last = trail.came.reduce(newest, waiting)
  const { times, fires } = definition
  // Among other events of its topic, and not yet taken by a subscriber: looked for where it should be.
  if ('topic' in fires && stateAfter(last) !== 'ok') {
    const since = 'every' in times ? now - 2 * times.every - margin : (timesBefore(times, now - margin, 1)[0] ?? now)
    for await (const each of firedSince(core, definition, since)) last = newest(last, each)
  }
  return { state: stateAfter(last), last, counts: Math.round(Math.max(storedAt, last?.[2] ?? 0) / 1000) * 1000 }
}

/** What was found out of a schedule. */
export interface Judged {
  readonly state: ScheduleState
  readonly last: Came | undefined
  readonly counts: number
}

/** Arms a schedule again, unless somebody changed it meanwhile. True: it was. */
export async function rearm(core: Core, { definition, body, fields, sequence }: Stored, state: ScheduleState): Promise<boolean> {
  const armed = await replace(core, definition, (before) => (before?.sequence === sequence ? { definition, body, fields } : undefined))
  if (armed) core.events.tell('trouble', { what: `the schedule ${definition.name} was ${state}; it was armed again` })
  return armed
}

/** Sweeps while services run. */
export interface Attendant {
  /** A service has started. */
  begin(): void
  /** The last service has stopped. */
  end(): void
}

/** Sweeps while services of a board run. */
export function attendant(core: Core): Attendant {
  const timers = new Set<NodeJS.Timeout>()
  const places = new Map<string, number>()
  let deafen: (() => void) | undefined
  let full: 'once' | 'again' | undefined
  let goingOn = false

  function after(ms: number, then?: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      void sweep(core, places)
        .then((more) => more && goOn())
        .catch((error: unknown) => {
          // Who may not look after schedules leaves it to an operator.
          if (deafen === undefined || isForbidden(error)) return
          core.events.tell('trouble', { what: 'schedules could not be looked after', error })
          goOn()
        })
      then?.()
    }, ms)
    timers.add(timer.unref())
  }

  /** What a sweep has not finished does not wait for the next one that is due: that would be minutes. */
  function goOn(): void {
    if (goingOn || deafen === undefined) return
    goingOn = true
    after(again, () => {
      goingOn = false
    })
  }

  /** Boards that lost the broker together do not come back in step. */
  function soon(): void {
    const late = Math.random() * 500
    after(late)
    after(late + again)
  }

  /** What was due while there was no room does not come by itself when there is. Looks once more behind the last time that there was none. */
  function whenThereIsRoom(): void {
    if (full !== undefined) {
      full = 'again'
      return
    }
    full = 'once'
    after(again, () => {
      const more = full === 'again'
      full = undefined
      if (more) whenThereIsRoom()
    })
  }

  function pacing(): void {
    after(pace * (0.8 + Math.random() * 0.4), pacing)
  }

  return {
    begin() {
      if (deafen !== undefined) return
      const deaf = [core.link.listen((event) => event.type === 'back' && soon()), core.events.on('full', whenThereIsRoom)]
      deafen = () => {
        for (const each of deaf) each()
      }
      soon()
      pacing()
    },
    end() {
      deafen?.()
      deafen = undefined
      full = undefined
      goingOn = false
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
}
