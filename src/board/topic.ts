/**
 * Implicit invocation. `publish` says what happened and names nobody; every service that subscribed gets its own copy.
 *
 * Read this beside `task.ts`: the two are alike in shape, and what differs is the product.
 */

import { fault } from '../base/errors.ts'
import type { Label } from '../base/events.ts'
import { checkedId, newId } from '../base/ids.ts'
import { readOptions } from '../base/options.ts'
import type { InputOf, OutputOf, Schema } from '../base/schema.ts'
import type { Binding } from '../runtime/binding.ts'
import { Slots } from '../runtime/gate.ts'
import type { Run } from '../runtime/run.ts'
import { referenceField } from '../wire/body.ts'
import { encode } from '../wire/codec.ts'
import { checkedHeaders, header, headerBlock } from '../wire/envelope.ts'
import type { Head } from '../wire/frames.ts'
import { checkedName, keyText, subscriptionName } from '../wire/names.ts'
import type { Beside } from '../wire/outgoing.ts'
import { consumerSource } from '../wire/source.ts'
import { type BatchSubscriber, batching, batchTerms, EventItem } from './batch.ts'
import { EventContext } from './context.ts'
import type { BuriedTopic, PatternOptions, Subscribable, Topic, TopicOptions, TopicPattern } from './contract.ts'
import type { Core } from './core.ts'
import { buryEvent } from './dead.ts'
import { defaults } from './defaults.ts'
import { gatesOf } from './gates.ts'
import { publishedOn, subscriberPlace } from './home.ts'
import { inboxOf, inboxPlaces, layIn, refuseKeyless } from './inbox.ts'
import { besideOf, eventTime, lightest, readAnywhere } from './large.ts'
import { letterOf } from './letter.ts'
import { eachOf, messagesOf, type Prepared, storeMany } from './many.ts'
import { memory } from './memory.ts'
import { contentTypeField, type Reading, refuseMisfit } from './payload.ts'
import { checkedHandler, policyOf } from './policy.ts'
import { inTurn } from './schedule-turn.ts'
import { closed, following, sealedAs, sealedId } from './seal.ts'
import type { Origin, PublishManyOptions, PublishOptions, Receipt } from './sender.ts'
import {
  checkPublish,
  checkTopic,
  patternReaders,
  type SubscribeOptions,
  type Subscriber,
  subscribeReaders,
  topicSettings,
} from './topic-options.ts'

/** Defines a topic with a schema. */
export function topic<S extends Schema>(name: string, schema: S, options?: TopicOptions): Topic<InputOf<S>, OutputOf<S>>
/** Defines a topic by its type alone; nothing is checked at run time. */
export function topic<Shape = unknown>(name: string, options?: TopicOptions): Topic<Shape, Shape>
export function topic(name: string, second?: Schema | TopicOptions, third?: TopicOptions): Topic {
  return { kind: 'topic', name: checkedName('topic', name), ...topicSettings(name, second, third) }
}

/** Several topics by wildcard: `*` stands for one part of a name, `>` for all that follow. For subscribing only. */
export function pattern<S extends Schema>(name: string, schema: S, options?: PatternOptions): TopicPattern<OutputOf<S>>
export function pattern<Shape = unknown>(name: string, options?: PatternOptions): TopicPattern<Shape>
export function pattern(name: string, second?: Schema | PatternOptions, third?: PatternOptions): TopicPattern {
  return { kind: 'pattern', name: checkedName('topic', name, true), ...topicSettings(name, second, third, patternReaders) }
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
  large: 'refuse',
  seal: undefined,
}

/** The event as it is sent. Throws before anything is sent; a promise only for asynchronous schemas. */
export function announcement<Input>(
  core: Core,
  topic: Topic<Input>,
  event: NoInfer<Input>,
  options: PublishOptions = {},
  origin?: Origin,
): Prepared | Promise<Prepared> {
  checkTopic(topic, 'publish()')
  const misfit = refuseMisfit(topic.schema, event, topic.name)
  return misfit ? misfit.then(() => written(core, topic, event, options, origin)) : written(core, topic, event, options, origin)
}

/** The same for an event that fits its schema. `plain`: it was seen that it can be sent as it is. */
function written<Input>(
  core: Core,
  topic: Topic<Input>,
  event: NoInfer<Input>,
  options: PublishOptions,
  origin: Origin | undefined,
  plain = false,
): Prepared | Promise<Prepared> {
  const open = encode(event, topic.encoding, plain)
  const id = options.id !== undefined ? checkedId(options.id) : (origin?.idFor(open) ?? newId())
  const addressed = (body: Uint8Array) => {
    const said = { id, subject: core.subjectOf(topic), headers: headersOf(id, topic, options), body }
    const beside = besideOf(core, topic.large, said, eventTime(topic.retention?.age ?? core.retention))
    return beside === undefined ? said : { ...said, headers: headersOf(id, topic, options, beside), body: nothing, beside }
  }
  return topic.seal === undefined
    ? addressed(open)
    : following(closed(topic.seal, open, sealedAs(core.names, 'event', topic.name, id)), addressed)
}

