/**
 * What callboard keeps on the broker: which streams and consumers there are, and how they are shaped.
 */

import {
  AckPolicy,
  type ConsumerConfig,
  DiscardPolicy,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream'
import { fault } from '../base/errors.ts'
import { asking } from './asking.ts'
import type { Link } from './connection.ts'
import { type Behind, type DeclareOptions, declareConsumer, declareStream, type Footing, footingOf, type Start } from './declare.ts'
import { lettingExpire } from './expire.ts'
import { type Names, partName, token } from './names.ts'
import { codeOf, streamMissing, told } from './refusal.ts'

/** How long and how much a topic keeps. Times in ms, 0 = without limit. */
export interface Retention {
  readonly age: number
  readonly bytes: number
  readonly messages: number
}

/** How a queue is kept: acknowledged tasks removed one by one, or behind the last of them. */
export type QueueLayout = 'work' | 'log'

/** The shape of a queue. */
export interface QueueShape {
  readonly name: string
  readonly layout: QueueLayout
  /** In how many streams it is kept; one where it is bounded. */
  readonly partitions: number
  /** What it may hold at most; 0: without limit. `age` in ms. Undefined: no limit at all. */
  readonly limit: QueueLimit | undefined
  /** What becomes of an enqueue that does not fit. */
  readonly full: 'reject' | 'wait'
}

/** What a queue may hold at most; 0: without limit. */
export interface QueueLimit {
  readonly tasks: number
  readonly bytes: number
  /** ms a task may wait before it starts. */
  readonly age: number
}

/** Whether the broker refuses what a queue has no room for. Then what it is to get later lies in a stream of its own. */
export const isBounded = ({ limit }: Pick<QueueShape, 'limit'>): boolean => limit !== undefined && (limit.tasks > 0 || limit.bytes > 0)

/** The partitions of a queue; the first is called like the queue. */
export const partsOf = ({ name, partitions }: Pick<QueueShape, 'name' | 'partitions'>): string[] =>
  Array.from({ length: partitions }, (_, index) => partName(name, index))

/** Declares streams and consumers. */
export interface Layout {
  readonly manager: JetStreamManager
  topics(): Promise<void>
  /** The stream of a topic that keeps its events by a rule of its own. */
  topic(name: string, retention: Retention): Promise<void>
  queue(queue: QueueShape): Promise<void>
  table(): Promise<void>
  dead(): Promise<void>
  /** The stream of bodies that lie beside their messages. */
  objects(): Promise<void>
  /** The stream of the ledger, which keeps so long, in ms. */
  ledger(age: number): Promise<void>
  /** The same, for whoever wants to know what it would do: it declares nothing, and tells. */
  dry(told: Required<Pick<DeclareOptions, 'missing' | 'tell'>>): Promise<Layout>
  /** Whether there is such a stream. */
  exists(stream: string): Promise<boolean>
  /** Removes the oldest of a stream until about so many bytes are left. */
  cut(stream: string, bytes: number): Promise<void>
  /** Lets single messages of a stream expire, if it does not yet. */
  expiring(stream: string): Promise<void>
  /** A consumer that hands over what matches `filters`, to be answered within `lease` ms; `single`: one at a time. Tells where it stands. */
  consumer(at: string, name: string, filters: readonly string[], lease: number, start: Start | Behind, single?: boolean): Promise<Footing>
  /** What the broker's clock says, in ms since 1970. */
  time(): Promise<number>
  /** Where a consumer stands. */
  footing(stream: string, name: string): Promise<Footing>
  /** Copies of the stream of this namespace that has the fewest. */
  copies(): Promise<number>
  /** Removes what lies at or behind a floor; gives how many. */
  trim(stream: string, filter: string, floor: number): Promise<number>
}

/** What the layout needs to be told. */
export interface LayoutOptions extends DeclareOptions {
  /** How long an id is remembered, in ms. */
  readonly dedupe: number
  readonly retention: Retention
  /** Dead letters kept at most. */
  readonly deadLetters: number
}

const nanos = (ms: number): number => ms * 1_000_000
const week = 7 * 86_400_000

/** Open deliveries of one consumer at most. Deliveries that wait for a retry count too, so it is far above what workers hold. */
const mostOpen = 65_536

/** Messages of the ledger at most, each with many entries. */
const mostLedger = 1_000_000

/** The layout of a namespace. */
export async function layout(link: Link, names: Names, options: LayoutOptions): Promise<Layout> {
  const manager = await jetstreamManager(asking(link), { checkAPI: false, timeout: 10_000 })
  const replicas = options.replicas ?? (link.nc.info?.cluster ? 3 : 1)
  const { namespace: ns } = names
  const stream = (config: Partial<StreamConfig> & { name: string }) =>
    declareStream(manager, { ...config, num_replicas: replicas }, options)
  const exists = (streamName: string) =>
    manager.streams.info(streamName).then(
      () => true,
      (error: unknown) => (codeOf(error) === streamMissing ? false : told(error, `stream ${streamName}`)),
    )
  const common = { storage: StorageType.File, allow_direct: true, duplicate_window: nanos(options.dedupe) } as const
  return {
    manager,
    topics: () =>
      stream({
        ...common,
        name: names.topics,
        subjects: [`${ns}.topic.>`, `${ns}.redriven.>`, `${ns}.schedule.topic.>`],
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        ...keeping(options.retention, options.dedupe),
        max_consumers: 100_000,
        allow_atomic: true,
        allow_msg_schedules: true,
      }),
    topic: (name, retention) =>
      stream({
        ...common,
        ...keeping(retention, options.dedupe),
        name: names.topic(name),
        subjects: [names.ownEvent(name), `${ns}.ownredriven.${token(name)}.>`, `${ns}.schedule.own.${token(name)}.>`],
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        max_consumers: 100_000,
        allow_atomic: true,
        allow_msg_schedules: true,
      }),
    queue: async (queue) => {
      if (await exists(names.queue(partName(queue.name, queue.partitions))))
        throw fault(
          'CONFIG_CONFLICT',
          `The queue ${queue.name} has more partitions on the broker than the code says: ${queue.partitions}.`,
          {
            why: 'Nobody would perform what waits in the others.',
            fix: 'Give the code the number the queue has had, or a higher one.',
          },
        )
      for (const config of queueStreams(names, queue)) await stream({ ...common, ...config, max_consumers: 100_000, allow_atomic: true })
    },
    table: () =>
      stream({
        ...common,
        name: names.table,
        subjects: [`${ns}.table.>`],
        allow_msg_ttl: true,
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        // No limit per subject: what it removes comes back after a crash once its successor has expired. Each value replaces by rollup.
        max_msgs_per_subject: -1,
        allow_rollup_hdrs: true,
        republish: { src: `${ns}.table.>`, dest: `${ns}.live.>` },
      }),
    dead: () =>
      stream({
        ...common,
        name: names.dead,
        subjects: [`${ns}.dead.>`],
        retention: RetentionPolicy.Limits,
        // A full store of dead letters refuses, loudly, and what should be buried is tried again: nothing is cut off in silence.
        discard: DiscardPolicy.New,
        max_msgs: options.deadLetters,
        max_age: nanos(12 * week),
        max_consumers: 100_000,
      }),
    objects: () =>
      stream({
        ...common,
        name: names.objects,
        subjects: [names.object('*', '*')],
        allow_msg_ttl: true,
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        max_msgs_per_subject: 1,
      }),
    ledger: (age) =>
      stream({
        name: names.ledger,
        subjects: [names.ledgerOf('>')],
        storage: StorageType.File,
        allow_direct: true,
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        // No limit in bytes: the broker would set that much aside for good. Its writers cut it instead.
        max_age: nanos(age),
        max_msgs: mostLedger,
        duplicate_window: nanos(Math.min(age, 60_000)),
        max_consumers: 100_000,
      }),
    dry: (told) => layout(link, names, { ...options, ...told, onDrift: 'tell' }),
    expiring: lettingExpire(manager),
    consumer: (streamName, name, filters, lease, start, single = false) =>
      declareConsumer(manager, streamName, consumerConfig(name, filters, lease, single ? 1 : mostOpen), start, options),
    async copies() {
      let fewest = replicas
      for await (const { config } of manager.streams.list(`${ns}.>`)) fewest = Math.min(fewest, config.num_replicas)
      return fewest
    },
    exists,
    cut: async (streamName, bytes) => {
      const { state } = await manager.streams.info(streamName).catch((error) => told(error, `stream ${streamName}`))
      if (state.bytes <= bytes) return
      const surplus = Math.ceil((state.messages * (state.bytes - bytes)) / state.bytes)
      await manager.streams.purge(streamName, { seq: state.first_seq + surplus }).catch((error) => told(error, `cutting ${streamName}`))
    },
    trim: async (streamName, filter, floor) => {
      if (floor === 0) return 0
      const { purged } = await manager.streams
        .purge(streamName, { filter, seq: floor + 1 })
        .catch((error) => told(error, `trimming ${streamName}`))
      return purged
    },
    async time() {
      // Every answer about a stream has it; the client's types do not.
      const { ts } = (await manager.streams.info(names.table).catch((error) => told(error, names.table))) as { ts?: string }
      return Date.parse(ts ?? '')
    },
    footing: async (streamName, name) =>
      footingOf(await manager.consumers.info(streamName, name).catch((error) => told(error, `consumer ${name} of ${streamName}`))),
  }
}

/**
 * The streams of a queue. Schedules live beside the tasks they become, so that stream may have no limit: the broker takes no
 * schedules where it refuses, and a limit that evicts would evict work. A bounded queue is therefore two streams.
 */
function queueStreams(names: Names, queue: QueueShape): (Partial<StreamConfig> & { name: string })[] {
  const { name, layout: shape, limit, full } = queue
  const { namespace: ns } = names
  const retention = shape === 'log' ? RetentionPolicy.Limits : RetentionPolicy.Workqueue
  const subjectsOf = (part: string) => [`${ns}.task.${part}.>`, `${ns}.later.${part}.>`, `${ns}.schedule.task.${part}.>`] as const
  const [now, ...later] = subjectsOf(name)
  const said = limit === undefined ? {} : { metadata: { 'callboard.age': String(limit.age), 'callboard.full': full } }
  if (limit === undefined || !isBounded(queue))
    return partsOf(queue).map((part) => ({
      name: names.queue(part),
      subjects: [...subjectsOf(part)],
      retention,
      allow_msg_schedules: true,
      ...said,
    }))
  const most = { discard: DiscardPolicy.New, max_msgs: limit.tasks || -1, max_bytes: limit.bytes || -1 }
  return [
    { name: names.queue(name), subjects: [now], retention, ...most, ...said },
    { name: names.laterStream(name), subjects: [...later, `${ns}.due.${name}.>`], retention, allow_msg_schedules: true },
  ]
}

/** What is kept is bounded; an id is not remembered longer than what it names. */
const keeping = ({ age, bytes, messages }: Retention, dedupe: number) => ({
  max_age: nanos(age),
  max_bytes: bytes || -1,
  max_msgs: messages || -1,
  duplicate_window: nanos(age === 0 ? dedupe : Math.min(age, dedupe)),
})

function consumerConfig(
  name: string,
  filters: readonly string[],
  lease: number,
  most: number,
): Partial<ConsumerConfig> & { durable_name: string } {
  const [filter] = filters
  return {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(lease),
    // Attempts are counted by callboard: a message the broker gives up stays behind, unseen.
    max_deliver: -1,
    max_ack_pending: most,
    ...(filters.length === 1 && filter !== undefined ? { filter_subject: filter } : { filter_subjects: [...filters] }),
  }
}
