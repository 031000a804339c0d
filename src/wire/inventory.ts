/** What lies on the broker under one namespace, and how much of it: asked of the broker, consuming nothing. */

import type { ConsumerInfo, JetStreamManager, StreamInfo } from '@nats-io/jetstream'
import { asError } from '../base/errors.ts'
import type { Link } from './connection.ts'
import { type Standing, standingOf } from './place.ts'
import { headersIn } from './raw.ts'
import { codeOf, told } from './refusal.ts'
import type { Retention } from './streams.ts'

/** A consumer with where it stands. Times in ms since 1970. */
export interface ConsumerFact extends Standing {
  readonly name: string
  readonly filters: readonly string[]
  /** It hands over one at a time. */
  readonly single: boolean
  /** What lies at or before this sequence has been handed over once. */
  readonly delivered: number
  /** When it goes on by itself, where it is paused. */
  readonly pausedUntil: number | undefined
  readonly created: number
  /** When it last handed something over. */
  readonly lastDelivery: number | undefined
}

/** A stream with its consumers. Times in ms since 1970. */
export interface StreamFact {
  readonly name: string
  readonly subjects: readonly string[]
  readonly retention: 'limits' | 'interest' | 'workqueue'
  readonly messages: number
  readonly bytes: number
  readonly firstSequence: number
  readonly lastSequence: number
  /** When the oldest and the newest message were stored; undefined where there is none. */
  readonly first: number | undefined
  readonly last: number | undefined
  readonly replicas: number
  /** Kept so long (ms), so many bytes, so many messages; 0: without limit. */
  readonly keeps: Retention
  /** Said by callboard when it declared it. */
  readonly said: Readonly<Record<string, string>>
  readonly consumers: readonly ConsumerFact[]
}

/** The broker as a whole, as far as an application may see. Sizes in bytes. */
export interface BrokerFact {
  readonly server: string
  readonly version: string
  readonly cluster: string | undefined
  /** Time for one question and its answer, in ms. */
  readonly rtt: number
  readonly maxPayload: number
  readonly streams: number
  readonly consumers: number
  readonly storage: number
  /** Most storage for this account; -1: without limit. */
  readonly storageLimit: number
  /** The time of its clock, in ms since 1970. Undefined: it did not tell. */
  readonly time: number | undefined
}

/** How many messages match, and the first of them. */
export interface Matching {
  readonly count: number
  readonly sequence: number
  /** When the first was stored, in ms since 1970. */
  readonly storedAt: number
}

/** Asks the broker what there is. */
export interface Inventory {
  /** Every stream that has a subject of the namespace. */
  streams(): Promise<StreamFact[]>
  /** One of them; undefined: there is none. */
  stream(name: string): Promise<StreamFact | undefined>
  /** Subject → how many messages, for a filter with few subjects. */
  subjects(stream: string, filter: string): Promise<ReadonlyMap<string, number>>
  /** How many messages of a subject there are at or behind a place, and the first. Undefined: none. */
  matching(stream: string, filter: string, from?: number): Promise<Matching | undefined>
  broker(): Promise<BrokerFact>
}

const missing = new Set([10059, 10037])

/** Asks the broker what there is under `namespace`. */
export function inventory(link: Link, manager: JetStreamManager, namespace: string): Inventory {
  async function factOf({ config, state }: StreamInfo): Promise<StreamFact> {
    const consumers: ConsumerFact[] = []
    for await (const info of manager.consumers.list(config.name)) consumers.push(consumerFact(info))
    const some = state.messages > 0
    return {
      name: config.name,
      subjects: config.subjects ?? [],
      retention: config.retention as StreamFact['retention'],
      messages: state.messages,
      bytes: state.bytes,
      firstSequence: state.first_seq,
      lastSequence: state.last_seq,
      first: some ? Date.parse(state.first_ts) : undefined,
      last: some ? Date.parse(state.last_ts) : undefined,
      replicas: config.num_replicas,
      keeps: { age: config.max_age / 1_000_000, bytes: Math.max(0, config.max_bytes), messages: Math.max(0, config.max_msgs) },
      said: config.metadata ?? {},
      consumers,
    }
  }

  return {
    async streams() {
      const found: StreamInfo[] = []
      try {
        for await (const info of manager.streams.list(`${namespace}.>`)) found.push(info)
      } catch (error) {
        told(error, `the streams of ${namespace}`)
      }
      return Promise.all(found.map(factOf))
    },
    async stream(name) {
      const info = await manager.streams.info(name).catch((error) => (missing.has(codeOf(error)) ? undefined : told(error, name)))
      return info && factOf(info)
    },
    async subjects(stream, filter) {
      const info = await manager.streams
        .info(stream, { subjects_filter: filter })
        .catch((error) => (missing.has(codeOf(error)) ? undefined : told(error, stream)))
      return new Map(Object.entries(info?.state.subjects ?? {}))
    },
    async matching(stream, filter, from = 1) {
      const question = JSON.stringify({ seq: Math.max(1, from), batch: 1, next_by_subj: filter })
      const answer = await link.nc.request(`$JS.API.DIRECT.GET.${stream}`, question, { timeout: 5000 }).catch((error: unknown) => {
        // Nobody answers for a stream that is not there.
        if (/no responders/i.test(asError(error).message)) return undefined
        throw error
      })
      const headers = answer && headersIn(answer)
      if (headers === undefined || headers.status !== 0) return undefined
      return {
        count: Number(headers.get('Nats-Num-Pending') ?? 0) + 1,
        sequence: Number(headers.get('Nats-Sequence')),
        storedAt: Date.parse(headers.get('Nats-Time-Stamp') ?? ''),
      }
    },
    async broker() {
      const [account, rtt, time] = await Promise.all([manager.getAccountInfo(), link.nc.rtt(), timeThere()])
      const { info } = link.nc
      return {
        server: link.server,
        version: info?.version ?? '',
        cluster: info?.cluster,
        rtt,
        maxPayload: link.maxPayload,
        streams: account.streams,
        consumers: account.consumers,
        storage: account.storage,
        storageLimit: account.limits.max_storage,
        time,
      }
    },
  }

  /** The broker tells the time with a stream, and with no other answer. */
  async function timeThere(): Promise<number | undefined> {
    for await (const info of manager.streams.list(`${namespace}.>`)) return Date.parse((info as { ts?: string }).ts ?? '') || undefined
    return undefined
  }
}

function consumerFact(info: ConsumerInfo): ConsumerFact {
  const { config } = info
  const standing = standingOf(info)
  const until = (config as { pause_until?: string }).pause_until
  const active = info.delivered.last_active
  return {
    ...standing,
    name: info.name,
    filters: config.filter_subjects ?? (config.filter_subject === undefined ? [] : [config.filter_subject]),
    single: config.max_ack_pending === 1,
    delivered: info.delivered.stream_seq,
    pausedUntil: standing.paused && until !== undefined ? Date.parse(until) : undefined,
    created: Date.parse(info.created),
    lastDelivery: active === undefined ? undefined : Math.floor(Date.parse(String(active))) || undefined,
  }
}
