import { all, any, type Board, callboard, type Handle, race, type Status, task } from 'callboard'
import { connect } from 'nats'
import { describe, expect, inject, test, vi } from 'vitest'
import { z } from 'zod'
import { beside, broker, gathered, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { fragile } from '../support/fragile.ts'
import { namespace } from '../support/namespace.ts'
import { program } from '../support/program.ts'
import { until } from '../support/until.ts'

const work = task<{ n: number }, number>('work', { track: true, retry: { attempts: 2, backoff: 1 } })
const plain = task<{ n: number }>('plain')

const inState = (handle: Handle, state: Status['state']) =>
  until(`it is ${state}`, async () => {
    const status = await handle.status()
    return status.state === state ? status : undefined
  })

describe('status()', () => {
  test('follows a task through its whole life, from any process: scheduled, enqueued, running, retrying, and its end', async () => {
    await using board = await openBoard()
    await using elsewhere = await beside(board)
    const turns = task<object, string>('turns', { track: true, retry: { attempts: 3, backoff: '1h' } })
    const { id } = await board.enqueue(turns, {}, { delay: '1h' })
    const handle = elsewhere.handle(turns, id)
    const seen: unknown[] = []
    const note = async () => seen.push((await handle.status()).state)
    await note()
    expect((await handle.status()).due?.getTime()).toBeGreaterThan(Date.now())
    expect(await handle.runNow()).toBe(true)
    await note()
    const turn = [latch(), latch()]
    const service = board.service('worker').perform(turns, async (_, ctx) => {
      await turn[ctx.attempt - 1]?.promise
      if (ctx.attempt === 1) throw new Error('no')
      return 'done'
    })
    await using _service = await service.start()
    await inState(handle, 'running')
    await note()
    turn[0]?.open()
    expect(await inState(handle, 'retrying')).toMatchObject({ attempt: 1, history: [{ attempt: 1, error: { message: 'no' } }] })
    await note()
    await elsewhere.handle(turns, id).cancel()
    await inState(handle, 'cancelled')
    await note()
    const second = await board.enqueue(turns, {}, { retry: { backoff: 1 } })
    turn[1]?.open()
    expect(await second.result({ timeout: '25s' })).toBe('done')
    seen.push((await elsewhere.handle(turns, second.id).status()).state)
    expect(seen).toEqual(['scheduled', 'enqueued', 'running', 'retrying', 'cancelled', 'succeeded'])
  })

  test('says of the other ends how they came: dead, expired, cancelled, unknown', async () => {
    await using board = await openBoard()
    const expired = await board.enqueue(work, { n: 1 }, { expires: 1 })
    const cancelled = await board.enqueue(work, { n: 2 }, { delay: '1h' })
    expect(await cancelled.cancel()).toBe(true)
    const dead = await board.enqueue(work, { n: 3 })
    await using _service = await board
      .service('worker')
      .perform(work, () => {
        throw new Error('never')
      })
      .start()
    expect(await inState(expired, 'expired')).toMatchObject({ obituary: { reason: 'expired', attempts: 0 } })
    expect(await inState(dead, 'dead')).toMatchObject({ attempt: 2, obituary: { reason: 'exhausted', error: { message: 'never' } } })
    expect(await cancelled.status()).toEqual({ state: 'cancelled' })
    expect(await board.handle(work, 'nobody').status()).toEqual({ state: 'unknown' })
  })
})

test('progress() of a handler is seen live by any number of watchers, here and elsewhere, and by status()', async () => {
  await using board = await openBoard()
  await using elsewhere = await beside(board)
  const steps = [latch(), latch()]
  await using _service = await board
    .service('worker')
    .perform(work, async (_, ctx) => {
      await steps[0]?.promise
      for (let percent = 0; percent <= 100; percent += 25) ctx.progress({ percent })
      await steps[1]?.promise
      return 0
    })
    .start()
  const handle = await board.enqueue(work, { n: 1 })
  const heard: unknown[][] = [[], [], [], []]
  const stops = heard.map((each, index) =>
    (index % 2 ? elsewhere.handle(work, handle.id) : handle).progress((value) => void each.push(value)),
  )
  stops[3]?.()
  // Subscriptions are asked for in order with the question after them.
  await Promise.all([handle.status(), elsewhere.handle(work, handle.id).status()])
  steps[0]?.open()
  const whole = [0, 25, 50, 75, 100].map((percent) => ({ percent }))
  await until('all watchers have seen it', () => heard.slice(0, 3).every((each) => each.length === 5))
  expect(heard).toEqual([whole, whole, whole, []])
  expect(await elsewhere.handle(work, handle.id).status()).toMatchObject({ state: 'running', progress: { percent: 100 } })
  steps[1]?.open()
  await handle.result({ timeout: '25s' })
})

test('result() reads nothing from the broker, and a process waits for all its results over one subscription', async () => {
  const nc = await connect({ servers: inject('natsUrl') })
  const subscribing = vi.spyOn(Object.getPrototypeOf(nc) as { subscribe(subject: string): unknown }, 'subscribe')
  await using beneath = await broker()
  await using board = await openBoard()
  const reads: string[] = []
  beneath.nc.subscribe(`$JS.API.DIRECT.GET.${streams(board).table}.>`, {
    // Services ask of their queue as they start.
    callback: (_, { subject }) => void (subject.includes('.pause.') || reads.push(subject)),
  })
  await beneath.nc.flush()
  const handles = await board.enqueueMany(
    work,
    Array.from({ length: 50 }, (_, n) => ({ n })),
  )
  const waits = handles.flatMap((handle) => [handle.result(), handle.result()])
  await using _service = await board
    .service('worker')
    .perform(work, ({ n }) => n)
    .start()
  const results = await until('all results are there', Promise.all(waits))
  expect(results).toEqual(Array.from({ length: 50 }, (_, n) => [n, n]).flat())
  expect(reads).toEqual([])
  const live = subscribing.mock.calls.filter(([subject]) => subject.startsWith(`${board.namespace}.live.result.`))
  expect(live).toHaveLength(1)
  subscribing.mockRestore()
  await nc.close()
})

describe('a result', () => {
  test('that is too large, cannot be sent, or does not fit is told as such; the task has succeeded all the same', async () => {
    await using board = await openBoard()
    const shaped = task('shaped', { input: z.string(), output: z.object({ value: z.unknown() }) })
    const values: Record<string, unknown> = {
      large: { value: 'x'.repeat(1_100_000) },
      function: { value: () => 1 },
      misfit: 'no object',
    }
    const circle: { value: unknown } = { value: undefined }
    circle.value = circle
    values.circle = circle
    await using _service = await board
      .service('worker')
      .perform(shaped, (kind) => values[kind] as { value: unknown })
      .start()
    const lost = async (kind: string) => {
      const handle = await board.enqueue(shaped, kind)
      const error = await thrownBy(handle.result({ timeout: '25s' }))
      expect(error.code).toBe('RESULT_LOST')
      expect(await handle.status()).toEqual({ state: 'succeeded' })
      return (error.details as { lost: { code: string; message: string } }).lost
    }
    expect(await lost('large')).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', message: expect.stringMatching(/\d{7}/) })
    expect(await lost('function')).toMatchObject({ code: 'NOT_SERIALIZABLE', message: expect.stringContaining('$.value') })
    expect(await lost('circle')).toMatchObject({ code: 'NOT_SERIALIZABLE' })
    expect(await lost('misfit')).toMatchObject({ code: 'RESULT_LOST', message: expect.stringContaining('output schema') })
    expect(await gathered(board.dead.list())).toEqual([])
  })

  test('is forgotten when its time is over: a handle made then finds nothing', async () => {
    await using board = await openBoard()
    await using elsewhere = await beside(board)
    const brief = task<object, string>('brief', { track: true, keep: '1s' })
    const lasting = task<object, string>('lasting', { track: true, keep: '1h' })
    await using _service = await board
      .service('worker')
      .perform(brief, () => 'brief')
      .perform(lasting, () => 'lasting')
      .start()
    const [short, long] = [await board.enqueue(brief, {}), await board.enqueue(lasting, {})]
    expect(await Promise.all([short.result({ timeout: '25s' }), long.result({ timeout: '1m' })])).toEqual(['brief', 'lasting'])
    const late = elsewhere.handle(brief, short.id)
    await until('it is forgotten', async () => (await late.status()).state === 'unknown')
    expect((await thrownBy(late.result({ timeout: 200 }))).code).toBe('NOT_FOUND')
    expect(await elsewhere.handle(lasting, long.id).result({ timeout: '25s' })).toBe('lasting')
  })
})

describe('board.handle(task, id) in another process', () => {
  test('says where the task is, and waits for its result', async () => {
    await using board = await openBoard()
    const { id } = await board.enqueue(fragile, { file: '' })
    await using desk = program('test/support/desk.ts', [inject('natsUrl'), board.namespace, id, 'result'])
    expect(await desk.says('status')).toBe('status {"state":"enqueued"}')
    await using _service = await board
      .service('worker')
      .perform(fragile, () => 'from here')
      .start()
    expect(await desk.says('result')).toBe('result "from here"')
    expect(await desk.ended).toBe(0)
  })

  test('cancels it while it runs in a third: its signal aborts there, and it ends as cancelled here', async () => {
    await using board = await openBoard()
    await using worker = program('test/support/fragile-worker.ts', [inject('natsUrl'), board.namespace, 'never'])
    await worker.says('ready')
    const handle = await board.enqueue(fragile, { file: '' })
    await worker.says('began')
    await using desk = program('test/support/desk.ts', [inject('natsUrl'), board.namespace, handle.id, 'cancel'])
    expect(await desk.says('status')).toContain('"state":"running","attempt":1')
    expect(await desk.says('cancelled')).toBe('cancelled true')
    expect(await worker.says('aborted')).toBe('aborted CANCELLED')
    expect((await thrownBy(handle.result({ timeout: '25s' }))).code).toBe('CANCELLED')
    expect(await handle.status()).toEqual({ state: 'cancelled' })
    await using beneath = await broker()
    await until('nothing waits any more', async () => (await beneath.manager.streams.info(streams(board).queue())).state.messages === 0)
    expect(worker.lines.filter((line) => line.startsWith('began'))).toEqual(['began 1'])
    expect(await gathered(board.dead.list())).toEqual([])
  })

  test('cancels it while it waits or is scheduled: it is gone, and never runs', async () => {
    await using board = await openBoard()
    await using elsewhere = await beside(board)
    const waiting = await board.enqueue(work, { n: 1 })
    const scheduled = await board.enqueue(work, { n: 2 }, { delay: '1h' })
    const untracked = await board.enqueue(plain, { n: 3 }, { delay: '1h' })
    expect(await elsewhere.handle(work, waiting.id).cancel()).toBe(true)
    expect(await elsewhere.handle(work, scheduled.id).cancel()).toBe(true)
    expect(await elsewhere.handle(plain, untracked.id).cancel()).toBe(true)
    expect(await elsewhere.handle(work, waiting.id).cancel()).toBe(false)
    await using beneath = await broker()
    expect((await beneath.manager.streams.info(streams(board).queue())).state.messages).toBe(0)
    for (const handle of [waiting, scheduled, untracked]) expect(await handle.status()).toEqual({ state: 'cancelled' })
  })
})

describe('over several handles', () => {
  /** Even ones fail, odd ones come to their number, and those beyond 10 never end. */
  async function working(board: Board): Promise<{ aborted: number[] }> {
    const aborted: number[] = []
    await board
      .service('worker')
      .perform(work, async ({ n }, ctx) => {
        if (n > 10)
          await new Promise<void>((resolve) =>
            ctx.signal.addEventListener('abort', () => {
              aborted.push(n)
              resolve()
            }),
          )
        if (n % 2 === 0) throw new Error(`${n} failed`)
        return n
      })
      .start()
    return { aborted }
  }
  const asked = (board: Board, ...numbers: number[]) => Promise.all(numbers.map((n) => board.enqueue(work, { n })))

  test('all gives every result in order', async () => {
    await using board = await openBoard()
    await working(board)
    expect(await all(await asked(board, 5, 1, 3), { timeout: '25s' })).toEqual([5, 1, 3])
    expect(await all([])).toEqual([])
  })

  test('all ends with the first failure, and cancels the others', async () => {
    await using board = await openBoard()
    const { aborted } = await working(board)
    const handles = await asked(board, 11, 2, 13)
    await inState(handles[0] as Handle, 'running')
    expect(await thrownBy(all(handles, { timeout: '25s' }))).toMatchObject({
      code: 'TASK_FAILED',
      what: expect.stringContaining('2 failed'),
    })
    await until('the others are aborted', () => aborted.length === 2)
    expect(await Promise.all(handles.map(async (handle) => (await handle.status()).state))).toEqual(['cancelled', 'dead', 'cancelled'])
  })

  test('any gives the first success, and cancels the others', async () => {
    await using board = await openBoard()
    await working(board)
    const handles = await asked(board, 2, 11, 7)
    expect(await any(handles, { timeout: '25s' })).toBe(7)
    await inState(handles[1] as Handle, 'cancelled')
  })

  test('any fails with every error where all have failed', async () => {
    await using board = await openBoard()
    await working(board)
    const failed = await any(await asked(board, 2, 4), { timeout: '25s' }).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(AggregateError)
    expect((failed as AggregateError).errors).toMatchObject([{ code: 'TASK_FAILED' }, { code: 'TASK_FAILED' }])
  })

  test('race gives whatever ends first, be it a failure, and cancels the others', async () => {
    await using board = await openBoard()
    await working(board)
    const won = await asked(board, 11, 9)
    expect(await race(won, { timeout: '25s' })).toBe(9)
    await inState(won[0] as Handle, 'cancelled')
    const failed = await asked(board, 11, 2)
    expect((await thrownBy(race(failed, { timeout: '25s' }))).code).toBe('TASK_FAILED')
    await inState(failed[0] as Handle, 'cancelled')
  })

  test('who gives up waiting cancels all that have not ended', async () => {
    await using board = await openBoard()
    await working(board)
    const handles = await asked(board, 11, 13)
    expect((await thrownBy(all(handles, { timeout: 300 }))).code).toBe('TIMED_OUT')
    for (const handle of handles) await inState(handle, 'cancelled')
  })
})

test('a task that nobody tracks pays nothing: one shared subject, one header, and no word in the table', async () => {
  const name = namespace()
  await using board = await callboard({ servers: inject('natsUrl'), namespace: name, log: false })
  await using beneath = await broker()
  const sent: { subject: string; headers: string[] }[] = []
  const others: string[] = []
  beneath.nc.subscribe(`${name}.task.>`, {
    callback: (_, { subject, headers }) => void sent.push({ subject, headers: [...(headers?.keys() ?? [])] }),
  })
  // What services tell of themselves, and ask of their queue as they start, is not of a task.
  const note = (subject: string) => void (/\.(worker|pause)\./.test(subject) || others.push(subject))
  for (const kind of ['table', 'live', 'dead', 'desk'])
    beneath.nc.subscribe(`${name}.${kind}.>`, { callback: (_, { subject }) => note(subject) })
  beneath.nc.subscribe(`$JS.API.DIRECT.GET.${streams(board).table}.>`, { callback: (_, { subject }) => note(subject) })
  await beneath.nc.flush()
  let ran = 0
  await using _service = await board
    .service('worker')
    .perform(plain, () => void ran++)
    .start()
  await Promise.all([1, 2, 3].map((n) => board.enqueue(plain, { n })))
  await until('all have run', () => ran === 3)
  await until('nothing waits', async () => (await beneath.manager.streams.info(streams(board).queue())).state.messages === 0)
  const shared = { subject: `${name}.task.default.plain.normal.-`, headers: ['Nats-Msg-Id'] }
  expect(sent).toEqual([shared, shared, shared])
  expect(others).toEqual([])
})
