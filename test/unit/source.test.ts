import { expect, test } from 'vitest'
import type { Answers } from '../../src/wire/answers.ts'
import type { Delivery } from '../../src/wire/delivery.ts'
import { type ConsumerPlace, consumerSource, type Intake } from '../../src/wire/source.ts'
import { FakeLink } from '../support/fake-link.ts'
import { until } from '../support/until.ts'

/** An open source over a link that the test holds by the other end, with all that it told. */
async function opened(place: Partial<ConsumerPlace> = {}) {
  const link = new FakeLink()
  const told: unknown[] = []
  const deliveries: Delivery[] = []
  const declared: (number | undefined)[] = []
  const answers: Answers = {
    ack: (reply) => void told.push(`ack ${reply}`),
    again: (reply, ms) => void told.push(`again ${reply} ${ms}`),
    drop: (reply, reason) => void told.push(`drop ${reply} ${reason}`),
    working: (reply) => void told.push(`working ${reply}`),
    flush: async () => {},
    repeat: (reply) => `${reply}`.endsWith('.repeated'),
  }
  const declare = async (floor: number | undefined) => {
    declared.push(floor)
    return { lease: 5000, floor: 40 }
  }
  const source = consumerSource(link, answers, { stream: 'S', consumer: 'c', lease: 30_000, declare, ...place } as ConsumerPlace)
  const intake: Intake = await source.open({
    deliver: (delivery) => void deliveries.push(delivery),
    lapsed: (n) => void told.push(`lapsed ${n}`),
    reset: () => void told.push('reset'),
    trouble: (what) => void told.push(`trouble: ${what}`),
  })
  const hear = (reply: string, headers = '', body = '') => link.receive(`${pullInbox(link)}.1`, body, { reply, headers })
  return { link, source, intake, told, deliveries, declared, hear, [Symbol.asyncDispose]: () => intake.close() }
}

const pullInbox = (link: FakeLink) => link.written.at(-1)?.reply?.replace(/\.\d+$/, '') ?? ''
const status = (line: string, fields = '') => `NATS/1.0 ${line}\r\n${fields}\r\n`

test('what is asked for is pulled, with a sign of life every second', async () => {
  await using source = await opened()
  source.intake.ask(7)
  const [pull] = source.link.written
  expect(pull?.subject).toBe('$JS.API.CONSUMER.MSG.NEXT.S.c')
  expect(JSON.parse(Buffer.from(pull?.body ?? '').toString())).toMatchObject({ batch: 7, idle_heartbeat: 1_000_000_000 })
  expect(source.declared).toEqual([undefined])
})

test('once open, the lease is the one of the broker', async () => {
  await using source = await opened()
  expect(source.source.lease).toBe(5000)
})

test.each<[string, string]>([
  ['of a server', '$JS.ACK.S.c.3.1234.77.1700000000123456789.9'],
  ['of a server that tells domain and account', '$JS.ACK.hub.ACCHASH.S.c.3.1234.77.1700000000123456789.9.xyz'],
])('a delivery %s says where it comes from, and is answered there', async (_, reply) => {
  await using source = await opened()
  source.intake.ask(1)
  source.hear(reply, 'NATS/1.0\r\nNats-Msg-Id: abc\r\n\r\n', 'body')
  const [delivery] = source.deliveries as [Delivery]
  expect([delivery.count, delivery.sequence, delivery.storedAt, delivery.headers.id]).toEqual([3, 1234, 1_700_000_000_123, 'abc'])
  expect(Buffer.from(delivery.body).toString()).toBe('body')
  delivery.ack()
  delivery.again(5)
  delivery.drop('x')
  delivery.working()
  expect(source.told).toEqual([`ack ${reply}`, `again ${reply} 5`, `drop ${reply} x`, `working ${reply}`])
})

test.each([1, 2, 9, 10, 11, 19, 100, 12_345])('a delivery knows that it is number %i', async (count) => {
  await using source = await opened()
  source.intake.ask(1)
  source.hear(`$JS.ACK.S.c.${count}.1.1.1700000000123456789.0`)
  expect(source.deliveries[0]?.count).toBe(count)
})

test('what was answered before and forgotten is answered again, and not delivered', async () => {
  await using source = await opened()
  source.intake.ask(1)
  source.hear('$JS.ACK.S.c.2.1.1.1700000000123456789.0.repeated')
  expect([source.deliveries, source.told]).toEqual([[], ['lapsed 1']])
})

test.each<[string, string, string[]]>([
  ['a sign of life', status('100 Idle Heartbeat'), []],
  ['the end of a pull that got less', status('408 Request Timeout', 'Nats-Pending-Messages: 3\r\nNats-Pending-Bytes: 0\r\n'), ['lapsed 3']],
  ['the end of a pull by its size', status('409 Batch Completed', 'Nats-Pending-Messages: 5\r\n'), ['lapsed 5']],
  ['a change of leader', status('409 Leadership Change'), ['reset']],
])('the broker says %s', async (_, headers, told) => {
  await using source = await opened()
  source.intake.ask(10)
  source.hear('', headers)
  expect([source.told, source.deliveries]).toEqual([told, []])
})

test.each<[string, string]>([
  ['was deleted', status('409 Consumer Deleted')],
  ['is not there', status('503')],
])('a consumer that %s is set up again from its floor, and asked anew', async (_, headers) => {
  await using source = await opened()
  source.intake.ask(10)
  source.hear('', headers)
  await until('it is asked anew', () => source.told.includes('reset'))
  expect(source.declared).toEqual([undefined, 40])
})

test('a consumer that cannot be set up again is tried until it can', async () => {
  let tries = 0
  await using source = await opened({
    declare: async () => {
      if (++tries === 2) throw new Error('away')
      return { lease: 1000, floor: 0 }
    },
  })
  source.intake.ask(1)
  source.hear('', status('409 Consumer Deleted'))
  await until('it is asked anew', () => source.told.includes('reset'))
  expect(tries).toBe(3)
  expect(source.told).toContain('trouble: the consumer c could not be set up again')
})

test('when the connection is back, everything is asked anew', async () => {
  await using source = await opened()
  source.intake.ask(10)
  source.link.tell({ type: 'back' })
  expect(source.told).toEqual(['reset'])
})

test('after closing nothing is asked for, and nothing is told of what the broker says', async () => {
  const source = await opened()
  source.intake.ask(1)
  await source.intake.close()
  source.intake.ask(5)
  source.hear('', status('409 Leadership Change'))
  source.link.tell({ type: 'back' })
  expect([source.link.written.length, source.told]).toEqual([1, []])
})

test('on a connection that is closed, asking is trouble, not an error', async () => {
  await using source = await opened()
  source.link.closed = true
  source.intake.ask(1)
  expect(source.told).toEqual(['trouble: asking for deliveries failed'])
})
