/**
 * Cuts what arrives into messages, ahead of the client's parser.
 *
 * The client walks through every byte of an address line twice and makes five views of it; a delivery cost more there than in all of
 * callboard. Here a line is read once, and two views of it and one of the message are made; the client gets what its own parser would have
 * made. All that is no message (PING, PONG, INFO, -ERR) goes to that parser, whole lines at a time.
 * source: NATS client protocol, MSG and HMSG (docs.nats.io/reference/reference-protocols/nats-protocol)
 */

/** A message as the parser of the client hands it over. */
export interface CutMessage {
  readonly subject: Uint8Array
  readonly reply: Uint8Array | undefined
  readonly sid: number
  /** Bytes of headers; -1: it has none. */
  readonly hdr: number
  /** Bytes of headers and body. */
  readonly size: number
}

/** Who gets what was cut. */
export interface CutReceiver {
  message(message: CutMessage, data: Uint8Array): void
  /** A whole line that is no message, or something that nobody knows, with all that follows it. */
  other(bytes: Uint8Array): void
}

const space = 32
const carriageReturn = 13
const lineFeed = 10
const zero = 48
const letterH = 72
const letterM = 77
/** What a line begins with that is no message: `PING`, `PONG`, `+OK`, `-ERR`, `INFO`. */
const controls: ReadonlySet<number> = new Set(Buffer.from('P+-I'))

/** The number in bytes from one place up to another; NaN where there is something else. */
function numberIn(bytes: Uint8Array, from: number, to: number): number {
  let value = from < to ? 0 : Number.NaN
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] as number) - zero
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN
  }
  return value
}

/** Cuts. Chunks may end anywhere. */
export class Cutter {
  readonly #receiver: CutReceiver
  /** What has come of something that is not there as a whole. */
  #held: Uint8Array[] = []
  #heldSize = 0
  /** How many bytes it has at least. */
  #needed = 0
  /** Where the parts of the line being read begin. */
  readonly #starts = [0, 0, 0, 0, 0]

  constructor(receiver: CutReceiver) {
    this.#receiver = receiver
  }

  /** Takes the next chunk. The bytes are kept as long as what was cut from them. */
  push(chunk: Uint8Array): void {
    let bytes = chunk
    if (this.#heldSize > 0) {
      this.#held.push(chunk)
      this.#heldSize += chunk.length
      if (this.#heldSize < this.#needed) return
      bytes = Buffer.concat(this.#held)
      this.#held = []
      this.#heldSize = 0
    }
    const rest = this.#cut(bytes)
    if (rest === bytes.length) return
    this.#held = [rest === 0 ? bytes : bytes.subarray(rest)]
    this.#heldSize = bytes.length - rest
  }

  /** Cuts as far as there is something whole. Gives the place where it ends. */
  #cut(bytes: Uint8Array): number {
    let at = 0
    while (at < bytes.length) {
      const first = bytes[at] as number
      let next: number
      if (first === letterH) next = this.#message(bytes, at, true)
      else if (first === letterM) next = this.#message(bytes, at, false)
      else if (controls.has(first)) next = this.#control(bytes, at)
      else {
        this.#receiver.other(bytes.subarray(at))
        return bytes.length
      }
      if (next < 0) return at
      at = next
    }
    return at
  }

  /** Gives the place behind the line, or -1 where it has not come as a whole. */
  #control(bytes: Uint8Array, from: number): number {
    const end = bytes.indexOf(lineFeed, from)
    if (end < 0) return this.#wait(bytes.length - from + 1)
    this.#receiver.other(bytes.subarray(from, end + 1))
    return end + 1
  }

  /** `[H]MSG <subject> <sid> [reply] [header bytes] <bytes>`. Gives the place behind the message, or -1 where it has not come as a whole. */
  #message(bytes: Uint8Array, from: number, headed: boolean): number {
    const starts = this.#starts
    let parts = 0
    let end = from + (headed ? 5 : 4)
    starts[0] = end
    for (let byte = bytes[end]; byte !== carriageReturn; byte = bytes[++end]) {
      if (byte === undefined) return this.#wait(bytes.length - from + 1)
      if (byte === space && parts < 4) starts[++parts] = end + 1
    }
    const last = starts[parts] as number
    const size = numberIn(bytes, last, end)
    const hdr = headed ? numberIn(bytes, starts[parts - 1] as number, last - 1) : -1
    const answered = parts === (headed ? 4 : 3)
    const known = bytes[(starts[0] as number) - 1] === space && (answered || parts === (headed ? 3 : 2)) && hdr <= size
    const sidAt = starts[1] as number
    const replyAt = starts[2] as number
    const sid = numberIn(bytes, sidAt, (parts > 1 ? replyAt : end + 1) - 1)
    if (!known || Number.isNaN(size + hdr + sid)) return this.#strange(bytes, from)
    const bodyAt = end + 2
    const after = bodyAt + size + 2
    if (after > bytes.length) return this.#wait(after - from)
    const reply = answered ? bytes.subarray(replyAt, (starts[3] as number) - 1) : undefined
    this.#receiver.message({ subject: bytes.subarray(starts[0], sidAt - 1), reply, sid, hdr, size }, bytes.subarray(bodyAt, after - 2))
    return after
  }

  #strange(bytes: Uint8Array, from: number): number {
    this.#receiver.other(bytes.subarray(from))
    return bytes.length
  }

  #wait(needed: number): number {
    this.#needed = needed
    return -1
  }
}
