/** The messages of one stream, by sequence and by subject. Knows no rules; forgets what is over when it is told the time. */

import { covers, isLiteral } from './subject.ts'

/** A message as it is stored. Times in ms since 1970; `expires` 0: with its stream's age, -1: not even then. */
export interface Message {
  readonly seq: number
  readonly subject: string
  readonly headers: Buffer
  readonly body: Buffer
  readonly time: number
  readonly expires: number
}

/** A message on its way into a stream. */
export type Arrival = Pick<Message, 'subject' | 'headers' | 'body'>

/** What the broker counts for a message beside its subject, headers and body: a record of its file. */
const around = 30

/** How many bytes a message counts for. */
export const sizeOf = ({ subject, headers, body }: Arrival): number =>
  around + subject.length + body.length + (headers.length === 0 ? 0 : headers.length + 4)

/** The messages of a stream. `gone` hears of each that is removed. */
export class Store {
  readonly #messages = new Map<number, Message>()
  readonly #subjects = new Map<string, number[]>()
  readonly #gone: (message: Message) => void
  #soonest = Number.POSITIVE_INFINITY
  first = 1
  last = 0
  bytes = 0
  /** When the last one was stored, whether or not it is still there. */
  lastTime = 0

  constructor(gone: (message: Message) => void) {
    this.#gone = gone
  }

  get count(): number {
    return this.#messages.size
  }

  get(seq: number): Message | undefined {
    return this.#messages.get(seq)
  }

  add(message: Omit<Message, 'seq'>): Message {
    const stored = { ...message, seq: ++this.last }
    this.#messages.set(stored.seq, stored)
    const known = this.#subjects.get(stored.subject)
    if (known === undefined) this.#subjects.set(stored.subject, [stored.seq])
    else known.push(stored.seq)
    this.bytes += sizeOf(stored)
    this.lastTime = stored.time
    if (stored.expires > 0) this.#soonest = Math.min(this.#soonest, stored.expires)
    return stored
  }

  remove(seq: number): boolean {
    const message = this.#messages.get(seq)
    if (message === undefined) return false
    this.#messages.delete(seq)
    const known = this.#subjects.get(message.subject) as number[]
    known.splice(known.indexOf(seq), 1)
    if (known.length === 0) this.#subjects.delete(message.subject)
    this.bytes -= sizeOf(message)
    while (this.first <= this.last && !this.#messages.has(this.first)) this.first++
    this.#gone(message)
    return true
  }

  /** Forgets what is too old (`age` in ms, 0: nothing is) and what has lived its time. */
  expire(now: number, age: number): void {
    if (age > 0)
      for (const { seq, time, expires } of this.#messages.values()) {
        if (time + age > now) break
        if (expires >= 0) this.remove(seq)
      }
    if (now < this.#soonest) return
    this.#soonest = Number.POSITIVE_INFINITY
    for (const { seq, expires } of [...this.#messages.values()]) {
      if (expires > 0 && expires <= now) this.remove(seq)
      else if (expires > 0) this.#soonest = Math.min(this.#soonest, expires)
    }
  }

  /** How many there are of a subject of which the name is known. */
  countOf(subject: string): number {
    return this.#subjects.get(subject)?.length ?? 0
  }

  /** The subjects within a pattern, with how many messages each has. */
  subjects(pattern = '>'): [subject: string, count: number][] {
    return [...this.#subjects].filter(([subject]) => covers(pattern, subject)).map(([subject, known]) => [subject, known.length])
  }

  /** The oldest message of a subject of which the name is known. */
  oldest(subject: string): Message | undefined {
    return this.#messages.get(this.#subjects.get(subject)?.[0] ?? 0)
  }

  /** The last message within a pattern. */
  latest(pattern: string): Message | undefined {
    if (isLiteral(pattern)) return this.#messages.get(this.#subjects.get(pattern)?.at(-1) ?? 0)
    let last = 0
    for (const [subject, known] of this.#subjects) if (covers(pattern, subject)) last = Math.max(last, known.at(-1) as number)
    return this.#messages.get(last)
  }

  /** The first message from a sequence on for which something holds. */
  next(from: number, holds: (subject: string) => boolean): Message | undefined {
    for (let seq = Math.max(from, this.first); seq <= this.last; seq++) {
      const message = this.#messages.get(seq)
      if (message !== undefined && holds(message.subject)) return message
    }
    return undefined
  }

  /** All messages, oldest first. */
  all(): IterableIterator<Message> {
    return this.#messages.values()
  }

  /** The sequence of the first message stored at or after an instant; the next one to come where there is none. */
  at(time: number): number {
    for (const message of this.#messages.values()) if (message.time >= time) return message.seq
    return this.last + 1
  }
}
