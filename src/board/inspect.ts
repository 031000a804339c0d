/**
 * What there is, for whoever operates it: topics, subscriptions, queues, what waits in them. Asked of the broker, so that nothing
 * has to be registered and nobody of ours has to run; consumes nothing and changes nothing.
 */

import { type BrokerFact, type ConsumerFact, inventory, type StreamFact } from '../wire/inventory.ts'
import { type Lane, performerName, queueOfPart, token, topicOf } from '../wire/names.ts'
import { type Performer, performerIn, queueIn, roleOf, subscriptionIn, taskIn, waitingAmong } from '../wire/names-read.ts'
import type { Standing } from '../wire/place.ts'
import { shelf } from '../wire/stored.ts'
import type { QueueLayout, QueueLimit, Retention } from '../wire/streams.ts'
import type { Core } from './core.ts'
import type { TopicPlace } from './home.ts'
import { factOf, type MessageFact } from './message-fact.ts'
import { pausedUntil } from './pause.ts'
import { byTask, nobody, type PerformerFact } from './performers.ts'
import { missing, streamsThere } from './site.ts'
import { type WorkerFact, workers } from './worker.ts'

/** What is stored of a topic. Times in ms since 1970. */
export interface TopicFact {
  readonly name: string
  /** It has a stream of its own, and does not share one with the others. */
  readonly own: boolean
  /** How long (ms), how many bytes and how many events its own stream keeps; 0: without limit. Undefined: it shares one. */
  readonly retention: Retention | undefined
  readonly stored: number
  readonly oldest: number | undefined
}

/** Where a subscription stands. Times in ms since 1970. */
export interface SubscriptionFact extends Standing {
  readonly service: string
  /** A topic, or a pattern of topics. */
  readonly topic: string
  /** The topic has a stream of its own. */
  readonly own: boolean
  readonly pausedUntil: number | undefined
  readonly created: number
  readonly lastDelivery: number | undefined
  /** When the oldest event was stored that it has not been handed yet. */
  readonly oldest: number | undefined
}

/** Where a queue stands. */
export interface QueueFact {
  readonly name: string
  readonly layout: QueueLayout
  /** In how many streams it is kept, what a bounded queue is to get later aside. */
  readonly partitions: number
  /** What it may hold at most; undefined: no limit. */
  readonly limit: QueueLimit | undefined
  readonly full: 'reject' | 'wait'
  /** What is held against the limit. */
  readonly held: { readonly tasks: number; readonly bytes: number }
  readonly bytes: number
  /** When it goes on, where it is paused as a whole. */
  readonly pausedUntil: number | undefined
  /** Tasks that wait for their time. */
  readonly scheduled: number
  /** Dead letters of its tasks. */
  readonly dead: number
  /** There is one of a task and lane for each stream: in a bounded queue two, of what came at once, and of what was delayed. */
  readonly performers: readonly PerformerFact[]
}

/** Looks at what there is. */
export interface Inspect {
  topics(): Promise<TopicFact[]>
  subscriptions(): Promise<SubscriptionFact[]>
  queues(): Promise<QueueFact[]>
  /** What waits in a queue or has not ended, oldest first, from a place on; one stream of it after the other. Empty for a queue that is not there. */
  waiting(queue: string, from?: number): AsyncIterable<MessageFact>
  /** What is stored of a topic, oldest first, from a place on. */
  events(topic: string, from?: number): AsyncIterable<MessageFact>
  /** One stored message by its place; of a queue in several streams, by its id as well. Undefined: it is not there, or no more. */
  at(where: { readonly queue: string } | { readonly topic: string }, sequence: number, id?: string): Promise<MessageFact | undefined>
  /** How many dead letters there are, and the places of the first and the last. */
  dead(): Promise<{ readonly count: number; readonly first: number; readonly last: number }>
  /** Processes that run services, as they last told of themselves. One that was killed is gone after 15 s. */
  workers(): Promise<WorkerFact[]>
  broker(): Promise<BrokerFact>
  /** Names of streams that this board needs, for itself and for the services it runs, and that are not there. */
  missing(): Promise<string[]>
}

