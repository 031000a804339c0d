import { expect, test } from 'vitest'
import { answersOver } from '../../src/wire/answers.ts'
import { FakeLink } from '../support/fake-link.ts'
import { until } from '../support/until.ts'

const said = (link: FakeLink) => link.written.map(({ subject, body }) => `${subject} ${Buffer.from(body)}`)

/** Answers over a link, with what went wrong. */
function over(link: FakeLink) {
  const troubles: Error[] = []
  return { troubles, ...answersOver(link, (error) => troubles.push(error)) }
}

test('each answer is said in the words of the broker, in order', async () => {
  const link = new FakeLink()
  const { ack, again, drop, flush } = over(link)
  ack('a')
  again('b', 0)
  again('c', 1500)
  again('d', 0.4)
  drop('e', 'exhausted')
  await flush()
  expect(said(link)).toEqual(['a +ACK', 'b -NAK', 'c -NAK {"delay":1500000000}', 'd -NAK', 'e +TERM exhausted'])
})

test.each([0, 1, 2.6, 86_400_000, 100 * 365 * 86_400_000])('a wait of %i ms is one the broker can read', async (ms) => {
  const link = new FakeLink()
  const { again, flush } = over(link)
  again('a', ms)
  await flush()
  const delay = /^-NAK(?: (.*))?$/.exec(Buffer.from(link.written[0]?.body ?? '').toString())?.[1]
  expect(delay === undefined ? 0 : JSON.parse(delay).delay / 1_000_000).toBe(Math.round(ms))
})

test('answers of one turn leave together, and the broker is asked once whether it has read them', async () => {
  const link = new FakeLink()
  const { ack } = over(link)
  for (const reply of ['a', 'b', 'c']) ack(reply)
  expect(link.written).toEqual([])
  await until('they are written', () => link.written.length === 3)
  expect(link.flushes).toBe(1)
})

test('what the broker has read is not told again when the connection changes', async () => {
  const link = new FakeLink()
  const { ack, flush } = over(link)
  ack('a')
  await flush()
  link.tell({ type: 'lost' })
  link.tell({ type: 'back' })
  expect(said(link)).toEqual(['a +ACK'])
})

test('what the broker may not have read is told again when the connection is back', async () => {
  const link = new FakeLink()
  const { ack, again, flush } = over(link)
  link.reachable = false
  ack('a')
  again('b', 5)
  await flush()
  link.tell({ type: 'lost' })
  link.reachable = true
  link.tell({ type: 'back' })
  await until('both are told again', () => link.written.length === 4)
  expect(said(link).slice(2)).toEqual(['a +ACK', 'b -NAK {"delay":5000000}'])
  await flush()
  link.tell({ type: 'back' })
  expect(link.written).toHaveLength(4)
})

test('what was told before the connection was lost is told again when it is handed over again', async () => {
  const link = new FakeLink()
  const { ack, again, drop, flush, repeat } = over(link)
  const reply = (sequence: number, count: number) => `$JS.ACK.S.c.${count}.${sequence}.1.1700000000123456789.0`
  ack(reply(1, 1))
  again(reply(2, 1), 0)
  drop(reply(3, 1), 'x')
  await flush()
  expect(repeat(reply(1, 2))).toBe(false)
  link.tell({ type: 'lost' })
  link.tell({ type: 'back' })
  // Handed over once more than it was answered: "again" was heeded, the others were forgotten.
  expect([1, 2, 3, 4].map((sequence) => repeat(reply(sequence, 2)))).toEqual([true, false, true, false])
  expect(repeat(reply(1, 3))).toBe(false)
  await flush()
  expect(said(link).slice(3)).toEqual([`${reply(1, 2)} +ACK`, `${reply(3, 2)} +TERM x`])
})

test('a sign of life is said at once, and not kept', async () => {
  const link = new FakeLink()
  const { working } = over(link)
  working('a')
  expect(said(link)).toEqual(['a +WPI'])
  link.tell({ type: 'back' })
  expect(link.written).toHaveLength(1)
})

test('on a closed connection nothing is said, and nothing thrown', async () => {
  const link = new FakeLink()
  const { ack, working, flush, troubles } = over(link)
  link.closed = true
  working('a')
  ack('b')
  await flush()
  expect([said(link), troubles.length]).toEqual([[], 1])
})
