/**
 * Every string the broker sees, and the way back. Nothing else in callboard builds a subject.
 *
 * Names are dotted words that people choose in code; they are checked. Keys and ids may hold anything; they are encoded.
 * Where a name must be one token of a subject, its dots become `~`, which no name may contain.
 */

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { fault, shown } from '../base/errors.ts'

/** How urgent a task is. Each lane has a consumer of its own, because the broker gives one consumer stream order. */
export const lanes = ['high', 'normal', 'low'] as const
/** One of the lanes. */
export type Lane = (typeof lanes)[number]

/** Keys are spread over so many buckets; the number is part of the wire format. */
export const buckets = 64

/** Where in its queue a task waits: in a lane, or, where the order of keys is kept, in the part of the lane that its key belongs to. */
export type Row = Lane | `${Lane}-${number}`

/** The row of a key: its bucket is the CRC-32 of its UTF-8, modulo how many there are. Throws INVALID_ID as `keyToken` does. */
export function rowOf(lane: Lane, key: string): Row {
  keyToken(key)
  return `${lane}-${crc32(key) % buckets}`
}

/** The lane of a row. */
export const laneOf = (row: string): Lane => row.split('-', 1)[0] as Lane

/** What a partition of a queue is called where the broker asks for a queue: the first like the queue itself. No name has a `~`. */
export const partName = (queue: string, index: number): string => (index === 0 ? queue : `${queue}~${index}`)

/** Which partition an id falls into: the CRC-32 of its UTF-8, modulo how many there are. */
export const partOfId = (id: string, of: number): number => crc32(id) % of

/** The partition that the subject of a task belongs to. */
export const partIn = (subject: string): string => subject.split('.', 3)[2] ?? ''

/** The queue that a partition belongs to. */
export const queueOfPart = (part: string): string => part.split('~', 1)[0] ?? ''

/** The longest name. */
export const longestName = 200

/** The longest name of a stream or consumer that the broker takes. */
const longestOnBroker = 255

/** Stands for "no key" and "no id" in a subject. */
export const none = '-'

const wildcards = /^(\*|>)$/
const part = /^[A-Za-z0-9_-]+$/

/** Refuses what cannot be a name. `what` says whose name it is. With `pattern`, whole parts may be `*`, and the last `>`. */
export function checkedName(what: string, name: unknown, pattern = false): string {
  if (typeof name !== 'string') throw fault('INVALID_ARGUMENT', `The name of a ${what} is ${shown(name)}, not text.`)
  if (name.length > longestName)
    throw fault('NAME_TOO_LONG', `The ${what} name ${shown(name)} has ${name.length} characters, the limit is ${longestName}.`)
  const trouble = troubleWith(name, pattern)
  if (trouble) throw fault('INVALID_NAME', `The ${what} name ${shown(name)} cannot be used: it ${trouble}.`)
  return name
}

/** Refuses what cannot be a name of one part: namespaces, queues and services. */
export function checkedWord(what: string, name: unknown): string {
  const checked = checkedName(what, name)
  if (checked.includes('.'))
    throw fault('INVALID_NAME', `The ${what} name ${shown(name)} cannot be used: it must be one part, without dots.`)
  return checked
}

/** Refuses what cannot be a namespace: one part in lower case, because stream names are its upper case. */
export function checkedNamespace(name: unknown): string {
  const checked = checkedWord('namespace', name)
  if (checked !== checked.toLowerCase())
    throw fault('INVALID_NAME', `The namespace ${shown(name)} cannot be used: it must be in lower case.`)
  return checked
}

/** The name of a stream or consumer, which is made of several names. Throws NAME_TOO_LONG where they are too long together. */
function joined(what: string, name: string): string {
  if (name.length <= longestOnBroker) return name
  throw fault('NAME_TOO_LONG', `The ${what} would have a name of ${name.length} characters on the broker, the limit is ${longestOnBroker}.`)
}

