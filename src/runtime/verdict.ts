/**
 * The two judgements of the runtime. They decide and do nothing: no clock, no broker, no log.
 *
 * admit   on arrival: may it run at all?
 * judge   at the end: what is the broker told?
 */

import type { Waiting } from '../base/backoff.ts'
import { type Duration, duration } from '../base/duration.ts'
import type { Reason } from '../base/obituary.ts'

/** Thrown by a handler: never again. The delivery becomes a dead letter at once, whatever attempts are left. */
export class Reject extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Reject'
  }
}

/** Thrown by a handler: not now, try again after this time. Costs no attempt. */
export class Snooze extends Error {
  /** ms until the next try. */
  readonly after: number

  constructor(after: Duration, options?: ErrorOptions) {
    const ms = duration(after, 'the time of Snooze')
    super(`snoozed for ${ms} ms`, options)
    this.name = 'Snooze'
    this.after = ms
  }
}

/** Thrown in place of a run that is not wanted after all: it is acknowledged, and its handler is not called. */
export class Skip extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'Skip'
  }
}

/** When a failed attempt is tried again, and how often. */
export interface Policy {
  /** Runs in all, the first included. */
  readonly attempts: number
  /** ms to wait after a failed attempt. */
  readonly backoff: Waiting
  /** ms one run may take. */
  readonly timeout: number
  /** Whether an error is worth another attempt. */
  readonly retriable: (error: unknown) => boolean
  /** ms since it was stored after which it is not tried again; 0: no limit. */
  readonly maxAge: number
  /** ms all its runs together may take; 0: no limit. */
  readonly maxRuntime: number
}

/** What is known when a delivery arrives. Times in ms since 1970. */
export interface Arrival {
  readonly attempt: number
  readonly now: number
  readonly storedAt: number
  /** ms its earlier runs took. */
  readonly ran: number
  /** It must have started by then; undefined: any time. */
  readonly expires: number | undefined
}

/** How one run of a handler ended. */
export type Outcome =
  | { readonly end: 'returned'; readonly value: unknown }
  | { readonly end: 'threw'; readonly error: unknown }
  /** The body could not be decoded or does not fit the schema. */
  | { readonly end: 'unreadable'; readonly error: unknown }
  | { readonly end: 'timed out'; readonly error: unknown }
  /** The service is draining; the handler did nothing wrong. */
  | { readonly end: 'interrupted' }
  /** The sender wants it no more. */
  | { readonly end: 'cancelled' }
  /** It was not wanted after all; no handler was called. */
  | { readonly end: 'skipped' }

/** What the broker is told about a delivery. Exactly one verdict per delivery. */
export type Verdict =
  | { readonly say: 'ack' }
  /** Again after some ms; `counts`: it uses up an attempt. */
  | { readonly say: 'again'; readonly after: number; readonly counts: boolean }
  | { readonly say: 'bury'; readonly reason: Reason }

/** Done: the broker may forget it. */
export const ack: Verdict = { say: 'ack' }

/** Why a delivery must not run, or undefined if it may. A delivery whose handler kills its process each time ends here. */
export function admit(arrival: Arrival, policy: Policy): Reason | undefined {
  if (arrival.attempt > policy.attempts) return 'exhausted'
  const begun = arrival.attempt > 1 || arrival.ran > 0
  if (!begun && arrival.expires !== undefined && arrival.now > arrival.expires) return 'expired'
  if (policy.maxRuntime > 0 && arrival.ran >= policy.maxRuntime) return 'exhausted'
  if (policy.maxAge > 0 && arrival.attempt > 1 && arrival.now - arrival.storedAt > policy.maxAge) return 'exhausted'
  return undefined
}

/** What the broker is told after a run. */
export function judge(outcome: Outcome, attempt: number, policy: Policy): Verdict {
  switch (outcome.end) {
    case 'returned':
    case 'cancelled':
    case 'skipped':
      return ack
    case 'interrupted':
      return { say: 'again', after: 0, counts: false }
    case 'unreadable':
      return { say: 'bury', reason: 'unreadable' }
    default:
      return judgeError(outcome.error, attempt, policy)
  }
}

/** The wait after a failure whose policy cannot be asked, in ms. */
const patience = 1_000

/** The same, whatever the user's own functions in a policy do: where one throws, it is tried again as any other. */
export function judgeAnyway(outcome: Outcome, attempt: number, policy: Policy, trouble: (error: unknown) => void): Verdict {
  try {
    return judge(outcome, attempt, policy)
  } catch (error) {
    trouble(error)
    return judge(outcome, attempt, { ...policy, retriable: () => true, backoff: () => patience })
  }
}

function judgeError(error: unknown, attempt: number, policy: Policy): Verdict {
  if (error instanceof Reject) return { say: 'bury', reason: 'rejected' }
  if (error instanceof Snooze) return { say: 'again', after: error.after, counts: false }
  if (!policy.retriable(error)) return { say: 'bury', reason: 'rejected' }
  if (attempt >= policy.attempts) return { say: 'bury', reason: 'exhausted' }
  return { say: 'again', after: policy.backoff(attempt, error), counts: true }
}
