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

/** Decodes, runs the handler, and says how it ended. Never throws; a promise only where schema or handler make one. */
export function perform(run: Run, binding: Binding): Outcome | Promise<Outcome> {
  let input: unknown
  try {
    input = run.input === undefined ? binding.read(run.delivery) : run.input.value
  } catch (error) {
    return unread(error, run)
  }
  if (!(input instanceof Promise)) return handle(input, run, binding)
  return input.then(
    (checked) => handle(checked, run, binding),
    (error: unknown) => unread(error, run),
  )
}

function handle(input: unknown, run: Run, binding: Binding): Outcome | Promise<Outcome> {
  try {
    const value = binding.handle(input, run)
    if (!thenable(value)) return { end: 'returned', value }
    // Query builders and their like are no promises, and begin only when they are awaited.
    return Promise.resolve(value).then(
      (settled: unknown) => ({ end: 'returned', value: settled }),
      (error: unknown) => thrown(error, run),
    )
  } catch (error) {
    return thrown(error, run)
  }
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
