/** The three places where callboard knows more of the NATS client than its types say (src/wire/raw.ts). */

import fc from 'fast-check'
import { type Msg, type NatsConnection, headers as natsHeaders } from 'nats'
import { expect, inject, test } from 'vitest'
import { link } from '../../src/wire/connection.ts'
import type { CutMessage } from '../../src/wire/cut.ts'
import { Headers, headerBlock } from '../../src/wire/envelope.ts'
import { Frames, type Head } from '../../src/wire/frames.ts'
import { cutAhead, headersIn, replyIn, senderOver, tokenIn } from '../../src/wire/raw.ts'
import { broker } from '../support/board.ts'
import { namespace } from '../support/namespace.ts'
import { wire } from '../support/proxy.ts'
import { until } from '../support/until.ts'

/** Sends through the real client and broker, and gives what arrives. */
async function arrived(count: number, send: (nc: NatsConnection, subject: string) => void, last = 'x'): Promise<Msg[]> {
  await using server = await broker()
  const name = namespace()
  const subject = `${name}.x`
  const messages: Msg[] = []
  server.nc.subscribe(`${name}.${last}`, { callback: (_, message) => void messages.push(message) })
  send(server.nc, subject)
  await until('the messages have arrived', () => messages.length >= count)
  return messages
}

/** Sends one message as callboard does. */
function framed(nc: NatsConnection, subject: string, head: Head, body: Uint8Array): void {
  const frames = new Frames(senderOver(nc))
  frames.message(subject, { inbox: Buffer.from('_INBOX.x.'), token: 7 }, head, '', body)
  frames.flush()
}

test('the headers of a message are its first bytes, up to the body', async () => {
  const headers = natsHeaders()
  headers.append('X-Plain', 'value')
  headers.append('X-Colons', 'a: b: c')
  headers.append('X-Unicode', 'näher 世界')
  const [message] = await arrived(1, (nc, subject) => nc.publish(subject, 'X-Body: b\r\n\r\n', { headers }))
  const ours = headersIn(message as Msg)
  // What we read from the bytes is what the client reads.
  for (const name of message?.headers?.keys() ?? []) expect(ours.get(name)).toBe(message?.headers?.get(name))
  expect([...ours].map(([name]) => name)).toEqual(message?.headers?.keys())
})

test('headers and address are taken from inside the client, not read and written again', async () => {
  const [message] = await arrived(1, (nc, subject) => framed(nc, subject, 'a', Buffer.from('body')))
  const inside = message as unknown as { _rdata: Uint8Array; _msg: { hdr: number; reply: Uint8Array } }
  expect(inside._rdata).toBeInstanceOf(Uint8Array)
  expect(inside._msg.hdr).toBe(headerBlock([['Nats-Msg-Id', 'a']]).length)
  expect(replyIn(message as Msg)).toBe(inside._msg.reply)
  expect(headersIn(message as Msg).plain).toBe(true)
})

test('the number of an answer is read from its subject', async () => {
  const [message] = await arrived(1, (nc, subject) => nc.publish(`${subject.slice(0, -1)}1234567890`, ''), '*')
  const inside = message as unknown as { _msg: { subject: Uint8Array } }
  expect(inside._msg.subject).toBeInstanceOf(Uint8Array)
  const { subject } = message as Msg
  const inbox = subject.length - 10
  expect([tokenIn(message as Msg, inbox), tokenIn({ subject } as Msg, inbox)]).toEqual([1_234_567_890, 1_234_567_890])
})

test('a message without headers and without address has none', async () => {
  const [message] = await arrived(1, (nc, subject) => nc.publish(subject, 'NATS/1.0\r\nX: y\r\n\r\n'))
  expect([[...headersIn(message as Msg)], replyIn(message as Msg)]).toEqual([[], undefined])
})

test('frames arrive as they were written, one after the other', async () => {
  const block = headerBlock([
    ['Nats-Msg-Id', 'a'],
    ['x-lower', 'b'],
    ['X-Empty', ''],
    ['X-Unicode', 'näher 世界'],
  ])
  const body = Uint8Array.from({ length: 256 }, (_, index) => index)
  const [first, second, third] = await arrived(3, (nc, subject) => {
    framed(nc, subject, block, body)
    framed(nc, subject, 'bb', new Uint8Array(0))
    framed(nc, subject, 'ccc', new Uint8Array(200_000))
  })
  expect(Buffer.from(first?.data ?? []).equals(body)).toBe(true)
  expect([first?.reply, first?.headers?.get('x-lower'), first?.headers?.get('X-Unicode')]).toEqual(['_INBOX.x.7', 'b', 'näher 世界'])
  expect([second?.headers?.get('Nats-Msg-Id'), second?.data.length]).toEqual(['bb', 0])
  expect([third?.headers?.get('Nats-Msg-Id'), third?.data.length]).toEqual(['ccc', 200_000])
})

test('frames are handed to the client whole', async () => {
  await using server = await broker()
  const inside = server.nc as unknown as { protocol: { sendCommand(bytes: Uint8Array): void } }
  const handed: Uint8Array[] = []
  const own = inside.protocol.sendCommand
  inside.protocol.sendCommand = (bytes) => void handed.push(bytes)
  framed(server.nc, 'x', 'a', Buffer.from('body'))
  inside.protocol.sendCommand = own
  expect(handed).toHaveLength(1)
})

