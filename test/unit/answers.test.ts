/** Answers over a connection that comes and goes, held by the test at its other end. */

import type { NatsConnection } from 'nats'
import { expect, test } from 'vitest'
import { answersOver } from '../../src/wire/answers.ts'
import type { Link, LinkEvent } from '../../src/wire/connection.ts'
import { until } from '../support/until.ts'

/** A link that keeps what is written to it, and whose flushes the test answers. */
function line() {
  const written: string[] = []
  const asked: { sign(): void; lose(): void }[] = []
  const ears = new Set<(event: LinkEvent) => void>()
  let closed = false
  const nc = {
    publish: (reply: string, word: Uint8Array) => {
      if (closed) throw new Error('closed')
      written.push(`${reply.split('.')[5]} ${Buffer.from(word)}`)
    },
    flush: () => new Promise<void>((sign, lose) => asked.push({ sign, lose: () => lose(new Error('connection lost')) })),
    isClosed: () => closed,
    isDraining: () => false,
  } as unknown as NatsConnection
  const link = { nc, listen: (hear: (event: LinkEvent) => void) => ears.add(hear) } as unknown as Link
  const troubles: Error[] = []
  return {
    written,
    asked,
    troubles,
    answers: answersOver(link, (error) => troubles.push(error)),
    tell: (event: LinkEvent) => {
      for (const hear of ears) hear(event)
    },
    close: () => {
      closed = true
    },
  }
}

/** The address of a hand-over of a message. */
const at = (sequence: number, count = 1) => Buffer.from(`$JS.ACK.STREAM.consumer.${count}.${sequence}.1.1700000000000000000.0`)

test('answers of one turn leave together, and a sign is asked for once', async () => {
  const { answers, asked, written } = line()
  answers.ack(at(1))
  answers.again(at(2), 500)
  answers.drop(at(3), 'rejected')
  expect(written).toEqual([])
  await until('they leave', () => asked.length === 1)
  expect(written).toEqual(['1 +ACK', '2 -NAK {"delay":500000000}', '3 +TERM rejected'])
})

test('what was said while the client dialled does not pass for what the old connection swallowed', async () => {
  const { answers, asked, tell, written } = line()
  answers.ack(at(1))
  await until('the first is said', () => asked.length === 1)
  tell({ type: 'lost' })
  asked[0]?.lose()
  answers.ack(at(2))
  await until('the second is said', () => asked.length === 2)
  tell({ type: 'back' })
  // The sign comes after the return, but was asked for before it.
  asked[1]?.sign()
  await until('both are asked about again', () => asked.length === 3)
  expect(written).toEqual(['1 +ACK', '2 +ACK', '1 +ACK', '2 +ACK'])
  asked[2]?.sign()
  await until('everything is certain', answers.flush())
  tell({ type: 'back' })
  expect(written).toHaveLength(4)
})

test('what the broker forgot with a crash is answered again when it hands it over, and not run', async () => {
  const { answers, asked, tell, written } = line()
  answers.ack(at(1))
  await until('it is said', () => asked.length === 1)
  asked[0]?.sign()
  await until('it is certain', answers.flush())
  expect(answers.repeat(at(1))).toBe(false)
  tell({ type: 'back' })
  expect(answers.repeat(at(2))).toBe(false)
  expect(answers.repeat(at(1, 2))).toBe(true)
  expect(answers.repeat(at(1, 3))).toBe(false)
  await until('it is said again', () => written.length === 2)
  expect(written).toEqual(['1 +ACK', '1 +ACK'])
})

test('"again" is repeated for the same hand-over only: the next one is what was asked for', async () => {
  const { answers, asked, tell } = line()
  answers.again(at(1), 10)
  answers.again(at(2), 10)
  await until('both are said', () => asked.length === 1)
  tell({ type: 'back' })
  expect(answers.repeat(at(1, 2))).toBe(false)
  expect(answers.repeat(at(2, 1))).toBe(true)
})

test('addresses with domain and account are understood', async () => {
  const { answers, asked, tell } = line()
  const long = (count: number) => Buffer.from(`$JS.ACK.hub.ACCOUNT.STREAM.consumer.${count}.7.1.1700000000000000000.0.token`)
  answers.ack(long(1))
  await until('it is said', () => asked.length === 1)
  tell({ type: 'back' })
  expect(answers.repeat(Buffer.from('$JS.ACK.hub.ACCOUNT.STREAM.other.1.7.1.1700000000000000000.0.token'))).toBe(false)
  expect(answers.repeat(long(2))).toBe(true)
})

test('on a closed connection an answer is trouble, and flushing ends', async () => {
  const { answers, close, troubles } = line()
  close()
  answers.ack(at(1))
  await until('flushing ends', answers.flush())
  await until('flushing ends again', answers.flush())
  expect(troubles).toHaveLength(1)
})

test.each([0, 0.4, 1, 2.6, 86_400_000, 100 * 365 * 86_400_000])('a wait of %d ms is said in words the broker can read', async (ms) => {
  const { answers, asked, written } = line()
  answers.again(at(1), ms)
  await until('it is said', () => asked.length === 1)
  const delay = /^1 -NAK(?: (.*))?$/.exec(written[0] ?? '')?.[1]
  expect(delay === undefined ? 0 : JSON.parse(delay).delay / 1_000_000).toBe(Math.round(ms))
})

test('what the broker has read is not told again when the connection changes', async () => {
  const { answers, asked, tell, written } = line()
  answers.ack(at(1))
  await until('it is said', () => asked.length === 1)
  asked[0]?.sign()
  await until('it is certain', answers.flush())
  tell({ type: 'lost' })
  tell({ type: 'back' })
  expect(written).toEqual(['1 +ACK'])
})

test('a sign of life is said at once, and not kept', () => {
  const { answers, tell, written } = line()
  answers.working(at(1))
  tell({ type: 'back' })
  expect(written).toEqual(['1 +WPI'])
})

test('on a closed connection a sign of life is not said', () => {
  const { answers, close, written } = line()
  close()
  answers.working(at(1))
  expect(written).toEqual([])
})
