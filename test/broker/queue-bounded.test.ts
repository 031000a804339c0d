/** Queues with a limit: what does not fit is refused or waits, and everything a queue can do goes on working. */

import { type Board, queue, Reject, task } from 'callboard'
import { describe, expect, test } from 'vitest'
import { beside, broker, gathered, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index)
const few = queue('few', { limit: { tasks: 10 } })
const patient = queue('few', { limit: { tasks: 10 }, full: 'wait' })
const note = task<number>('note', { queue: few })
const waiting = task<number>('note', { queue: patient })
const tracked = task<number, number>('tracked', { queue: few, track: true, lanes: ['high', 'normal'], retry: { attempts: 2, backoff: 10 } })

const codes = (settled: readonly PromiseSettledResult<unknown>[]) =>
  settled.map((each) => (each.status === 'fulfilled' ? 'stored' : (each.reason as { code: string }).code))

const count = (words: readonly string[], word: string) => words.filter((each) => each === word).length

async function stored(board: Board): Promise<number> {
  await using raw = await broker()
  return (await raw.manager.streams.info(streams(board).queue('few'))).state.messages
}

describe('a queue with a limit', () => {
  test('takes exactly what it may hold, from however many boards, and says how full it is', async () => {
    await using board = await openBoard()
    await using other = await beside(board)
    const settled = codes(await Promise.allSettled(upTo(60).map((n) => (n % 2 ? board : other).enqueue(note, n))))
    expect([count(settled, 'stored'), count(settled, 'QUEUE_FULL'), await stored(board)]).toEqual([10, 50, 10])
    const error = await thrownBy(board.enqueue(note, 1))
    expect(error.message).toMatch(/^The queue few is full: it holds 10 tasks of [\d,]+ bytes, the limit is 10 tasks\. Add workers/)
    expect(error).toMatchObject({ code: 'QUEUE_FULL', details: { queue: 'few', tasks: 10, limit: { tasks: 10, bytes: 0 } } })
  })

  test('has room again as soon as work is done, and runs everything that was stored once', async () => {
    await using board = await openBoard()
    const seen: number[] = []
    await board
      .service('worker')
      .perform(note, (n) => void seen.push(n))
      .start()
    const accepted: number[] = []
    for (const n of upTo(200))
      await board.enqueue(note, n).then(
        () => accepted.push(n),
        (error: { code: string }) => expect(error.code).toBe('QUEUE_FULL'),
      )
    await until('what was stored has run', () => seen.length === accepted.length)
    expect([...seen].sort((a, b) => a - b)).toEqual(accepted)
    await until('there is room', async () => (await stored(board)) === 0)
  })

  test('counts bytes as the broker does, and refuses for good what can never fit', async () => {
    await using board = await openBoard()
    const small = task<string>('text', { queue: queue('small', { limit: { bytes: 2000 }, full: 'wait' }) })
    await board.enqueue(small, 'a'.repeat(1000))
    expect(await thrownBy(board.enqueue(small, 'b'.repeat(1000), { timeout: 0 }))).toMatchObject({
      code: 'QUEUE_FULL',
      message: expect.stringMatching(/the limit is 2,000 bytes/),
    })
    const never = await thrownBy(board.enqueue(small, 'c'.repeat(3000)))
    expect([never.code, never.message]).toEqual(['QUEUE_FULL', expect.stringMatching(/can never be in it at once/)])
  })

  test('takes many at once all or none', async () => {
    await using board = await openBoard()
    await board.enqueueMany(note, upTo(6))
    expect(await thrownBy(board.enqueueMany(note, upTo(5)))).toMatchObject({ code: 'QUEUE_FULL', details: { tasks: 6 } })
    expect(await stored(board)).toBe(6)
    await board.enqueueMany(note, upTo(4))
    expect(await stored(board)).toBe(10)
    expect(await thrownBy(board.enqueueMany(waiting, upTo(11)))).toMatchObject({
      code: 'QUEUE_FULL',
      message: expect.stringMatching(/11 tasks of .* can never be in it at once/),
    })
  })
})

