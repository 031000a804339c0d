/**
 * A broker in this process that does what nats-server does for all that callboard asks of it, and refuses by name what it does not do.
 * It speaks the protocol of the real one over lines instead of sockets, so that all of callboard runs on it unchanged.
 */

import { CallboardError } from '../../base/errors.ts'
import type { Dial } from '../../index.ts'
import { answer, pull } from './api.ts'
import { Client } from './client.ts'
import { type Clock, realClock } from './clock.ts'
import { read } from './direct.ts'
import { blockOf } from './header.ts'
import type { Told } from './protocol.ts'
import { Refusal } from './refused.ts'
import type { Arrival } from './store.ts'
import type { Kept, Stream } from './stream.ts'
import { version } from './stream-config.ts'
import { seeded, Wire } from './wire.ts'

/** How a fake broker behaves. */
export interface BrokerOptions {
  /** What it tells the time by. Default: the clock of the machine. */
  readonly clock?: Clock
  /** Draws what arrives when, between lines; the same seed draws the same. Default: everything arrives in the order it was sent. */
  readonly seed?: number
}

/** The connections of one process. */
export interface Station {
  readonly dial: Dial
  /** Hangs up on it; what is on its way is lost. It dials again by itself. */
  cut(): void
  /** It dies: nothing comes from it any more, and it hears nothing. Of that it is not told. */
  crash(): void
}

const nothing = Buffer.alloc(0)
const maxPayload = 1_048_576

/** A broker in this process. */
export class Broker {
  readonly clock: Clock
  readonly wire: Wire
  readonly streams = new Map<string, Stream>()
  readonly clients = new Set<Client>()
  /** What was asked and is not done here. */
  readonly refusals: string[] = []
  #known = 0
  #away = false

  constructor({ clock = realClock, seed }: BrokerOptions = {}) {
    this.clock = clock
    this.wire = new Wire(seed === undefined ? undefined : seeded(seed))
  }

  /** How boards reach it: `callboard({ dial: broker.dial })`. */
  readonly dial: Dial = (hear, ended) => this.#greet(hear, ended).line

  /** A way to it for one process, whose connections can be ended apart from all others. */
  station(): Station {
    const mine = new Set<Client>()
    let dead = false
    const each = (end: (client: Client) => void) => {
      for (const client of mine) end(client)
      mine.clear()
    }
    return {
      dial: (hear, ended) => {
        // Whoever has died and does not know it dials in vain.
        if (dead) return { send: () => undefined, close: () => undefined }
        const client = this.#greet(hear, ended)
        mine.add(client)
        return client.line
      },
      cut: () => each((client) => client.cut()),
      crash: () => {
        dead = true
        each((client) => client.vanish())
      },
    }
  }

