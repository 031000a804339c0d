/** Tasks: one worker each, and a sender that keeps control. */

import { type Board, queue, type TaskContext, task } from 'callboard'
import { gate } from 'callboard/limits'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { beside, broker, gathered, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const add = task('add', { input: z.object({ a: z.number(), b: z.number() }), output: z.number(), retry: { attempts: 2, backoff: 1 } })
const note = task<number>('note', { retry: { attempts: 2, backoff: 1 } })
const tracked = task<number, number>('tracked', { track: true, retry: { attempts: 2, backoff: 1 } })

const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1)

/** A performer whose runs wait until they are let go. */
async function held(board: Board, name = 'worker') {
  const began: TaskContext[] = []
  const end = latch()
  const service = await board
    .service(name)
    .perform(tracked, async (n, ctx) => {
      began.push(ctx)
      await Promise.race([end.promise, new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)))])
      return n * 2
    })
    .start()
  return { began, end, service }
}

describe.concurrent('a task', () => {
  test('each goes to exactly one worker, over services and processes', async () => {
    await using board = await openBoard()
    await using other = await beside(board)
    const done: [string, number][] = []
    for (const [on, name] of [
      [board, 'one'],
      [board, 'two'],
      [other, 'one'],
    ] as const)
      await on
        .service(name)
        .perform(note, (n) => void done.push([`${name} ${on === board}`, n]), { concurrency: 2 })
        .start()
    await board.enqueueMany(note, upTo(300))
    await until('all are done', () => done.length >= 300)
    expect(done.map(([, n]) => n).sort((a, b) => a - b)).toEqual(upTo(300))
    expect(new Set(done.map(([who]) => who)).size).toBe(3)
  })

  test.each([1, 1000, 2500])('enqueueMany stores %i, all of them once, each with a handle of its own', async (count) => {
    await using board = await openBoard()
    await using raw = await broker()
    const handles = await board.enqueueMany(note, upTo(count))
    expect(handles.map(({ sequence }) => sequence)).toEqual(upTo(count))
    expect(handles.every(({ duplicate }) => !duplicate)).toBe(true)
    expect(new Set(handles.map(({ id }) => id)).size).toBe(count)
    expect((await raw.manager.streams.info(streams(board).queue())).state.messages).toBe(count)
  })

  test('enqueueMany stores all or none, and nothing of nothing', async () => {
    await using board = await openBoard()
    await using raw = await broker()
    const huge = task<string>('huge')
    const inputs = ['fits', 'x'.repeat(2_000_000), 'fits too']
    expect(await thrownBy(board.enqueueMany(huge, inputs))).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' })
    expect(await board.enqueueMany(note, [])).toEqual([])
    expect((await raw.manager.streams.info(streams(board).queue())).state.messages).toBe(0)
  })

  test('the same id enqueued twice is stored once, and its handle is that of the first', async () => {
    await using board = await openBoard()
    const first = await board.enqueue(tracked, 1, { id: 'order-1' })
    const second = await board.enqueue(tracked, 1, { id: 'order-1' })
    expect([first.duplicate, second.duplicate, second.sequence]).toEqual([false, true, first.sequence])
    const { end } = await held(board)
    end.open()
    expect(await Promise.all([first.result({ timeout: '25s' }), second.result({ timeout: '1m' })])).toEqual([2, 2])
  })

  test('a handle says where its task is: enqueued, running, how far and where, and succeeded', async () => {
    await using board = await openBoard()
    await using elsewhere = await beside(board)
    const handle = await board.enqueue(tracked, 21)
    const foreign = elsewhere.handle(tracked, handle.id)
    expect(await handle.status()).toEqual({ state: 'enqueued' })
    expect(await foreign.status()).toEqual({ state: 'enqueued' })
    const { began, end } = await held(board)
    await until('it runs', () => began.length === 1)
    const told: unknown[] = []
    const stop = foreign.progress((value) => told.push(value))
    await until('the listener of its progress hears', () => {
      began[0]?.progress({ done: 7, of: 10 })
      return told.length > 0
    })
    stop()
    const expected = { state: 'running', attempt: 1, progress: { done: 7, of: 10 }, worker: expect.stringContaining(String(process.pid)) }
    await until('its worker answers', async () => (await handle.status()).state === 'running')
    expect(
      await until('its worker answers from elsewhere', async () => {
        const status = await foreign.status()
        return status.state === 'running' && status
      }),
    ).toEqual(expected)
    end.open()
    expect(await foreign.result({ timeout: '25s' })).toBe(42)
    expect(await handle.status()).toEqual({ state: 'succeeded' })
    expect(await foreign.status()).toEqual({ state: 'succeeded' })
  })

  test('a handle says that its task waits for another attempt, was given up, or is not known', async () => {
    await using board = await openBoard()
    const slow = task<number>('slow', { track: true, retry: { attempts: 2, backoff: '1h' } })
    const handle = await board.enqueue(slow, 1)
    const dead = await board.enqueue(tracked, 1)
    const untracked = await board.enqueue(note, 1)
    const fail = () => {
      throw new Error('always')
    }
    await board.service('worker').perform(slow, fail).perform(tracked, fail).perform(note, fail).start()
    await until('it waits for its second attempt', async () => (await handle.status()).state === 'retrying')
    expect(await handle.status()).toMatchObject({ state: 'retrying', attempt: 1 })
    await until('one is given up', async () => (await dead.status()).state === 'dead')
    expect(await dead.status()).toMatchObject({ state: 'dead', attempt: 2, obituary: { reason: 'exhausted', attempts: 2 } })
    await until('one without a result is given up', async () => (await untracked.status()).state === 'dead')
    expect(await board.handle(tracked, 'nobody-knows').status()).toEqual({ state: 'unknown' })
    expect(await board.handle(note, 'nobody-knows').status()).toEqual({ state: 'unknown' })
  })

  test('a task nobody waits for has succeeded when it is gone', async () => {
    await using board = await openBoard()
    const handle = await board.enqueue(note, 1)
    expect(await handle.status()).toEqual({ state: 'enqueued' })
    await board
      .service('worker')
      .perform(note, () => undefined)
      .start()
    await until('it is gone', async () => (await handle.status()).state === 'succeeded')
  })

  test('many may wait for one result, here and elsewhere, early and late; who gives up disturbs nobody', async () => {
    await using board = await openBoard()
    await using elsewhere = await beside(board)
    const handle = await board.enqueue(add, { a: 20, b: 22 })
    const early = [
      ...Array.from({ length: 20 }, () => handle.result()),
      ...Array.from({ length: 20 }, () => elsewhere.handle(add, handle.id).result()),
    ]
    expect(await thrownBy(handle.result({ timeout: 20 }))).toMatchObject({ code: 'TIMED_OUT' })
    expect(await thrownBy(elsewhere.handle(add, handle.id).result({ timeout: 20 }))).toMatchObject({ code: 'TIMED_OUT' })
    const giveUp = new AbortController()
    const aborted = handle.result({ signal: giveUp.signal })
    giveUp.abort()
    expect(await thrownBy(aborted)).toMatchObject({ code: 'ABORTED' })
    await board
      .service('worker')
      .perform(add, ({ a, b }) => a + b)
      .start()
    expect(new Set(await until('all who wait hear of it', Promise.all(early)))).toEqual(new Set([42]))
    expect(
      await until('who comes late hears of it too', Promise.all([handle.result(), elsewhere.handle(add, handle.id).result()])),
    ).toEqual([42, 42])
  })

  test('a result that arrived before anybody asked is there', async () => {
    await using board = await openBoard()
    await board
      .service('worker')
      .perform(add, ({ a, b }) => a + b)
      .start()
    const done: string[] = []
    board.on('finished', ({ id }) => done.push(id))
    const handles = await board.enqueueMany(
      add,
      upTo(50).map((n) => ({ a: n, b: 1 })),
    )
    await until('all are done', () => done.length === 50)
    expect(await until('all results are there', Promise.all(handles.map((handle) => handle.result())))).toEqual(upTo(50).map((n) => n + 1))
  })

  test('a result is given as it was made: nothing, what a schema makes of it, or that it was lost', async () => {
    await using board = await openBoard()
    const nothing = task<number>('nothing', { track: true })
    const shaped = task('shaped', { input: z.number(), output: z.object({ n: z.number(), kind: z.string().default('plain') }) })
    const wrong = task<number, unknown>('wrong', { track: true })
    const large = task<number, string>('large', { track: true })
    await board
      .service('worker')
      .perform(nothing, () => undefined)
      .perform(shaped, (n) => (n > 0 ? { n } : { n: 'none' as never }))
      .perform(wrong, () => ({ at: new Date() }))
      .perform(large, () => 'x'.repeat(1_100_000))
      .start()
    expect(await (await board.enqueue(nothing, 1)).result({ timeout: '25s' })).toBeUndefined()
    expect(await (await board.enqueue(shaped, 1)).result({ timeout: '25s' })).toEqual({ n: 1, kind: 'plain' })
    for (const handle of [await board.enqueue(shaped, 0), await board.enqueue(wrong, 1), await board.enqueue(large, 1)]) {
      expect(await thrownBy(handle.result({ timeout: '25s' }))).toMatchObject({ code: 'RESULT_LOST' })
      expect(await handle.status()).toEqual({ state: 'succeeded' })
    }
  })

  test('what a task died of is told to whoever waits; sent back, it may have another end', async () => {
    await using board = await openBoard()
    await using admin = await beside(board)
    let broken = true
    await board
      .service('worker')
      .perform(tracked, (n) => {
        if (broken) throw new RangeError('out of bounds')
        return n
      })
      .start()
    const handle = await board.enqueue(tracked, 5)
    const error = await thrownBy(handle.result({ timeout: '25s' }))
    expect(error).toMatchObject({ code: 'TASK_FAILED', details: { obituary: { reason: 'exhausted', error: { name: 'RangeError' } } } })
    expect(error.message).toContain('RangeError: out of bounds')
    const unheard = await board.enqueue(tracked, 6)
    await until('the other has died, unasked', async () => (await unheard.status()).state === 'dead')
    broken = false
    expect(await admin.dead.redrive({ name: 'tracked' })).toBe(2)
    expect(await handle.result({ timeout: '25s' })).toBe(5)
    expect(await unheard.result({ timeout: '25s' })).toBe(6)
  })

  test('a result is forgotten when its time is over', async () => {
    await using board = await openBoard()
    await using elsewhere = await beside(board)
    const brief = task<number, number>('brief', { track: true, keep: '1s' })
    await board
      .service('worker')
      .perform(brief, (n) => n)
      .start()
    const handle = await board.enqueue(brief, 1)
    expect(await handle.result({ timeout: '25s' })).toBe(1)
    const foreign = elsewhere.handle(brief, handle.id)
    await until('it is forgotten', async () => (await foreign.status()).state === 'unknown')
    expect(await thrownBy(foreign.result({ timeout: 100 }))).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a task that keeps no result says so to whoever waits for one', async () => {
    await using board = await openBoard()
    const handle = await board.enqueue(note, 1)
    expect(await thrownBy((handle as unknown as { result(): Promise<void> }).result())).toMatchObject({ code: 'NOT_TRACKED' })
  })

  test('cancel takes a waiting task away, with or without a result', async () => {
    await using board = await openBoard()
    const handles = [await board.enqueue(tracked, 1), await board.enqueue(note, 1), await board.enqueue(note, 1, { unique: 'u' })]
    for (const handle of handles) expect(await handle.cancel()).toBe(true)
    for (const handle of handles) expect(await handle.cancel()).toBe(false)
    expect(await handles[0]?.status()).toEqual({ state: 'cancelled' })
    expect(await thrownBy((handles[0] as unknown as { result(): Promise<number> }).result())).toMatchObject({ code: 'CANCELLED' })
    const ran: number[] = []
    await board
      .service('worker')
      .perform(tracked, (n) => ran.push(n))
      .perform(note, (n) => void ran.push(n))
      .start()
    await (await board.enqueue(tracked, 2)).result({ timeout: '25s' })
    expect(ran).toEqual([2])
  })

  test('cancel takes a scheduled task off its schedule', async () => {
    await using board = await openBoard()
    await using raw = await broker()
    const handles = [await board.enqueue(tracked, 1, { delay: '1h' }), await board.enqueue(note, 1, { delay: '1h' })]
    for (const handle of handles) expect(await handle.cancel()).toBe(true)
    expect((await raw.manager.streams.info(streams(board).queue())).state.messages).toBe(0)
  })

  test('cancel aborts a running task on another board, which is no failure of it', async () => {
    await using board = await openBoard()
    await using elsewhere = await beside(board)
    const { began } = await held(elsewhere)
    const finished: string[] = []
    elsewhere.on('finished', ({ end, verdict }) => finished.push(`${end} ${verdict}`))
    const handle = await board.enqueue(tracked, 1)
    await until('it runs', () => began.length === 1)
    expect(await handle.cancel()).toBe(true)
    await until('its signal aborts', () => began[0]?.signal.aborted)
    await until('it ends', () => finished.length === 1)
    expect(finished).toEqual(['cancelled ack'])
    expect(await thrownBy(handle.result({ timeout: '25s' }))).toMatchObject({ code: 'CANCELLED' })
    expect(await handle.status()).toEqual({ state: 'cancelled' })
  })

  test('a task that was called off while it waited in the hands of a worker does not run', async () => {
    await using board = await openBoard()
    const ran: number[] = []
    const entered: number[] = []
    const opened = latch()
    const own = gate(async () => {
      entered.push(1)
      await opened.promise
      return () => undefined
    })
    const finished: string[] = []
    board.on('finished', ({ end }) => finished.push(end))
    await board
      .service('worker')
      .perform(tracked, (n) => ran.push(n), { gates: [own] })
      .start()
    const first = await board.enqueue(tracked, 1)
    await board.enqueue(tracked, 2)
    await until('both stand at the gate', () => entered.length === 2)
    expect(await first.cancel()).toBe(true)
    await until('the worker has heard of it', async () => (await first.status()).state === 'cancelled')
    opened.open()
    await until('both have ended', () => finished.length === 2)
    expect(ran).toEqual([2])
    expect(finished.sort()).toEqual(['cancelled', 'returned'])
  })

  test('a task that ended, or that nobody knows, cannot be called off', async () => {
    await using board = await openBoard()
    await using elsewhere = await beside(board)
    await board
      .service('worker')
      .perform(tracked, (n) => n)
      .perform(note, () => undefined)
      .start()
    const handle = await board.enqueue(tracked, 1)
    await handle.result({ timeout: '25s' })
    expect(await handle.cancel()).toBe(false)
    expect(await elsewhere.handle(tracked, handle.id).cancel()).toBe(false)
    expect(await handle.result()).toBe(1)
    const unknown = elsewhere.handle(tracked, 'nobody-knows')
    expect(await unknown.cancel()).toBe(false)
    expect(await unknown.status()).toEqual({ state: 'unknown' })
    expect(await elsewhere.handle(note, 'nobody-knows').cancel()).toBe(false)
  })

  test('what a cancelled handler returns all the same is not its end', async () => {
    await using board = await openBoard()
    const [begun, end] = [latch(), latch()]
    const ignored: string[] = []
    board.on('ignored', ({ why }) => ignored.push(why))
    await board
      .service('stubborn')
      .perform(tracked, async (n) => {
        begun.open()
        await end.promise
        return n
      })
      .start()
    const handle = await board.enqueue(tracked, 1)
    await until('it runs', begun.promise)
    expect(await handle.cancel()).toBe(true)
    end.open()
    await until('what it returned is told to be ignored', () => ignored.length === 1)
    expect(await thrownBy(handle.result())).toMatchObject({ code: 'CANCELLED' })
  })

  test('a delayed task waits on its schedule, is due then, and runs under its own id with its own headers', async () => {
    await using board = await openBoard()
    const seen = latch<[string, object]>()
    await board
      .service('worker')
      .perform(tracked, (n, ctx) => {
        seen.open([ctx.id, { ...ctx.headers }])
        return n
      })
      .start()
    const far = await board.enqueue(tracked, 1, { at: new Date(Date.now() + 3_600_000) })
    const near = await board.enqueue(tracked, 2, { delay: 700, headers: { trace: 'x' } })
    const { state, due } = await far.status()
    expect(state).toBe('scheduled')
    expect(due).toBeInstanceOf(Date)
    expect(await near.result({ timeout: '25s' })).toBe(2)
    expect(await seen.promise).toEqual([near.id, { trace: 'x' }])
    expect((await far.status()).state).toBe('scheduled')
    const past = await board.enqueue(tracked, 3, { at: new Date(0) })
    expect(await past.result({ timeout: '25s' })).toBe(3)
  })

  test('delay and at together, and a lane that the task has not, are refused', async () => {
    await using board = await openBoard()
    expect(await thrownBy(board.enqueue(note, 1, { delay: 1, at: new Date() }))).toMatchObject({ code: 'INVALID_OPTION' })
    expect(await thrownBy(board.enqueue(note, 1, { priority: 'high' }))).toMatchObject({ code: 'INVALID_OPTION' })
    expect(await thrownBy(board.enqueueMany(note, [1], { delay: 'soon' as never }))).toMatchObject({ code: 'INVALID_OPTION' })
  })

  test.each([
    ['waits', {}],
    ['waits on a schedule', { delay: '1h' }],
    ['waits on another lane', { priority: 'low' }],
  ] as const)('while a task with a key %s, another one with it is the first one', async (_, options) => {
    await using board = await openBoard()
    await using elsewhere = await beside(board)
    await using raw = await broker()
    const laned = task<number>('laned', { lanes: ['normal', 'low'] })
    const first = await board.enqueue(laned, 1, { unique: 'report 7/ü', ...options })
    const second = await elsewhere.enqueue(laned, 2, { unique: 'report 7/ü' })
    expect([second.id, second.duplicate]).toEqual([first.id, true])
    const third = await board.enqueue(laned, 3, { unique: 'report 8' })
    expect(third.duplicate).toBe(false)
    expect((await raw.manager.streams.info(streams(board).queue())).state.messages).toBe(2)
    const contenders = await Promise.all(upTo(30).map((n) => (n % 2 ? board : elsewhere).enqueue(laned, n, { unique: 'contended' })))
    expect(new Set(contenders.map(({ id }) => id)).size).toBe(1)
    expect(contenders.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
  })

  test('a key is taken while its task runs and waits for a retry, and free when it has ended', async () => {
    await using board = await openBoard()
    const [begun, end] = [latch(), latch()]
    const runs: number[] = []
    await board
      .service('worker')
      .perform(note, async (n, { attempt }) => {
        runs.push(n)
        begun.open()
        await end.promise
        if (attempt === 1) throw new Error('once')
      })
      .start()
    const first = await board.enqueue(note, 1, { unique: 'k' })
    await until('it runs', begun.promise)
    expect((await board.enqueue(note, 2, { unique: 'k' })).id).toBe(first.id)
    end.open()
    await until('it is done', async () => (await first.status()).state === 'succeeded')
    const next = await board.enqueue(note, 3, { unique: 'k' })
    expect([next.id === first.id, next.duplicate]).toEqual([false, false])
    await until('the next runs', () => runs.includes(3))
    expect(runs).toEqual([1, 1, 3, 3].slice(0, runs.length))
  })

  test('a task that has not started in its time is given up as expired, and is not run', async () => {
    await using board = await openBoard()
    const handle = await board.enqueue(tracked, 1, { expires: 1 })
    const ran: number[] = []
    await board
      .service('worker')
      .perform(tracked, (n) => ran.push(n))
      .start()
    expect(await thrownBy(handle.result({ timeout: '25s' }))).toMatchObject({ code: 'TASK_EXPIRED' })
    expect(await handle.status()).toMatchObject({ state: 'expired' })
    expect(ran).toEqual([])
    expect((await gathered(board.dead.list({ reason: 'expired' }))).map(({ id }) => id)).toEqual([handle.id])
  })

  test('one task may have other attempts than its contract, also when it is sent back', async () => {
    await using board = await openBoard()
    const attempts: number[] = []
    await board
      .service('worker')
      .perform(tracked, (_, { attempt }) => {
        attempts.push(attempt)
        throw new Error('always')
      })
      .start()
    const handle = await board.enqueue(tracked, 1, { retry: { attempts: 4, backoff: '1ms..2ms' } })
    expect(await thrownBy(handle.result({ timeout: '25s' }))).toMatchObject({ code: 'TASK_FAILED' })
    await until('it is sent back', async () => (await board.dead.redrive({})) === 1)
    await until('it has died again', () => attempts.length === 8)
    expect(attempts).toEqual([1, 2, 3, 4, 1, 2, 3, 4])
  })

  test('a high lane overtakes, and a low lane is not starved', async () => {
    await using board = await openBoard()
    const laned = task<string>('laned', { lanes: ['high', 'normal', 'low'] })
    const order: string[] = []
    const [begun, end] = [latch(), latch()]
    await board
      .service('worker')
      .perform(
        laned,
        async (name) => {
          if (name === 'first') {
            begun.open()
            await end.promise
          }
          order.push(name)
        },
        { concurrency: 1 },
      )
      .start()
    await board.enqueue(laned, 'first')
    await until('the only slot is taken', begun.promise)
    await board.enqueueMany(
      laned,
      upTo(40).map(() => 'low'),
      { priority: 'low' },
    )
    await board.enqueueMany(
      laned,
      upTo(100).map(() => 'high'),
      { priority: 'high' },
    )
    await board.enqueue(laned, 'normal')
    end.open()
    await until('all are done', () => order.length === 142)
    const highs = order.filter((name) => name === 'high')
    expect(highs).toHaveLength(100)
    const untilLastHigh = order.slice(0, order.lastIndexOf('high'))
    const lowsBefore = untilLastHigh.filter((name) => name === 'low').length
    expect(lowsBefore).toBeGreaterThan(0)
    expect(lowsBefore).toBeLessThan(40)
  })

  test('a worker may serve some lanes only', async () => {
    await using board = await openBoard()
    const laned = task<string>('laned', { lanes: ['high', 'low'] })
    const done: string[] = []
    await board
      .service('worker')
      .perform(laned, (name) => void done.push(name), { lanes: ['high'] })
      .start()
    const low = await board.enqueue(laned, 'low', { priority: 'low' })
    await board.enqueue(laned, 'high', { priority: 'high' })
    await until('the high one is done', () => done.length === 1)
    expect([done, (await low.status()).state]).toEqual([['high'], 'enqueued'])
  })

  test("queues are streams of their own, and keep out of each other's way", async () => {
    await using board = await openBoard()
    await using raw = await broker()
    const mail = task<number>('send', { queue: 'mail' })
    const print = task<number>('send', { queue: queue('print') })
    await board.enqueue(mail, 1)
    await board.enqueueMany(print, [1, 2])
    expect((await raw.manager.streams.info(streams(board).queue('mail'))).state.messages).toBe(1)
    expect((await raw.manager.streams.info(streams(board).queue('print'))).state.messages).toBe(2)
  })
})
