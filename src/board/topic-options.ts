/** What may be said about a topic, an event and a subscription: the options, and how they are read. */

import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import { checkedId } from '../base/ids.ts'
import { anything, callable, made, oneOf, type Reader, type ReadersOf, readOptions, signal, time, whole, wrong } from '../base/options.ts'
import { looksLikeSchema, type Schema } from '../base/schema.ts'
import type { Start } from '../wire/declare.ts'
import type { UserHeaders } from '../wire/envelope.ts'
import { buckets } from '../wire/names.ts'
import type { Retention } from '../wire/streams.ts'
import type { BatchOptions } from './batch.ts'
import type { EventContext } from './context.ts'
import type { PatternOptions, RetentionOptions, RetryOptions, Topic, TopicOptions } from './contract.ts'
import type { GateLike } from './gates.ts'
import { largeOption } from './large.ts'
import { sealOption } from './seal.ts'
import type { PublishManyOptions, PublishOptions } from './sender.ts'

/** What a subscriber decides for itself. */
export interface SubscribeOptions<Event = unknown> {
  /** Where a subscription begins that is new on the broker: with what is new, with all that is kept, at a time, or at a sequence. Default `'new'`. Edge: later changes do not move it. */
  readonly from?: 'new' | 'all' | Date | number
  /** When a failed attempt is tried again. Default: five attempts, with the waits of `RetryOptions`. */
  readonly retry?: RetryOptions
  /** Only events for which this does not say false reach the handler; the others are acknowledged. Default: all. Edge: asked in your process, so what is filtered out has travelled. */
  readonly filter?: (event: Event, ctx: EventContext) => boolean
  /**
   * Events with the same key are handled one after the other, in the order they were stored, over all workers of the service: a retry
   * keeps those behind it waiting. `true`: all events are. Default: side by side. Edge: a function not for `buried`; keys that share a strand
   * wait for each other; takes at most what one round trip to the broker for each event allows.
   */
  readonly ordered?: true | ((event: Event) => string)
  /** How many keys may be handled at once, with a function as `ordered`. Default 16. Edge: 1 to 64. */
  readonly strands?: number
  /** Time for one run of the handler. Default 60 s. Edge: noticed up to 100 ms late. */
  readonly timeout?: Duration
  /** Handlers at once, in this process. Default 10, with `batch` 1. Edge: 1 to 100,000. */
  readonly concurrency?: number
  /** Leave to run: limits of `callboard/limits`, or gates of one's own. Default: none. Edge: who waits at a gate uses no slot and no attempt. */
  readonly gates?: readonly GateLike[]
  /** How long the broker waits for a sign of life before it hands the event to another worker. Default 30 s. Edge: at least 1 s; prolonged by itself while the process lives and its event loop turns. */
  readonly lease?: Duration
}

/** The same for a subscriber that handles many events with one call. */
export interface BatchSubscribeOptions<Event = unknown> extends SubscribeOptions<Event> {
  /** How many at most, and how long they wait for each other. Edge: attempts and dead letters stay those of each event. */
  readonly batch: BatchOptions
}

/** Handles an event. What it returns is not kept; what it throws is retried by the policy of the subscription. */
export type Subscriber<Event> = (event: Event, ctx: EventContext) => unknown

/** Refuses what cannot be published on. Throws INVALID_ARGUMENT. */
export function checkTopic(topic: Topic<never>, where: string): void {
  if (topic?.kind === 'topic') return
  throw fault('INVALID_ARGUMENT', `The first argument of ${where} is not a topic.`, { fix: 'Make one with topic("name", schema).' })
}

/** Refuses options that cannot be used. Throws INVALID_OPTION or UNKNOWN_OPTION. */
export function checkPublish(options: PublishOptions): void {
  readOptions('publish()', options, publishReaders)
}

/** The same for many at once, each of which has an id of its own. */
export function checkPublishMany(options: PublishManyOptions | undefined): void {
  const { id: _id, ...readers } = publishReaders
  readOptions('publishMany()', options, { ...readers, ids: idsOption })
}