  #greet(...ends: Parameters<Dial>): Client {
    if (this.#away) throw new Error('connection refused: the broker is away')
    const client = new Client(this, ++this.#known, ...ends)
    this.clients.add(client)
    return client
  }

  /** What a client is greeted with. */
  greeting(id: number): object {
    return {
      server_id: 'callboard-testing',
      server_name: 'callboard-testing',
      version,
      proto: 1,
      host: '127.0.0.1',
      port: 4222,
      headers: true,
      max_payload: maxPayload,
      jetstream: true,
      client_id: id,
      client_ip: '127.0.0.1',
      api_lvl: 5,
    }
  }

  /** Somebody publishes. */
  publish(from: Client, told: Told): void {
    const { subject, reply } = told
    const heard = this.tell(subject, told)
    const stored = subject.startsWith('$') ? this.#asked(subject, told) : this.#stored(told as Told & Arrival, reply)
    if (!heard && !stored && reply !== '') from.tell(reply, { subject: reply, reply: '', headers: blockOf([], '503'), body: nothing })
  }

  /** Tells everybody who listens to a subject; false: nobody does. */
  tell(to: string, told: Told): boolean {
    let heard = false
    const queues = new Set<string>()
    for (const client of this.clients) heard = client.tell(to, told, queues) || heard
    return heard
  }

  hears(subject: string): boolean {
    for (const client of this.clients) if (client.hears(subject)) return true
    return false
  }

  #stored(arrival: Arrival, reply: string): boolean {
    for (const stream of this.streams.values())
      if (stream.takes(arrival.subject)) {
        this.#reply(
          reply,
          () => {
            const { subject, headers, body } = arrival
            const kept = stream.publish({ subject, headers, body })
            return kept === undefined ? '' : acknowledgement(stream.config.name, kept)
          },
          { stream: stream.config.name, seq: 0 },
        )
        return true
      }
    return false
  }

  /** Something asked of the broker itself; false: it is not answered. */
  #asked(subject: string, told: Told): boolean {
    const { reply, body } = told
    const words = subject.split('.')
    if (subject.startsWith('$JS.ACK.')) return this.#answered(words, body, reply)
    if (!subject.startsWith('$JS.API.')) return false
    const rest = words.slice(2)
    if (subject.startsWith('$JS.API.CONSUMER.MSG.NEXT.')) return this.#pulled({ words: rest.slice(3), body: body as Buffer, reply })
    if (subject.startsWith('$JS.API.DIRECT.GET.')) return this.#read({ words: rest.slice(2), body: body as Buffer, reply })
    this.#reply(reply, () => JSON.stringify(answer(this.streams, { words: rest, body: body as Buffer, reply }, this)))
    return true
  }

  #pulled(question: Parameters<typeof pull>[1]): boolean {
    try {
      return pull(this.streams, question)
    } catch (error) {
      this.#refused(error)
      this.tell(question.reply, {
        subject: question.reply,
        reply: '',
        headers: blockOf([], `400 ${(error as Error).message}`),
        body: nothing,
      })
      return true
    }
  }

  #read(question: Parameters<typeof read>[1]): boolean {
    const { reply } = question
    try {
      const answers = read(this.streams, question)
      for (const each of answers ?? []) this.tell(reply, { subject: reply, reply: '', ...each })
      return answers !== undefined
    } catch (error) {
      this.#refused(error)
      this.tell(reply, { subject: reply, reply: '', headers: blockOf([], `408 ${(error as Error).message}`), body: nothing })
      return true
    }
  }

  /** `$JS.ACK.<stream>.<consumer>.<count>.<sequence>.…` */
  #answered(words: readonly string[], body: Uint8Array, reply: string): boolean {
    const [, , stream = '', consumer = '', , sequence = '', nth = ''] = words
    const found = this.streams.get(stream)?.consumers.get(consumer)
    if (found === undefined) return false
    const word = Buffer.from(body).toString('latin1')
    try {
      found.answer(Number(sequence), Number(nth), word)
    } catch (error) {
      this.#refused(error)
    }
    if (reply !== '') this.tell(reply, { subject: reply, reply: '', headers: nothing, body: nothing })
    return true
  }

  #reply(to: string, work: () => string, beside: object = {}): void {
    let text: string
    try {
      text = work()
    } catch (error) {
      this.#refused(error)
      text = JSON.stringify({ error: (error as Refusal).refused, ...beside })
    }
    if (to !== '') this.tell(to, { subject: to, reply: '', headers: nothing, body: Buffer.from(text) })
  }

  #refused(error: unknown): void {
    if (!(error instanceof Refusal)) throw error
    if (error.refused.code === 501) this.refusals.push(error.message)
  }

  /** What is with a worker now, as `<stream> <consumer> <sequence>`. */
  get running(): string[] {
    return [...this.streams.values()].flatMap((stream) => [...stream.consumers.values()].flatMap((consumer) => consumer.running))
  }

  /** Hangs up on everybody; what is on its way is lost. They dial again by themselves. */
  cut(): void {
    for (const client of [...this.clients]) client.cut()
  }

  /** Is not there until `back`: everybody is cut off, and dialling fails. */
  leave(): void {
    this.#away = true
    this.cut()
  }

  /** Is there again, having forgotten what the real one forgets over a restart. */
  back(): void {
    for (const stream of this.streams.values()) stream.restart()
    this.#away = false
  }

  /** From now on the order is drawn by another seed. */
  reseed(seed: number): void {
    this.wire.draw(seeded(seed))
  }

  /** Goes away and comes back at once. */
  restart(): void {
    this.leave()
    this.back()
  }

  /** Ends everything. */
  close(): void {
    this.leave()
    for (const stream of this.streams.values()) stream.end()
    this.streams.clear()
  }
}

const acknowledgement = (stream: string, { duplicate, ...kept }: Kept): string => {
  const text = JSON.stringify({ stream, ...kept })
  return duplicate ? `${text.slice(0, -1)},"duplicate": true}` : text
}

/** Whether an error says that this broker does not do something. */
export const isRefusedByName = (error: unknown): boolean =>
  error instanceof CallboardError && /callboard\/testing does not do/.test(error.message)
