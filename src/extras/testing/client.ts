/** A client of a fake broker: what it subscribes to, and the two ways of its line. */

import type { Line } from '../../index.ts'
import { messageTo, Reading, type Said, type Told } from './protocol.ts'
import { covers } from './subject.ts'
import { Way, type Wire } from './wire.ts'

interface Subscription {
  readonly subject: string
  readonly queue: string
  left: number
}

/** What a client needs of its broker. */
export interface Desk {
  readonly wire: Wire
  readonly clients: Set<Client>
  greeting(id: number): object
  publish(from: Client, message: Told): void
}

const pong = Buffer.from('PONG\r\n')

/** One connection. */
export class Client {
  readonly line: Line
  readonly #broker: Desk
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #hear: (bytes: Uint8Array) => void
  readonly #ended: (error?: Error) => void
  readonly #reading = new Reading()
  readonly #out: Way
  readonly #in: Way
  #bytes: Buffer[] = []
  #here = true
  /** How it calls itself. */
  name = ''

  constructor(broker: Desk, id: number, hear: (bytes: Uint8Array) => void, ended: (error?: Error) => void) {
    this.#broker = broker
    this.#hear = hear
    this.#ended = ended
    this.#out = new Way(broker.wire)
    this.#in = new Way(broker.wire)
    this.line = {
      send: (bytes) => this.#in.send(() => this.#read(bytes)),
      // What was sent before arrives all the same.
      close: () => {
        this.#out.cut()
        this.#in.send(() => this.#leave())
      },
    }
    this.#write(Buffer.from(`INFO ${JSON.stringify(broker.greeting(id))}\r\n`))
  }

  #read(bytes: Uint8Array): void {
    for (const said of this.#reading.read(bytes)) if (this.#here) this.#heed(said)
  }

  #heed(said: Said): void {
    if (said.op === 'publish') this.#broker.publish(this, said)
    else if (said.op === 'subscribe') this.#subscribe(said)
    else if (said.op === 'unsubscribe') this.#unsubscribe(said.sid, said.max)
    else if (said.op === 'ping') this.#write(pong)
    else if (said.op === 'connect') this.#greet(said.options)
  }

  #greet(options: Readonly<Record<string, unknown>>): void {
    this.name = String(options.name ?? '')
    const secret = ['user', 'pass', 'auth_token', 'nkey', 'jwt'].find((each) => options[each] !== undefined && options[each] !== '')
    if (secret === undefined) return
    this.#write(Buffer.from(`-ERR 'Authorization Violation: the broker of callboard/testing checks no ${secret}'\r\n`))
    this.#out.send(() => this.cut())
  }

  #subscribe({ subject, queue, sid }: { readonly subject: string; readonly queue: string; readonly sid: string }): void {
    this.#subscriptions.set(sid, { subject, queue, left: Number.POSITIVE_INFINITY })
    if (!/^\$(JS\.EVENT|SYS)\./.test(subject)) return
    this.#write(Buffer.from(`-ERR 'the broker of callboard/testing tells no ${subject}; run this test on a real one'\r\n`))
  }

  #unsubscribe(sid: string, max: number): void {
    const subscription = this.#subscriptions.get(sid)
    if (max > 0 && subscription !== undefined) subscription.left = max
    else this.#subscriptions.delete(sid)
  }

  hears(subject: string): boolean {
    for (const { subject: pattern } of this.#subscriptions.values()) if (covers(pattern, subject)) return true
    return false
  }

  /** Tells it, as often as it is subscribed; `queues`: the groups that were told already. */
  tell(to: string, told: Told, queues = new Set<string>()): boolean {
    let heard = false
    for (const [sid, subscription] of this.#subscriptions) {
      if (!covers(subscription.subject, to)) continue
      if (subscription.queue !== '' && queues.has(subscription.queue)) continue
      if (subscription.queue !== '') queues.add(subscription.queue)
      heard = true
      if (--subscription.left <= 0) this.#subscriptions.delete(sid)
      this.#write(messageTo(sid, told))
    }
    return heard
  }

  /** What is written in one turn arrives in one piece. */
  #write(bytes: Buffer): void {
    if (!this.#here) return
    if (this.#bytes.push(bytes) > 1) return
    this.#out.send(() => {
      const all = this.#bytes
      this.#bytes = []
      this.#hear(all.length === 1 ? (all[0] as Buffer) : Buffer.concat(all))
    })
  }

  /** The line is lost, with all that is on it. */
  cut(): void {
    if (!this.#here) return
    this.#leave()
    this.#ended()
  }

  /** The line is lost, and nobody says so. */
  vanish(): void {
    if (this.#here) this.#leave()
  }

  #leave(): void {
    this.#here = false
    this.#in.cut()
    this.#out.cut()
    this.#subscriptions.clear()
    this.#broker.clients.delete(this)
  }
}