/** Reads `ids: …`. */
export const idsOption: Reader<readonly string[]> = (given) =>
  Array.isArray(given) ? made((ids: readonly unknown[]) => ids.map(checkedId))(given) : wrong('it must be a list of ids')

/** Reads `from: …`. */
export const startOption: Reader<Start> = (value) => {
  if (value === 'new' || value === 'all') return { at: value }
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return { sequence: value }
  if (value instanceof Date && !Number.isNaN(value.getTime())) return { time: value }
  return wrong('it must be "new", "all", a Date or a sequence')
}

const someGates: Reader<readonly GateLike[]> = (value) =>
  Array.isArray(value) && value.every((each) => isGate(each)) ? (value as GateLike[]) : wrong('it must be a list of gates')

// Every function has a bind, which is another one.
const isGate = (each: { bind?: unknown; ask?: unknown; enter?: unknown } | null | undefined): boolean =>
  typeof each === 'object' && each !== null && (isFunction(each.bind) || (isFunction(each.ask) && isFunction(each.enter)))

const isFunction = (value: unknown): boolean => typeof value === 'function'

/** A function from what is said to its key. */
export type Keyed = (said: never) => string

/** Reads `ordered: …`. */
export const orderOption: Reader<true | Keyed> = (value) =>
  value === true || typeof value === 'function' ? (value as true | Keyed) : wrong('it must be true, or a function that gives the key')

/** Options that say how deliveries are taken, equal for both kinds of binding. */
export const takingReaders = { timeout: time(1), concurrency: whole(1, 100_000), gates: someGates, lease: time(1000) }

/** Reads the options of a subscription. */
export const subscribeReaders = {
  ...takingReaders,
  from: startOption,
  batch: anything<BatchOptions>(),
  retry: anything<RetryOptions>(),
  ordered: orderOption,
  strands: whole(1, buckets),
  filter: callable<(event: unknown, ctx: EventContext) => boolean>(),
} satisfies ReadersOf<BatchSubscribeOptions>
const publishReaders = {
  id: anything<string>(),
  headers: anything<UserHeaders>(),
  key: anything<string>(),
  signal,
} satisfies ReadersOf<PublishOptions>
const topicReaders = {
  encoding: oneOf('msgpack', 'json'),
  retention: anything<NonNullable<TopicOptions['retention']>>(),
  large: largeOption,
  seal: sealOption,
} satisfies ReadersOf<TopicOptions>
/** Reads the options of a pattern. */
export const patternReaders = { seal: sealOption } satisfies ReadersOf<PatternOptions>
const retentionReaders = {
  age: time(1000),
  bytes: whole(1, Number.MAX_SAFE_INTEGER),
  messages: whole(1, Number.MAX_SAFE_INTEGER),
} satisfies ReadersOf<RetentionOptions>

/** The settings of a topic, read. The schema may be left out. */
export function topicSettings(
  name: string,
  second: Schema | TopicOptions | undefined,
  third: TopicOptions | undefined,
  readers: Partial<typeof topicReaders> = topicReaders,
): Pick<Topic, 'schema' | 'encoding' | 'retention' | 'large' | 'seal'> {
  const schema = looksLikeSchema(second) ? second : undefined
  const where = `topic(${name})`
  const given = schema === undefined ? second : third
  const { encoding, large = 'refuse', seal, ...read } = readOptions(where, given, readers as typeof topicReaders)
  const retention = read.retention && retentionOf(where, read.retention)
  if (large !== 'refuse' && retention?.age === 0)
    throw fault('INVALID_OPTION', `${where} is to store large events beside, and keeps its events by number or size alone.`, {
      fix: 'Give its retention an age, which is then that of what lies beside.',
    })
  return { schema, encoding: encoding ?? 'msgpack', retention, large, seal }
}

function retentionOf(where: string, given: NonNullable<TopicOptions['retention']>): Retention {
  const { age, bytes, messages } = readOptions(`${where}.retention`, given, retentionReaders)
  return { age: age ?? 0, bytes: bytes ?? 0, messages: messages ?? 0 }
}
