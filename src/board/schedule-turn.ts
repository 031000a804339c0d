/**
 * Whether a firing may run now. The broker fires and knows nothing of the last firing; whoever takes a delivery that a
 * schedule made asks here first. Other deliveries pass by one look at their headers.
 *
 * paused    fired before the end of its pause                      dropped
 * doubled   another message has this time already                  dropped
 * missed    made up for by the broker, later than the schedule allows   dropped
 * spread    its part of the window has not passed                  later, which costs no attempt
 * overlap   an earlier firing of the schedule is still there       dropped, or later
 */

import type { Label } from '../base/events.ts'
import { type FailureError, failureError, type Obituary } from '../base/obituary.ts'
import { timeOf } from '../base/when.ts'
import type { Run } from '../runtime/run.ts'
import { runInfo } from '../runtime/telling.ts'
import { Skip, Snooze } from '../runtime/verdict.ts'
import { header } from '../wire/envelope.ts'
import { shelf } from '../wire/stored.ts'
import type { Task } from './contract.ts'
import type { Core } from './core.ts'
import { type Definition, definitionOf, offsetOf, placeOf } from './schedule-definition.ts'
import { claim, type FiringOutcome, keepEnding } from './schedule-trail.ts'

/** A firing stored later than this after its time was not fired by the clock, but made up for. */
export const punctual = 10_000

/** Times that a trail keeps besides those not accounted for. */
const remembered = 64
const rememberedWithin = 1000

/** Who takes a delivery. `scope` tells subscriptions apart; `task` is what is performed. */
export interface Taker {
  readonly label: Label
  readonly scope?: string
  readonly task?: Task
}

/** Calls the handler; for what a schedule fired, only if and when it is its turn. */
export function inTurn(core: Core, run: Run, taker: Taker, call: () => unknown): unknown {
  const definition = firingOf(run)
  return definition === undefined ? call() : runInTurn(core, run, taker, definition, call)
}

/** What fired it; undefined: it was not fired, or fired once and replayed. */
function firingOf({ delivery: { headers } }: Run): Definition | undefined {
  return headers.plain || headers.get(header.ownId) !== undefined ? undefined : definitionOf(headers)
}

async function runInTurn(core: Core, run: Run, taker: Taker, definition: Definition, call: () => unknown): Promise<unknown> {
  try {
    const why = await turn(core, run, taker.scope, definition)
    if (why !== undefined) await skip(core, run, taker, definition, why)
  } catch (error) {
    if (error instanceof Skip || error instanceof Snooze) throw error
    const what = `whether ${run.id} may run could not be found out; it is looked at again in a second`
    core.events.tell('trouble', { what, error, about: runInfo(taker.label, run) })
    throw new Snooze('1s', { cause: error })
  }
  if (taker.task === undefined) return call()
  try {
    const value = await call()
    if (run.stopped === undefined) await ended(core, run, definition, 'succeeded')
    return value
  } catch (error) {
    if (!(error instanceof Snooze) && run.stopped !== 'interrupted') await ended(core, run, definition, 'failed', failureError(error))
    throw error
  }
}

type Why = 'paused' | 'doubled' | 'missed' | 'overlap'

/** Why it must not run, if so; a Snooze if it must wait. */
async function turn(core: Core, run: Run, scope: string | undefined, definition: Definition): Promise<Why | undefined> {
  const { storedAt, sequence, headers } = run.delivery
  const madeUp = headers.get(header.occurrence)
  if (madeUp === undefined && typeof definition.paused === 'number' && storedAt < definition.paused) return 'paused'
  const time = madeUp === undefined ? timeOf(definition.times, storedAt) : Number(madeUp)
  const keep = typeof definition.missed === 'number' ? rememberedWithin : remembered
  const swept = scope === undefined && madeUpFor(definition)
  const came = [time, sequence, storedAt] as const
  const { name } = definition
  const whole = { name, lasting: 'cron' in definition.times }
  if (!(await claim(core, scope === undefined ? whole : { name, scope }, came, keep, swept))) return 'doubled'
  // Each subscription has a trail of its own; that of the schedule says for all when it fired last.
  if (scope !== undefined) await claim(core, whole, came, remembered, false)
  if (madeUp === undefined && tooLate(definition, time, storedAt)) return 'missed'
  const offset = offsetOf(definition)
  // One's own clock may be behind: what has no part of a window to wait for does not wait for that clock, and the rest no longer than its part.
  const early = Math.min(offset, storedAt + offset - Date.now())
  if (early > 0) throw new Snooze(early)
  return overlapped(core, run, definition)
}

/** Whether missed times of a schedule are looked for. The broker itself makes up for a single time, and an interval has none to miss. */
export function madeUpFor({ times, missed }: Definition): boolean {
  return 'cron' in times && missed !== 'skip'
}

/** Whether a firing comes too late for the policy of its schedule. An interval has no fixed times to be late for. */
export function tooLate({ times, missed }: Pick<Definition, 'times' | 'missed'>, time: number, storedAt: number): boolean {
  if (missed === undefined || 'every' in times) return false
  return storedAt - time > punctual + (missed === 'skip' ? 0 : missed)
}

/**
 * The stream itself knows what still waits or runs: the firings of one schedule have a subject of their own, and what has
 * ended is gone from it. So a worker that dies holds nothing up longer than its firing takes to be run again.
 */
async function overlapped(core: Core, run: Run, definition: Definition): Promise<Why | undefined> {
  if (definition.overlap === undefined) return undefined
  const { stream, target } = placeOf(core.names, definition)
  const { sequence, count } = run.delivery
  const waiting = shelf(core.layout, stream)
  const first = await waiting.next(target, 1)
  if (first === undefined || first.sequence >= sequence) return undefined
  if (definition.overlap === 'skip') return 'overlap'
  const second = await waiting.next(target, first.sequence + 1)
  if (second !== undefined && second.sequence < sequence) return 'overlap'
  throw new Snooze(Math.min(5000, 250 * 2 ** Math.min(count - 1, 10)))
}

async function skip(core: Core, run: Run, { label, task }: Taker, definition: Definition, why: Why): Promise<never> {
  if (task !== undefined && why !== 'doubled') await ended(core, run, definition, 'skipped')
  if (task?.track) await core.results.decide(run.id, { state: 'cancelled', at: Date.now() }, task.keep)
  if (core.events.heard('skipped')) core.events.tell('skipped', { ...label, id: run.id, schedule: definition.name, why })
  throw new Skip(why)
}

/** Keeps how a firing was given up, if it was one. */
export async function endedBadly(core: Core, run: Run, { reason, error }: Obituary): Promise<void> {
  const definition = firingOf(run)
  if (definition !== undefined) await ended(core, run, definition, reason === 'expired' ? 'expired' : 'dead', error)
}

/** What cannot be kept is told, and does not make a run fail that did not. */
async function ended(core: Core, run: Run, { name }: Definition, outcome: FiringOutcome, error?: FailureError): Promise<void> {
  const ending = { outcome, id: run.id, at: Date.now(), sequence: run.delivery.sequence, ...(error ? { error } : {}) }
  await keepEnding(core, name, ending).catch((cause) =>
    core.events.tell('trouble', { what: `how ${run.id} ended could not be kept for its schedule`, error: cause, about: ending }),
  )
}
