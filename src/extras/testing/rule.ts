/** What a message must fulfil before a stream takes it, in the order in which the broker looks. Decides; stores nothing. */

import { type Fields, fieldOf } from './header.ts'
import { cannot, refuse } from './refused.ts'
import { goDuration } from './schedule.ts'
import { type Arrival, type Store, sizeOf } from './store.ts'
import type { StreamConfig } from './stream-config.ts'
import { covers, isLiteral } from './subject.ts'

/** Headers of the broker that are heeded here. */
const known = new Set([
  'Nats-Msg-Id',
  'Nats-TTL',
  'Nats-Rollup',
  'Nats-Expected-Stream',
  'Nats-Expected-Last-Sequence',
  'Nats-Expected-Last-Subject-Sequence',
  'Nats-Expected-Last-Subject-Sequence-Subject',
  'Nats-Schedule',
  'Nats-Schedule-Target',
  'Nats-Schedule-TTL',
  'Nats-Schedule-Time-Zone',
  'Nats-Scheduler',
  'Nats-Schedule-Next',
  'Nats-Batch-Id',
  'Nats-Batch-Sequence',
  'Nats-Batch-Commit',
])
/** Headers of the broker that ask for what is not done here; what merely came from a broker, as `Nats-Stream`, is kept as it is. */
const foreign =
  /^Nats-(Trace-|Incr$|Counter-|Expected-|Schedule-(Source|Rollup)$|Required-Api-Level$|Fast-Batch-|Batch-(?!Id|Sequence|Commit))/

/** Refuses headers that ask for what is not done here. */
export function checkKnown(fields: Fields): void {
  for (const [name] of fields) if (!known.has(name) && foreign.test(name)) throw cannot(`messages with ${name}`)
}

/** How long a message lives by its headers, in ms; 0: it does not say, -1: for ever. Whole seconds, as the broker counts them. */
export function ttlOf(fields: Fields, config: StreamConfig): number {
  const text = fieldOf(fields, 'Nats-TTL')
  if (text === undefined || text === '') return 0
  if (!config.allow_msg_ttl) throw refuse(400, 10166, 'per-message TTL is disabled')
  if (text === 'never') return -1
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : goDuration(text)
  if (ms === undefined || ms < 1000) throw refuse(400, 10165, 'invalid per-message TTL')
  return Math.floor(ms / 1000) * 1000
}

/** What stands in a batch before a message, which counts as if it were stored. */
export type Before = readonly Arrival[]

/** Refuses a message whose sender expected the stream to be otherwise. */
export function checkExpected(fields: Fields, subject: string, { name }: StreamConfig, store: Store, before: Before): void {
  const stream = fieldOf(fields, 'Nats-Expected-Stream')
  if (stream !== undefined && stream !== name) throw refuse(400, 10060, 'expected stream does not match')
  const sequence = fieldOf(fields, 'Nats-Expected-Last-Sequence')
  const last = store.last + before.length
  if (sequence !== undefined && Number(sequence) !== last) throw refuse(400, 10071, `wrong last sequence: ${last}`)
  const expected = fieldOf(fields, 'Nats-Expected-Last-Subject-Sequence')
  if (expected === undefined) return
  const pattern = fieldOf(fields, 'Nats-Expected-Last-Subject-Sequence-Subject') ?? subject
  const found = store.latest(pattern)?.seq ?? 0
  // In a batch nobody may rely on what the batch itself changes; the broker sees that where the two are called the same.
  if (before.some((each) => pattern === each.subject)) throw refuse(400, 10164, 'wrong last sequence')
  if (Number(expected) !== found) throw refuse(400, 10071, `wrong last sequence: ${found}`)
}

/** Refuses a message that a stream with `discard: new` has no room for, and one that no stream of its kind takes. */
export function checkRoom(message: Arrival, config: StreamConfig, store: Store, before: Before): void {
  const { max_msg_size, max_msgs, max_bytes, max_msgs_per_subject } = config
  if (max_msg_size >= 0 && message.headers.length + message.body.length > max_msg_size)
    throw refuse(400, 10054, 'message size exceeds maximum allowed')
  if (config.discard !== 'new') return
  const of = before.filter(({ subject }) => subject === message.subject).length + store.countOf(message.subject)
  if (config.discard_new_per_subject && max_msgs_per_subject > 0 && of >= max_msgs_per_subject)
    throw refuse(503, 10077, 'maximum messages per subject exceeded')
  // One that takes the place of another of its subject needs no more room.
  const replaces = max_msgs_per_subject > 0 && of >= max_msgs_per_subject
  if (max_msgs > 0 && !replaces && store.count + before.length >= max_msgs) throw refuse(503, 10077, 'maximum messages exceeded')
  const bytes = before.reduce((sum, each) => sum + sizeOf(each), store.bytes + sizeOf(message))
  if (max_bytes > 0 && bytes > max_bytes) throw refuse(503, 10077, 'maximum bytes exceeded')
}

/** Refuses a message that would take the place of others where the stream does not allow it. */
export function checkRollup(fields: Fields, subject: string, { allow_rollup_hdrs, deny_purge }: StreamConfig, before: Before): void {
  const rollup = fieldOf(fields, 'Nats-Rollup')
  if (rollup === undefined) return
  if (!allow_rollup_hdrs || deny_purge) throw refuse(500, 10111, 'rollup not permitted')
  if (rollup !== 'sub' && rollup !== 'all') throw refuse(500, 10111, `rollup value invalid: "${rollup}"`)
  if (before.some((each) => rollup === 'all' || each.subject === subject)) throw refuse(500, 10111, `batch rollup ${rollup} invalid`)
}

/** Refuses a schedule where the stream does not take it. */
export function checkSchedule(fields: Fields, subject: string, config: StreamConfig): void {
  const target = fieldOf(fields, 'Nats-Schedule-Target')
  if (fieldOf(fields, 'Nats-Schedule') === undefined) return
  if (!config.allow_msg_schedules) throw refuse(400, 10188, 'message schedules is disabled')
  const ttl = fieldOf(fields, 'Nats-Schedule-TTL')
  if (ttl !== undefined) ttlOf([['Nats-TTL', ttl]], config)
  if (target === undefined || !isLiteral(target) || target === subject || !config.subjects.some((each) => covers(each, target)))
    throw refuse(400, 10190, 'message schedules target is invalid')
}
