/** One hand-over by the broker, read from the address that its answers go to, and nothing of it before it is asked for. */

import type { Msg } from 'nats'
import type { Answers } from './answers.ts'
import type { Headers } from './envelope.ts'
import { headersIn } from './raw.ts'

/** One hand-over by the broker. Exactly one of `ack`, `again` and `drop` ends it; `working` prolongs it. */
export interface Delivery {
  readonly subject: string
  readonly body: Uint8Array
  readonly headers: Headers
  /** How often the broker has handed this message over, this time included: 1 at first. */
  readonly count: number
  /** Its place in the stream. */
  readonly sequence: number
  /** When it was stored, in ms since 1970. */
  readonly storedAt: number
  /** How many more the broker had ready when it handed this one over, where it says so. */
  readonly left?: number
  /** Done. */
  ack(): void
  /** To be handed over again, not before `ms` from now. */
  again(ms: number): void
  /** Given up; never to be handed over again. */
  drop(reason: string): void
  /** Still being worked on: the lease begins anew. */
  working(): void
}

/** Reads its numbers from the address of its answers: `$JS.ACK.<stream>.<consumer>.<count>.<sequence>.<…>.<time>.<pending>`. */
export class JetStreamDelivery implements Delivery {
  readonly #message: Msg
  readonly #reply: Uint8Array
  #numbers: string | undefined
  readonly #numbersAt: number
  readonly #answers: Answers
  #headers: Headers | undefined

  constructor(message: Msg, reply: Uint8Array, numbersAt: number, answers: Answers) {
    this.#message = message
    this.#reply = reply
    this.#numbersAt = numbersAt
    this.#answers = answers
  }

  get subject(): string {
    return this.#message.subject
  }

  get body(): Uint8Array {
    return this.#message.data
  }

  get headers(): Headers {
    this.#headers ??= headersIn(this.#message)
    return this.#headers
  }

  get count(): number {
    // "1." at first: most are never handed over twice.
    if (this.#reply[this.#numbersAt] === 49 && this.#reply[this.#numbersAt + 1] === 46) return 1
    return this.#number(0)
  }

  get sequence(): number {
    return this.#number(1)
  }

  get storedAt(): number {
    return Math.floor(this.#number(3) / 1_000_000)
  }

  get left(): number {
    return this.#number(4)
  }

  ack(): void {
    this.#answers.ack(this.#reply)
  }

  again(ms: number): void {
    this.#answers.again(this.#reply, ms)
  }

  drop(reason: string): void {
    this.#answers.drop(this.#reply, reason)
  }

  working(): void {
    this.#answers.working(this.#reply)
  }

  /** The n-th number behind stream and consumer. */
  #number(n: number): number {
    this.#numbers ??= Buffer.from(this.#reply.subarray(this.#numbersAt)).toString('latin1')
    let from = 0
    for (let i = 0; i < n; i++) from = this.#numbers.indexOf('.', from) + 1
    return Number.parseInt(this.#numbers.slice(from, from + 20), 10)
  }
}

/** Where the token after `count` others begins. Newer servers put domain and account before stream and consumer. */
export function afterTokens(address: Uint8Array, count: number): number {
  let from = 0
  for (let i = 0; i < count; i++) from = address.indexOf(dot, from) + 1
  return from
}

const dot = 46

/** Whether bytes begin with others. */
export function beginsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  if (bytes.length < start.length) return false
  for (let i = 0; i < start.length; i++) if (bytes[i] !== start[i]) return false
  return true
}
