import { expect, test } from 'vitest'
import { Events } from '../../src/base/events.ts'
import { type BatchTerms, collector, type Word } from '../../src/runtime/collect.ts'
import { Reject, Snooze } from '../../src/runtime/verdict.ts'
import { type Answer, type ArraySource, arraySource, consuming, mapMemory, type Setting } from '../support/array-source.ts'
import { latch } from '../support/board.ts'
import { until } from '../support/until.ts'

type Item = Word & { readonly n: number }

const hour = 3_600_000

/** A consumer that hands batches to `call`, with what each call was given. */
async function batched(
  source: ArraySource,
  terms: Partial<BatchTerms>,
  call: (items: readonly Item[], signal: () => AbortSignal) => unknown,
  setting: Setting = {},
) {
  const calls: number[][] = []
  const memory = setting.memory ?? mapMemory()
  const all: BatchTerms = { size: 3, within: hour, concurrency: 1, ...terms }
  const collected = collector<Item>(all, (items, signal) => {
    calls.push(items.map(({ n }) => n))
    return call(items, signal)
  })
  const each = consuming(source, new Events(), {
    concurrency: all.size * all.concurrency,
    handle: (input, run) => collected.add(run, memory, (word) => ({ n: input as number, ...word })),
    gathers: collected,
    memory,
    ...setting,
  })
  await each.start()
  let drained: Promise<void> | undefined
  const drain = (ms: number) => {
    drained ??= each.drain(ms)
    return drained
  }
  return { calls, buried: each.buried, drain, cancel: each.cancel, [Symbol.asyncDispose]: () => drain(0) }
}

const answers = (source: ArraySource): Answer[][] => source.handed.map((each) => each.answers)
const allAnswered = (source: ArraySource, count: number) =>
  until(`${count} deliveries are answered`, () => source.handed.length >= count && source.handed.every((each) => each.answers.length > 0))
const acked: Answer[] = [{ say: 'ack' }]

test('a handler is called once for as many as there may be', async () => {
  const source = arraySource([1, 2, 3, 4, 5, 6])
  await using consumer = await batched(source, {}, () => undefined)
  await allAnswered(source, 6)
  expect(consumer.calls).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ])
  expect(answers(source)).toEqual(Array(6).fill(acked))
})

test('fewer are handed over when the first has waited long enough', async () => {
  const source = arraySource([1, 2])
  await using consumer = await batched(source, { within: 20 }, () => undefined)
  await allAnswered(source, 2)
  expect(consumer.calls.flat()).toEqual([1, 2])
})

test('a drain hands over what was gathered, and waits for it', async () => {
  const source = arraySource([1, 2])
  await using consumer = await batched(source, {}, async () => {})
  await until('both have come', () => source.handed.length === 2)
  await consumer.drain(5000)
  expect(consumer.calls).toEqual([[1, 2]])
  expect(answers(source)).toEqual([acked, acked])
})

test('each item has the end that is said of it, and the first word counts', async () => {
  const source = arraySource([1, 2, 3, 4, 5])
  await using consumer = await batched(
    source,
    { size: 5 },
    ([one, two, three, four]) => {
      one?.done(1)
      one?.fail(new Error('too late'))
      two?.fail(new Error('not this time'))
      three?.fail(new Reject('never'))
      four?.fail(new Snooze(900))
    },
    { policy: { backoff: () => 7 } },
  )
  await allAnswered(source, 5)
  expect(answers(source)).toEqual([
    acked,
    [{ say: 'again', ms: 7 }],
    [{ say: 'drop', reason: 'rejected' }],
    [{ say: 'again', ms: 900 }],
    acked,
  ])
  expect(consumer.buried.map(({ error }) => error.message)).toEqual(['never'])
})

test('a returned list has an entry for each item, and an Error makes one fail', async () => {
  const source = arraySource([1, 2, 3])
  const kept: unknown[] = []
  await using consumer = await batched(source, {}, () => ['a', new Reject('b'), undefined], {
    ended: async (_, outcome) => void kept.push('value' in outcome ? outcome.value : outcome.end),
  })
  await allAnswered(source, 3)
  expect(kept).toEqual(['a', undefined])
  expect(consumer.buried).toHaveLength(1)
})

test('a list of another length belongs to nobody, so all are tried again', async () => {
  const source = arraySource([1, 2, 3])
  await using consumer = await batched(source, {}, () => ['a'], { policy: { attempts: 1 } })
  await allAnswered(source, 3)
  expect(consumer.buried.map(({ error }) => error.code)).toEqual(Array(3).fill('BATCH_MISMATCH'))
})

