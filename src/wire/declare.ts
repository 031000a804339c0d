/** Declaring streams and consumers: idempotent, patient with clusters, and careful where the broker differs from the code. */

import type { ConsumerConfig, ConsumerInfo, JetStreamManager, StreamConfig } from '@nats-io/jetstream'
import { DeliverPolicy } from '@nats-io/jetstream'
import { conflict, type Drift, differences, grows, type OnDrift, vital } from './drift.ts'
import { codeOf, forbiddenSubject, streamMissing, told } from './refusal.ts'

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

/** How declarations are made. */
export interface DeclareOptions {
  /** Copies of every stream. Default: three in a cluster, otherwise one. */
  readonly replicas?: number | undefined
  readonly onDrift: OnDrift
  /** Hears of differences that were left as they are. */
  readonly tell: (drift: readonly Drift[]) => void
  /** Hears of streams that are not there. Then nothing is created, and nothing changed. */
  readonly missing?: ((stream: string) => void) | undefined
}

/** A start as the broker takes it. */
export function startConfig(start: Start): Partial<ConsumerConfig> {
  if ('sequence' in start) return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start.sequence }
  if ('time' in start) return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: start.time.toISOString() }
  return { deliver_policy: start.at === 'all' ? DeliverPolicy.All : DeliverPolicy.New }
}

/** Declares a stream. */
export async function declareStream(
  manager: JetStreamManager,
  config: Partial<StreamConfig> & { name: string },
  options: DeclareOptions,
): Promise<void> {
  const place = `stream ${config.name}`
  const look = () => manager.streams.info(config.name)
  if (options.missing !== undefined) {
    const there = await look().catch((error) => (codeOf(error) === streamMissing ? undefined : told(error, place)))
    if (there === undefined) return options.missing(config.name)
    await reconcile(place, config, { ...there.config }, options, async () => undefined)
    return
  }
  try {
    await manager.streams.add(config)
  } catch (error) {
    const code = codeOf(error)
    // Who may not declare may find what an operator has declared.
    if (code === nameTaken || forbiddenSubject(error) !== undefined) {
      const { config: found } = await look().catch((cause) => told(cause, place))
      await reconcile(place, config, { ...found }, options, (fields) => manager.streams.update(config.name, { ...found, ...fields }))
    } else if (tooFewPeers.has(code) && (config.num_replicas ?? 1) > 1 && options.replicas === undefined) {
      await declareStream(manager, { ...config, num_replicas: 1 }, options)
    } else told(error, place)
  }
}

/** Declares a consumer; says where it stands. */
export async function declareConsumer(
  manager: JetStreamManager,
  stream: string,
  config: Partial<ConsumerConfig> & { durable_name: string },
  start: Start | Behind,
  options: DeclareOptions,
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
  const changed = await reconcile(place, config, { ...there }, options, (fields) =>
    manager.consumers.update(stream, config.durable_name, { ...there, ...fields }),
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

/** Where a consumer stands. */
export function footingOf({ config, ack_floor }: ConsumerInfo): Footing {
  return { lease: (config.ack_wait ?? 0) / 1_000_000, floor: ack_floor.stream_seq }
}

/**
 * Settles a difference as the user chose; true if the broker was changed. What cannot be told apart from a mistake is never
 * changed silently. Subjects that are only added harm nobody, so an upgrade adds them.
 */
async function reconcile<Config extends object>(
  place: string,
  declared: Config,
  found: Record<string, unknown>,
  options: DeclareOptions,
  update: (fields: Partial<Config>) => Promise<unknown>,
): Promise<boolean> {
  const drift = differences(place, declared, found)
  if (drift.length === 0) return false
  const fatal = drift.filter((difference) => vital.has(difference.field) && !grows(difference))
  if (options.onDrift === 'refuse' || fatal.length > 0) throw conflict(fatal.length > 0 ? fatal : drift)
  const whole = options.onDrift === 'update' && options.missing === undefined
  const grown = options.missing === undefined ? drift.filter(grows) : []
  const changes = whole ? declared : (Object.fromEntries(grown.map((each) => [each.field, each.declared])) as Partial<Config>)
  if (whole || grown.length > 0)
    await update(changes).catch((error: unknown) => {
      if (codeOf(error) === subjectsTaken) throw conflict(drift)
      told(error, `updating ${place}`)
    })
  const left = whole ? [] : drift.filter((each) => !grown.includes(each))
  if (left.length > 0) options.tell(left)
  return whole || grown.length > 0
}

const nameTaken = 10058
const consumerExists = 10148
const consumerMissing = 10014
/** Another stream has them. */
const subjectsTaken = 10065
const tooFewPeers = new Set([10005, 10074])