describe('an enqueue that waits for room', () => {
  test('is stored when there is room, in the order it was asked for', async () => {
    await using board = await openBoard()
    const handles = upTo(60).map((n) => board.enqueue(waiting, n))
    await until('it is full', async () => (await stored(board)) === 10)
    const seen: number[] = []
    let most = 0
    await using raw = await broker()
    await board
      .service('worker')
      .perform(
        waiting,
        async (n) => {
          const { state } = await raw.manager.streams.info(streams(board).queue('few'))
          most = Math.max(most, state.messages)
          seen.push(n)
        },
        { concurrency: 1 },
      )
      .start()
    await until('all are stored', Promise.all(handles))
    await until('all have run', () => seen.length === 60)
    expect(new Set(seen).size).toBe(60)
    expect(most).toBeLessThanOrEqual(10)
    // Those let through together may pass one another on the wire, those before them and behind them not.
    expect(seen.every((n, place) => Math.abs(n - place) < 10)).toBe(true)
  })

  test('gives up after its timeout, by its signal, and when its board is closed, and is not stored then', async () => {
    await using board = await openBoard()
    const other = await beside(board)
    await board.enqueueMany(note, upTo(10))
    const late = await thrownBy(board.enqueue(waiting, 1, { timeout: 50 }))
    expect([late.code, late.message]).toEqual(['QUEUE_FULL', expect.stringMatching(/No room was found in 50 ms/)])
    const signal = new AbortController()
    const called = thrownBy(board.enqueue(waiting, 2, { signal: signal.signal }))
    const left = thrownBy(other.enqueue(waiting, 3))
    const many = thrownBy(board.enqueueMany(waiting, upTo(3), { timeout: 50 }))
    expect((await many).code).toBe('QUEUE_FULL')
    signal.abort(new Error('enough'))
    expect(await called).toMatchObject({ code: 'ABORTED', details: { outcome: 'not stored' } })
    await other.close()
    expect((await left).code).toBe('CLOSED')
    expect(await stored(board)).toBe(10)
  })

  test('many at once wait until all of them fit', async () => {
    await using board = await openBoard()
    await board.enqueueMany(note, upTo(8))
    const many = board.enqueueMany(waiting, upTo(9))
    const end = latch()
    const seen: number[] = []
    await board
      .service('worker')
      .perform(note, async (n) => {
        await end.promise
        seen.push(n)
      })
      .start()
    end.open()
    expect(await until('they are stored', many)).toHaveLength(9)
    await until('all have run', () => seen.length === 17)
  })
})

