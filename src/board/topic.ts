/**
 * Implicit invocation. `publish` says what happened and names nobody; every service that subscribed gets its own copy.
 *
 * Read this beside `task.ts`: the two are alike in shape, and what differs is the product.
 */

import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import type { Label } from '../base/events.ts'
import { checkedId, newId } from '../base/ids.ts'
import { anything, callable, oneOf, type Reader, type ReadersOf, readOptions, signal, time, whole, wrong } from '../base/options.ts'
import { type InputOf, looksLikeSchema, type OutputOf, type Schema } from '../base/schema.ts'
import type { Binding } from '../runtime/binding.ts'
import { type Gate, Slots } from '../runtime/gate.ts'
import type { Run } from '../runtime/run.ts'
import { encode } from '../wire/codec.ts'
import type { Start } from '../wire/declare.ts'
import { checkedHeaders, header, headerBlock, idOnly, type UserHeaders } from '../wire/envelope.ts'
import { checkedName, keyText, subscriptionName, topicOf } from '../wire/names.ts'
import { consumerSource } from '../wire/source.ts'
import type { Retention } from '../wire/streams.ts'
import { EventContext } from './context.ts'
import type { BuriedTopic, RetentionOptions, RetryOptions, Subscribable, Topic, TopicOptions, TopicPattern } from './contract.ts'
import type { Core } from './core.ts'
import { buryEvent } from './dead.ts'
import { defaults } from './defaults.ts'
import { homeOf } from './home.ts'
import { letterOf } from './letter.ts'
import type { Prepared } from './many.ts'
import { memory } from './memory.ts'
import { contentTypeField, readBody, refuseHuge, refuseMisfit } from './payload.ts'
import { checkedHandler, policyOf } from './policy.ts'
import { inTurn } from './schedule-turn.ts'
import type { PublishOptions, Receipt } from './sender.ts'

/** What a subscriber decides for itself. */
export interface SubscribeOptions<Event = unknown> {
  /** Where a subscription begins that is new on the broker: with what is new, with all that is kept, at a time, or at a sequence. Default `'new'`. Edge: later changes do not move it. */
  readonly from?: 'new' | 'all' | Date | number
  /** When a failed attempt is tried again. Default: five attempts, with the waits of `RetryOptions`. */
  readonly retry?: RetryOptions
  /** Only events for which this does not say false reach the handler; the others are acknowledged. Default: all. Edge: asked in your process, so what is filtered out has travelled. */
  readonly filter?: (event: Event, ctx: EventContext) => boolean
  /** Time for one run of the handler. Default 60 s. Edge: noticed up to 100 ms late. */
  readonly timeout?: Duration
  /** Handlers at once, in this process. Default 10. Edge: 1 to 100,000. */
  readonly concurrency?: number
  /** Leave to run, asked one after the other before a slot is taken. Default: none. Edge: who waits at a gate uses no attempt. */
  readonly gates?: readonly Gate[]
  /** How long the broker waits for a sign of life before it hands the event to another worker. Default 30 s. Edge: at least 1 s; prolonged by itself while the process lives and its event loop turns. */
  readonly lease?: Duration
}

/** Handles an event. What it returns is not kept; what it throws is retried by the policy of the subscription. */
export type Subscriber<Event> = (event: Event, ctx: EventContext) => unknown

/** Defines a topic with a schema. */
export function topic<S extends Schema>(name: string, schema: S, options?: TopicOptions): Topic<InputOf<S>, OutputOf<S>>
/** Defines a topic by its type alone; nothing is checked at run time. */
export function topic<Shape = unknown>(name: string, options?: TopicOptions): Topic<Shape, Shape>
export function topic(name: string, second?: Schema | TopicOptions, third?: TopicOptions): Topic {
  return { kind: 'topic', name: checkedName('topic', name), ...settings(name, second, third) }
}

/** Several topics by wildcard: `*` stands for one part of a name, `>` for all that follow. For subscribing only. */
export function pattern<S extends Schema>(name: string, schema: S): TopicPattern<OutputOf<S>>
export function pattern<Shape = unknown>(name: string): TopicPattern<Shape>
export function pattern(name: string, schema?: Schema): TopicPattern {
  return { kind: 'pattern', name: checkedName('topic', name, true), ...settings(name, schema, undefined) }
}

