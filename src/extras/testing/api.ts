/** What a fake broker answers about its streams and consumers: a table of questions, each with what answers it. */

import { Consumer, isLeft } from './consumer.ts'
import { checkConsumer, consumerConfig } from './consumer-config.ts'
import { accountFact, consumerFact, messageFact, streamFact } from './fact.ts'
import type { Host } from './host.ts'
import { askedIn } from './pull.ts'
import { cannot, consumerMissing, messageMissing, Refusal, refuse } from './refused.ts'
import { known, Stream } from './stream.ts'
import { checkUpdate, sameConfig, streamConfig } from './stream-config.ts'
import { covers, overlaps } from './subject.ts'
import { stamp } from './time.ts'

/** What is asked: the words of the subject behind what is asked for, what was sent along, and where the answer goes. */
export interface Question {
  readonly words: readonly string[]
  readonly body: Buffer
  readonly reply: string
}

type Given = Readonly<Record<string, unknown>>
type Answer = (streams: Map<string, Stream>, words: readonly string[], given: Given, host: Host) => object

const page = 256
const namesPage = 1024

/** The answers. What is not here is not done here. */
const answers: Readonly<Record<string, Answer>> = {
  INFO: (streams) => accountFact(streams),
  'STREAM.CREATE': (streams, [name = ''], given, host) => {
    const config = streamConfig({ ...given, name })
    const before = streams.get(name)
    if (before !== undefined) {
      if (!sameConfig(before.config, config)) throw refuse(400, 10058, 'stream name already in use with a different configuration')
      return { ...streamFact(before), did_create: true }
    }
    checkSubjects(streams, name, config.subjects)
    const stream = new Stream(host, config)
    streams.set(name, stream)
    return { ...streamFact(stream), did_create: true }
  },
  'STREAM.UPDATE': (streams, [name = ''], given) => {
    const stream = known(streams, name)
    const config = streamConfig({ ...given, name })
    checkUpdate(stream.config, config)
    checkSubjects(streams, name, config.subjects)
    stream.update(config)
    return streamFact(stream)
  },
  'STREAM.INFO': (streams, [name = ''], given) => {
    const filter = given.subjects_filter as string | undefined
    const fact = streamFact(known(streams, name), filter)
    const total = Object.keys(fact.state.subjects ?? {}).length
    return { total, offset: 0, limit: total === 0 ? 0 : 100_000, ...fact }
  },
  'STREAM.DELETE': (streams, [name = '']) => {
    known(streams, name).end()
    streams.delete(name)
    return { success: true }
  },
  'STREAM.LIST': (streams, _words, given) => {
    const found = listed(streams, given)
    return paged(
      found.map((stream) => streamFact(stream)),
      given,
      page,
      'streams',
    )
  },
  'STREAM.NAMES': (streams, _words, given) =>
    paged(
      listed(streams, given).map(({ config }) => config.name),
      given,
      namesPage,
      'streams',
    ),
  'STREAM.PURGE': (streams, [name = ''], given) => {
    const stream = known(streams, name)
    return { success: true, purged: stream.purge((given.filter as string) ?? '>', Number(given.seq ?? 0), Number(given.keep ?? 0)) }
  },
  'STREAM.MSG.GET': (streams, [name = ''], given) => {
    const { store } = known(streams, name)
    const last = given.last_by_subj as string | undefined
    const next = given.next_by_subj as string | undefined
    const seq = Number(given.seq ?? 0)
    if (seq === 0 && last === undefined && next === undefined) throw refuse(400, 10003, 'bad request')
    const found =
      last !== undefined ? store.latest(last) : next !== undefined ? store.next(seq, (each) => covers(next, each)) : store.get(seq)
    if (found === undefined) throw messageMissing()
    return { message: messageFact(found) }
  },
  'STREAM.MSG.DELETE': (streams, [name = ''], given) => {
    const { store } = known(streams, name)
    const seq = Number(given.seq ?? 0)
    if (seq > store.last) throw refuse(500, 10057, 'stream store EOF')
    if (!store.remove(seq)) throw refuse(500, 10057, 'no message found')
    return { success: true }
  },
  'CONSUMER.CREATE': (streams, [stream = '', name = ''], given) => createConsumer(known(streams, stream), name, given),
  'CONSUMER.DURABLE.CREATE': (streams, [stream = '', name = ''], given) => createConsumer(known(streams, stream), name, given),
  'CONSUMER.INFO': (streams, [stream = '', name = '']) => consumerFact(consumerOf(streams, stream, name)),
  'CONSUMER.LIST': (streams, [name = ''], given) => {
    const stream = known(streams, name)
    for (const each of stream.consumers.values()) if (isLeft(each)) stream.consumers.delete(each.config.name)
    const all = [...stream.consumers.values()].sort((a, b) => (a.config.name < b.config.name ? -1 : 1))
    return paged(all.map(consumerFact), given, page, 'consumers')
  },
  'CONSUMER.NAMES': (streams, [stream = ''], given) => paged([...known(streams, stream).consumers.keys()], given, namesPage, 'consumers'),
  'CONSUMER.DELETE': (streams, [stream = '', name = '']) => {
    consumerOf(streams, stream, name).end()
    streams.get(stream)?.consumers.delete(name)
    return { success: true }
  },
  'CONSUMER.PAUSE': (streams, [stream = '', name = ''], given) => {
    const consumer = consumerOf(streams, stream, name)
    consumer.pause(given.pause_until === undefined ? 0 : Date.parse(String(given.pause_until)))
    const until = consumer.pausedUntil
    const remaining = until > 0 ? { pause_remaining: (until - consumer.stream.host.clock.now()) * 1_000_000 } : {}
    return { paused: until > 0, pause_until: stamp(until), ...remaining }
  },
}

