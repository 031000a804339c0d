import { type EventEmitter, getEventListeners } from 'node:events'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { headerBlock } from '../../src/wire/envelope.ts'
import { headSize } from '../../src/wire/frames.ts'
import type { Outgoing } from '../../src/wire/outgoing.ts'
import { batchLimit, publisher } from '../../src/wire/publisher.ts'
import { readAnswer } from '../../src/wire/receipt.ts'
import { refusalFault, refusalOf } from '../../src/wire/refusal.ts'
import { FakeLink } from '../support/fake-link.ts'
import { until } from '../support/until.ts'

const message = (id: string, size = 3): Outgoing => ({ subject: `x.${id}`, headers: id, body: Buffer.alloc(size, 'b') })
const coded = (code: string) => expect.objectContaining({ code })

/** Waits until so many messages are written, and gives them. */
async function written(link: FakeLink, count: number) {
  await until(`${count} messages are written`, () => link.written.length >= count)
  return link.written
}

/** Answers what was written at one place. */
function answer(link: FakeLink, index: number, text: object | string): void {
  link.receive(link.written[index]?.reply as string, typeof text === 'string' ? text : JSON.stringify(text))
}

const stored = (seq: number, duplicate = false) => ({ stream: 'S', seq, ...(duplicate ? { duplicate } : {}) })

test.each<[string, string, unknown]>([
  ['a place', '{"stream":"S","seq":7}', { sequence: 7, duplicate: false }],
  ['a place in another domain', '{"stream":"S","domain":"hub","seq":12345678901}', { sequence: 12345678901, duplicate: false }],
  ['what was there before', '{"stream":"S","seq":7,"duplicate":true}', { sequence: 7, duplicate: true }],
  ['a batch', '{"stream":"S","seq":9,"batch":"b","count":3}', { sequence: 9, duplicate: false }],
  [
    'a refusal',
    '{"error":{"code":400,"err_code":10071,"description":"no"},"stream":"S","seq":0}',
    { code: 400, err_code: 10071, description: 'no' },
  ],
  ['nothing', '', undefined],
  ['what has no place', '{"stream":"S"}', undefined],
  ['what is no answer', 'hello', undefined],
])('an answer is read: %s', (_, text, read) => {
  expect(readAnswer(Buffer.from(text))).toEqual(read)
})

test('whatever answers, reading it gives a whole place, a refusal, or nothing', () => {
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), (seq, duplicate) => {
      expect(readAnswer(Buffer.from(JSON.stringify(stored(seq, duplicate))))).toEqual({ sequence: seq, duplicate })
    }),
  )
})

test.each<[string, object, string]>([
  ['a cluster without leader', { code: 503, err_code: 10008 }, 'again'],
  ['an id still on its way to the replicas', { code: 409, err_code: 10158 }, 'again'],
  ['no reason but "unavailable"', { code: 503 }, 'again'],
  ['another sequence than expected', { code: 400, err_code: 10071 }, 'exists'],
  ['a batch that was committed before', { code: 400, err_code: 10201 }, 'committed'],
  ['a full stream', { code: 503, err_code: 10077 }, 'definite'],
  ['something new', { code: 400, err_code: 19999 }, 'definite'],
])('a refusal is sorted: %s', (_, error, refusal) => {
  expect(refusalOf(error)).toBe(refusal)
})

test.each<[number, string]>([
  [10077, 'QUEUE_FULL'],
  [10023, 'STORAGE_FULL'],
  [10047, 'STORAGE_FULL'],
  [10054, 'PAYLOAD_TOO_LARGE'],
  [10097, 'PAYLOAD_TOO_LARGE'],
  [10071, 'ALREADY_EXISTS'],
  [10189, 'INVALID_SCHEDULE'],
  [10223, 'INVALID_TIMEZONE'],
  [10039, 'JETSTREAM_OFF'],
  [10076, 'JETSTREAM_OFF'],
  [19999, 'BROKER_REFUSED'],
])('broker error %i is %s, with what it said', (err_code, code) => {
  const error = refusalFault({ code: 400, err_code, description: 'it is so: 12' }, 'publishing to x')
  expect(error).toMatchObject({ code, what: `The broker refused publishing to x: it is so: 12 (${err_code}).` })
})

