/** One stream of a fake broker: takes messages by its rules, keeps them by its limits, and fires what it keeps for later. */

import { Batches } from './batches.ts'
import type { Consumer } from './consumer.ts'
import { blockOf, type Fields, fieldOf, fieldsOf, withFields } from './header.ts'
import type { Host } from './host.ts'
import type { Told } from './protocol.ts'
import { refuse, streamMissing } from './refused.ts'
import { type Before, checkExpected, checkKnown, checkRollup, checkRoom, checkSchedule, ttlOf } from './rule.ts'
import { dueAfter, firedHeaders, type Plan, planOf } from './schedule.ts'
import { type Arrival, type Message, Store } from './store.ts'
import type { StreamConfig } from './stream-config.ts'
import { covers, matcher } from './subject.ts'
import { stamp } from './time.ts'

/** How the broker answers. */
export interface Kept {
  readonly seq: number
  readonly duplicate?: true
  readonly batch?: string
  readonly count?: number
}

/** One stream. */
export class Stream {
  readonly host: Host
  readonly store: Store
  readonly consumers = new Map<string, Consumer>()
  readonly created: number
  config: StreamConfig
  #takes: (subject: string) => boolean
  #ids = new Map<string, { readonly seq: number; readonly until: number }>()
  readonly #batches: Batches
  #purging = false
  readonly #timers = new Map<number, () => void>()

  constructor(host: Host, config: StreamConfig) {
    this.host = host
    this.config = config
    this.created = host.clock.now()
    this.#takes = matcher(config.subjects)
    this.#batches = new Batches(host.clock)
    this.store = new Store((message) => {
      this.#timers.get(message.seq)?.()
      this.#timers.delete(message.seq)
      for (const consumer of this.consumers.values()) consumer.removed(message, !this.#purging)
    })
  }

  takes(subject: string): boolean {
    return this.#takes(subject)
  }

  update(config: StreamConfig): void {
    this.config = config
    this.#takes = matcher(config.subjects)
    this.#limit()
  }

  /** Forgets what is over by now. */
  expire(): void {
    const now = this.host.clock.now()
    this.store.expire(now, this.config.max_age / 1_000_000)
    for (const [id, { until }] of this.#ids) {
      if (until > now) break
      this.#ids.delete(id)
    }
  }

  /** Takes a message or refuses it. Undefined: it waits in a batch for the rest. */
  publish(arrival: Arrival): Kept | undefined {
    this.expire()
    const fields = fieldsOf(arrival.headers)
    checkKnown(fields)
    const batch = fieldOf(fields, 'Nats-Batch-Id')
    if (batch === undefined) return this.#publish(arrival, fields)
    if (!this.config.allow_atomic) throw refuse(400, 10174, 'atomic publish is disabled')
    const members = this.#batches.add(batch, arrival, fields)
    return members && this.#publishAll(batch, members)
  }

  #publish(arrival: Arrival, fields: Fields): Kept {
    this.#check(arrival, fields, [])
    const id = fieldOf(fields, 'Nats-Msg-Id')
    const before = id === undefined ? undefined : this.#ids.get(id)
    if (before !== undefined) return { seq: before.seq, duplicate: true }
    checkRollup(fields, arrival.subject, this.config, [])
    checkRoom(arrival, this.config, this.store, [])
    const { seq } = this.keep(arrival, fields)
    return { seq }
  }

  #publishAll(batch: string, members: readonly Arrival[]): Kept {
    const all = members.map((arrival) => ({ arrival, fields: fieldsOf(arrival.headers) }))
    const ids = new Set<string>()
    for (const [index, { arrival, fields }] of all.entries()) {
      const before = members.slice(0, index)
      const id = fieldOf(fields, 'Nats-Msg-Id')
      if (id !== undefined && (this.#ids.has(id) || ids.has(id)))
        throw refuse(400, 10201, 'atomic publish batch contains duplicate message id')
      if (id !== undefined) ids.add(id)
      this.#check(arrival, fields, before)
      checkRollup(fields, arrival.subject, this.config, before)
      checkRoom(arrival, this.config, this.store, before)
    }
    let seq = 0
    for (const { arrival, fields } of all) seq = this.keep(arrival, fields).seq
    return { seq, batch, count: all.length }
  }

  #check(arrival: Arrival, fields: Fields, before: Before): void {
    checkExpected(fields, arrival.subject, this.config, this.store, before)
    ttlOf(fields, this.config)
    checkSchedule(fields, arrival.subject, this.config)
    planOf(fields, this.host.clock.now())
  }

  /** Stores what was found good, and does what follows from it. */
  keep(arrival: Arrival, fields: Fields): Message {
    const now = this.host.clock.now()
    const ttl = ttlOf(fields, this.config)
    const plan = planOf(fields, now)
    const last = this.store.latest(arrival.subject)?.seq ?? 0
    const headers =
      plan === undefined || fieldOf(fields, 'Nats-Rollup') ? arrival.headers : withFields(arrival.headers, [['Nats-Rollup', 'sub']])
    const message = this.store.add({ ...arrival, headers, time: now, expires: ttl > 0 ? now + ttl : ttl })
    const id = fieldOf(fields, 'Nats-Msg-Id')
    if (id !== undefined) this.#ids.set(id, { seq: message.seq, until: now + this.config.duplicate_window / 1_000_000 })
    this.#limit(message.subject)
    const rollup = plan === undefined ? fieldOf(fields, 'Nats-Rollup') : 'sub'
    if (rollup !== undefined) this.purge(rollup === 'all' ? '>' : message.subject, message.seq, 0)
    if (plan !== undefined) this.#arm(message, plan, now, true)
    this.#cancel(fields, message)
    this.#republish(message, last)
    for (const consumer of this.consumers.values()) consumer.stored(message)
    return message
  }