const types: Readonly<Record<string, string>> = { INFO: 'account_info', 'CONSUMER.DURABLE.CREATE': 'consumer_create' }

/** Answers a question; undefined: it is not answered. */
export function answer(streams: Map<string, Stream>, { words, body }: Question, host: Host): object | undefined {
  const asked = Object.keys(answers).find((each) => words.join('.') === each || words.join('.').startsWith(`${each}.`))
  const type = `io.nats.jetstream.api.v1.${types[asked ?? ''] ?? asked?.toLowerCase().replaceAll('.', '_')}_response`
  try {
    if (asked === undefined) throw cannot(`$JS.API.${words.join('.')}`)
    const given = body.length === 0 ? {} : (JSON.parse(body.toString()) as Given)
    const rest = words.slice(asked.split('.').length)
    return { type, ...(answers[asked] as Answer)(streams, rest, given ?? {}, host) }
  } catch (error) {
    if (error instanceof Refusal) return { type, error: error.refused }
    throw error
  }
}

/** A worker asks for messages. False: there is no such consumer, and nobody answers. */
export function pull(streams: ReadonlyMap<string, Stream>, { words, body, reply }: Question): boolean {
  const consumer = streams.get(words[0] ?? '')?.consumers.get(words[1] ?? '')
  consumer?.ask(reply, askedIn(body))
  return consumer !== undefined
}

function checkSubjects(streams: ReadonlyMap<string, Stream>, name: string, subjects: readonly string[]): void {
  for (const { config } of streams.values())
    if (config.name !== name && config.subjects.some((theirs) => subjects.some((ours) => overlaps(theirs, ours))))
      throw refuse(400, 10065, 'subjects overlap with an existing stream')
}

function consumerOf(streams: ReadonlyMap<string, Stream>, stream: string, name: string): Consumer {
  const consumer = known(streams, stream).consumers.get(name)
  if (consumer === undefined) throw consumerMissing()
  return consumer
}

function createConsumer(stream: Stream, name: string, given: Given): object {
  const declared = (given.config ?? {}) as Record<string, unknown>
  const called = name || String(declared.name ?? declared.durable_name ?? `e${stream.consumers.size + 1}`)
  const config = consumerConfig(called, declared)
  const before = stream.consumers.get(called)
  const others = [...stream.consumers.values()].filter((each) => each !== before).map((each) => each.config)
  if (before !== undefined) {
    if (given.action === 'create' && !sameConfig({ ...before.config, pause_until: undefined }, config))
      throw refuse(400, 10148, 'consumer already exists')
    checkConsumer(config, stream.config, others)
    if (given.action !== 'create') before.update(config)
    return consumerFact(before)
  }
  if (given.action === 'update') throw refuse(400, 10149, 'consumer does not exist')
  const most = stream.config.max_consumers > 0 ? stream.config.max_consumers : 1000
  if (stream.consumers.size >= most) throw refuse(400, 10026, 'maximum consumers limit reached')
  checkConsumer(config, stream.config, others)
  const consumer = new Consumer(stream, config)
  stream.consumers.set(called, consumer)
  return consumerFact(consumer)
}

function listed(streams: ReadonlyMap<string, Stream>, { subject }: Given): Stream[] {
  const all = [...streams.values()].sort((a, b) => (a.config.name < b.config.name ? -1 : 1))
  const found = subject === undefined ? all : all.filter(({ config }) => config.subjects.some((each) => overlaps(each, String(subject))))
  for (const stream of found) stream.expire()
  return found
}

function paged(all: readonly unknown[], { offset }: Given, limit: number, as: string): object {
  const from = Number(offset ?? 0)
  return { total: all.length, offset: from, limit, [as]: all.slice(from, from + limit) }
}
