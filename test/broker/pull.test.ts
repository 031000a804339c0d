import { Reject, Snooze, task } from 'callboard'
import { pull } from 'callboard/pull'
import { expect, test } from 'vitest'
import { broker, gathered, openBoard, streams, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const square = task<number, number>('square', { track: true, retry: { attempts: 2, backoff: 1 } })
const plain = task<number>('plain', { retry: { attempts: 2, backoff: 1 } })
const urgent = task<number>('urgent', { lanes: ['high', 'normal', 'low'] })

test('what is pulled is acknowledged with its result, and is then gone', async () => {
  await using board = await openBoard()
  const handles = await board.enqueueMany(square, [1, 2, 3])
  await using pulled = await pull(board, square, { max: 10 })
  expect(pulled.size).toBe(3)
  for (const item of pulled) item.ack(item.input * item.input)
  expect(await Promise.all(handles.map((handle) => handle.result({ timeout: '25s' })))).toEqual([1, 4, 9])
  expect((await pull(board, square, { wait: 100 })).size).toBe(0)
})

test('a pull waits for the first task, and for no second one', async () => {
  await using board = await openBoard()
  const pulling = pull(board, plain, { max: 5, wait: '10s' })
  await using here = await broker()
  await until(
    'the question is open',
    async () => (await here.manager.consumers.info(streams(board).queue(), 'plain@normal')).num_waiting > 0,
  )
  await board.enqueue(plain, 7)
  await using pulled = await pulling
  expect([...pulled].map(({ input }) => input)).toEqual([7])
})

test('a pull of nothing ends after its time, or when its signal says so', async () => {
  await using board = await openBoard()
  expect((await pull(board, plain, { wait: 100 })).size).toBe(0)
  const over = new AbortController()
  const pulling = pull(board, plain, { signal: over.signal })
  over.abort()
  expect((await pulling).size).toBe(0)
})

test('lanes are pulled in their rank, and never more than was asked for', async () => {
  await using board = await openBoard()
  await board.enqueue(urgent, 3, { priority: 'low' })
  await board.enqueue(urgent, 2)
  await board.enqueue(urgent, 1, { priority: 'high' })
  await using first = await pull(board, urgent, { max: 2 })
  await using second = await pull(board, urgent, { max: 2 })
  expect([...first, ...second].map(({ input }) => input)).toEqual([1, 2, 3])
})

test('what is handed back comes again and counts an attempt, until it is a dead letter', async () => {
  await using board = await openBoard()
  await board.enqueue(plain, 1)
  for (const attempt of [1, 2]) {
    await using pulled = await pull(board, plain)
    const [item] = pulled
    expect(item?.attempt).toBe(attempt)
    item?.nack({ error: new Error(`attempt ${attempt}`) })
  }
  const [letter] = await gathered(board.dead.list())
  expect(letter).toMatchObject({ reason: 'exhausted', attempts: 2, service: 'pull' })
  expect(letter?.history.map(({ error }) => error.message)).toEqual(['attempt 1', 'attempt 2'])
})

test('it can be buried at once, snoozed, and handed back for later', async () => {
  await using board = await openBoard()
  const retried: unknown[] = []
  board.on('finished', ({ verdict, after }) => retried.push([verdict, after]))
  await board.enqueueMany(plain, [1, 2, 3, 4])
  await using pulled = await pull(board, plain, { max: 4 })
  const [one, two, three, four] = pulled
  one?.bury('no such mailbox')
  two?.nack({ error: new Reject('nor this') })
  three?.nack({ error: new Snooze('1h') })
  four?.nack({ delay: '2h' })
  await pulled.close()
  expect((await gathered(board.dead.list())).map(({ error }) => error.message)).toEqual(['no such mailbox', 'nor this'])
  expect(retried).toEqual([
    ['bury', undefined],
    ['bury', undefined],
    ['again', 3_600_000],
    ['again', 7_200_000],
  ])
})

test('closing hands back what has no answer, at no attempt', async () => {
  await using board = await openBoard()
  await board.enqueue(plain, 1)
  for (const _ of [1, 2, 3, 4]) {
    await using pulled = await pull(board, plain)
    expect([...pulled].map(({ input, attempt }) => [input, attempt])).toEqual([[1, 1]])
  }
  const pulled = await pull(board, plain)
  const [item] = pulled
  await pulled.close()
  expect(await thrownBy(() => item?.ack())).toMatchObject({ code: 'LEASE_LOST' })
  await using again = await pull(board, plain)
  expect(again.size).toBe(1)
})

test('a lease that ran out is a failed attempt, and whoever answers later is told so', async () => {
  await using board = await openBoard()
  await board.enqueue(plain, 1)
  await using pulled = await pull(board, plain, { lease: '1s' })
  const [item] = pulled
  await until('the lease has run out', () => item?.signal.aborted)
  expect(await thrownBy(() => item?.ack())).toMatchObject({ code: 'LEASE_LOST' })
  expect((await thrownBy(() => item?.extend('1m'))).code).toBe('LEASE_LOST')
  await using again = await pull(board, plain)
  expect([...again].map(({ attempt }) => attempt)).toEqual([2])
})

test('a lease that is extended does not run out', async () => {
  await using board = await openBoard()
  await board.enqueueMany(plain, [1, 2])
  await using pulled = await pull(board, plain, { max: 2, lease: '1s' })
  const [one, two] = pulled
  one?.extend('1m')
  await until('the lease of the other has run out', () => two?.signal.aborted)
  expect(one?.signal.aborted).toBe(false)
  one?.ack()
})

test('pulling works beside performers: each task is had by one of them', async () => {
  await using board = await openBoard()
  const performed: number[] = []
  const pulled: number[] = []
  await using _ = await board
    .service('side')
    .perform(plain, (n) => void performed.push(n), { concurrency: 1, lease: '7s' })
    .start()
  const drifts: unknown[] = []
  board.on('drift', (drift) => drifts.push(drift))
  await board.enqueueMany(
    plain,
    Array.from({ length: 200 }, (_, n) => n),
  )
  await until('all are done', async () => {
    await using taken = await pull(board, plain, { max: 5, wait: 100, workerLease: '7s' })
    for (const item of taken) {
      pulled.push(item.input)
      item.ack()
    }
    return performed.length + pulled.length >= 200
  })
  expect([...performed, ...pulled].sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, n) => n))
  expect(drifts).toEqual([])
})

