/** A link without a broker: what is written to it is kept, and the test answers. */

import { EventEmitter } from 'node:events'
import type { Msg, NatsConnection } from 'nats'
import type { Link, LinkEvent } from '../../src/wire/connection.ts'
import { framesIn } from '../../src/wire/frames.ts'

/** Something written to the link. */
export interface Written {
  readonly subject: string
  readonly body: Uint8Array
  readonly reply: string | undefined
  /** The header block as text; empty where there is none. */
  readonly headers: string
}

type Callback = (error: Error | null, message: Msg) => void

/** A link that a test holds by the other end. */
export class FakeLink implements Link {
  readonly server = 'nats://fake'
  readonly version = '2.15.0'
  readonly maxPayload: number
  readonly written: Written[] = []
  closed = false
  #inboxes = 0
  readonly #subscriptions = new Map<string, Callback>()
  readonly #events = new EventEmitter()

  constructor(maxPayload = 1_048_576) {
    this.maxPayload = maxPayload
  }

  get nc(): NatsConnection {
    return {
      publish: (subject: string, body: Uint8Array | string = '', { reply }: { reply?: string } = {}) => {
        if (this.closed) throw new Error('closed connection')
        this.written.push({ subject, body: Buffer.from(body as Uint8Array), reply, headers: '' })
      },
      protocol: {
        sendCommand: (bytes: Uint8Array) => {
          for (const { subject, reply, headers, body } of framesIn(bytes))
            this.written.push({ subject, body, reply, headers: Buffer.from(headers).toString() })
        },
      },
      subscribe: (subject: string, { callback }: { callback: Callback }) => {
        this.#subscriptions.set(subject.replace(/\.\*$/, '.'), callback)
        const unsubscribe = () => void this.#subscriptions.delete(subject.replace(/\.\*$/, '.'))
        return { unsubscribe, drain: async () => unsubscribe() }
      },
      flush: () => Promise.resolve(),
      isClosed: () => this.closed,
      isDraining: () => false,
    } as unknown as NatsConnection
  }

  inbox(): string {
    return `_INBOX.fake${++this.#inboxes}`
  }

  listen(hear: (event: LinkEvent) => void): () => void {
    this.#events.on('event', hear)
    return () => this.#events.off('event', hear)
  }

  async close(): Promise<void> {
    this.closed = true
  }

  /** The connection was lost or is back. */
  tell(event: LinkEvent): void {
    this.#events.emit('event', event)
  }

  /** Gives a message to whoever has subscribed. */
  receive(subject: string, body: Uint8Array | string, more: { reply?: string; headers?: string } = {}): void {
    const head = Buffer.from(more.headers ?? '')
    const data = Buffer.concat([head, Buffer.from(body as Uint8Array)])
    const message = {
      subject,
      reply: more.reply,
      data: data.subarray(head.length),
      _rdata: data,
      _msg: { hdr: head.length, reply: more.reply && Buffer.from(more.reply) },
    }
    for (const [prefix, callback] of this.#subscriptions) if (subject.startsWith(prefix)) callback(null, message as unknown as Msg)
  }
}
