import { queue, task, topic } from 'callboard'
import { expect, inject, test } from 'vitest'
import { broker, openBoard, streams, thrownBy } from '../support/board.ts'
import { wire } from '../support/proxy.ts'
import { until } from '../support/until.ts'

const port = Number(new URL(inject('natsUrl')).port)
const plain = task<number>('plain')
const happened = topic<number>('it.happened')
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

/** What lies in a stream, read off with another board. */
async function performed(board: { namespace: string }, count: number): Promise<number[]> {
  await using reader = await openBoard({ namespace: board.namespace })
  const seen: number[] = []
  await using _ = await reader
    .service('reader')
    .perform(plain, (n) => void seen.push(n), { concurrency: 100 })
    .start()
  await until(`${count} are performed`, () => seen.length >= count)
  await using here = await broker()
  await until('the queue is empty', async () => (await here.manager.streams.info(streams(reader as never).queue())).state.messages === 0)
  return seen.sort((a, b) => a - b)
}

test('a thousand are stored once, all of them, when the connection is cut while they are sent', async () => {
  await using line = await wire(port)
  await using board = await openBoard({ servers: line.url })
  await board.enqueueMany(plain, [-1])
  const storing = board.enqueueMany(plain, numbers(1000))
  await until('the first of them are on the wire', () => line.said().includes('Nats-Batch-Sequence: 1\r\n'))
  line.cut()
  expect(await storing).toHaveLength(1000)
  expect(await performed(board, 1001)).toEqual([-1, ...numbers(1000)])
})

test('a thousand are stored once, all of them, when the answer is lost', async () => {
  await using line = await wire(port)
  await using board = await openBoard({ servers: line.url })
  await board.enqueueMany(plain, [-1])
  line.swallow()
  const storing = board.enqueueMany(plain, numbers(1000))
  await using here = await broker()
  await until('they are stored', async () => (await here.manager.streams.info(streams(board).queue())).state.messages === 1001)
  line.heal()
  line.cut()
  const handles = await storing
  expect(new Set(handles.map(({ id }) => id)).size).toBe(1000)
  expect(await performed(board, 1001)).toEqual([-1, ...numbers(1000)])
})

test('of a thousand that the broker refuses none is stored', async () => {
  await using board = await openBoard()
  await board.publishMany(happened, [0])
  await using here = await broker()
  const { topics } = streams(board)
  await here.manager.streams.update(topics, { max_msg_size: 200 })
  const texts = topic<string>('it.happened')
  const events = [...Array(999).fill('short'), 'x'.repeat(300)]
  expect((await thrownBy(board.publishMany(texts, events))).code).toBe('PAYLOAD_TOO_LARGE')
  expect((await here.manager.streams.info(topics)).state.messages).toBe(1)
})

test('where only some of many thousands were stored, the report says which to send again, and then each is there once', async () => {
  await using line = await wire(port)
  await using board = await openBoard({ servers: line.url })
  await board.enqueueMany(plain, [-1])
  const inputs = numbers(7000)
  const over = new AbortController()
  const storing = thrownBy(board.enqueueMany(plain, inputs, { signal: over.signal }))
  await using here = await broker()
  await until('some are stored', async () => (await here.manager.streams.info(streams(board).queue())).state.messages > 4100)
  line.swallow()
  over.abort()
  const error = await storing
  expect(error.code).toBe('PARTLY_STORED')
  const { stored, ids, missing } = error.details as { stored: number; ids: string[]; missing: number[] }
  expect(stored + missing.length).toBe(inputs.length)
  line.heal()
  line.cut()
  await Promise.all(missing.map((index) => board.enqueue(plain, inputs[index] as number, { id: ids[index] as string })))
  expect(await performed(board, inputs.length + 1)).toEqual([-1, ...inputs])
})

test('what is larger than the broker takes is refused before anything is sent, with both numbers', async () => {
  await using board = await openBoard()
  const large = task<Uint8Array>('large')
  const error = await thrownBy(board.enqueue(large, new Uint8Array(1_100_000)))
  expect(error).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', details: { limit: 1_048_576 - 4096 } })
  expect(error.message).toMatch(/has 11000\d\d bytes with its headers, the broker takes 1044480/)
})

test('a list that its owner empties at once is stored as it was, also where it fills several batches', async () => {
  await using board = await openBoard()
  await board.enqueueMany(plain, [-1])
  const inputs = numbers(6000)
  const storing = board.enqueueMany(plain, inputs)
  inputs.length = 0
  expect(new Set((await storing).map(({ id }) => id)).size).toBe(6000)
  expect(await performed(board, 6001)).toEqual([-1, ...numbers(6000)])
})

test('of thousands nothing is stored when the last of them is bad', async () => {
  await using board = await openBoard()
  await board.enqueueMany(plain, [-1])
  const bad = task<unknown>('plain')
  expect((await thrownBy(board.enqueueMany(bad, [...numbers(6000), new Map()]))).code).toBe('NOT_SERIALIZABLE')
  expect((await thrownBy(board.enqueueMany(bad, [...numbers(6000), 'x'.repeat(2_000_000)]))).code).toBe('PAYLOAD_TOO_LARGE')
  await using here = await broker()
  expect((await here.manager.streams.info(streams(board).queue())).state.messages).toBe(1)
})

test('many that are sent again under their ids are stored once, whatever part of them was there, and events too', async () => {
  await using board = await openBoard()
  await using here = await broker()
  const count = async (stream: string) => (await here.manager.streams.info(stream)).state.messages
  const ids = numbers(2500).map((n) => `n-${n}`)
  await board.enqueueMany(plain, numbers(1500), { ids: ids.slice(0, 1500) })
  const handles = await board.enqueueMany(plain, numbers(2500), { ids })
  expect(handles.map(({ id }) => id)).toEqual(ids)
  expect(handles.map(({ duplicate }) => duplicate)).toEqual(numbers(2500).map((n) => n < 1500))
  expect(await count(streams(board).queue())).toBe(2500)
  for (const before of [0, 10]) {
    const receipts = await board.publishMany(happened, numbers(20 - before), { ids: ids.slice(0, 20 - before) })
    expect(receipts.map(({ duplicate }) => duplicate)).toEqual(numbers(20 - before).map(() => before > 0))
  }
  expect(await count(streams(board).topics)).toBe(20)
  // The same id twice in one list is one task, also where it has partitions, ordered keys or a limit.
  const places = ['default', queue('wide', { partitions: 3 }), queue('few', { limit: { tasks: 100 } })] as const
  for (const [index, place] of places.entries()) {
    const twice = task<number>(`twice-${index}`, { queue: place, ...(index === 2 ? {} : { ordered: (n) => `k${n % 2}` }) })
    const told = await board.enqueueMany(twice, [1, 2, 3, 2], { ids: ['one', 'two', 'three', 'two'].map((each) => `${each}-${index}`) })
    expect(told.filter(({ duplicate }) => duplicate).map(({ id }) => id)).toEqual([`two-${index}`])
  }
})

test('ids of many that are too few or cannot be ids are refused before anything is stored', async () => {
  await using board = await openBoard()
  expect(await thrownBy(board.enqueueMany(plain, [1, 2], { ids: ['one'] }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('1 ids for 2 messages'),
  })
  for (const ids of [['one', 'a b'], 'ab' as never])
    expect(await thrownBy(board.publishMany(happened, [1, 2], { ids }))).toMatchObject({ code: 'INVALID_OPTION' })
})