function troubleWith(name: string, pattern: boolean): string | undefined {
  if (name === '') return 'must not be empty'
  if (name.startsWith('$')) return 'begins with $, which is reserved for the broker'
  if (name.startsWith('_')) return 'begins with _, which is reserved for the broker'
  const parts = name.split('.')
  if (parts.includes('')) return 'has an empty part'
  for (const [index, word] of parts.entries()) {
    if (part.test(word)) continue
    if (/[*>]/.test(word)) {
      if (!pattern) return 'contains a wildcard'
      if (!wildcards.test(word)) return 'mixes a wildcard with letters in one part'
      if (word === '>' && index < parts.length - 1) return 'has > before its last part'
      continue
    }
    const position = name.search(/[^A-Za-z0-9_.-]/)
    const kind = /[\u0000-\u001f\u007f]/.test(word) ? 'a control character' : `the character ${shown(name.charAt(position))}`
    return `has ${kind} at position ${position}`
  }
  return undefined
}

/** A name as one token: `mail.send` → `mail~send`, `books.*` → `books~+`, `books.>` → `books~++`. */
export function token(name: string): string {
  let made = tokens.get(name)
  if (made === undefined) {
    made = name.replaceAll('.', '~').replaceAll('*', '+').replaceAll('>', '++')
    if (tokens.size < mostTokens) tokens.set(name, made)
  }
  return made
}

/** Names are few and asked for with every message. */
const tokens = new Map<string, string>()
const mostTokens = 10_000

/** The name a token was made of. */
export function untoken(text: string): string {
  return text.replaceAll('++', '>').replaceAll('+', '*').replaceAll('~', '.')
}