/** How the events of a topic are read, or of many. */
export function readingEvents(core: Core, { schema, name, seal }: Pick<Topic, 'schema' | 'name' | 'seal'>): Reading {
  return { schema, name, seal, as: (each) => sealedAs(core.names, 'event', publishedOn(each), sealedId(each.headers, each.sequence)) }
}

/** Says what happened. Resolves when the broker has stored it. */
export function publish<Input>(
  core: Core,
  topic: Topic<Input>,
  event: NoInfer<Input>,
  options?: PublishOptions,
  origin?: Origin,
): Promise<Receipt> {
  try {
    if (options !== undefined) checkPublish(options)
    if (core.around.none) return send(core, topic, event, options, origin)
    checkTopic(topic, 'publish()')
    return core.around.send(topic, 1, origin, options, (all) => send(core, topic, event, all, origin))
  } catch (error) {
    return Promise.reject(error)
  }
}

function send<Input>(core: Core, topic: Topic<Input>, event: NoInfer<Input>, options?: PublishOptions, origin?: Origin): Promise<Receipt> {
  const said = announcement(core, topic, event, options, origin)
  const declared = core.declareTopic(topic)
  // Nothing to wait for: the common case makes one promise.
  if (declared === undefined && !(said instanceof Promise)) return store(core, topic, said, options, origin)
  return Promise.all([said, declared]).then(([ready]) => store(core, topic, ready, options, origin))
}

function store(core: Core, topic: Topic, ready: Prepared, options: PublishOptions | undefined, origin?: Origin): Promise<Receipt> {
  return core.publisher.publish(ready, options?.signal, ({ sequence, duplicate }) => {
    const receipt = { id: ready.id, sequence, duplicate }
    tellPublished(core, topic, receipt, origin)
    return receipt
  })
}

/** Says many things of one kind, in order. Resolves when the broker has stored all of them. */
export async function publishMany<Input>(
  core: Core,
  topic: Topic<Input>,
  events: readonly Input[],
  options: PublishManyOptions = {},
): Promise<Receipt[]> {
  const terms = eachOf(options)
  const making = {
    name: topic.name,
    schema: topic.schema,
    encoding: topic.encoding,
    heavy: topic.seal === undefined ? lightest(core, topic.large) : 0,
    make: (event: Input, plain: boolean, index: number) => written(core, topic, event, terms(index), undefined, plain),
  }
  const waited = messagesOf(events, making, core.declareTopic(topic))
  return storeMany(waited instanceof Promise ? await waited : waited, {
    storing: core.publisher,
    signal: options.signal,
    given({ id }, sequence, duplicate) {
      const receipt = { id, sequence, duplicate }
      tellPublished(core, topic, receipt)
      return receipt
    },
  })
}

/** Tells whoever listens that an event was stored. */
export function tellPublished(core: Core, topic: Topic, receipt: Receipt, origin?: Origin): void {
  if (!core.events.heard('stored')) return
  const { id, sequence, duplicate } = receipt
  core.events.tell('stored', {
    style: 'implicit',
    name: topic.name,
    queue: undefined,
    id,
    sequence,
    duplicate,
    service: origin?.service,
    parent: origin?.parent,
    due: undefined,
  })
}