/**
 * Everything that is given up, on both sides, as events: subscribe to it for alerts. A handler that fails on a dead letter for
 * good is told as `trouble`; no dead letter is made of it.
 */
export const buried: BuriedTopic = {
  kind: 'buried',
  name: 'callboard.buried',
  schema: undefined,
  encoding: 'msgpack',
  retention: undefined,
}

/** The event as it is sent. Throws before anything is sent; a promise only for asynchronous schemas. */
export function announcement<Input>(
  core: Core,
  topic: Topic<Input>,
  event: NoInfer<Input>,
  options: PublishOptions = {},
  origin?: (body: Uint8Array) => string,
): Prepared | Promise<Prepared> {
  checkTopic(topic, 'publish()')
  const misfit = refuseMisfit(topic.schema, event, topic.name)
  const write = () => {
    const body = encode(event, topic.encoding)
    const id = options.id !== undefined ? checkedId(options.id) : (origin?.(body) ?? newId())
    return refuseHuge({ id, subject: homeOf(core.names, topic).event, headers: headersOf(id, topic, options), body }, core.link.maxPayload)
  }
  return misfit ? misfit.then(write) : write()
}

/** Says what happened. Resolves when the broker has stored it. */
export function publish<Input>(
  core: Core,
  topic: Topic<Input>,
  event: NoInfer<Input>,
  options?: PublishOptions,
  origin?: (body: Uint8Array) => string,
): Promise<Receipt> {
  try {
    if (options !== undefined) checkPublish(options)
    const said = announcement(core, topic, event, options, origin)
    const declared = core.declareTopic(topic)
    // Nothing to wait for: the common case makes one promise.
    if (declared === undefined && !(said instanceof Promise)) return store(core, topic, said, options)
    return Promise.all([said, declared]).then(([ready]) => store(core, topic, ready, options))
  } catch (error) {
    return Promise.reject(error)
  }
}

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
export function checkPublishMany(options: Omit<PublishOptions, 'id'> | undefined): void {
  const { id: _id, ...readers } = publishReaders
  readOptions('publishMany()', options, readers)
}

function store(core: Core, topic: Topic, ready: Prepared, options: PublishOptions | undefined): Promise<Receipt> {
  return core.publisher.publish(ready, options?.signal).then(({ sequence, duplicate }) => {
    if (core.events.heard('stored')) core.events.tell('stored', { style: 'implicit', name: topic.name, id: ready.id, duplicate })
    return { id: ready.id, sequence, duplicate }
  })
}

/** Sees to it that the stream of a topic is there, whatever became of it since. */
function declareAgain({ layout }: Core, topic: Subscribable<unknown>): Promise<void> {
  if (topic.kind === 'buried') return layout.dead()
  return topic.retention === undefined ? layout.topics() : layout.topic(topic.name, topic.retention)
}

/** What the runtime is told about one subscription. */
export async function subscription<Event>(
  core: Core,
  service: string,
  topic: Subscribable<Event>,
  handler: Subscriber<Event>,
  options?: SubscribeOptions<NoInfer<Event>>,
): Promise<Binding> {
  const where = `${service}.subscribe(${topic.name})`
  const { from, concurrency, gates, timeout, lease, retry, filter } = readOptions(where, options, subscribeReaders)
  checkedHandler(handler, where)
  const { link, answers } = await core.listening()
  await core.declareTopic(topic)
  const home = homeOf(core.names, topic)
  const { stream } = home
  const consumer = subscriptionName(service, topic.name)
  const policy = policyOf(where, retry, timeout ?? defaults.timeout)
  const declare = async (floor: number | undefined) => {
    if (floor !== undefined) await declareAgain(core, topic)
    return core.layout.consumer(
      stream,
      consumer,
      home.filters(consumer),
      lease ?? defaults.lease,
      floor === undefined ? (from ?? { at: 'new' }) : { floor },
    )
  }
  const label: Label = { style: 'implicit', service, name: topic.name }
  const footing = () => core.layout.footing(stream, consumer)
  const terms = { expires: undefined, policy }
  return {
    label,
    source: consumerSource(link, answers, { stream, consumer, lease: lease ?? defaults.lease, declare, footing }),
    slots: new Slots(concurrency ?? defaults.concurrency),
    policy,
    gates: gates ?? [],
    memory: memory(core, stream, consumer),
    terms: () => terms,
    read: (delivery) => (topic.kind === 'buried' ? letterOf(delivery) : readBody(delivery, topic.schema, topic.name)),
    handle: (event, run) => {
      const ctx = new EventContext(core, run, service, topic.kind === 'pattern' ? topicOf(run.delivery.subject) : topic.name, consumer)
      const call = () => (filter?.(event as Event, ctx) === false ? undefined : handler(event as Event, ctx))
      return run.delivery.headers.plain || topic.kind === 'buried' ? call() : inTurn(core, run, { label, scope: consumer }, call)
    },
    ends: () => false,
    ended: async () => {},
    bury: (run, obituary) => (topic.kind === 'buried' ? giveUp(core, run, service) : buryEvent(core, run, obituary, service, topic)),
  }
}

