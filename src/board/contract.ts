/**
 * Contracts: what may be announced and what may be asked for. Plain values and their types, without a connection and
 * without a handler, so that anybody may import them.
 */

import type { Backoff } from '../base/backoff.ts'
import type { Duration } from '../base/duration.ts'
import type { Schema } from '../base/schema.ts'
import type { Encoding } from '../wire/codec.ts'
import type { Lane } from '../wire/names.ts'
import type { Retention } from '../wire/streams.ts'
import type { DeadLetter } from './letter.ts'
import type { Queue } from './queue.ts'
import type { Seal } from './seal.ts'

/**
 * What becomes of a payload that is larger than the broker takes as one message: refused with both numbers, or stored beside it. A
 * number: what has more bytes is stored beside.
 */
export type Large = 'refuse' | 'store' | number

/** The contract of what may be announced. A plain value: no connection, no handler. */
export interface Topic<in Input = never, out Event = unknown> {
  readonly kind: 'topic'
  readonly name: string
  readonly schema: Schema | undefined
  readonly encoding: Encoding
  /** How long and how much is kept, where the topic has a stream of its own. */
  readonly retention: Retention | undefined
  readonly large: Large
  readonly seal: Seal | undefined
  /** Only for the type checker. */
  readonly types?: (input: Input) => Event
}

/** Several topics by wildcard: may be subscribed to, never published on. */
export interface TopicPattern<Event = unknown> extends Omit<Topic<never, Event>, 'kind'> {
  readonly kind: 'pattern'
}

/** Settings of a pattern of topics. */
export interface PatternOptions {
  /** Opens the events, as `seal` of the topics they were published on. Default: they are not sealed. */
  readonly seal?: Seal
}

/** Settings of a topic. */
export interface TopicOptions {
  /** Closes events before they are stored, and opens them before a handler runs; `callboard/seal` makes one. Default: stored as they are. Edge: ids, keys and headers are not sealed. */
  readonly seal?: Seal
  /** How bodies are written. Default `msgpack`. Edge: JSON carries no bytes, no `NaN` and no `-0`. */
  readonly encoding?: Encoding
  /**
   * Gives the topic a stream of its own that keeps this long and this much, oldest out first. Default: the stream that topics share,
   * which keeps what the board's `retention` says. Edge: patterns do not see such a topic.
   */
  readonly retention?: RetentionOptions
  /** What becomes of an event that is larger than the broker takes: `'refuse'` it, `'store'` it beside, or store what has more bytes than this beside. Default `'refuse'`. Edge: at most 100 MiB; not where a `retention` has no age. */
  readonly large?: Large
}

/** How long and how much a topic keeps. */
export interface RetentionOptions {
  /** How long an event is kept. Default: without limit. Edge: at least 1 s; shorter than the board's `dedupe`, it shortens that for this topic. */
  readonly age?: Duration
  /** How many bytes are kept. Default: without limit. Edge: at least 1. */
  readonly bytes?: number
  /** How many events are kept. Default: without limit. Edge: at least 1. */
  readonly messages?: number
}

/** The topic of everything that is given up, on both sides. Made by callboard, for subscribing only. */
export interface BuriedTopic<Event = DeadLetter> extends Omit<Topic<never, Event>, 'kind'> {
  readonly kind: 'buried'
}

/** What can be subscribed to. */
export type Subscribable<Event> = Topic<never, Event> | TopicPattern<Event> | BuriedTopic<Event>

/** How a task is dealt out to strands. */
export interface Ordering {
  /** Tasks with the same key wait in one strand; undefined: all of them do. */
  readonly keyOf: ((input: never) => string) | undefined
  /** How many strands there are. */
  readonly strands: number
  /** One task of a strand at a time, in order. Otherwise strands are served in turn, and what waits in one runs side by side. */
  readonly single: boolean
}

/** The contract of work that may be asked for. A plain value: no connection, no handler. */
export interface Task<
  in Input = never,
  out Parsed = unknown,
  out Output = unknown,
  out Tracked extends boolean = boolean,
  in Returned = never,
> {
  readonly kind: 'task'
  readonly name: string
  /** Name of the queue it waits in. */
  readonly queue: string
  readonly place: Queue
  readonly input: Schema | undefined
  readonly output: Schema | undefined
  readonly encoding: Encoding
  readonly retry: RetryOptions | undefined
  readonly timeout: number
  readonly lanes: readonly Lane[]
  /** How it is dealt out by key; undefined: tasks run side by side, as they come. */
  readonly ordered: Ordering | undefined
  readonly large: Large
  readonly seal: Seal | undefined
  /** Whether its end is kept, so that its sender can wait for it. */
  readonly track: Tracked
  /** How long its end is kept, in ms. */
  readonly keep: number
  /** Only for the type checker. */
  readonly types?: (input: Input, returned: Returned) => { readonly parsed: Parsed; readonly output: Output }
}