test('a refusal names the sequence that stands in the way', () => {
  const error = refusalFault({ err_code: 10071, description: 'wrong last sequence: 42' }, 'x')
  expect(error.details.sequence).toBe(42)
})

test('each message gets its own answer, in whatever order they come', async () => {
  const link = new FakeLink()
  const { publish } = publisher(link)
  const [a, b] = [publish(message('a')), publish(message('b'))]
  const [first, second] = await written(link, 2)
  expect([first?.subject, second?.subject, first?.headers]).toEqual(['x.a', 'x.b', 'NATS/1.0\r\nNats-Msg-Id: a\r\n\r\n'])
  answer(link, 1, stored(2))
  answer(link, 0, stored(1, true))
  expect(await Promise.all([a, b])).toEqual([
    { sequence: 1, duplicate: true },
    { sequence: 2, duplicate: false },
  ])
})

test('an answer that comes twice, or to nobody, changes nothing', async () => {
  const link = new FakeLink()
  const { publish } = publisher(link)
  const a = publish(message('a'))
  await written(link, 1)
  answer(link, 0, stored(1))
  answer(link, 0, stored(9))
  link.receive(`${link.written[0]?.reply}99`, '{"seq":5}')
  expect(await a).toEqual({ sequence: 1, duplicate: false })
})

test('a definite refusal rejects at once, and the next message goes on', async () => {
  const link = new FakeLink()
  const { publish } = publisher(link, { inFlight: 1 })
  const [a, b] = [publish(message('a')), publish(message('b'))]
  await written(link, 1)
  answer(link, 0, { error: { code: 400, err_code: 10071, description: 'wrong last sequence: 3' } })
  await expect(a).rejects.toMatchObject({ code: 'ALREADY_EXISTS', details: { sequence: 3 } })
  await written(link, 2)
  answer(link, 1, stored(1))
  expect(await b).toEqual({ sequence: 1, duplicate: false })
})

test.each([
  ['"not now"', JSON.stringify({ error: { code: 503, err_code: 10008, description: 'no leader' } })],
  ['no responders', ''],
  ['nonsense', 'x'],
])('what is answered with %s is sent again under the same id', async (_, text) => {
  const link = new FakeLink()
  const a = publisher(link).publish(message('a'))
  await written(link, 1)
  answer(link, 0, text)
  const [first, second] = await written(link, 2)
  expect(second).toEqual(first)
  answer(link, 1, stored(1))
  expect(await a).toEqual({ sequence: 1, duplicate: false })
})

test.each([
  ['a queue', 10077],
  ['a store', 10023],
])('%s that was full for one try does not tell of another that is unanswered', async (_, err_code) => {
  const full = { error: { code: 503, err_code, description: 'no room' } }
  const link = new FakeLink()
  const a = publisher(link, { patience: 20 }).publish(message('a'))
  await written(link, 2)
  answer(link, 1, full)
  const sent = link.written.length
  await written(link, sent + 1)
  answer(link, sent, stored(1, true))
  expect(await a).toEqual({ sequence: 1, duplicate: true })
  const b = publisher(link).publish(message('b'))
  answer(link, (await written(link, sent + 2)).length - 1, full)
  await expect(b).rejects.toMatchObject({ code: err_code === 10077 ? 'QUEUE_FULL' : 'STORAGE_FULL' })
})

test('what nobody answers is sent again, and reported as unknown when its budget is spent', async () => {
  const link = new FakeLink()
  const a = publisher(link, { patience: 20, budget: 200 }).publish(message('a'))
  await expect(a).rejects.toMatchObject({ code: 'PUBLISH_UNKNOWN', details: { outcome: 'unknown' } })
  expect(link.written.length).toBeGreaterThan(1)
  expect(new Set(link.written.map((each) => each.headers)).size).toBe(1)
})

