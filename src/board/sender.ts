/** The seam between code that sends and what it sends through: a board, a handler's context, a test. */

import type { Duration } from '../base/duration.ts'
import type { LocalTime } from '../base/zone.ts'
import type { UserHeaders } from '../wire/envelope.ts'
import type { Lane } from '../wire/names.ts'
import type { RetryOptions, Task, Topic } from './contract.ts'

/** What a publisher may say beside the event. There is nothing here about who runs, when or how often: that is not the publisher's business. */
export interface PublishOptions {
  /** The id of the event; published twice within the dedupe window it is stored once. Default: a new one. Edge: 1 to 128 of `A-Z a-z 0-9 _ - : . /`. */
  readonly id?: string
  /** Text by name, sent along. Default: none. Edge: no name begins with `Nats-` or `Cb-` or is `Content-Type`; 32 KiB with ours. */
  readonly headers?: UserHeaders
  /** What the event is about, for subscribers that keep order per key. Default: none. Edge: any text that is not empty. */
  readonly key?: string
  /** Gives up waiting for the broker's answer. Default: waits. Edge: what was sent may be stored all the same. */
  readonly signal?: AbortSignal
}

/** What a publisher of many may say. */
export interface PublishManyOptions extends Omit<PublishOptions, 'id'> {
  /** The ids of the events, in their order: who says them again, also after a crash, stores none twice within the dedupe window. Default: new ones. Edge: as many as events. */
  readonly ids?: readonly string[]
}

/** What the broker said. */
export interface Receipt {
  readonly id: string
  /** Its place in the stream; 0 where it was stored before. */
  readonly sequence: number
  /** It had been stored before, and was not stored again. */
  readonly duplicate: boolean
}

/** Within which run of a handler something is said. */
export interface Origin {
  /** The id of what the handler is working on. */
  readonly parent: string
  /** The service of that handler. */
  readonly service: string
  /** The id of what is said, where its options name none: the same each time the same is said. */
  idFor(body: Uint8Array): string
}

/** When silence is long enough. The broker keeps the time: nothing of ours has to be alive. */
export interface DebounceOptions {
  /** What belongs together. Default: none, it must be given. Edge: any text that is not empty. */
  readonly key: string
  /** It runs when nothing new has come for so long. Default: none, it must be given. Edge: at least 1 ms; up to 250 ms late. */
  readonly wait: Duration
  /** It runs so long after the first at the latest, whatever has come since. Default: no limit. Edge: not less than `wait`. */
  readonly max?: Duration
}

/** How long the first of a key stands for all. */
export interface ThrottleOptions {
  /** What belongs together. Default: none, it must be given. Edge: any text that is not empty. */
  readonly key: string
  /** From the first on, for so long. Default: none, it must be given. Edge: at least 1 s, and whole seconds on the broker, rounded up. */
  readonly per: Duration
}

/** What the sender of a task may ask for. None of it exists on `publish`. */
export interface EnqueueOptions {
  /** The id of the task; enqueued twice within the dedupe window it is stored once. Default: a new one. Edge: 1 to 128 of `A-Z a-z 0-9 _ - : . /`. */
  readonly id?: string
  /** Text by name, sent along. Default: none. Edge: no name begins with `Nats-` or `Cb-` or is `Content-Type`; 32 KiB with ours. */
  readonly headers?: UserHeaders
  /** Not before this much time has passed. Default: at once. Edge: up to 250 ms late; not together with `at`. */
  readonly delay?: Duration
  /** Not before this time: a Date, or a wall-clock time in a zone. Default: at once. Edge: a time that has passed means at once; a local time that a change of clocks skips moves on by the gap, one that happens twice is the first. */
  readonly at?: Date | LocalTime
  /** Its lane. Default `normal`. Edge: one of those in the contract. */
  readonly priority?: Lane
  /** While a task with this key waits or runs, enqueueing another answers with the first, marked as a duplicate. Default: every enqueue is new. Edge: per task, over all lanes; a delayed one counts as waiting. */
  readonly unique?: string
  /** Of all with this key only the latest runs, once, when nothing new has come for a while. Default: every enqueue is new. Edge: per task; not with `id`, `delay`, `at`, `unique` or `throttle`. */
  readonly debounce?: DebounceOptions
  /** Of all with this key within a time only the first is stored; the others answer with it, marked as duplicates. Default: every enqueue is new. Edge: per task; not with `unique`. */
  readonly throttle?: ThrottleOptions
  /** Buried as expired if it has not *started* after this time. Default: never. Edge: at least 1 ms, from now, also for what is delayed. */
  readonly expires?: Duration
  /** Other attempts for this one. Default: those of the contract. Edge: no functions and no error classes, which cannot be sent. */
  readonly retry?: Pick<RetryOptions, 'attempts' | 'maxAge' | 'maxRuntime'> & { readonly backoff?: Duration | `${string}..${string}` }
  /** How long to wait for room in a queue that is full and lets senders wait; then `QUEUE_FULL`, and nothing is stored. Default: as long as it takes. */
  readonly timeout?: Duration
  /** Gives up waiting, for room or for the broker's answer. Default: waits. Edge: what was sent may be stored all the same. */
  readonly signal?: AbortSignal
}

/** What the sender of many tasks may ask for. */
export interface ManyOptions extends Omit<EnqueueOptions, 'id' | 'unique' | 'debounce' | 'throttle'> {
  /** The ids of the tasks, in their order: who says them again, also after a crash, stores none twice within the dedupe window. Default: new ones. Edge: as many as inputs; in a queue with partitions they say which, and such a list is stored one by one. */
  readonly ids?: readonly string[]
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
