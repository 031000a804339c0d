/**
 * From a delivery to its outcome, a straight line: decode, run the handler, say how it ended. What comes of it is judged
 * elsewhere.
 */

import { fault } from '../base/errors.ts'
import type { Binding } from './binding.ts'
import type { Run, Stop } from './run.ts'
import { type Outcome, Reject, Snooze } from './verdict.ts'

/** Decodes, runs the handler, and says how it ended. Never throws. */
export async function perform(run: Run, binding: Binding): Promise<Outcome> {
  let input: unknown
  try {
    const read = binding.read(run.delivery)
    input = read instanceof Promise ? await read : read
  } catch (error) {
    return { end: 'unreadable', error }
  }
  try {
    const value = binding.handle(input, run)
    return { end: 'returned', value: value instanceof Promise ? await value : value }
  } catch (error) {
    return thrown(error, run)
  }
}

/** What a handler throws after its signal aborted is the abort, not a failure of its own. */
function thrown(error: unknown, run: Run): Outcome {
  const own = error instanceof Reject || error instanceof Snooze
  if (own || run.stopped === undefined || run.stopped === 'timed out') return { end: 'threw', error }
  return { end: run.stopped }
}

/** The outcome of a run that is stopped without waiting for its handler. */
export function outcomeOf(stop: Stop, timeout: number): Outcome {
  return stop === 'timed out' ? { end: stop, error: fault('HANDLER_TIMEOUT', `The handler ran longer than ${timeout} ms.`) } : { end: stop }
}
