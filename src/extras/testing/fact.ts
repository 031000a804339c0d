/** What a fake broker tells of what it keeps, in the fields of the real one. Pure. */

import type { Consumer } from './consumer.ts'
import type { Message } from './store.ts'
import type { Stream } from './stream.ts'
import { signed } from './stream-config.ts'
import { stamp } from './time.ts'

/** A stream. `filter`: its subjects too, with how many messages each has. */
export function streamFact({ config, store, consumers, created, host }: Stream, filter?: string) {
  const some = store.count > 0
  const subjects = filter === undefined ? [] : store.subjects(filter)
  const first = some ? store.first : store.last === 0 ? 0 : store.last + 1
  const missing = store.last - store.first + 1 - store.count
  return {
    config: { ...config, metadata: signed(config.metadata) },
    created: stamp(created),
    state: {
      messages: store.count,
      bytes: store.bytes,
      first_seq: first,
      first_ts: stamp(store.get(store.first)?.time ?? 0),
      last_seq: store.last,
      last_ts: stamp(store.lastTime),
      ...(some ? { num_subjects: store.subjects().length } : {}),
      ...(some && missing > 0 ? { num_deleted: missing } : {}),
      ...(subjects.length === 0 ? {} : { subjects: Object.fromEntries(subjects) }),
      consumer_count: consumers.size,
    },
    ts: stamp(host.clock.now()),
  }
}

/** A consumer. */
export function consumerFact(consumer: Consumer) {
  const { config, stream, pending } = consumer
  const { open, counts, handed, next, floorNth, floor } = consumer.position
  stream.expire()
  const until = consumer.pausedUntil
  return {
    stream_name: stream.config.name,
    name: config.name,
    created: stamp(consumer.created),
    config: { ...config, metadata: signed(config.metadata) },
    delivered: { consumer_seq: handed, stream_seq: next - 1, ...(handed > 0 ? { last_active: stamp(consumer.lastDelivery) } : {}) },
    ack_floor: { consumer_seq: floorNth, stream_seq: floor },
    num_ack_pending: open.size,
    num_redelivered: [...counts.values()].filter((count) => count > 1).length,
    num_waiting: consumer.waiting,
    num_pending: pending,
    ...(until > 0 ? { paused: true, pause_remaining: (until - stream.host.clock.now()) * 1_000_000 } : {}),
    ts: stamp(stream.host.clock.now()),
  }
}

/** A message as it lies in its stream. */
export function messageFact({ subject, seq, headers, body, time }: Message) {
  return {
    subject,
    seq,
    ...(headers.length === 0 ? {} : { hdrs: headers.toString('base64') }),
    ...(body.length === 0 ? {} : { data: body.toString('base64') }),
    time: stamp(time),
  }
}

/** All of it together. */
export function accountFact(streams: ReadonlyMap<string, Stream>) {
  const all = [...streams.values()]
  return {
    memory: 0,
    storage: all.reduce((sum, { store }) => sum + store.bytes, 0),
    reserved_memory: 0,
    reserved_storage: 0,
    streams: all.length,
    consumers: all.reduce((sum, { consumers }) => sum + consumers.size, 0),
    limits: { max_memory: -1, max_storage: -1, max_streams: -1, max_consumers: -1, max_ack_pending: -1, max_bytes_required: false },
    api: { level: 5, total: 0, errors: 0 },
  }
}
