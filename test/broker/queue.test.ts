import { jetstreamManager } from '@nats-io/jetstream'
import { callboard, queue, task } from 'callboard'
import { connect } from 'nats'
import { expect, inject, test } from 'vitest'
import { namespace } from '../support/namespace.ts'
import { until } from '../support/until.ts'

const log = queue('ledgered', { layout: 'log' })
const count = task<{ n: number }>('count', { queue: log, retry: { attempts: 3, backoff: '10ms' } })
const square = task<{ n: number }, number>('square', { queue: log, track: true })

const open = (name: string) => callboard({ servers: inject('natsUrl'), namespace: name, log: false })

/** How many messages the stream of the queue holds. */
async function stored(name: string): Promise<number> {
  const nc = await connect({ servers: inject('natsUrl') })
  try {
    const jsm = await jetstreamManager(nc)
    return (await jsm.streams.info(`${name.toUpperCase()}_QUEUE_ledgered`)).state.messages
  } finally {
    await nc.close()
  }
}

test('a log queue performs each task once and is trimmed behind the last that is done', async () => {
  const name = namespace()
  await using board = await open(name)
  const seen: number[] = []
  await using _service = await board
    .service('counter')
    .perform(count, ({ n }) => void seen.push(n))
    .start()
  await Promise.all(Array.from({ length: 500 }, (_, n) => board.enqueue(count, { n })))
  await until('all are performed', () => seen.length >= 500)
  expect(new Set(seen).size).toBe(500)
  expect(seen.length).toBe(500)
  await until('the log is trimmed', async () => (await stored(name)) === 0)
})

test('tasks enqueued at the same moment into a log queue get places of their own, in order', async () => {
  await using board = await open(namespace())
  const handles = await Promise.all(Array.from({ length: 300 }, (_, n) => board.enqueue(count, { n })))
  const places = handles.map(({ sequence }) => sequence)
  expect(places).toEqual(Array.from({ length: 300 }, (_, n) => n + 1))
  expect(handles.every(({ duplicate }) => !duplicate)).toBe(true)
})

test('one id enqueued twice at the same moment into a log queue is stored once, and its neighbours are stored too', async () => {
  const name = namespace()
  await using board = await open(name)
  await board.enqueue(count, { n: 0 }, { id: 'twice' })
  const handles = await Promise.all([
    board.enqueue(count, { n: 1 }),
    board.enqueue(count, { n: 0 }, { id: 'twice' }),
    board.enqueue(count, { n: 2 }),
  ])
  expect(handles.map(({ duplicate }) => duplicate)).toEqual([false, true, false])
  expect(await stored(name)).toBe(3)
})

test('a log queue retries, tracks, delays and keeps unique keys as any queue does', async () => {
  await using board = await open(namespace())
  let failures = 0
  await using _service = await board
    .service('worker')
    .perform(square, async ({ n }, ctx) => {
      if (n === 3 && ctx.attempt === 1) {
        failures++
        throw new Error('once')
      }
      return n * n
    })
    .start()
  expect(await (await board.enqueue(square, { n: 2 })).result({ timeout: '25s' })).toBe(4)
  expect(await (await board.enqueue(square, { n: 3 }, { retry: { backoff: 10 } })).result({ timeout: '25s' })).toBe(9)
  expect(failures).toBe(1)
  expect(await (await board.enqueue(square, { n: 4 }, { delay: 300 })).result({ timeout: '25s' })).toBe(16)
  const first = await board.enqueue(square, { n: 5 }, { unique: 'five', delay: '1h' })
  const second = await board.enqueue(square, { n: 5 }, { unique: 'five' })
  expect([second.id, second.duplicate]).toEqual([first.id, true])
  expect(await first.runNow()).toBe(true)
  await first.result({ timeout: '25s' })
  await until('the key is free again', async () => !(await board.enqueue(square, { n: 6 }, { unique: 'five' })).duplicate)
})

test('a queue that exists keeps its layout: another one is refused', async () => {
  const name = namespace()
  await using board = await open(name)
  await board.enqueue(count, { n: 1 })
  const other = task<{ n: number }>('count', { queue: 'ledgered' })
  await expect(board.enqueue(other, { n: 2 })).rejects.toMatchObject({ code: 'CONFIG_CONFLICT' })
})

test('bad settings of a queue are refused', () => {
  expect(() => queue('a b')).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }))
  expect(() => queue('mail', { layout: 'heap' as never })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
})
