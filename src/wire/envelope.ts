/**
 * What travels beside a body: headers, written once as bytes and read only when someone looks.
 *
 * The plain case carries one header, the id; everything else that subject, stream or broker already say is not said again.
 */

import { fault, shown } from '../base/errors.ts'

/** Header names. `Cb-` is ours, `Nats-` the broker's; users may use neither. */
export const header = {
  id: 'Nats-Msg-Id',
  /** The id again where the broker strips its own header: on what a schedule produces. */
  ownId: 'Cb-Id',
  contentType: 'Content-Type',
  /** Milliseconds since 1970 by which a task must have started. */
  expires: 'Cb-Expires',
  /** Retry policy of one task, as JSON, where it differs from its contract. */
  retry: 'Cb-Retry',
  /** Key of an event. */
  key: 'Cb-Key',
  /** The topic of an event that lies in an inbox. */
  topic: 'Cb-Topic',
  /** When the first of those was enqueued that a debounced task stands for, or an event in an inbox was stored, in ms since 1970. */
  since: 'Cb-Since',
  /** Where a body lies that is too large for the message: id, bytes, pieces, SHA-256. */
  object: 'Cb-Object',
  /** Who sent it: the id of what a handler was working on. */
  parent: 'Cb-Parent',
  /** Why and how a delivery was given up, as JSON. */
  dead: 'Cb-Dead',
  /** What a schedule says of itself, as JSON; on the schedule and on all that it fires. */
  definition: 'Cb-Schedule',
  /** The time a firing stands for that was made up for later, in ms since 1970. */
  occurrence: 'Cb-Occurrence',
  /** The version of the wire format, on a message that readers of the first must not read. None has it yet. */
  wire: 'Cb-Wire',
  ttl: 'Nats-TTL',
  expectedSubjectSequence: 'Nats-Expected-Last-Subject-Sequence',
  expectedSubject: 'Nats-Expected-Last-Subject-Sequence-Subject',
  expectedStream: 'Nats-Expected-Stream',
  schedule: 'Nats-Schedule',
  scheduleTarget: 'Nats-Schedule-Target',
  scheduleZone: 'Nats-Schedule-Time-Zone',
  rollup: 'Nats-Rollup',
  scheduler: 'Nats-Scheduler',
  scheduleNext: 'Nats-Schedule-Next',
  batchId: 'Nats-Batch-Id',
  batchSequence: 'Nats-Batch-Sequence',
  batchCommit: 'Nats-Batch-Commit',
} as const

/** All header bytes of a message together, as it is sent first. */
export const mostHeaderBytes = 32 * 1024
/** The same when callboard sends it again with more to say; the broker takes 64 KiB. */
export const mostOwnHeaderBytes = 48 * 1024

/** User headers: text by name. */
export type UserHeaders = Readonly<Record<string, string>>

const start = 'NATS/1.0\r\n'
const tokenName = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,128}$/
const reserved = /^(nats-|cb-)|^content-type$/i
const forbidden = /[\u0000-\u001f\u007f]/

