/**
 * What stands around the calls of a board: it sees what is about to be sent and what a handler is about to be called for, may add
 * headers to the one, and runs the other within a context of its own. Tracing is made of it. With nothing around, nothing is paid.
 *
 * source: interceptors of gRPC and client middleware of Sidekiq; here one pair for both ways to invoke
 */

import type { EventMap, Label } from '../base/events.ts'
import type { UserHeaders } from '../wire/envelope.ts'
import type { Origin, Receipt } from './sender.ts'

/** What is about to be sent. `service` and `parent`: whose handler sends it, and the id of what it works on. */
export interface Sending extends Pick<EventMap['stored'], 'style' | 'name' | 'queue' | 'service' | 'parent'> {
  /** How many messages: more than one where many are sent by one call. */
  readonly count: number
}

/** One message as its handler gets it. */
export interface Received {
  readonly id: string
  readonly attempt: number
  readonly headers: UserHeaders
  readonly sentAt: Date
  /** The topic of an event, also where a pattern was subscribed to. */
  readonly topic?: string
}

/** What a handler is about to be called for: one message, or those of a batch. */
export interface Handling extends Label {
  readonly messages: readonly Received[]
}

/** Stands around. Both must call `go`, once, and give back what it gives; what they throw is thrown to the sender, or fails the run. */
export interface Around {
  /** Around every call that sends. `headers` go beside those of the sender, which win where the names are the same. */
  send?(sending: Sending, go: (headers?: UserHeaders) => Promise<readonly Receipt[]>): Promise<readonly Receipt[]>
  /** Around every call of a handler. */
  run?(handling: Handling, go: () => unknown): unknown
}

/** What is sent: a topic or a task. */
type Sent = { readonly kind: 'topic' | 'task'; readonly name: string; readonly queue?: string }
type Go = (headers: UserHeaders) => Promise<readonly Receipt[]>

/** All that stands around the calls of a board; what came first is outermost. */
export class Arounds {
  readonly #all: Around[] = []

  /** Whether nothing does: then nothing has to be built. */
  get none(): boolean {
    return this.#all.length === 0
  }

  /** Adds one. Gives back how to take it away. */
  use(around: Around): () => void {
    this.#all.unshift(around)
    return () => void this.#all.splice(this.#all.indexOf(around) >>> 0, 1)
  }

  /** Sends with everything around it. */
  async send<O extends { readonly headers?: UserHeaders }, R extends Receipt | readonly Receipt[]>(
    { kind, name, queue }: Sent,
    count: number,
    origin: Origin | undefined,
    options: O | undefined,
    send: (options: O | undefined) => Promise<R>,
  ): Promise<R> {
    const style = kind === 'task' ? 'explicit' : 'implicit'
    const sending: Sending = { style, name, queue, count, service: origin?.service, parent: origin?.parent }
    let sent: Promise<R> | undefined
    const last: Go = async (headers) => {
      const all = { ...headers, ...options?.headers }
      sent = send(Object.keys(all).length === 0 ? options : ({ ...options, headers: all } as O))
      return [await sent].flat() as readonly Receipt[]
    }
    const around = (inner: Go, each: Around): Go =>
      each.send === undefined ? inner : (headers) => each.send?.(sending, (more) => inner({ ...headers, ...more })) as ReturnType<Go>
    await this.#all.reduce(around, last)({})
    return sent as Promise<R>
  }

  /** Calls a handler with everything around it. */
  run(label: Label, messages: readonly Received[], call: () => unknown): unknown {
    const handling = { ...label, messages }
    return this.#all.reduce((inner, each) => (each.run === undefined ? inner : () => each.run?.(handling, inner)), call)()
  }
}