test('whoever asks is told that it runs, and may call it off', async () => {
  await using board = await openBoard()
  const handle = await board.enqueue(square, 5)
  await using pulled = await pull(board, square)
  const [item] = pulled
  item?.ctx.progress(0.5)
  expect(await handle.status()).toMatchObject({ state: 'running', attempt: 1, progress: 0.5 })
  expect(await handle.cancel()).toBe(true)
  await until('the signal aborts', () => item?.signal.aborted)
  item?.ack(25)
  expect((await handle.status()).state).toBe('cancelled')
})

test('what must not run is not handed out', async () => {
  await using board = await openBoard()
  const strict = task<number>('plain', { retry: { attempts: 1 } })
  await board.enqueue(strict, 1, { expires: 1 })
  await until(
    'it has expired',
    async () => (await pull(board, strict, { wait: 100 })).size === 0 && (await gathered(board.dead.list())).length > 0,
  )
  expect((await gathered(board.dead.list())).map(({ reason }) => reason)).toEqual(['expired'])
})

test('a pull survives that its consumer is deleted while it waits', async () => {
  await using board = await openBoard()
  await pull(board, plain, { wait: 100 })
  const pulling = pull(board, plain, { wait: '10s' })
  await using here = await broker()
  const consumer = [streams(board).queue(), 'plain@normal'] as const
  await until('the question is open', async () => (await here.manager.consumers.info(...consumer)).num_waiting > 0)
  await here.manager.consumers.delete(...consumer)
  await board.enqueue(plain, 1)
  await using pulled = await pulling
  expect(pulled.size).toBe(1)
})

test('what cannot be pulled is refused', async () => {
  await using board = await openBoard()
  expect((await thrownBy(pull(board, plain, { max: 0, wait: 'soon' as '1s', lease: 10 }))).message).toMatch(
    /max is 0.*wait is "soon".*lease is 10/,
  )
  expect((await thrownBy(pull(board, {} as typeof plain))).code).toBe('INVALID_ARGUMENT')
  await board.close()
  expect((await thrownBy(pull(board, plain))).code).toBe('CLOSED')
})
