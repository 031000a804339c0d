/** The two places where callboard knows more of the NATS client than its types say (src/wire/raw.ts). */

import { type Msg, type MsgHdrs, headers as natsHeaders } from 'nats'
import { expect, test } from 'vitest'
import { Headers, headerBlock, idOnly } from '../../src/wire/envelope.ts'
import { asHeaders, headerBytes } from '../../src/wire/raw.ts'
import { broker } from '../support/board.ts'
import { namespace } from '../support/namespace.ts'
import { until } from '../support/until.ts'

/** Sends one message through the real client and broker, and gives it as it arrives. */
async function sent(headers: MsgHdrs | undefined, body: string | Uint8Array): Promise<Msg> {
  await using server = await broker()
  const subject = `${namespace()}.x`
  const arrived: Msg[] = []
  server.nc.subscribe(subject, { callback: (_, message) => void arrived.push(message) })
  server.nc.publish(subject, body, headers === undefined ? {} : { headers })
  return await until('the message has arrived', () => arrived[0] as Msg)
}

test('the header bytes of a message are its first bytes, up to the body', async () => {
  const headers = natsHeaders()
  headers.append('X-Plain', 'value')
  headers.append('X-Colons', 'a: b: c')
  headers.append('X-Unicode', 'näher 世界')
  const message = await sent(headers, 'body')
  const bytes = headerBytes(message) as Uint8Array
  expect(Buffer.from(bytes).toString()).toBe('NATS/1.0\r\nX-Plain: value\r\nX-Colons: a: b: c\r\nX-Unicode: näher 世界\r\n\r\n')
  expect(message.string()).toBe('body')
  // What we read from the bytes is what the client reads.
  const ours = new Headers(bytes)
  for (const name of message.headers?.keys() ?? []) expect(ours.get(name)).toBe(message.headers?.get(name))
  expect([...ours].map(([name]) => name)).toEqual(message.headers?.keys())
})

test('they are taken from inside the client, not read and written again', async () => {
  const message = await sent(asHeaders(idOnly('a')), 'body')
  const inside = message as unknown as { _rdata: Uint8Array; _msg: { hdr: number } }
  expect(inside._rdata).toBeInstanceOf(Uint8Array)
  expect(inside._msg.hdr).toBe(idOnly('a').length)
  expect(headerBytes(message)?.buffer).toBe(inside._rdata.buffer)
})

test('a message without headers has no header bytes', async () => {
  const message = await sent(undefined, 'NATS/1.0\r\nX: y\r\n\r\n')
  expect([headerBytes(message), message.headers]).toEqual([undefined, undefined])
})

test('bytes given as headers arrive as they were, and so does the body behind them', async () => {
  const block = headerBlock([
    ['Nats-Msg-Id', 'a'],
    ['x-lower', 'b'],
    ['X-Empty', ''],
    ['X-Unicode', 'näher 世界'],
  ])
  const body = Uint8Array.from({ length: 256 }, (_, index) => index)
  const message = await sent(asHeaders(block), body)
  expect(Buffer.from(headerBytes(message) as Uint8Array).equals(block)).toBe(true)
  expect(Buffer.from(message.data).equals(body)).toBe(true)
  expect([message.headers?.get('x-lower'), message.headers?.get('X-Unicode')]).toEqual(['b', 'näher 世界'])
})

test('headers dressed one after the other in one turn do not run into each other', async () => {
  await using server = await broker()
  const subject = `${namespace()}.x`
  const ids: (string | undefined)[] = []
  server.nc.subscribe(subject, { callback: (_, message) => void ids.push(new Headers(headerBytes(message)).id) })
  for (const id of ['a', 'bb', 'ccc']) server.nc.publish(subject, '', { headers: asHeaders(idOnly(id)) })
  await until('all have arrived', () => ids.length === 3)
  expect(ids).toEqual(['a', 'bb', 'ccc'])
})

test('without its inside, a message is read the public way', async () => {
  const headers = natsHeaders()
  headers.append('Nats-Msg-Id', 'a')
  headers.append('x-Mixed-CASE', 'b')
  const { data } = await sent(headers, 'body')
  const message = { data, headers } as unknown as Msg
  expect([...new Headers(headerBytes(message))]).toEqual([
    ['Nats-Msg-Id', 'a'],
    ['x-Mixed-CASE', 'b'],
  ])
})
