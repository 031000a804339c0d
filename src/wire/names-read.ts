/** The way back from what the broker calls things to what people call them. */

import { type Lane, laneOf, lanes, type Names, none, queueOfPart, untoken } from './names.ts'

/** What a stream of a namespace is for, read from its name. */
export type Role =
  | { readonly kind: 'topics' | 'table' | 'dead' | 'ledger' | 'objects' }
  /** `later`: what a bounded queue is to get later. `name` of a queue: one of its partitions. */
  | { readonly kind: 'topic' | 'queue' | 'later'; readonly name: string }
  /** Somebody else's. */
  | undefined

/** What a stream of a namespace is for, read from its name. */
export function roleOf(names: Names, stream: string): Role {
  const upper = names.namespace.toUpperCase()
  if (stream === names.topics) return { kind: 'topics' }
  if (stream === names.table) return { kind: 'table' }
  if (stream === names.dead) return { kind: 'dead' }
  if (stream === names.ledger) return { kind: 'ledger' }
  if (stream === names.objects) return { kind: 'objects' }
  if (stream.startsWith(`${upper}_TOPIC_`)) return { kind: 'topic', name: untoken(stream.slice(upper.length + 7)) }
  if (stream.startsWith(`${upper}_QUEUE_`)) return { kind: 'queue', name: stream.slice(upper.length + 7) }
  if (stream.startsWith(`${upper}_LATER_`)) return { kind: 'later', name: stream.slice(upper.length + 7) }
  return undefined
}

/** The namespace that keeps its table in a stream. Undefined: it is no table. */
export const namespaceOf = (stream: string): string | undefined => /^([A-Z0-9_-]+)_TABLE$/.exec(stream)?.[1]?.toLowerCase()

/** The queue that a stream belongs to. */
export function queueIn(names: Names, stream: string): string | undefined {
  const role = roleOf(names, stream)
  return role?.kind === 'queue' || role?.kind === 'later' ? queueOfPart(role.name) : undefined
}

/** Of the subjects of a queue's stream those under which tasks wait; or under which they wait for their time. */
export const waitingAmong = (subjects: readonly string[], delayed: boolean): string[] =>
  subjects.filter((subject) => (delayed ? ['later'] : ['task', 'due']).includes(subject.split('.')[1] ?? ''))

/** Whether a subject is one that a filter means. */
export const meant = (filter: string, subject: string): boolean =>
  new RegExp(`^${filter.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replace('>', '.+')}$`).test(subject)

/** The service and the topic, or pattern, of a subscription, read from its consumer. Undefined: it is none. */
export function subscriptionIn(consumer: string): { readonly service: string; readonly topic: string } | undefined {
  const at = consumer.indexOf('@')
  return at <= 0 ? undefined : { service: consumer.slice(0, at), topic: untoken(consumer.slice(at + 1)) }
}

/** Who performs: the task, the lane, and which strand of how many. */
export interface Performer {
  readonly task: string
  readonly lane: Lane
  readonly strand?: { readonly index: number; readonly of: number }
}

/** Who performs, read from their consumer. Undefined: it is none. */
export function performerIn(consumer: string): Performer | undefined {
  const [task, rest = ''] = consumer.split('@')
  // Those of an ordered task are called `3of16`; it has one lane.
  const [, index, of] = /^(\d+)of(\d+)$/.exec(rest) ?? []
  const lane = index === undefined ? (rest as Lane) : 'normal'
  if (!task || !lanes.includes(lane)) return undefined
  return { task: untoken(task), lane, ...(index === undefined ? {} : { strand: { index: Number(index), of: Number(of) } }) }
}

/** What the subject of a waiting or scheduled task says. Undefined: it is none. */
export function taskIn(subject: string):
  | {
      readonly later: boolean
      readonly queue: string
      readonly part: string
      readonly task: string
      readonly lane: Lane
      readonly key: string | undefined
      /** Of what has turns or an order by key: which of the buckets. */
      readonly bucket?: number
    }
  | undefined {
  const [, kind, part, task, row = '', key = none] = subject.split('.')
  const lane = laneOf(row)
  if ((kind !== 'task' && kind !== 'due' && kind !== 'later') || !part || !task || !lanes.includes(lane)) return undefined
  const bucket = row.split('-')[1]
  const where = { later: kind === 'later', queue: queueOfPart(part), part, task: untoken(task), lane, key: keyIn(key) }
  return bucket === undefined ? where : { ...where, bucket: Number(bucket) }
}

/** A key read from its token; a hash stays what it is. */
function keyIn(text: string): string | undefined {
  return text === none ? undefined : text.startsWith('=') ? text : decodeURIComponent(text)
}