/** Settings of a task that make its types. */
export interface TaskShape {
  /** A Standard Schema, checked before it is stored and again before a handler runs. Default: the type alone, and nothing is checked. */
  readonly input?: Schema
  /** A Standard Schema for what the handler returns. Default: the type alone, and nothing is checked. */
  readonly output?: Schema
  /** Whether its end is kept, so that its sender can wait for it. Default: true with an output schema, otherwise false. */
  readonly track?: boolean
}

/** Settings of a task that its types do not depend on. */
export interface TaskSettings<Input = never> {
  /** Where it waits: a name, or a contract made with `queue()`. Default `default`. Edge: one part; each queue is a stream of its own. */
  readonly queue?: string | Queue
  /** When a failed attempt is tried again. Default: five attempts, with the waits of `RetryOptions`. */
  readonly retry?: RetryOptions
  /** Time for one run of the handler. Default 60 s. Edge: noticed up to 100 ms late. */
  readonly timeout?: Duration
  /** Lanes it may be enqueued on. Default `['normal']`. Edge: each costs a consumer; an ordered task has one lane. */
  readonly lanes?: readonly Lane[]
  /**
   * Tasks with the same key run one after the other, in the order they were stored, over all workers: a retry keeps those behind
   * it waiting. `true`: all tasks of this kind do. Default: side by side. Edge: not in a log queue, not with several lanes.
   */
  readonly ordered?: true | ((input: Input) => string)
  /**
   * Tasks with different keys have turns: what waits of one delays another by a round, however much it is. Default: as they come.
   * Edge: keys that share a strand share its turn; not with `ordered`, not with several lanes.
   */
  readonly fair?: (input: Input) => string
  /** How many keys of an ordered task may run at once, or of a fair one have turns; keys that share a strand wait for each other. Default 16. Edge: 1 to 64; each costs a consumer; only with a function as `ordered` or `fair`. */
  readonly strands?: number
  /** Closes inputs and results before they are stored, and opens them before they are used; `callboard/seal` makes one. Default: stored as they are. Edge: ids, keys, headers, progress and messages of errors are not sealed. */
  readonly seal?: Seal
  /** How bodies are written. Default `msgpack`. Edge: JSON carries no bytes, no `NaN` and no `-0`. */
  readonly encoding?: Encoding
  /** What becomes of an input or a result that is larger than the broker takes: `'refuse'` it, `'store'` it beside, or store what has more bytes than this beside. Default `'refuse'`. Edge: at most 100 MiB, an input for a year, a result as long as `keep`; not for schedules and debounced tasks. */
  readonly large?: Large
  /** How long its end is kept, where it is tracked. Default 1 h. Edge: at least 1 s, and whole seconds on the broker. */
  readonly keep?: Duration
}

/** Settings that fit together: what is ordered has one lane, and what is in single file one strand. */
export type Fitting =
  | { readonly ordered?: undefined; readonly fair?: undefined; readonly strands?: undefined }
  | { readonly ordered: true; readonly fair?: undefined; readonly strands?: undefined; readonly lanes?: undefined }
  | { readonly ordered: object; readonly fair?: undefined; readonly lanes?: undefined }
  | { readonly fair: object; readonly ordered?: undefined; readonly lanes?: undefined }

/** A class of errors, or a question about an error. */
export type ErrorTest = (abstract new (...args: never[]) => Error) | ((error: unknown) => boolean)

/** When a failed attempt is tried again, and how often. */
export interface RetryOptions {
  /** Runs in all, the first included. Default 5. Edge: 1 to 10,000. */
  readonly attempts?: number
  /** Wait after a failed attempt: `'1s..5m'` (full jitter, doubling), a duration, or a function of the attempt that failed (1, 2, 3 …) and its error. Default `'1s..5m'`. */
  readonly backoff?: Backoff
  /** Only errors of these classes, or for which one of these functions says true, are tried again. Default: all. */
  readonly retryOn?: ErrorTest | readonly ErrorTest[]
  /** Errors of these classes, or for which one of these functions says true, are never tried again. Default: none. Edge: goes before `retryOn`. */
  readonly abortOn?: ErrorTest | readonly ErrorTest[]
  /** Not tried again when this much time has passed since it was stored. Default: no limit. Edge: a first attempt is always made. */
  readonly maxAge?: Duration
  /** Time for all runs together. Default: no limit. Edge: the last run is cut short by it. */
  readonly maxRuntime?: Duration
}
