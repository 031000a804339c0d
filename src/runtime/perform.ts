/**
 * From a delivery to its outcome, a straight line: may it run, decode, run the handler, say how it ended. What comes of it is judged
 * elsewhere.
 */

import { fault } from '../base/errors.ts'
import type { Reason } from '../base/obituary.ts'
import type { Binding } from './binding.ts'
import type { Run, Stop } from './run.ts'
import { admit, type Outcome, Reject, Skip, Snooze } from './verdict.ts'

/** What `read` throws makes it unreadable, unless it could not be looked at just now, or is not wanted any more. */
function unread(error: unknown, run: Run): Outcome {
  return error instanceof Snooze || error instanceof Skip ? thrown(error, run) : { end: 'unreadable', error }
}

/** Who hears how a run ended. */
type End = (run: Run, outcome: Outcome) => void

/** Decodes, runs the handler, and says how it ended, at once where neither schema nor handler makes a promise. Never throws. */
export function perform(run: Run, binding: Binding, end: End): void {
  let input: unknown
  try {
    input = run.input === undefined ? binding.read(run.delivery) : run.input.value
  } catch (error) {
    end(run, unread(error, run))
    return
  }
  if (input instanceof Promise)
    input.then(
      (checked) => handle(checked, run, binding, end),
      (error: unknown) => end(run, unread(error, run)),
    )
  else handle(input, run, binding, end)
}

function handle(input: unknown, run: Run, binding: Binding, end: End): void {
  let value: unknown
  try {
    value = binding.handle(input, run)
  } catch (error) {
    end(run, thrown(error, run))
    return
  }
  // Query builders and their like are no promises, and begin only when they are awaited.
  if (thenable(value))
    Promise.resolve(value).then(
      (settled: unknown) => end(run, { end: 'returned', value: settled }),
      (error: unknown) => end(run, thrown(error, run)),
    )
  else end(run, { end: 'returned', value })
}

function thenable(value: unknown): value is PromiseLike<unknown> {
  const type = typeof value
  return value !== null && (type === 'object' || type === 'function') && typeof (value as { then?: unknown }).then === 'function'
}

/** What a handler throws after its signal aborted is the abort, not a failure of its own. */
function thrown(error: unknown, run: Run): Outcome {
  if (error instanceof Skip) return { end: 'skipped' }
  const own = error instanceof Reject || error instanceof Snooze
  if (own || run.stopped === undefined || run.stopped === 'timed out') return { end: 'threw', error }
  return { end: run.stopped }
}

/** The outcome of a run that is stopped without waiting for its handler. */
export function outcomeOf(stop: Stop, timeout: number): Outcome {
  return stop === 'timed out' ? { end: stop, error: fault('HANDLER_TIMEOUT', `The handler ran longer than ${timeout} ms.`) } : { end: stop }
}

/** Why a run must not begin. A first run without a deadline always may: it is not looked at twice. */
export function refusal(run: Run, now: number): Reason | undefined {
  const { attempt, delivery, doomed, ran, terms } = run
  if (doomed !== undefined) return doomed
  if (attempt === 1 && ran === 0 && terms.expires === undefined) return undefined
  const { expires, policy } = terms
  return admit({ attempt, now, storedAt: policy.maxAge === 0 ? 0 : delivery.storedAt, ran, expires }, policy)
}
