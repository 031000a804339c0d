/**
 * What callboard keeps on the broker: which streams and consumers there are and how they are shaped. Declaring is
 * idempotent. Where the broker differs from the code, the difference is told in words and changed only on request.
 */

import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream'
import { fault } from '../base/errors.ts'
import type { Link } from './connection.ts'
import { type DriftOptions, reconcile } from './drift.ts'
import { type Names, token } from './names.ts'
import { type ApiError, refusalFault } from './refusal.ts'

/** How long and how much a topic keeps. Times in ms, 0 = without limit. */
export interface Retention {
  readonly age: number
  readonly bytes: number
  readonly messages: number
}

/** How a queue is kept: acknowledged tasks removed one by one, or behind the last of them. */
export type QueueLayout = 'work' | 'log'

/** Where a subscription that is set up for the first time begins. */
export type Start = { readonly at: 'new' | 'all' } | { readonly sequence: number } | { readonly time: Date }

/** Where one begins that was lost: behind what it had answered. */
export type Behind = { readonly floor: number }

/** What the broker says of a consumer. */
export interface Footing {
  /** How long it waits for an answer, in ms. */
  readonly lease: number
  /** Everything up to this sequence is answered. */
  readonly floor: number
}

/** Declares streams and consumers. */
export interface Layout {
  readonly manager: JetStreamManager
  topics(): Promise<void>
  /** The stream of a topic that keeps its events by a rule of its own. */
  topic(name: string, retention: Retention): Promise<void>
  queue(name: string, layout: QueueLayout): Promise<void>
  table(): Promise<void>
  dead(): Promise<void>
  /** A consumer that hands over what matches `filters`, to be answered within `lease` ms. Tells where it stands. */
  consumer(stream: string, name: string, filters: readonly string[], lease: number, start: Start | Behind): Promise<Footing>
  /** Where a consumer stands. */
  footing(stream: string, name: string): Promise<Footing>
  /** Removes what lies at or behind a floor. */
  trim(stream: string, filter: string, floor: number): Promise<void>
}

/** What the layout needs to be told. */
export interface LayoutOptions extends DriftOptions {
  /** Copies of every stream. Default: three in a cluster, otherwise one. */
  readonly replicas?: number | undefined
  /** How long an id is remembered, in ms. */
  readonly dedupe: number
  readonly retention: Retention
}

const nanos = (ms: number): number => ms * 1_000_000
const week = 7 * 86_400_000
const mostDead = 1_000_000

/** Open deliveries of one consumer at most. Deliveries that wait for a retry count too, so it is far above what workers hold. */
const mostOpen = 65_536

/** The layout of a namespace. */
export async function layout(link: Link, names: Names, options: LayoutOptions): Promise<Layout> {
  const manager = await jetstreamManager(link.nc, { checkAPI: false, timeout: 10_000 })
  const replicas = options.replicas ?? (link.nc.info?.cluster ? 3 : 1)
  const { namespace: ns } = names
  const stream = (config: Partial<StreamConfig> & { name: string }) =>
    declareStream(manager, { ...config, num_replicas: replicas }, options)
  const common = { storage: StorageType.File, allow_direct: true, allow_msg_ttl: true, duplicate_window: nanos(options.dedupe) } as const
  return {
    manager,
    topics: () =>
      stream({
        ...common,
        name: names.topics,
        subjects: [`${ns}.topic.>`, `${ns}.redriven.>`, `${ns}.schedule.topic.>`],
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        ...keeping(options.retention),
        max_consumers: 100_000,
        allow_atomic: true,
        allow_msg_schedules: true,
      }),
    topic: (name, retention) =>
      stream({
        ...common,
        ...keeping(retention),
        name: names.topic(name),
        subjects: [names.ownEvent(name), `${ns}.ownredriven.${token(name)}.>`, `${ns}.schedule.own.${token(name)}.>`],
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        max_consumers: 100_000,
        allow_atomic: true,
        allow_msg_schedules: true,
      }),
    // Schedules live beside the tasks they become, so this stream may have no limit: a limit would evict work.
    queue: (name, shape) =>
      stream({
        ...common,
        name: names.queue(name),
        subjects: [`${ns}.task.${name}.>`, `${ns}.later.${name}.>`, `${ns}.schedule.task.${name}.>`],
        retention: shape === 'log' ? RetentionPolicy.Limits : RetentionPolicy.Workqueue,
        max_consumers: 100_000,
        allow_atomic: true,
        allow_msg_schedules: true,
      }),
    table: () =>
      stream({
        ...common,
        name: names.table,
        subjects: [`${ns}.table.>`],
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        max_msgs_per_subject: 1,
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
        max_msgs: mostDead,
        max_age: nanos(12 * week),
        max_consumers: 100_000,
      }),
    consumer: (streamName, name, filters, lease, start) =>
      declareConsumer(manager, streamName, consumerConfig(name, filters, lease), start, options),
    trim: async (streamName, filter, floor) => {
      if (floor > 0)
        await manager.streams.purge(streamName, { filter, seq: floor + 1 }).catch((error) => told(error, `trimming ${streamName}`))
    },
    footing: async (streamName, name) =>
      footingOf(await manager.consumers.info(streamName, name).catch((error) => told(error, `consumer ${name} of ${streamName}`))),
  }
}