/** Any text as one token. Short keys stay readable, long ones become a hash. Throws INVALID_ID for lone surrogates and empty keys. */
export function keyToken(key: string): string {
  if (typeof key !== 'string' || key === '' || !key.isWellFormed())
    throw fault('INVALID_ID', `The key ${shown(key)} cannot be used: it must be text that is not empty.`)
  const safe = encodeURIComponent(key).replace(/[.*~'()!]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  if (safe === none) return '%2D'
  // A bare = stands in no encoded text, so that no short key can be taken for the hash of a long one.
  return safe.length <= 100 ? safe : `=${createHash('sha256').update(key).digest('base64url')}`
}

/** The key of an event as a header value, whole: `decodeURIComponent` gives it back. Throws INVALID_ID as `keyToken` does. */
export function keyText(key: string): string {
  keyToken(key)
  return encodeURIComponent(key)
}

/** Everything the broker sees under one namespace. */
export interface Names {
  readonly namespace: string
  readonly topics: string
  readonly table: string
  readonly dead: string
  readonly ledger: string
  /** The stream of bodies that lie beside their messages, and where a piece of one is; `*` is all of it. */
  readonly objects: string
  object(id: string, piece: number | '*'): string
  /** Where a worker writes into the ledger; `>` is all of it. */
  ledgerOf(worker: string): string
  /** The stream of a queue. */
  queue(queue: string): string
  /** The stream of what a bounded queue is to get later. */
  laterStream(queue: string): string
  /** Where an event of a topic is stored. */
  event(topic: string): string
  /** Where an event goes that is meant for one subscription only: a dead letter sent back, or a window replayed. */
  redriven(consumer: string, topic: string): string
  /** What a subscription receives. */
  eventFilter(consumer: string, topic: string): string[]
  /** The same three for a topic with a stream of its own, and that stream. */
  topic(topic: string): string
  ownEvent(topic: string): string
  ownRedriven(consumer: string, topic: string): string
  ownEventFilter(consumer: string, topic: string): string[]
  /** Where a task waits that nobody has to find again. */
  task(queue: string, task: string, row: Row): string
  /** Where a task waits that has an address of its own: it is tracked, unique or was delayed. */
  addressed(queue: string, task: string, row: Row, key: string | undefined, id: string): string
  /** Where a task is kept until its time has come. */
  later(queue: string, task: string, row: Row, key: string | undefined, id: string): string
  /** Everything that waits in a queue, and everything that is kept for later. */
  waiting(queue: string): string
  delayed(queue: string): string
  /** Both. */
  anything(queue: string): string
  /** Where a task of a bounded queue waits that was delayed and is due: beside those that were enqueued at once. */
  due(queue: string, task: string, row: Row, key: string | undefined, id: string): string
  /** What a performer of one row receives, or of all; `due`: of what was delayed, in a bounded queue. */
  taskFilter(queue: string, task: string, row?: Row, due?: boolean): string
  /** Every place where a task with this id may be. */
  anywhere(queue: string, task: string, id: string): string
  /** Every place where a task with this unique key may be. */
  occupied(queue: string, task: string, key: string): string
  /** Where a debounced task is kept until its key is silent; and every place where that of a key may be. */
  debounced(queue: string, task: string, row: Row, key: string, id: string): string
  debouncedOf(queue: string, task: string, key: string): string
  /** Where it is marked that a throttled task has been enqueued. */
  throttled(queue: string, task: string, key: string): string
  /** Where a schedule is kept that fires into a queue, into the shared stream of topics, or into that of one topic. */
  scheduledTask(queue: string, name: string): string
  scheduledEvent(name: string): string
  scheduledOwnEvent(topic: string, name: string): string
  /** Every place where the schedule of a name may be; without a name, every schedule. */
  schedules(name?: string): string
  /** Where the firings of one schedule wait: a subject of their own, so that the next can see whether the last is still there. */
  fired(queue: string, task: string, row: Row, schedule: string, due?: boolean): string
  /** A record of the table, and where its changes are told. */
  record(kind: string, ...keys: readonly string[]): string
  live(kind: string, ...keys: readonly string[]): string
  /** All dead letters of a queue. */
  deadOf(queue: string): string
  /** Where a dead letter is kept. */
  deadTask(queue: string, task: string, id: string): string
  deadEvent(service: string, topic: string, id: string): string
  /** Where the workers of a task are spoken to while they run it. */
  desk(queue: string, task: string): string
  /** Where a worker is asked to leave. */
  ask(worker: string): string
}

/** The names of a namespace. */
export function names(namespace: string): Names {
  const ns = checkedNamespace(namespace)
  const upper = ns.toUpperCase()
  const place = (kind: string, queue: string, task: string, row: string, key: string | undefined, id: string) =>
    `${ns}.${kind}.${queue}.${token(task)}.${row}.${key === undefined ? none : keyToken(key)}.${keyToken(id)}`
  return {
    namespace: ns,
    topics: `${upper}_TOPICS`,
    table: `${upper}_TABLE`,
    dead: `${upper}_DEAD`,
    ledger: `${upper}_LEDGER`,
    objects: `${upper}_OBJECTS`,
    object: (id, piece) => `${ns}.object.${id}.${piece}`,
    ledgerOf: (worker) => `${ns}.ledger.${worker === '>' ? '>' : keyToken(worker)}`,
    queue: (queue) => joined('queue', `${upper}_QUEUE_${queue}`),
    event: (topic) => `${ns}.topic.${topic}`,
    redriven: (consumer, topic) => `${ns}.redriven.${consumer}.${topic}`,
    eventFilter: (consumer, topic) => [`${ns}.topic.${topic}`, `${ns}.redriven.${consumer}.>`],
    laterStream: (queue) => joined('queue', `${upper}_LATER_${queue}`),
    topic: (topic) => joined('topic', `${upper}_TOPIC_${token(topic)}`),
    ownEvent: (topic) => `${ns}.own.${topic}`,
    ownRedriven: (consumer, topic) => `${ns}.ownredriven.${token(topic)}.${consumer}.${topic}`,
    ownEventFilter: (consumer, topic) => [`${ns}.own.${topic}`, `${ns}.ownredriven.${token(topic)}.${consumer}.>`],
    task: (queue, task, row) => `${ns}.task.${queue}.${token(task)}.${row}.${none}`,
    addressed: (queue, task, row, key, id) => place('task', queue, task, row, key, id),
    later: (queue, task, row, key, id) => place('later', queue, task, row, key, id),
    waiting: (queue) => `${ns}.task.${queue}.>`,
    delayed: (queue) => `${ns}.later.${queue}.>`,
    anything: (queue) => `${ns}.*.${queue}.>`,
    due: (queue, task, row, key, id) => place('due', queue, task, row, key, id),
    taskFilter: (queue, task, row, due) => `${ns}.${due ? 'due' : 'task'}.${queue}.${token(task)}${row === undefined ? '' : `.${row}`}.>`,
    anywhere: (queue, task, id) => `${ns}.*.${queue}.${token(task)}.*.*.${keyToken(id)}`,
    occupied: (queue, task, key) => `${ns}.*.${queue}.${token(task)}.*.${keyToken(key)}.*`,
    // A colon is encoded in keys, so that nothing unique has this place; a schedule has one part less.
    debounced: (queue, task, row, key, id) => `${ns}.later.${queue}.${token(task)}.${row}.:${keyToken(key)}.${keyToken(id)}`,
    debouncedOf: (queue, task, key) => `${ns}.later.${queue}.${token(task)}.*.:${keyToken(key)}.*`,
    throttled: (queue, task, key) => `${ns}.schedule.task.${queue}.${token(task)}.${keyToken(key)}`,
    scheduledTask: (queue, name) => `${ns}.schedule.task.${queue}.${keyToken(name)}`,
    scheduledEvent: (name) => `${ns}.schedule.topic.${none}.${keyToken(name)}`,
    scheduledOwnEvent: (topic, name) => `${ns}.schedule.own.${token(topic)}.${keyToken(name)}`,
    schedules: (name) => `${ns}.schedule.*.*.${name === undefined ? '*' : keyToken(name)}`,
    // @ is encoded in keys and ids, so that nobody else has this place.
    fired: (queue, task, row, schedule, due) =>
      `${ns}.${due ? 'due' : 'task'}.${queue}.${token(task)}.${row}.${none}.@${keyToken(schedule)}`,
    record: (kind, ...keys) => `${ns}.table.${[kind, ...keys].join('.')}`,
    live: (kind, ...keys) => `${ns}.live.${[kind, ...keys].join('.')}`,
    deadOf: (queue) => `${ns}.dead.task.${queue}.>`,
    deadTask: (queue, task, id) => `${ns}.dead.task.${queue}.${token(task)}.${keyToken(id)}`,
    deadEvent: (service, topic, id) => `${ns}.dead.topic.${service}.${token(topic)}.${keyToken(id)}`,
    desk: (queue, task) => `${ns}.desk.${queue}.${token(task)}`,
    ask: (worker) => `${ns}.ask.${keyToken(worker)}`,
  }
}

/** Whether a task has an address of its own: then its key is taken as long as it is stored. */
export const hasAddress = (subject: string): boolean => !subject.endsWith(`.${none}`)

/** The consumer of a subscription. */
export const subscriptionName = (service: string, topic: string): string => joined('subscription', `${service}@${token(topic)}`)

/** The consumer of the performers of a task. Every service that performs it shares this one: exactly one worker gets each task. */
export const performerName = (task: string, lane: string): string => `${token(task)}@${lane}`

/** The same for one strand of an ordered task: it has several consumers, each with its share of the rows. */
export const strandName = (task: string, index: number, of: number): string => performerName(task, `${index}of${of}`)

/** The row of a task that is stored: the token behind its name. */
export const rowIn = (subject: string): string => subject.split('.', 5)[4] ?? ''

/** The stream and the consumer that a redriven event is meant for. */
export function meantFor(names: Names, subject: string): { readonly stream: string; readonly consumer: string } {
  const [, kind, first = '', second = ''] = subject.split('.')
  return kind === 'ownredriven' ? { stream: names.topic(untoken(first)), consumer: second } : { stream: names.topics, consumer: first }
}

/** The topic an event was published on, read from its subject, whether it came at first hand or redriven. */
export function topicOf(subject: string): string {
  const parts = subject.split('.')
  return parts.slice(parts[1] === 'ownredriven' ? 4 : parts[1] === 'redriven' ? 3 : 2).join('.')
}
