/** The seam between code that sends and what it sends through: a board, a handler's context, a test. */

import type { Duration } from '../base/duration.ts'
import type { LocalTime } from '../base/zone.ts'
import type { UserHeaders } from '../wire/envelope.ts'
import type { Lane } from '../wire/names.ts'
import type { RetryOptions, Task, Topic } from './contract.ts'

/** What a publisher may say beside the event. There is nothing here about who runs, when or how often: that is not the publisher's business. */
export interface PublishOptions {
  /** The id of the event; published twice within the dedupe window it is stored once. Default: a new one. */
  readonly id?: string
  /** Sent along; names must not begin with Nats- or Cb-. */
  readonly headers?: UserHeaders
  /** What the event is about, for subscribers that keep order per key. */
  readonly key?: string
  /** Gives up waiting for the broker's answer. */
  readonly signal?: AbortSignal
}

/** What the broker said. */
export interface Receipt {
  readonly id: string
  /** Its place in the stream; 0 where it was stored before. */
  readonly sequence: number
  /** It had been stored before, and was not stored again. */
  readonly duplicate: boolean
}

/** What the sender of a task may ask for. None of it exists on `publish`. */
export interface EnqueueOptions {
  /** The id of the task; enqueued twice within the dedupe window it is stored once. Default: a new one. */
  readonly id?: string
  /** Sent along; names must not begin with Nats- or Cb-. */
  readonly headers?: UserHeaders
  /** Not before this much time has passed. Default: at once. Precision: 250 ms. */
  readonly delay?: Duration
  /** Not before this time: a Date, or a wall-clock time in a zone. A time that has passed means at once. */
  readonly at?: Date | LocalTime
  /** Its lane. Default `normal`. */
  readonly priority?: Lane
  /** While a task with this key waits or runs, enqueueing another answers with the first, marked as a duplicate. Default: every enqueue is new. */
  readonly unique?: string
  /** Buried as expired if it has not *started* by then. Default: never. */
  readonly expires?: Duration
  /** Other attempts for this one. Default: those of the contract. */
  readonly retry?: Pick<RetryOptions, 'attempts' | 'maxAge' | 'maxRuntime'> & { readonly backoff?: Duration | `${string}..${string}` }
  /** Gives up waiting for the broker's answer. */
  readonly signal?: AbortSignal
}

/**
 * Whatever can say and ask: a board, a handler's context. Code that sends should take one of these, so that it works in all
 * of them.
 */
export interface Sender {
  /** Says what happened. Resolves when the broker has stored it. */
  publish<Input>(topic: Topic<Input>, event: NoInfer<Input>, options?: PublishOptions): Promise<Receipt>
  /** Names the work. Resolves when the broker has stored it. */
  enqueue<Input>(task: Task<Input>, input: NoInfer<Input>, options?: EnqueueOptions): Promise<Receipt>
}
