/**
 * Tells the verdict. In this order, so that nothing is lost whenever the process ends: what has to be kept is kept first
 * (a result, a note, a dead letter), and only then does the broker hear the answer. If keeping fails the delivery comes
 * again; what was to be buried is then buried, and not run again.
 */

import { asError } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import { type Failure, failureError, type Obituary, type Reason, remember } from '../base/obituary.ts'
import { noted } from './attempt.ts'
import type { Binding } from './binding.ts'
import type { Run } from './run.ts'
import { runInfo } from './telling.ts'
import type { Outcome, Verdict } from './verdict.ts'

/** How long a delivery waits whose verdict could not be kept. */
const patience = 5_000

/** Tells the verdict about one run. Never throws; false: it could not be kept, and the delivery will come again. `now` is the end of the run. */
export async function settle(
  run: Run,
  outcome: Outcome,
  verdict: Verdict,
  binding: Binding,
  worker: string,
  events: Events,
  now: number,
): Promise<boolean> {
  try {
    if (verdict.say === 'ack') await acknowledge(run, outcome, binding, events)
    else if (verdict.say === 'again') await again(run, outcome, verdict, binding, worker, now)
    else await bury(run, outcome, verdict.reason, binding, worker, events, now)
    return true
  } catch (error) {
    const what = `${binding.label.name} ${run.id} could not be settled (${verdict.say}); it will come again`
    events.tell('trouble', { what, error, about: runInfo(binding.label, run) })
    run.delivery.again(patience)
    return false
  }
}

async function acknowledge(run: Run, outcome: Outcome, binding: Binding, events: Events): Promise<void> {
  if (binding.ends(run)) await binding.ended(run, outcome)
  run.delivery.ack()
  await binding.left?.(run)
  await forget(run, binding, events)
}

/** The broker has heard the answer: whatever happens here, no other one may follow. */
async function forget(run: Run, binding: Binding, events: Events): Promise<void> {
  if (run.delivery.count === 1) return
  try {
    await binding.memory.forget(run.delivery)
  } catch (error) {
    const what = `what is remembered of ${binding.label.name} ${run.id} could not be removed; it expires`
    events.tell('trouble', { what, error, about: runInfo(binding.label, run) })
  }
}

async function again(
  run: Run,
  outcome: Outcome,
  verdict: Verdict & { say: 'again' },
  binding: Binding,
  worker: string,
  now: number,
): Promise<void> {
  const history = verdict.counts ? remember(run.history, failureOf(run, outcome, worker, now)) : run.history
  // A run that began has run for a while, however short: it has started in time.
  const ran = run.ran + (run.startedAt === 0 ? 0 : Math.max(1, now - run.startedAt))
  await binding.memory.note(run.delivery, noted(run.delivery.count, run, verdict.counts ? 'failed' : 'free', { history, ran }))
  run.delivery.again(verdict.after)
}

async function bury(
  run: Run,
  outcome: Outcome,
  reason: Reason,
  binding: Binding,
  worker: string,
  events: Events,
  now: number,
): Promise<void> {
  const obituary = obituaryOf(run, outcome, reason, binding, worker, now)
  try {
    await binding.bury(run, obituary)
  } catch (error) {
    const { attempts: used, history } = obituary
    await binding.memory.note(run.delivery, { count: run.delivery.count, used, open: false, history, ran: run.ran, doomed: reason })
    throw error
  }
  run.delivery.drop(reason)
  await forget(run, binding, events)
  if (events.heard('buried')) events.tell('buried', { ...runInfo(binding.label, run), obituary })
}

function obituaryOf(run: Run, outcome: Outcome, reason: Reason, binding: Binding, worker: string, now: number): Obituary {
  const ran = 'error' in outcome && run.startedAt > 0
  const history = ran ? remember(run.history, failureOf(run, outcome, worker, now)) : run.history
  const error = 'error' in outcome ? failureError(outcome.error) : (history.at(-1)?.error ?? { name: 'Error', message: missing[reason] })
  return { reason, attempts: ran ? run.attempt : run.attempt - 1, at: now, service: binding.label.service, worker, error, history }
}

const missing: Readonly<Record<Reason, string>> = {
  rejected: 'The handler rejected it.',
  exhausted: 'Each attempt ended with its process, or was never heard of again.',
  expired: 'It had not started in the time its sender allowed.',
  unreadable: 'Its body could not be read.',
}

function failureOf(run: Run, outcome: Outcome, worker: string, now: number): Failure {
  const error = 'error' in outcome ? outcome.error : asError(outcome.end)
  return { at: now, attempt: run.attempt, ms: run.startedAt === 0 ? 0 : now - run.startedAt, worker, error: failureError(error) }
}