/** Looks at what there is under the namespace of a board. */
export function inspect(core: Core): Inspect {
  const { names, layout } = core
  const look = inventory(core.link, layout.manager, names.namespace)

  /** Where the events of a topic are. */
  async function homeOfName(topic: string): Promise<{ stream: string; subject: string }> {
    const own = names.topic(topic)
    return (await look.stream(own))
      ? { stream: own, subject: names.ownEvent(topic) }
      : { stream: names.topics, subject: names.event(topic) }
  }

  /** Where there are topics in a stream: of the shared one, those that keep an event. */
  async function topicsIn({ name: stream, keeps }: StreamFact): Promise<TopicPlace[]> {
    const role = roleOf(names, stream)
    if (role?.kind === 'topic') return [{ name: role.name, retention: keeps, subject: names.ownEvent(role.name), stream }]
    if (role?.kind !== 'topics') return []
    const subjects = await look.subjects(stream, names.event('>'))
    return [...subjects.keys()].map((subject) => ({ name: topicOf(subject), retention: undefined, subject, stream }))
  }

  async function performers(queue: string, stream: StreamFact): Promise<PerformerFact[]> {
    const served = await Promise.all(
      stream.consumers.flatMap((consumer) => {
        const who = performerIn(consumer.name)
        return who === undefined ? [] : [performer(stream.name, consumer, who)]
      }),
    )
    const [filter = names.waiting(queue)] = waitingAmong(stream.subjects, false)
    const [all, held] = [await look.matching(stream.name, filter), served.reduce((sum, each) => sum + each.waiting + each.open, 0)]
    if (all === undefined || all.count <= held) return served
    return [...served, ...(await unserved(stream, filter, served))]
  }

  async function performer(stream: string, consumer: ConsumerFact, { strand, ...who }: Performer): Promise<PerformerFact> {
    const { name: _name, filters, created: _created, single, ...standing } = consumer
    const [filter] = filters
    const first = filter && standing.waiting + standing.open > 0 ? await look.matching(stream, filter, standing.answered + 1) : undefined
    return { ...who, ...(strand && { strand: { ...strand, single } }), known: true, ...standing, oldest: first?.storedAt }
  }

  /** Tasks for which there has never been a worker: read off the subjects they wait under. */
  async function unserved(stream: StreamFact, filter: string, served: readonly PerformerFact[]): Promise<PerformerFact[]> {
    const kinds = new Map<string, { task: string; lane: Lane }>()
    for (const subject of (await look.subjects(stream.name, filter)).keys()) {
      const found = taskIn(subject)
      if (found && !served.some((each) => each.task === found.task && each.lane === found.lane))
        kinds.set(performerName(found.task, found.lane), { task: found.task, lane: found.lane })
    }
    return Promise.all(
      [...kinds.values()].map(async (who) => {
        const first = await look.matching(stream.name, filter.replace('>', `${token(who.task)}.${who.lane}.>`))
        return { ...who, known: false, ...nobody, waiting: first?.count ?? 0, oldest: first?.storedAt }
      }),
    )
  }

  async function* messages(stream: string, subject: string, from: number): AsyncGenerator<MessageFact> {
    for await (const kept of shelf(layout, stream).all(subject, from)) {
      const fact = factOf(names, kept)
      if (fact) yield fact
    }
  }

  return {
    async topics() {
      const places = (await Promise.all((await look.streams()).map(topicsIn))).flat()
      const facts = await Promise.all(
        places.map(async ({ name, retention, subject, stream }) => {
          const first = await look.matching(stream, subject)
          return { name, own: retention !== undefined, retention, stored: first?.count ?? 0, oldest: first?.storedAt }
        }),
      )
      return facts.sort(byName)
    },
    async subscriptions() {
      const streams = (await look.streams()).filter((stream) =>
        ['topics', 'topic', 'dead'].includes(roleOf(names, stream.name)?.kind ?? ''),
      )
      const all = streams.flatMap((stream) =>
        stream.consumers.flatMap(({ name, filters, ...standing }) => {
          const who = subscriptionIn(name)
          return who === undefined ? [] : [{ ...who, ...standing, filters, stream }]
        }),
      )
      return Promise.all(
        all.map(async ({ filters, stream, ...fact }) => {
          const [filter] = filters
          const first = filter && fact.waiting > 0 ? await look.matching(stream.name, filter, fact.answered + 1) : undefined
          return { ...fact, own: roleOf(names, stream.name)?.kind === 'topic', oldest: first?.storedAt }
        }),
      )
    },
    async queues() {
      const all = await look.streams()
      const facts = all.flatMap((stream) => {
        const role = roleOf(names, stream.name)
        if (role?.kind !== 'queue' || queueOfPart(role.name) !== role.name) return []
        return [
          queueFact(
            role.name,
            stream,
            all.filter((each) => queueIn(names, each.name) === role.name),
          ),
        ]
      })
      return (await Promise.all(facts)).sort(byName)
    },
    async *waiting(queue, from = 1) {
      for (const stream of await streamsThere(core, queue))
        for await (const fact of messages(stream, '>', from)) if (fact.style === 'explicit') yield fact
    },
    async *events(topic, from = 1) {
      const { stream, subject } = await homeOfName(topic)
      yield* messages(stream, subject, from)
    },
    async at(where, sequence, id) {
      const streams = 'queue' in where ? await streamsThere(core, where.queue) : [(await homeOfName(where.topic)).stream]
      const found = await Promise.all(streams.map((stream) => shelf(layout, stream).at(sequence)))
      return found.map((kept) => kept && factOf(names, kept)).find((fact) => fact !== undefined && (id === undefined || fact.id === id))
    },
    async dead() {
      const stream = await look.stream(names.dead)
      return { count: stream?.messages ?? 0, first: stream?.firstSequence ?? 0, last: stream?.lastSequence ?? 0 }
    },
    workers: () => workers(core),
    broker: () => look.broker(),
    missing: () => missing(core),
  }

  async function queueFact(name: string, stream: StreamFact, all: readonly StreamFact[]): Promise<QueueFact> {
    const [later, given, until, each] = await Promise.all([
      Promise.all(all.flatMap((one) => waitingAmong(one.subjects, true).map((filter) => look.matching(one.name, filter)))),
      look.matching(names.dead, names.deadOf(name)),
      pausedUntil(core, name),
      Promise.all(all.map((one) => performers(name, one))),
    ])
    const age = stream.said['callboard.age']
    const parts = all.filter((one) => roleOf(names, one.name)?.kind === 'queue')
    return {
      name,
      layout: stream.retention === 'workqueue' ? 'work' : 'log',
      limit: age === undefined ? undefined : { tasks: stream.keeps.messages, bytes: stream.keeps.bytes, age: Number(age) },
      full: stream.said['callboard.full'] === 'wait' ? 'wait' : 'reject',
      partitions: parts.length,
      held: { tasks: sumOf(parts, 'messages'), bytes: sumOf(parts, 'bytes') },
      bytes: sumOf(all, 'bytes'),
      pausedUntil: until,
      scheduled: later.reduce((sum, found) => sum + (found?.count ?? 0), 0),
      dead: given?.count ?? 0,
      performers: each.flat().sort(byTask),
    }
  }
}

const sumOf = (streams: readonly StreamFact[], what: 'messages' | 'bytes'): number => streams.reduce((sum, one) => sum + one[what], 0)
const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1)