test('a clock that jumps ahead takes no time from what is under way', async () => {
  const link = new FakeLink()
  const a = publisher(link, { patience: 20 }).publish(message('a'))
  await written(link, 1)
  const now = Date.now()
  vi.spyOn(Date, 'now').mockReturnValue(now + 3_600_000)
  try {
    await written(link, 2)
  } finally {
    vi.restoreAllMocks()
  }
  answer(link, 1, stored(1))
  expect(await a).toEqual({ sequence: 1, duplicate: false })
})

test('what was under way is sent again as soon as the connection is back', async () => {
  const link = new FakeLink()
  const a = publisher(link).publish(message('a'))
  await written(link, 1)
  link.tell({ type: 'lost' })
  link.tell({ type: 'back' })
  expect(link.written).toHaveLength(2)
  answer(link, 1, stored(1, true))
  expect(await a).toEqual({ sequence: 1, duplicate: true })
})

test('no more than the allowed number are under way; the others wait their turn, in order', async () => {
  const link = new FakeLink()
  const { publish } = publisher(link, { inFlight: 2 })
  const all = Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => publish(message(id))))
  for (let index = 0; index < 5; index++) {
    await written(link, Math.min(5, index + 2))
    expect(link.written.length).toBeLessThanOrEqual(index + 2)
    answer(link, index, stored(index + 1))
  }
  expect((await all).map((each) => each.sequence)).toEqual([1, 2, 3, 4, 5])
  expect(link.written.map((each) => each.subject)).toEqual(['x.a', 'x.b', 'x.c', 'x.d', 'x.e'])
})

test('who gave up before is told that nothing was stored, and nothing was', async () => {
  const link = new FakeLink()
  const { publish } = publisher(link)
  await expect(publish(message('a'), AbortSignal.abort('enough'))).rejects.toMatchObject({
    code: 'ABORTED',
    details: { outcome: 'not stored' },
    cause: 'enough',
  })
  expect(link.written).toEqual([])
})

test('who gives up while it is under way is told that nobody knows', async () => {
  const link = new FakeLink()
  const caller = new AbortController()
  const a = publisher(link).publish(message('a'), caller.signal)
  await written(link, 1)
  caller.abort()
  await expect(a).rejects.toMatchObject({ code: 'ABORTED', details: { outcome: 'unknown' } })
})

test('who gives up while waiting its turn hears at once, and those behind move on', async () => {
  const link = new FakeLink()
  const { publish } = publisher(link, { inFlight: 1 })
  const caller = new AbortController()
  const a = publish(message('a'))
  const b = publish(message('b'), caller.signal)
  const c = publish(message('c'))
  await written(link, 1)
  caller.abort()
  await expect(b).rejects.toMatchObject({ code: 'ABORTED', details: { outcome: 'not stored' } })
  answer(link, 0, stored(1))
  await written(link, 2)
  answer(link, 1, stored(2))
  expect(await Promise.all([a, c])).toHaveLength(2)
  expect(link.written.map((each) => each.subject)).toEqual(['x.a', 'x.c'])
})

test('a signal that outlives its messages is left without listeners', async () => {
  const link = new FakeLink()
  const { publish } = publisher(link, { inFlight: 4 })
  const caller = new AbortController()
  const all = Array.from({ length: 8 }, (_, index) => publish(message(String(index)), caller.signal))
  for (let index = 0; index < 8; index++) {
    await written(link, index + 1)
    answer(link, index, stored(index + 1))
  }
  await Promise.all(all)
  expect(getEventListeners(caller.signal as unknown as EventEmitter, 'abort')).toEqual([])
})