/** What the runtime is told about a subscription: its one consumer, or, where keys are in order, that and the strands of its inbox. */
export async function subscription<Event>(
  core: Core,
  service: string,
  topic: Subscribable<Event>,
  handler: Subscriber<Event> | BatchSubscriber<Event>,
  options?: SubscribeOptions<NoInfer<Event>>,
): Promise<Binding[]> {
  const where = `${service}.subscribe(${topic.name})`
  const { from, concurrency, gates, timeout, lease, retry, filter, ordered, strands, ...read } = readOptions(
    where,
    options,
    subscribeReaders,
  )
  const batch = read.batch && batchTerms(where, read.batch)
  checkedHandler(handler, where)
  const keyOf = typeof ordered === 'function' ? ordered : undefined
  if (topic.kind === 'buried' ? keyOf : strands !== undefined && !keyOf)
    throw fault('INVALID_OPTION', `${where} has ${keyOf ? 'ordered by a key, and dead letters have none' : 'strands without a key'}.`, {
      fix: keyOf ? 'Give `ordered: true`, or leave it out.' : 'Give a function as `ordered`, or leave strands out.',
    })
  const { link, answers } = await core.listening()
  await core.declareTopic(topic)
  const consumer = subscriptionName(service, topic.name)
  const policy = policyOf(where, retry, timeout ?? defaults.timeout)
  const label: Label = { style: 'implicit', service, name: topic.name }
  const terms = { expires: undefined, policy }
  const slots = new Slots(batch ? batch.size * (concurrency ?? 1) : (concurrency ?? defaults.concurrency))
  const reading = readingEvents(core, topic)
  const decoded: Binding['read'] = (delivery) =>
    topic.kind === 'buried' ? letterOf(core.names, delivery) : readAnywhere(core, delivery, reading)
  const collected = batch && batching(core, label, { ...batch, concurrency: concurrency ?? 1 }, handler as BatchSubscriber<Event>)
  const nameOf = ({ delivery }: Run) => (topic.kind === 'pattern' ? publishedOn(delivery) : topic.name)
  const turn = (run: Run, call: () => unknown) =>
    run.delivery.headers.plain || topic.kind === 'buried' ? call() : inTurn(core, run, { label, scope: consumer }, call)
  const bury: Binding['bury'] = (run, obituary) =>
    topic.kind === 'buried' ? giveUp(core, run, service) : buryEvent(core, run, obituary, service, topic)
  const place = subscriberPlace(core, topic, consumer, lease ?? defaults.lease, from ?? { at: 'new' }, ordered !== undefined)
  const inbox = keyOf && inboxOf(service, topic, keyOf, strands)
  if (inbox) await core.declareQueue(inbox.place)
  const places = inbox ? inboxPlaces(core, inbox, lease ?? defaults.lease) : [place]
  const bound = gatesOf(core, label, gates, decoded, slots, places.length)
  const served = places.map((each): Binding => {
    const kept = memory(core, each.stream, each.consumer)
    const call = (event: unknown, run: Run): unknown => {
      if (inbox) refuseKeyless(inbox, event, run)
      const ctx = new EventContext(core, run, service, nameOf(run), consumer)
      if (filter?.(event as Event, ctx) === false) return undefined
      const handle = () => (handler as Subscriber<Event>)(event as Event, ctx)
      if (collected === undefined) return core.around.none ? handle() : core.around.run(label, [ctx], handle)
      return collected.add(run, kept, (word) => new EventItem(core, run, service, ctx.topic, consumer, event as Event, word))
    }
    return {
      label,
      source: consumerSource(link, answers, each),
      slots,
      policy,
      gates: bound,
      memory: kept,
      terms: () => terms,
      read: decoded,
      handle: (event, run) => turn(run, () => call(event, run)),
      ...(collected && { gathers: collected }),
      ends: () => false,
      ended: async () => {},
      bury,
    }
  })
  if (inbox === undefined) return served
  const patient = { expires: undefined, policy: policyOf(where, { attempts: 10_000, backoff: '100ms..5s' }, defaults.timeout) }
  const relay: Binding = {
    label,
    silent: true,
    source: consumerSource(link, answers, place),
    slots: new Slots(1),
    policy: patient.policy,
    gates: [],
    memory: memory(core, place.stream, consumer),
    terms: () => patient,
    read: () => undefined,
    handle: (_, run) => turn(run, () => layIn(core, inbox, consumer, () => decoded(run.delivery), run)),
    ends: () => false,
    ended: async () => {},
    bury,
  }
  return [...served, relay]
}

/** A dead letter that its own subscriber gives up makes no further dead letter: that would have no end. */
async function giveUp(core: Core, run: Run, service: string): Promise<void> {
  core.events.tell('trouble', {
    what: `${service} gave up on dead letter ${run.id}; it stays among the dead letters`,
    about: { style: 'implicit', service, name: buried.name, id: run.id, attempt: run.attempt },
  })
}

const nothing = new Uint8Array(0)

function headersOf(id: string, topic: Topic, options: PublishOptions, beside?: Beside): Head {
  if (topic.encoding === 'msgpack' && options.headers === undefined && options.key === undefined && beside === undefined) return id
  const key: [string, string][] = options.key === undefined ? [] : [[header.key, keyText(options.key)]]
  const large = beside === undefined ? [] : [referenceField(beside)]
  return headerBlock([[header.id, id], ...contentTypeField(topic.encoding), ...key, ...large, ...checkedHeaders(options.headers)])
}