/** A header block. Values must be checked or ours. Throws HEADERS_TOO_LARGE. */
export function headerBlock(fields: Iterable<readonly [name: string, value: string]>, most = mostHeaderBytes): Uint8Array {
  let text = start
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`
  const bytes = Buffer.from(`${text}\r\n`)
  if (bytes.length > most) throw fault('HEADERS_TOO_LARGE', `The headers have ${bytes.length} bytes, the limit is ${most}.`)
  return bytes
}

/** Refuses headers that users may not send. Gives them as fields. */
export function checkedHeaders(given: unknown): [string, string][] {
  if (given === undefined) return []
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw fault('INVALID_HEADER', `The headers are ${shown(given)}, not an object.`)
  const fields = Object.entries(given as Record<string, unknown>)
  const seen = new Set<string>()
  for (const [name, value] of fields) {
    if (!tokenName.test(name)) throw fault('INVALID_HEADER', `The header name ${shown(name)} cannot be used.`)
    if (reserved.test(name)) throw fault('RESERVED_HEADER', `The header ${shown(name)} is reserved.`)
    if (seen.has(name.toLowerCase())) throw fault('INVALID_HEADER', `The header ${shown(name)} is there twice, in different case.`)
    if (typeof value !== 'string') throw fault('INVALID_HEADER', `The value of header ${shown(name)} is ${shown(value)}, not text.`)
    if (forbidden.test(value) || !value.isWellFormed())
      throw fault('INVALID_HEADER', `The value of header ${shown(name)} has a control character or a lone surrogate.`)
    if (value.trim() !== value)
      throw fault('INVALID_HEADER', `The value of header ${shown(name)} begins or ends with a blank, which the broker drops.`)
    seen.add(name.toLowerCase())
  }
  return fields as [string, string][]
}

/** JSON that is safe as a header value: one line, plain ASCII. */
export function headerJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const plainStart = Buffer.from(`${start}${header.id}:`)
const idAt = plainStart.length
const carriageReturn = 13
const blank = 32

/** The id, and behind it at most the place in a batch, which the broker leaves on what it has stored. */
function isPlain(data: Uint8Array, end: number): boolean {
  if (!startsAt(data, 0, plainStart)) return false
  let at = lineEnd(data, idAt, end)
  while (at < end - 4 && startsAt(data, at + 2, batchStart)) at = lineEnd(data, at + 2 + batchStart.length, end)
  return at === end - 4
}

const batchStart = Buffer.from('Nats-Batch-')

function startsAt(data: Uint8Array, at: number, start: Uint8Array): boolean {
  for (let i = 0; i < start.length; i++) if (data[at + i] !== start[i]) return false
  return true
}

/** Where the line ends that goes on at a place. */
function lineEnd(data: Uint8Array, at: number, end: number): number {
  let found = at
  while (found < end && data[found] !== carriageReturn) found++
  return found
}

/** The headers of a message received. Nothing is parsed before it is asked for. */
export class Headers {
  readonly #data: Uint8Array | undefined
  readonly #end: number
  #read: string | undefined
  #plain: boolean | undefined

  /** `data`: a header block, and what else may come behind `end`. */
  constructor(data: Uint8Array | undefined, end = data?.length ?? 0) {
    this.#data = data
    this.#end = end
  }

  get #text(): string {
    this.#read ??= this.#data === undefined ? '' : Buffer.from(this.#data.buffer, this.#data.byteOffset, this.#end).toString('utf8')
    return this.#read
  }

  /** Status code of a message from the broker itself; 0 for a message that somebody sent. */
  get status(): number {
    const code = /^NATS\/1\.0 +(\d{3})/.exec(this.#text)
    return code ? Number(code[1]) : 0
  }

  /** What the broker says beside its status code. */
  get statusText(): string {
    return /^NATS\/1\.0 +\d{3} *([^\r]*)/.exec(this.#text)?.[1] ?? ''
  }

  /** The value of a header, in the case it was sent in; undefined if it is not there. */
  get(name: string): string | undefined {
    const found = this.#text.indexOf(`\r\n${name}:`)
    if (found < 0) return undefined
    const from = found + name.length + 3
    return this.#text.slice(from, this.#text.indexOf('\r\n', from)).trim()
  }

  /** The id of the message; undefined if nobody gave it one, which callboard always does. */
  get id(): string | undefined {
    if (this.plain) return this.#idInPlain()
    return this.get(header.ownId) ?? this.get(header.id)
  }

  /** Read without the rest of the block. */
  #idInPlain(): string {
    const data = this.#data as Uint8Array
    const end = lineEnd(data, idAt, this.#end)
    const from = data[idAt] === blank ? idAt + 1 : idAt
    if (data instanceof Buffer) return data.toString('latin1', from, end).trim()
    return Buffer.from(data.buffer, data.byteOffset + from, end - from)
      .toString('latin1')
      .trim()
  }

  /** Whether there is nothing but the id. Looks at bytes: this is asked of every message, and most say yes. */
  get plain(): boolean {
    this.#plain ??= this.#data !== undefined && isPlain(this.#data, this.#end)
    return this.#plain
  }

  /** The trace of W3C trace context that it belongs to, if its sender said so. */
  get trace(): string | undefined {
    return this.plain ? undefined : /^[\da-f]{2}-([\da-f]{32})-/.exec(this.get('traceparent') ?? '')?.[1]
  }

  /** Every header, in order. */
  *[Symbol.iterator](): Generator<[string, string]> {
    for (const line of this.#text.split('\r\n').slice(1)) {
      const colon = line.indexOf(':')
      if (colon > 0) yield [line.slice(0, colon), line.slice(colon + 1).trim()]
    }
  }

  /** What a user sent along: every header that is neither ours nor the broker's. */
  get user(): UserHeaders {
    const record: Record<string, string> = Object.create(null)
    for (const [name, value] of this) if (!reserved.test(name)) record[name] = value
    return record
  }
}

/**
 * The id of a stored message. The broker strips the id of a schedule from what it fires; the name of the schedule and the
 * place in the stream make one: the same at every delivery, another for every firing. Undefined: callboard did not send it.
 */
export function idOf(headers: Headers, sequence: number): string | undefined {
  if (headers.id !== undefined) return headers.id
  const name = scheduleIn(headers)
  return name === undefined ? undefined : `${name}@${sequence}`
}

/** The name of the schedule that fired a message; undefined: none did. */
export function scheduleIn(headers: Headers): string | undefined {
  return /^\{"name":"([^"]+)"/.exec(headers.get(header.definition) ?? '')?.[1]
}
