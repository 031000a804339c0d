/**
 * The three places where callboard knows more of the NATS client than its types say. Each has a test that fails when the
 * client changes it (test/broker/client.test.ts), and each falls back on the public way.
 *
 * cut   the client looks at every byte of what arrives; messages are cut out before it does, and the rest is left to it
 * in    the client parses every header into a map and every address into text; we look at the bytes
 * out   the client makes its protocol lines message by message; it is handed blocks in which they are ready
 */

import { type Msg, type NatsConnection, headers as natsHeaders } from 'nats'
import { type CutMessage, Cutter } from './cut.ts'
import { Headers } from './envelope.ts'
import { framesIn } from './frames.ts'

interface Innards {
  readonly _rdata?: Uint8Array
  readonly _msg?: { readonly hdr: number; readonly subject?: Uint8Array; readonly reply?: Uint8Array }
}

interface Inside {
  readonly protocol?: {
    readonly sendCommand?: (bytes: Uint8Array) => void
    readonly parser?: Parser
  }
}

interface Parser {
  /** 0: it is at the beginning of a line. */
  readonly state?: number
  readonly dispatcher?: { readonly push?: (event: { readonly kind: number; readonly msg: CutMessage; readonly data: Uint8Array }) => void }
  parse?: (bytes: Uint8Array) => void
}

/** What the dispatcher of the client calls a message. */
const kindOfMessage = 2

/** Cuts messages out of what arrives on a connection, as long as it lasts. False: the client is not as we know it, and does it all itself. */
export function cutAhead(nc: NatsConnection): boolean {
  const parser = (nc as unknown as Inside).protocol?.parser
  const { parse, dispatcher } = parser ?? {}
  if (parser === undefined || typeof parse !== 'function' || typeof dispatcher?.push !== 'function') return false
  // It is in the middle of something: from the next connection on.
  if (Object.hasOwn(parser, 'parse') || parser.state !== 0) return parser.state === 0
  const cutter = new Cutter({
    message: (msg, data) => dispatcher.push?.({ kind: kindOfMessage, msg, data }),
    other: (bytes) => parse.call(parser, bytes),
  })
  parser.parse = (bytes) => {
    // What the parser has begun it ends.
    if (parser.state === 0) cutter.push(bytes)
    else parse.call(parser, bytes)
  }
  return true
}

/** The headers of a message. */
export function headersIn(message: Msg): Headers {
  const { _rdata: data, _msg: frame } = message as unknown as Innards
  if (data !== undefined && frame !== undefined) return new Headers(frame.hdr > 0 ? data : undefined, frame.hdr)
  const parsed = message.headers
  return new Headers(parsed === undefined ? undefined : Buffer.from(parsed.toString()))
}

/** The address that answers to a message go to; undefined if it has none. */
export function replyIn(message: Msg): Uint8Array | undefined {
  const { _msg: frame } = message as unknown as Innards
  if (frame !== undefined) return frame.reply
  return message.reply ? Buffer.from(message.reply) : undefined
}

/** The number behind an inbox of which the name has so many bytes. */
export function tokenIn(message: Msg, inbox: number): number {
  const { _msg: frame } = message as unknown as Innards
  if (frame?.subject === undefined) return Number(message.subject.slice(inbox))
  let token = 0
  for (let i = inbox; i < frame.subject.length; i++) token = token * 10 + (frame.subject[i] as number) - 48
  return token
}

/** How frames are sent over a connection. What is given throws when the connection is closed. */
export function senderOver(nc: NatsConnection): (bytes: Uint8Array) => void {
  const { protocol } = nc as unknown as Inside
  if (typeof protocol?.sendCommand !== 'function') return (bytes) => sendEach(nc, bytes)
  return (bytes) => {
    if (nc.isClosed()) throw new Error('The connection is closed.')
    protocol.sendCommand?.(bytes)
  }
}

function sendEach(nc: NatsConnection, bytes: Uint8Array): void {
  for (const { subject, reply, headers, body } of framesIn(bytes)) {
    const options: { reply?: string; headers?: ReturnType<typeof natsHeaders> } = {}
    if (reply !== undefined) options.reply = reply
    if (headers.length > 0) {
      options.headers = natsHeaders()
      for (const [name, value] of new Headers(headers)) options.headers.append(name, value)
    }
    nc.publish(subject, body, options)
  }
}