test('over a connection that was closed, sending throws', async () => {
  await using server = await broker()
  await server.nc.close()
  expect(() => framed(server.nc, 'x', 'a', Buffer.from('body'))).toThrow(/closed/)
})

test('without its inside, the client is used the public way', async () => {
  const [message] = await arrived(1, (nc, subject) => {
    const outside = { publish: nc.publish.bind(nc), isClosed: () => false } as unknown as NatsConnection
    framed(
      outside,
      subject,
      headerBlock([
        ['Nats-Msg-Id', 'a'],
        ['x-Mixed-CASE', 'b'],
      ]),
      Buffer.from('body'),
    )
  })
  const { data, headers, reply } = message as Msg
  const outside = { data, headers, reply } as unknown as Msg
  expect([...headersIn(outside)]).toEqual([
    ['Nats-Msg-Id', 'a'],
    ['x-Mixed-CASE', 'b'],
  ])
  expect([Buffer.from(replyIn(outside) ?? []).toString(), Buffer.from(data).toString()]).toEqual(['_INBOX.x.7', 'body'])
  expect(new Headers(undefined).plain).toBe(false)
})

/** The client's own parser, by what it hands over. */
interface Parser {
  state: number
  parse(bytes: Uint8Array): void
}
type ParserClass = new (dispatcher: { push(event: unknown): void }) => Parser

/** Everything that is handed over, as text. */
function heard(Own: ParserClass, chunks: readonly Uint8Array[], ahead: boolean): string[] {
  const events: string[] = []
  const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('latin1')
  const push = (event: unknown) => {
    const { kind, msg, data } = event as { kind: number; msg?: CutMessage; data?: Uint8Array }
    const of = msg && [text(msg.subject), text(msg.reply), msg.sid, msg.hdr, msg.size]
    events.push(JSON.stringify([kind, of, text(data)]))
  }
  const dispatcher = { push }
  const parser = Object.assign(new Own(dispatcher), { dispatcher })
  if (ahead) expect(cutAhead({ protocol: { parser } } as never)).toBe(true)
  try {
    for (const chunk of chunks) parser.parse(chunk)
  } catch (error) {
    events.push(`${(error as Error).name}`)
  }
  return events
}

const payload = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(Buffer.from('PONG\r\nHMSG a 1 2 3\r\n'), new Uint8Array(3000)))
const word = fc.stringMatching(/^[A-Za-z0-9_$.~-]{1,30}$/)
const frame = fc.oneof(
  fc.constantFrom('PONG\r\n', 'PING\r\n', '+OK\r\n', "-ERR 'no'\r\n", 'INFO {"a":1}\r\n').map((line) => Buffer.from(line)),
  fc.tuple(word, fc.nat(9999), fc.option(word), payload).map(([subject, sid, reply, body]) => {
    const line = `MSG ${subject} ${sid} ${reply === null ? '' : `${reply} `}${body.length}\r\n`
    return Buffer.concat([Buffer.from(line), body, Buffer.from('\r\n')])
  }),
  fc.tuple(word, fc.nat(9999), fc.option(word), payload, payload).map(([subject, sid, reply, headers, body]) => {
    const line = `HMSG ${subject} ${sid} ${reply === null ? '' : `${reply} `}${headers.length} ${headers.length + body.length}\r\n`
    return Buffer.concat([Buffer.from(line), headers, body, Buffer.from('\r\n')])
  }),
)

/** Bytes in chunks that end where some numbers say. */
function chunked(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}

test('what is cut ahead of the parser is what the parser would have handed over, wherever chunks end', async () => {
  await using server = await broker()
  const { parser } = (server.nc as unknown as { protocol: { parser: { constructor: ParserClass } } }).protocol
  const Own = parser.constructor
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 30, max: 5000 })), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 20 }), sizes, (frames, ends) => {
      const bytes = Buffer.concat(frames)
      expect(heard(Own, chunked(bytes, ends), true)).toEqual(heard(Own, [bytes], false))
    }),
    { numRuns: 500 },
  )
})

test.each(['HMSG a x 3 3\r\n', 'MSG a\r\n', 'HMSG a 1 9 3\r\nabc\r\n', 'Hello\r\n', 'x\r\n', 'MSG a 1 b 2 3 4 5\r\n'])(
  'a line that means nothing is the business of the parser: %s',
  async (line) => {
    await using server = await broker()
    const { parser } = (server.nc as unknown as { protocol: { parser: { constructor: ParserClass } } }).protocol
    const bytes = Buffer.from(line)
    expect(heard(parser.constructor, [bytes], true)).toEqual(heard(parser.constructor, [bytes], false))
  },
)

test('a board cuts ahead of the parser on each of its connections, also after a reconnect', async () => {
  await using line = await wire(Number(new URL(inject('natsUrl')).port))
  const linked = await link({ servers: line.url })
  const inside = linked.nc as unknown as { protocol: { parser: Parser } }
  expect(Object.hasOwn(inside.protocol.parser, 'parse')).toBe(true)
  const before = inside.protocol.parser
  const back = new Promise<void>((resolve) => linked.listen((event) => event.type === 'back' && resolve()))
  line.cut()
  await back
  expect(inside.protocol.parser).not.toBe(before)
  expect(Object.hasOwn(inside.protocol.parser, 'parse')).toBe(true)
  await linked.nc.flush()
  await linked.close()
})