test('a message larger than the broker takes is refused with both numbers', async () => {
  const link = new FakeLink(1000)
  const { publish } = publisher(link)
  const room = 1000 - headSize('a')
  await expect(publish(message('a', room + 1))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE', details: { size: 1001, limit: 1000 } })
  const fits = publish(message('a', room))
  await written(link, 1)
  answer(link, 0, stored(1))
  await fits
})

test('a batch is one message after the other with its place, and one answer for all', async () => {
  const link = new FakeLink()
  const sent = publisher(link).publishBatch([message('a'), message('b'), message('c')])
  const [a, b, c] = await written(link, 3)
  const id = /Nats-Batch-Id: (\w+)/.exec(a?.headers ?? '')?.[1]
  expect([a?.reply, b?.reply, typeof c?.reply]).toEqual([undefined, undefined, 'string'])
  expect(a?.headers).toBe(`NATS/1.0\r\nNats-Msg-Id: a\r\nNats-Batch-Id: ${id}\r\nNats-Batch-Sequence: 1\r\n\r\n`)
  expect(c?.headers).toBe(`NATS/1.0\r\nNats-Msg-Id: c\r\nNats-Batch-Id: ${id}\r\nNats-Batch-Sequence: 3\r\nNats-Batch-Commit: 1\r\n\r\n`)
  answer(link, 2, { stream: 'S', seq: 3, batch: id, count: 3 })
  expect(await sent).toBe(3)
})

test('a batch of which the broker has some ids is given back, to be stored one by one', async () => {
  const link = new FakeLink()
  const sent = publisher(link).publishBatch([message('a'), message('b')])
  await written(link, 2)
  answer(link, 1, { error: { code: 400, err_code: 10201, description: 'batch contains duplicates' } })
  expect(await sent).toBeUndefined()
})

test('a batch that is just too large with its places is too large, not closed', async () => {
  const link = new FakeLink(1000)
  const sent = publisher(link).publishBatch([message('a'), message('b', 1000 - headSize('b'))])
  await expect(sent).rejects.toEqual(coded('PAYLOAD_TOO_LARGE'))
})

test(`a batch of ${batchLimit} is written in order`, async () => {
  const link = new FakeLink()
  const ids = Array.from({ length: batchLimit }, (_, index) => String(index))
  const sent = publisher(link).publishBatch(ids.map((id) => message(id)))
  await written(link, batchLimit)
  expect(link.written.map((each) => each.subject)).toEqual(ids.map((id) => `x.${id}`))
  answer(link, batchLimit - 1, stored(batchLimit))
  expect(await sent).toBe(batchLimit)
})

test('after closing nothing new is taken, and what is under way is still answered', async () => {
  const link = new FakeLink()
  const { publish, close } = publisher(link, { inFlight: 1 })
  const [a, b] = [publish(message('a')), publish(message('b'))]
  await written(link, 1)
  const closed = close()
  await expect(publish(message('c'))).rejects.toEqual(coded('CLOSED'))
  answer(link, 0, stored(1))
  await written(link, 2)
  answer(link, 1, stored(2))
  expect((await Promise.all([a, b])).map((each) => each.sequence)).toEqual([1, 2])
  await closed
})

test('what is not answered when the board closes is unknown, and what was never sent is not', async () => {
  const link = new FakeLink()
  const { publish, close } = publisher(link, { inFlight: 1, patience: 50 })
  const ends = Promise.allSettled([publish(message('a')), publish(message('b'))])
  await written(link, 1)
  await close()
  expect(await ends).toMatchObject([{ reason: { code: 'PUBLISH_UNKNOWN' } }, { reason: { code: 'CLOSED' } }])
})

test('on a connection that has closed nothing is sent, and that is said', async () => {
  const link = new FakeLink()
  const { publish } = publisher(link)
  link.closed = true
  await expect(publish(message('a'))).rejects.toEqual(coded('CLOSED'))
})

test('what was written before the connection closed may be stored, and that is said', async () => {
  const link = new FakeLink()
  const a = publisher(link, { patience: 20 }).publish(message('a'))
  const end = expect(a).rejects.toEqual(coded('PUBLISH_UNKNOWN'))
  await written(link, 1)
  link.closed = true
  await end
})

test('headers travel as they were written', async () => {
  const link = new FakeLink()
  const headers = headerBlock([
    ['Nats-Msg-Id', 'a'],
    ['X-Ünicode', 'näher 世界'],
  ])
  const a = publisher(link).publish({ ...message('a'), headers })
  const [only] = await written(link, 1)
  expect(only?.headers).toBe('NATS/1.0\r\nNats-Msg-Id: a\r\nX-Ünicode: näher 世界\r\n\r\n')
  answer(link, 0, stored(1))
  await a
})