const keeping = ({ age, bytes, messages }: Retention) => ({ max_age: nanos(age), max_bytes: bytes || -1, max_msgs: messages || -1 })

function consumerConfig(name: string, filters: readonly string[], lease: number): Partial<ConsumerConfig> & { durable_name: string } {
  const [filter] = filters
  return {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(lease),
    // Attempts are counted by callboard: a message the broker gives up stays behind, unseen.
    max_deliver: -1,
    max_ack_pending: mostOpen,
    ...(filters.length === 1 && filter !== undefined ? { filter_subject: filter } : { filter_subjects: [...filters] }),
  }
}

/** A start as the broker takes it. */
export function startConfig(start: Start): Partial<ConsumerConfig> {
  if ('sequence' in start) return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start.sequence }
  if ('time' in start) return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: start.time.toISOString() }
  return { deliver_policy: start.at === 'all' ? DeliverPolicy.All : DeliverPolicy.New }
}

async function declareStream(
  manager: JetStreamManager,
  config: Partial<StreamConfig> & { name: string },
  options: LayoutOptions,
): Promise<void> {
  const place = `stream ${config.name}`
  try {
    await manager.streams.add(config)
  } catch (error) {
    const code = codeOf(error)
    if (code === nameTaken) {
      const { config: found } = await manager.streams.info(config.name).catch((cause) => told(cause, place))
      await reconcile(place, config, { ...found }, options, () =>
        manager.streams.update(config.name, { ...found, ...config }).catch((cause) => told(cause, `updating ${place}`)),
      )
    } else if (tooFewPeers.has(code) && (config.num_replicas ?? 1) > 1 && options.replicas === undefined) {
      await declareStream(manager, { ...config, num_replicas: 1 }, options)
    } else told(error, place)
  }
}

async function declareConsumer(
  manager: JetStreamManager,
  stream: string,
  config: Partial<ConsumerConfig> & { durable_name: string },
  start: Start | Behind,
  options: LayoutOptions,
): Promise<Footing> {
  const place = `consumer ${config.durable_name} of ${stream}`
  const look = () => manager.consumers.info(stream, config.durable_name)
  let found = await look().catch((error) => (codeOf(error) === consumerMissing ? undefined : told(error, place)))
  if (found === undefined) {
    const begin = await beginning(manager, stream, start)
    const added = await manager.consumers
      .add(stream, { ...config, ...begin })
      .catch((error) => (codeOf(error) === consumerExists ? undefined : told(error, place)))
    if (added !== undefined) return footingOf(added)
    found = await look().catch((error) => told(error, place))
  }
  // Where a subscription began is history: it cannot change, and code that says otherwise now means only new ones.
  const { config: there } = found
  const changed = await reconcile(place, config, { ...there }, options, () =>
    manager.consumers.update(stream, config.durable_name, { ...there, ...config }).catch((cause) => told(cause, `updating ${place}`)),
  )
  return footingOf(changed ? await look().catch((error) => told(error, place)) : found)
}

/** Where to begin. A floor beyond the end belongs to a stream that was here before this one: then this one is read from its beginning. */
async function beginning(manager: JetStreamManager, stream: string, start: Start | Behind): Promise<Partial<ConsumerConfig>> {
  if ('floor' in start) {
    const { state } = await manager.streams.info(stream).catch((error) => told(error, `stream ${stream}`))
    return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start.floor > state.last_seq ? 1 : start.floor + 1 }
  }
  return startConfig(start)
}

function footingOf({ config, ack_floor }: ConsumerInfo): Footing {
  return { lease: (config.ack_wait ?? 0) / 1_000_000, floor: ack_floor.stream_seq }
}

const nameTaken = 10058
const consumerExists = 10148
const consumerMissing = 10014
const tooFewPeers = new Set([10005, 10074])

/** The number of a broker error; 0 for anything else. */
export function codeOf(error: unknown): number {
  return error instanceof JetStreamApiError ? error.code : 0
}

/** A broker error in callboard's words. */
export function told(error: unknown, what: string): never {
  if (error instanceof JetStreamApiError) throw refusalFault(error.apiError() as ApiError, what)
  const message = error instanceof Error ? error.message : String(error)
  if (/closed connection|connection draining|connection closed/i.test(message))
    throw fault('CLOSED', `The board was closed before the broker was asked about ${what}.`, { cause: error })
  if (/permission/i.test(message)) throw fault('PERMISSION', `The credentials do not allow ${what}.`, { cause: error })
  if (/no responders|not enabled/i.test(message))
    throw fault('JETSTREAM_OFF', `Nobody answered about ${what}: JetStream is off, or the cluster has no leader.`, { cause: error })
  if (/timeout/i.test(message)) throw fault('TIMED_OUT', `The broker did not answer about ${what}.`, { cause: error })
  throw fault('CONNECTION_FAILED', `Asking the broker about ${what} failed: ${message}.`, { cause: error })
}
