/** Order per key for subscriptions, which publishers know nothing of. */

import { buried, pattern, Reject, topic } from 'callboard'
import { queues } from 'callboard/queues'
import { expect, test } from 'vitest'
import { beside, gathered, latch, openBoard, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index)

interface Move {
  readonly key: string
  readonly n: number
}

const moved = topic<Move>('account.moved')
const byKey = ({ key }: Move) => key

test('events of one key are handled in order over all workers, keys side by side, a retry keeps its key waiting', async () => {
  await using board = await openBoard()
  await using other = await beside(board)
  const running = new Map<string, number>()
  const seen: (Move & { attempt: number })[] = []
  let most = 0
  const take = async ({ key, n }: Move, { attempt }: { attempt: number }) => {
    expect(running.has(key)).toBe(false)
    running.set(key, n)
    most = Math.max(most, running.size)
    await new Promise((resolve) => setImmediate(resolve))
    running.delete(key)
    seen.push({ key, n, attempt })
    if (n === 3 && attempt === 1) throw new Error('not yet')
  }
  const options = { ordered: byKey, retry: { attempts: 3, backoff: 50 } }
  await using _one = await board.service('books').subscribe(moved, take, options).start()
  await using _two = await other.service('books').subscribe(moved, take, options).start()
  await board.publishMany(
    moved,
    upTo(200).map((n) => ({ key: `k${n % 10}`, n: Math.floor(n / 10) })),
  )
  await until('all are handled', () => seen.length === 210)
  for (const key of upTo(10).map((n) => `k${n}`))
    expect(seen.filter((each) => each.key === key).map(({ n }) => n)).toEqual([0, 1, 2, 3, ...upTo(20).slice(3)])
  expect(most).toBeGreaterThan(1)
})

test('in single file no two events are handled at once, also where they were handled side by side before', async () => {
  await using board = await openBoard()
  await using other = await beside(board)
  const free = await board
    .service('books')
    .subscribe(moved, () => {}, { from: 'all' })
    .start()
  await free.stop()
  const seen: number[] = []
  let running = 0
  const take = async ({ n }: Move) => {
    expect(++running).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    seen.push(n)
  }
  await using _one = await board.service('books').subscribe(moved, take, { ordered: true }).start()
  await using _two = await other.service('books').subscribe(moved, take, { ordered: true }).start()
  await board.publishMany(
    moved,
    upTo(40).map((n) => ({ key: 'k', n })),
  )
  await until('all are handled', () => seen.length === 40)
  expect(seen).toEqual(upTo(40))
})

test('an ordered subscriber is told what any other is, and its dead letters come back to it alone', async () => {
  const own = topic<Move>('bank.moved', { retention: { age: '1h' } })
  await using board = await openBoard()
  const told: unknown[] = []
  const finished: string[] = []
  const sentAt: number[] = []
  let healed = false
  await using _service = await board
    .service('books')
    .subscribe(
      pattern<Move>('account.*'),
      ({ n }, ctx) => {
        if (n === 1 && !healed) throw new Reject('no')
        told.push([ctx.topic, ctx.id, ctx.key, ctx.headers, n])
        sentAt.push(Math.floor(ctx.sentAt.getTime()))
      },
      { ordered: byKey, filter: ({ n }) => n !== 2 },
    )
    .subscribe(own, ({ n }) => void told.push(n), {
      ordered: ({ key }) => {
        if (key === '') throw new Error('it has no key')
        return key
      },
      retry: { attempts: 1 },
    })
    .start()
  board.on('finished', ({ name, verdict }) => void finished.push(`${name} ${verdict}`))
  const options = (n: number) => ({ id: `id-${n}`, key: 'ann/1', headers: { trace: 'x' } })
  for (const n of [0, 1, 2, 3]) await board.publish(moved, { key: 'a', n }, options(n))
  await until('two are handled', () => told.length === 2)
  expect(told).toEqual([
    ['account.moved', 'id-0', 'ann/1', { trace: 'x' }, 0],
    ['account.moved', 'id-3', 'ann/1', { trace: 'x' }, 3],
  ])
  const stored = (await gathered(board.inspect.events('account.moved'))).map(({ storedAt }) => Math.floor(storedAt))
  expect(sentAt).toEqual([stored[0], stored[3]])
  await until('each is told once', () => finished.length === 4)
  expect(finished.sort()).toEqual([...upTo(3).map(() => 'account.* ack'), 'account.* bury'])
  const [letter] = await gathered(board.dead.list())
  expect(letter).toMatchObject({ style: 'implicit', name: 'account.moved', service: 'books', id: 'id-1', headers: { trace: 'x' } })
  healed = true
  await board.dead.redrive({ name: 'account.moved' })
  await until('it is handled', () => told.length === 3)
  await board.publish(own, { key: '', n: 7 })
  await board.publish(own, { key: 'b', n: 8 })
  await until('the other is handled', () => told.includes(8))
  await until('the one without a key is buried', async () => (await gathered(board.dead.list())).length === 1)
  expect((await gathered(board.dead.list()))[0]?.error.message).toBe('it has no key')
})

test('what a slow subscriber has not taken stays in its topic, where it can be held and sought', async () => {
  await using board = await openBoard()
  const end = latch()
  const seen: number[] = []
  await using _service = await board
    .service('books')
    .subscribe(
      moved,
      async ({ n }) => {
        await end.promise
        seen.push(n)
      },
      { ordered: byKey, strands: 2 },
    )
    .start()
  await board.publishMany(
    moved,
    upTo(600).map((n) => ({ key: `k${n % 5}`, n })),
  )
  const inbox = 'ordered-books-account-moved'
  await until(
    'the inbox is full',
    async () => (await board.inspect.queues()).find(({ name }) => name === inbox)?.held.tasks === 500,
    30_000,
  )
  const place = board.subscription('books', moved)
  expect((await place.status()).waiting).toBeGreaterThan(95)
  end.open()
  await until('all are handled', () => seen.length === 600, 30_000)
  for (const key of upTo(5)) expect(seen.filter((n) => n % 5 === key)).toEqual(upTo(600).filter((n) => n % 5 === key))
  await queues(board).pause(inbox)
  await board.publish(moved, { key: 'k', n: 600 })
  await until('it lies in the inbox', async () => (await queues(board).status(inbox)).held.tasks === 1)
  expect(await place.leave()).toBe(true)
  expect((await queues(board).status(inbox)).held.tasks).toBe(0)
})

test('an order that cannot be kept is refused', async () => {
  await using board = await openBoard()
  const start = (options: object) =>
    thrownBy(
      board
        .service('books')
        .subscribe(moved, () => {}, options)
        .start(),
    )
  expect(await start({ strands: 4 })).toMatchObject({ code: 'INVALID_OPTION' })
  expect(await start({ ordered: byKey, strands: 65 })).toMatchObject({ code: 'INVALID_OPTION' })
  expect(await start({ ordered: 'key' })).toMatchObject({ code: 'INVALID_OPTION' })
  expect(
    await thrownBy(
      board
        .service('books')
        .subscribe(buried, () => {}, { ordered: () => 'k' })
        .start(),
    ),
  ).toMatchObject({ code: 'INVALID_OPTION' })
})