  /** A message may end a schedule in the same step. */
  #cancel(fields: Fields, message: Message): void {
    const scheduler = fieldOf(fields, 'Nats-Scheduler')
    if (scheduler === undefined || fieldOf(fields, 'Nats-Schedule-Next') !== 'purge' || scheduler === message.subject) return
    const schedule = this.store.latest(scheduler)
    if (schedule !== undefined && schedule.seq !== message.seq && this.#timers.has(schedule.seq)) this.store.remove(schedule.seq)
  }

  #arm(message: Message, plan: Plan, from: number, first: boolean): void {
    const due = dueAfter(plan, from, first)
    if (due !== undefined)
      this.#timers.set(
        message.seq,
        this.host.clock.at(due, () => this.#fire(message, plan)),
      )
  }

  #fire(message: Message, plan: Plan): void {
    const now = this.host.clock.now()
    this.expire()
    if (this.store.get(message.seq) === undefined) return
    this.#timers.delete(message.seq)
    const next = dueAfter(plan, now, false)
    const headers = firedHeaders(fieldsOf(message.headers), plan, message.subject, next)
    if (next === undefined) this.store.remove(message.seq)
    else this.#arm(message, plan, now, false)
    this.keep(
      { subject: plan.target, headers, body: message.body },
      fieldsOf(headers).filter(([name]) => name !== 'Nats-Scheduler'),
    )
  }

  /** Keeps to the limits by letting the oldest go. */
  #limit(subject?: string): void {
    const { max_msgs, max_bytes, max_msgs_per_subject: each } = this.config
    if (each > 0) {
      const over = subject === undefined ? this.store.subjects().map(([name]) => name) : [subject]
      for (const name of over) while (this.store.countOf(name) > each) this.store.remove(this.store.oldest(name)?.seq ?? 0)
    }
    while (max_msgs > 0 && this.store.count > max_msgs) this.store.remove(this.store.first)
    while (max_bytes > 0 && this.store.bytes > max_bytes && this.store.count > 0) this.store.remove(this.store.first)
  }

  #republish(message: Message, last: number): void {
    const { republish } = this.config
    if (republish === undefined || !covers(republish.src, message.subject)) return
    const to = republish.dest.replace(/>$/, message.subject.slice(republish.src.length - 1))
    const headers = withFields(message.headers, [
      ['Nats-Stream', this.config.name],
      ['Nats-Subject', message.subject],
      ['Nats-Sequence', String(message.seq)],
      ['Nats-Time-Stamp', stamp(message.time)],
      ['Nats-Last-Sequence', String(last)],
    ])
    this.host.tell(to, { subject: to, reply: '', headers, body: message.body })
  }

  /** Removes what lies within a pattern and before a sequence (0: up to the end), all but the last `keep`. Gives how many. */
  purge(filter: string, before: number, keep: number): number {
    const found: number[] = []
    for (const { seq, subject } of this.store.all()) if (covers(filter, subject) && (before === 0 || seq < before)) found.push(seq)
    const gone = keep > 0 ? found.slice(0, Math.max(0, found.length - keep)) : found
    this.#purging = true
    for (const seq of gone) this.store.remove(seq)
    this.#purging = false
    const within = this.store.next(1, (subject) => covers(filter, subject))?.seq ?? 0
    for (const consumer of this.consumers.values()) consumer.purged(filter, within)
    return gone.length
  }

  /** Ends it. */
  end(): void {
    for (const consumer of this.consumers.values()) consumer.end()
    for (const stop of this.#timers.values()) stop()
  }

  /** What the broker forgets when it is restarted: ids of what is no longer stored, batches that are not complete, who was waiting. */
  restart(): void {
    for (const [id, { seq }] of this.#ids) if (this.store.get(seq) === undefined) this.#ids.delete(id)
    this.#batches.clear()
    for (const consumer of this.consumers.values()) consumer.restart()
  }

  /** A message as it is handed to somebody who reads beside all consumers. */
  shown(message: Message, more: Fields = []): Pick<Told, 'headers' | 'body'> {
    const fields: Fields = [
      ['Nats-Stream', this.config.name],
      ['Nats-Subject', message.subject],
      ['Nats-Sequence', String(message.seq)],
      ['Nats-Time-Stamp', stamp(message.time)],
      ...more,
    ]
    return { headers: message.headers.length === 0 ? blockOf(fields) : withFields(message.headers, fields), body: message.body }
  }

  consumer(name: string): Consumer | undefined {
    return this.consumers.get(name)
  }
}

/** The stream of a name; throws what the broker answers where there is none. */
export function known(streams: ReadonlyMap<string, Stream>, name: string): Stream {
  const stream = streams.get(name)
  if (stream === undefined) throw streamMissing()
  stream.expire()
  return stream
}