/** Reads `from: …`. */
export const startOption: Reader<Start> = (value) => {
  if (value === 'new' || value === 'all') return { at: value }
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return { sequence: value }
  if (value instanceof Date && !Number.isNaN(value.getTime())) return { time: value }
  return wrong('it must be "new", "all", a Date or a sequence')
}

const someGates: Reader<readonly Gate[]> = (value) =>
  Array.isArray(value) && value.every((gate) => typeof gate?.enter === 'function')
    ? (value as Gate[])
    : wrong('it must be a list of gates, each with a function enter')

/** Options that say how deliveries are taken, equal for both kinds of binding. */
export const takingReaders = { timeout: time(1), concurrency: whole(1, 100_000), gates: someGates, lease: time(1000) }

const subscribeReaders = {
  ...takingReaders,
  from: startOption,
  retry: anything<RetryOptions>(),
  filter: callable<(event: unknown, ctx: EventContext) => boolean>(),
} satisfies ReadersOf<SubscribeOptions>
const publishReaders = {
  id: anything<string>(),
  headers: anything<UserHeaders>(),
  key: anything<string>(),
  signal,
} satisfies ReadersOf<PublishOptions>
const topicReaders = {
  encoding: oneOf('msgpack', 'json'),
  retention: anything<NonNullable<TopicOptions['retention']>>(),
} satisfies ReadersOf<TopicOptions>
const retentionReaders = {
  age: time(1000),
  bytes: whole(1, Number.MAX_SAFE_INTEGER),
  messages: whole(1, Number.MAX_SAFE_INTEGER),
} satisfies ReadersOf<RetentionOptions>

function settings(
  name: string,
  second: Schema | TopicOptions | undefined,
  third: TopicOptions | undefined,
): Pick<Topic, 'schema' | 'encoding' | 'retention'> {
  const schema = looksLikeSchema(second) ? second : undefined
  const where = `topic(${name})`
  const { encoding, retention } = readOptions(where, schema === undefined ? second : third, topicReaders)
  return { schema, encoding: encoding ?? 'msgpack', retention: retention && retentionOf(where, retention) }
}

function retentionOf(where: string, given: NonNullable<TopicOptions['retention']>): Retention {
  const { age, bytes, messages } = readOptions(`${where}.retention`, given, retentionReaders)
  return { age: age ?? 0, bytes: bytes ?? 0, messages: messages ?? 0 }
}

/** A dead letter that its own subscriber gives up makes no further dead letter: that would have no end. */
async function giveUp(core: Core, run: Run, service: string): Promise<void> {
  core.events.tell('trouble', { what: `${service} gave up on dead letter ${run.id}; it stays among the dead letters` })
}

function headersOf(id: string, topic: Topic, options: PublishOptions): Uint8Array {
  if (topic.encoding === 'msgpack' && options.headers === undefined && options.key === undefined) return idOnly(id)
  const key: [string, string][] = options.key === undefined ? [] : [[header.key, keyText(options.key)]]
  return headerBlock([[header.id, id], ...contentTypeField(topic.encoding), ...key, ...checkedHeaders(options.headers)])
}
