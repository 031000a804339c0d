/**
 * One delivery, from its arrival to its outcome: a straight line. What comes of it is judged elsewhere.
 */

import { fault } from '../base/errors.ts'
import type { Failure } from '../base/obituary.ts'
import type { Delivery } from '../wire/source.ts'
import type { Binding, Terms } from './binding.ts'
import { type Outcome, Reject, Snooze } from './verdict.ts'

/** Why the signal of a run aborted. */
export type Stop = 'timed out' | 'interrupted' | 'cancelled'

/** One run of a handler. It ends once: whoever ends it first has the word, and what comes later is not heard. */
export class Run {
  readonly delivery: Delivery
  readonly terms: Terms
  attempt = 1
  suspect = false
  history: readonly Failure[] = []
  /** When the handler began, in ms since 1970; 0 before. */
  startedAt = 0
  /** When the lease was last prolonged. */
  touchedAt: number
  /** Leaves the gates that were passed. */
  leave: (() => void) | undefined
  ended = false
  /** What the handler last told of its progress. */
  progress: unknown
  #abort: AbortController | undefined
  #stopped: Stop | undefined

  constructor(delivery: Delivery, terms: Terms, now: number) {
    this.delivery = delivery
    this.terms = terms
    this.touchedAt = now
  }

  /** The id of the message, the same over all attempts. */
  get id(): string {
    return this.delivery.headers.id ?? `#${this.delivery.sequence}`
  }

  /** Aborts on timeout, cancel and the end of a drain. Made when first asked for. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#stopped !== undefined) this.#abort.abort(stopFault(this.#stopped))
    return this.#abort.signal
  }

  /** Why it was stopped, if it was. */
  get stopped(): Stop | undefined {
    return this.#stopped
  }

  /** Tells the handler to stop. */
  stop(why: Stop): void {
    if (this.#stopped !== undefined) return
    this.#stopped = why
    this.#abort?.abort(stopFault(why))
  }
}

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

function stopFault(why: Stop): Error {
  if (why === 'timed out') return fault('HANDLER_TIMEOUT', 'The handler ran longer than its timeout.')
  if (why === 'cancelled') return fault('TASK_CANCELLED', 'The sender cancelled it.')
  return fault('ABORTED', 'The service is stopping; it will be run again elsewhere.', { details: { outcome: 'unknown' } })
}