describe('in a bounded queue', () => {
  test('delayed tasks and schedules wait beside the limit, and run when they are due', async () => {
    await using board = await openBoard()
    await board.enqueueMany(note, upTo(10))
    const later = await board.enqueue(tracked, 7, { delay: 400 })
    const never = await board.enqueue(tracked, 8, { delay: '1h' })
    const now = await board.enqueue(tracked, 9, { delay: '1h', priority: 'high' })
    await board.schedules.set('hourly', { every: '1h' }, tracked, 10)
    expect([(await never.status()).state, await stored(board)]).toEqual(['scheduled', 10])
    expect([await never.cancel(), (await never.status()).state]).toEqual([true, 'cancelled'])
    expect(await now.runNow()).toBe(true)
    const run = await board.schedules.run('hourly')
    const seen: number[] = []
    await board
      .service('worker')
      .perform(tracked, (n) => {
        seen.push(n)
        return n * 2
      })
      .start()
    expect([await later.result({ timeout: '25s' }), await now.result({ timeout: '25s' })]).toEqual([14, 18])
    expect(await board.handle(tracked, run.id).result({ timeout: '25s' })).toBe(20)
    expect(seen.sort()).toEqual([10, 7, 9])
    expect((await gathered(board.schedules.list())).map(({ name, state }) => [name, state])).toEqual([['hourly', 'ok']])
    expect(await stored(board)).toBe(10)
  })

  test('a key is held over all lanes and the delay, however many ask at once', async () => {
    await using board = await openBoard()
    await using other = await beside(board)
    const ask = (n: number) =>
      (n % 2 ? board : other).enqueue(tracked, n, {
        unique: 'report',
        priority: n % 3 ? 'normal' : 'high',
        ...(n % 4 ? {} : { delay: 500 }),
      })
    const first = await Promise.all(upTo(24).map(ask))
    expect(new Set(first.map(({ id }) => id)).size).toBe(1)
    expect(first.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    const seen: number[] = []
    const [begun, end] = [latch(), latch()]
    await board
      .service('worker')
      .perform(tracked, async (n) => {
        seen.push(n)
        begun.open()
        await end.promise
        return n
      })
      .start()
    await until('it runs', begun.promise)
    expect([(await ask(0)).duplicate, (await ask(1)).duplicate]).toEqual([true, true])
    end.open()
    await until('it has ended', (first[0] as (typeof first)[0]).result())
    await until('the key is free', async () => !(await ask(1)).duplicate)
  })

  test('what is given up is a dead letter, whether it came at once or later, and is sent back where it came from', async () => {
    await using board = await openBoard()
    let broken = true
    await board
      .service('worker')
      .perform(tracked, (n) => {
        if (broken) throw new Reject(`no ${n}`)
        return n
      })
      .start()
    const [now, later] = [await board.enqueue(tracked, 1), await board.enqueue(tracked, 2, { delay: 10 })]
    await until('both are dead', async () => (await gathered(board.dead.list())).length === 2)
    broken = false
    expect(await board.dead.redrive({})).toBe(2)
    await until('both have run', async () => (await now.status()).state === 'succeeded' && (await later.status()).state === 'succeeded')
    expect(await stored(board)).toBe(0)
  })

  test('what has waited longer than it may is buried as expired, and what is younger is not', async () => {
    await using board = await openBoard()
    const brief = task<number>('brief', { queue: queue('brief', { limit: { tasks: 10, age: 1500 } }) })
    await board.enqueueMany(brief, [1, 2, 3])
    const old = Date.now() + 1500
    await until('they are too old', () => Date.now() > old)
    const seen: number[] = []
    await board
      .service('worker')
      .perform(brief, (n) => void seen.push(n))
      .start()
    // It is as old when it is due, and then begins to wait.
    await board.enqueue(brief, 4, { delay: 1600 })
    await until('the young one runs', () => seen.length > 0)
    const letters = await until('the old ones are dead', async () => {
      const found = await gathered(board.dead.list())
      return found.length === 3 ? found : undefined
    })
    expect([seen, letters?.map((each) => [each.reason, each.payload()])]).toEqual([[4], [1, 2, 3].map((n) => ['expired', n])])
  })
})

test('limits that cannot be kept are refused, all complaints at once', async () => {
  expect(() => queue('a', { layout: 'log', limit: { tasks: 1 } })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  expect(() => queue('a', { full: 'drop' as never, limit: { tasks: 0, bytes: -1, days: 1 } as never })).toThrow(
    /full is "drop".*limit.*tasks is 0.*bytes is -1|limit.*tasks is 0.*bytes is -1.*full is "drop"/,
  )
  expect(queue('a', { layout: 'log', limit: { age: '1h' } }).limit).toEqual({ tasks: 0, bytes: 0, age: 3_600_000 })
})

test('a queue neither gets nor loses a limit while it exists', async () => {
  await using board = await openBoard()
  await board.enqueue(note, 1)
  expect(await thrownBy(board.enqueue(task<number>('note', { queue: 'few' }), 2))).toMatchObject({ code: 'CONFIG_CONFLICT' })
  const free = task<number>('note', { queue: 'free' })
  await board.enqueue(free, 1)
  const bound = task<number>('note', { queue: queue('free', { limit: { tasks: 5 } }) })
  expect(await thrownBy(board.enqueue(bound, 2))).toMatchObject({ code: 'CONFIG_CONFLICT' })
})
