/** One run of a handler: a delivery, its terms, and where it stands. */

import { fault } from '../base/errors.ts'
import type { Failure, Reason } from '../base/obituary.ts'
import type { Delivery } from '../wire/delivery.ts'
import { idOf } from '../wire/envelope.ts'
import type { Policy } from './verdict.ts'

/** What one delivery says for itself, where it differs from the policy of its binding. */
export interface Terms {
  /** It must have started by then, in ms since 1970; undefined: any time. */
  readonly expires: number | undefined
  readonly policy: Policy
}

/** Why the signal of a run aborted. */
export type Stop = 'timed out' | 'interrupted' | 'cancelled'

/** One run of a handler. It ends once: whoever ends it first has the word, and what comes later is not heard. */
export class Run {
  /** The newest hand-over of what it works on. */
  delivery: Delivery
  readonly terms: Terms
  attempt = 1
  suspect = false
  /** What is remembered of earlier hand-overs was read. */
  recalled = false
  history: readonly Failure[] = []
  /** ms its earlier runs took. */
  ran = 0
  /** Given up before, and not buried yet. */
  doomed: Reason | undefined
  /** When the handler began, in ms since 1970; 0 before. */
  startedAt = 0
  /** When the lease was last prolonged. */
  touchedAt: number
  /** The input of the handler, where a gate has asked for it before. */
  input: { readonly value: unknown } | undefined
  /** Leaves the gates that were passed. */
  leave: (() => void) | undefined
  ended = false
  /** Where it lies among those that run; -1: it does not run. */
  place = -1
  /** What the handler last told of its progress. */
  progress: unknown
  #id: string | undefined
  #abort: AbortController | undefined
  #stopped: Stop | undefined

  constructor(delivery: Delivery, terms: Terms, now: number) {
    this.delivery = delivery
    this.terms = terms
    this.touchedAt = now
  }

  /** ms this run may take: its timeout, or what is left of the time for all its runs. */
  get allowance(): number {
    const { timeout, maxRuntime } = this.terms.policy
    return maxRuntime > 0 ? Math.min(timeout, Math.max(0, maxRuntime - this.ran)) : timeout
  }

  /** The id of the message, the same over all attempts. */
  get id(): string {
    // Where it stands in its headers, as nearly always, its place in the stream need not be read.
    this.#id ??= this.delivery.headers.id ?? idOf(this.delivery.headers, this.delivery.sequence) ?? `#${this.delivery.sequence}`
    return this.#id
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

function stopFault(why: Stop): Error {
  if (why === 'timed out') return fault('HANDLER_TIMEOUT', 'The handler ran longer than its timeout.')
  if (why === 'cancelled') return fault('CANCELLED', 'The sender cancelled it.')
  return fault('ABORTED', 'The service is stopping; it will be run again elsewhere.', { details: { outcome: 'unknown' } })
}
