/**
 * Messages as the protocol writes them, many in one block of bytes that the client sends as it is.
 *
 * Given one by one, the client makes six objects of each message and copies them together again; here a message is written where
 * it leaves from. What was written stays as it is, so whoever has to say something twice keeps the bytes.
 * source: NATS client protocol, PUB and HPUB (docs.nats.io/reference/reference-protocols/nats-protocol)
 */

import { header } from './envelope.ts'

/** The headers of a message to be sent: a block that is ready, or, where it has nothing but its id, the id. */
export type Head = Uint8Array | string

/** Where the broker answers to: an inbox, with a dot behind it, and a number that tells the answers apart. */
export interface ReplyTo {
  readonly inbox: Uint8Array
  readonly token: number
}

/** A frame as it was written. `headers` is empty where there are none. */
export interface Frame {
  readonly subject: string
  readonly reply: string | undefined
  readonly headers: Uint8Array
  readonly body: Uint8Array
}

const blockSize = 64 * 1024
const idStart = Buffer.from(`NATS/1.0\r\n${header.id}: `)
const idEnd = Buffer.from('\r\n\r\n')
const publish = Buffer.from('PUB ')
/** Beside subject, reply, headers and body: the verb, two sizes, a token, blanks and line ends. */
const around = 64

const space = 32
const carriageReturn = 13
const lineFeed = 10
const zero = 48

/** How many bytes headers have on the wire. */
export const headSize = (head: Head): number => (typeof head === 'string' ? idStart.length + head.length + idEnd.length : head.length)

/** Writes frames. `emit` gets what was written, in order; it may keep the bytes. */
export class Frames {
  readonly #emit: (bytes: Uint8Array) => void
  #block = Buffer.alloc(0)
  #from = 0
  #at = 0
  #subject = ''
  #verb = Buffer.alloc(0)

  constructor(emit: (bytes: Uint8Array) => void) {
    this.#emit = emit
  }

  /** A message with headers. `more`: lines added to them, each with its line end. Subjects, ids and lines are ASCII. */
  message(subject: string, reply: ReplyTo | undefined, head: Head, more: string, body: Uint8Array): void {
    const headers = headSize(head) + more.length
    const verb = this.#verbFor(subject)
    this.#room(around + verb.length + (reply?.inbox.length ?? 0) + headers + body.length)
    this.#bytes(verb)
    if (reply !== undefined) {
      this.#bytes(reply.inbox)
      this.#number(reply.token)
      this.#block[this.#at++] = space
    }
    this.#number(headers)
    this.#block[this.#at++] = space
    this.#number(headers + body.length)
    this.#lineEnd()
    if (typeof head === 'string') {
      this.#bytes(idStart)
      this.#text(head)
      this.#bytes(idEnd)
    } else this.#bytes(head)
    if (more !== '') {
      // Over the empty line that ends the block, and another one behind.
      this.#at -= 2
      this.#text(more)
      this.#lineEnd()
    }
    this.#bytes(body)
    this.#lineEnd()
  }

  /** A few bytes without headers to an address. */
  word(subject: Uint8Array, word: Uint8Array): void {
    this.#room(around + subject.length + word.length)
    this.#bytes(publish)
    this.#bytes(subject)
    this.#block[this.#at++] = space
    this.#number(word.length)
    this.#lineEnd()
    this.#bytes(word)
    this.#lineEnd()
  }

  /** Gives away what was written. */
  flush(): void {
    if (this.#at === this.#from) return
    const bytes = this.#block.subarray(this.#from, this.#at)
    this.#from = this.#at
    this.#emit(bytes)
  }

  #room(needed: number): void {
    if (this.#block.length - this.#at >= needed) return
    this.flush()
    this.#block = Buffer.allocUnsafeSlow(Math.max(blockSize, needed))
    this.#from = this.#at = 0
  }

  /** `HPUB <subject> `; most messages in a row go to the same one. */
  #verbFor(subject: string): Uint8Array {
    if (subject !== this.#subject) {
      this.#subject = subject
      this.#verb = Buffer.from(`HPUB ${subject} `, 'latin1')
    }
    return this.#verb
  }

  #bytes(bytes: Uint8Array): void {
    this.#block.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #text(text: string): void {
    const block = this.#block
    let at = this.#at
    for (let i = 0; i < text.length; i++) block[at++] = text.charCodeAt(i)
    this.#at = at
  }

  #number(value: number): void {
    let digits = 1
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++
    const end = this.#at + digits
    for (let at = end - 1, rest = value; at >= this.#at; at--) {
      const next = Math.floor(rest / 10)
      this.#block[at] = zero + (rest - next * 10)
      rest = next
    }
    this.#at = end
  }

  #lineEnd(): void {
    this.#block[this.#at++] = carriageReturn
    this.#block[this.#at++] = lineFeed
  }
}

/** The frames in what a `Frames` wrote. */
export function* framesIn(bytes: Uint8Array): Generator<Frame> {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < all.length; ) {
    const end = all.indexOf('\r\n', at)
    const words = all.toString('latin1', at, end).split(' ')
    const from = end + 2
    const size = Number(words.at(-1))
    const headers = words[0] === 'HPUB' ? Number(words.at(-2)) : 0
    const reply = words.length > (words[0] === 'HPUB' ? 4 : 3) ? words[2] : undefined
    yield {
      subject: words[1] as string,
      reply,
      headers: all.subarray(from, from + headers),
      body: all.subarray(from + headers, from + size),
    }
    at = from + size + 2
  }
}