test('what is thrown fails those that have no end yet, and no others', async () => {
  const source = arraySource([1, 2, 3])
  await using _ = await batched(source, {}, ([one]) => {
    one?.done(undefined)
    throw new Error('the rest did not fit')
  })
  await allAnswered(source, 3)
  expect(answers(source).map(([answer]) => answer?.say)).toEqual(['ack', 'again', 'again'])
})

test('the last attempt is made alone, so that one item does not take its neighbours with it', async () => {
  const source = arraySource([1, 2, 3], { again: true })
  const memory = mapMemory()
  await using consumer = await batched(
    source,
    { within: 5 },
    (items) => {
      if (items.some(({ n }) => n === 2)) throw new Error('two')
    },
    { memory, policy: { attempts: 2 } },
  )
  await until('all have ended', () => source.handed.length === 6 && source.handed.slice(3).every((each) => each.answers.length > 0))
  expect(consumer.calls[0]).toEqual([1, 2, 3])
  expect(consumer.calls.slice(1).map((call) => call.length)).toEqual([1, 1, 1])
  expect(consumer.buried).toHaveLength(1)
})

test('what came back because its process ended is handled alone', async () => {
  const source = arraySource()
  for (const n of [1, 2]) source.add(n, { count: 2 })
  source.add(3)
  await using consumer = await batched(source, { within: 5 }, () => undefined)
  await allAnswered(source, 3)
  expect(consumer.calls.map((call) => call.length)).toEqual([1, 1, 1])
})

test('a suspect whose mark could not be left is not run, and comes again at no attempt', async () => {
  const source = arraySource()
  source.add(1, { count: 2 })
  const memory = mapMemory()
  const { note } = memory
  let refused = false
  memory.note = (delivery, what) => {
    if (refused) return note(delivery, what)
    refused = true
    return Promise.reject(new Error('the table is away'))
  }
  await using consumer = await batched(source, {}, () => undefined, { memory })
  await allAnswered(source, 1)
  expect(consumer.calls).toEqual([])
  expect(answers(source)).toEqual([[{ say: 'again', ms: 1000 }]])
  expect([...memory.notes.values()].map(({ used, open }) => [used, open])).toEqual([[1, false]])
})

test('no more batches run at once than there may be, and the next one gathers meanwhile', async () => {
  const gate = latch()
  const source = arraySource([1, 2, 3, 4])
  await using consumer = await batched(source, { size: 4, within: 1 }, () => gate.promise)
  await until('the first batch is called', () => consumer.calls.length === 1)
  for (const n of [5, 6]) source.add(n)
  gate.open()
  await allAnswered(source, 6)
  expect(consumer.calls.flat()).toEqual([1, 2, 3, 4, 5, 6])
})

test('the time of a run begins when its batch does, and a batch that never comes back holds no place', async () => {
  const source = arraySource([1, 2])
  const stuck: AbortSignal[] = []
  await using consumer = await batched(
    source,
    { size: 2, within: 5 },
    (items, signal) => {
      if (items.some(({ n }) => n > 2)) return
      stuck.push(signal())
      return new Promise(() => {})
    },
    { policy: { timeout: 50 } },
  )
  await allAnswered(source, 2)
  expect(stuck.map(({ aborted, reason }) => [aborted, reason.code])).toEqual(stuck.map(() => [true, 'HANDLER_TIMEOUT']))
  source.add(3)
  await until('the next batch was handled', () => consumer.calls.flat().includes(3))
})

test('waiting for others takes nothing from the time of a run', async () => {
  const source = arraySource([1])
  await using consumer = await batched(source, { within: 300 }, () => undefined, { policy: { timeout: 50 } })
  await allAnswered(source, 1)
  expect(consumer.calls).toEqual([[1]])
  expect(answers(source)).toEqual([acked])
})

test('what is called off while it is gathered is not handed to the handler', async () => {
  const source = arraySource([1, 2])
  await using consumer = await batched(source, {}, () => undefined)
  await until('both have come', () => source.handed.length === 2)
  consumer.cancel('id-1')
  await consumer.drain(5000)
  expect(consumer.calls).toEqual([[2]])
  expect(answers(source)).toEqual([acked, acked])
})

test('what waits behind a batch that does not end is handed back at the end of a drain, unharmed', async () => {
  const source = arraySource([1, 2, 3, 4])
  const memory = mapMemory()
  await using consumer = await batched(source, { size: 2, within: 1, concurrency: 1 }, () => new Promise(() => {}), {
    memory,
    concurrency: 4,
  })
  await until('all have come', () => source.handed.length === 4)
  await consumer.drain(20)
  expect(answers(source)).toEqual(Array(4).fill([{ say: 'again', ms: 0 }]))
  expect([...memory.notes.values()].map(({ used }) => used)).toEqual([0, 0, 0, 0])
})
