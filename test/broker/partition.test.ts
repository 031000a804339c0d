/** Queues kept in several streams: spread, looked at and operated as one, grown while they are used. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Board, queue, Reject, task } from 'callboard'
import { queues } from 'callboard/queues'
import { expect, inject, test } from 'vitest'
import { beside, broker, gathered, openBoard, streams, thrownBy } from '../support/board.ts'
import { partStep, piece, wide } from '../support/part.ts'
import { program } from '../support/program.ts'
import { until } from '../support/until.ts'

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index)

/** How many messages each partition of a queue holds. */
async function held(board: Board, name: string, partitions: number): Promise<number[]> {
  await using here = await broker()
  const stream = (index: number) => streams(board).queue(index === 0 ? name : `${name}~${index}`)
  return await Promise.all(upTo(partitions).map(async (index) => (await here.manager.streams.info(stream(index))).state.messages))
}

const plain = task<number>('plain', { queue: wide, retry: { attempts: 2, backoff: 1 } })

test('tasks are spread over the partitions, each has one place, and its handle finds it there', async () => {
  await using board = await openBoard()
  const delayed = (n: number) => (n % 3 ? {} : { delay: '1h' as const })
  const handles = []
  for (const n of upTo(30)) handles.push(await board.enqueue(plain, n, delayed(n)))
  const tracked = []
  for (const n of upTo(30)) tracked.push(await board.enqueue(piece, n, delayed(n)))
  for (const many of await held(board, 'wide', 3)) expect(many).toBeGreaterThan(5)
  for (const all of [handles, tracked])
    for (const [n, handle] of all.entries()) expect((await handle.status()).state).toBe(n % 3 ? 'enqueued' : 'scheduled')
  for (const { id } of tracked) expect(await board.handle(piece, id).cancel()).toBe(true)
  expect(await handles[0]?.runNow()).toBe(true)
  expect(await handles[1]?.cancel()).toBe(true)
  expect(await queues(board).status(wide)).toMatchObject({ waiting: 20, delayed: 9, partitions: 3 })
  // The same id says the same place, whoever says it.
  const first = await board.enqueue(plain, 1, { id: 'twice' })
  await using someone = await beside(board)
  expect((await someone.enqueue(plain, 1, { id: 'twice' })).duplicate).toBe(true)
  expect(first.duplicate).toBe(false)
})

test('each thousand of many is stored in one partition, all or none, and the thousands are spread', async () => {
  await using board = await openBoard()
  const before = await held(board, 'wide', 3).catch(() => [0, 0, 0])
  const handles = await board.enqueueMany(plain, upTo(3000))
  expect(new Set(handles.map(({ id }) => id)).size).toBe(3000)
  expect(before).toEqual([0, 0, 0])
  expect(await held(board, 'wide', 3)).toEqual([1000, 1000, 1000])
  await board.enqueueMany(plain, upTo(7))
  const after = await held(board, 'wide', 3)
  expect(after.filter((n) => n === 1007)).toHaveLength(1)
})

test.each([
  ['work', wide],
  ['log', queue('wide', { partitions: 3, layout: 'log' })],
] as const)('a partitioned queue of the layout %s runs everything once, buries, redrives and keeps large bodies', async (_, place) => {
  const chore = task<Uint8Array>('chore', { queue: place, large: 100_000, retry: { attempts: 1 }, lanes: ['high', 'normal'] })
  await using board = await openBoard()
  const seen: number[] = []
  let healed = false
  await using _service = await board
    .service('worker')
    .perform(chore, (bytes, { id }) => {
      if (id.startsWith('bad') && !healed) throw new Reject('not now')
      seen.push(bytes.length)
    })
    .start()
  await Promise.all(upTo(60).map((n) => board.enqueue(chore, new Uint8Array(10 + n), { priority: n % 2 ? 'high' : 'normal' })))
  await Promise.all(upTo(4).map((n) => board.enqueue(chore, new Uint8Array(200_000 + n), { id: `bad-${n}` })))
  await until('all are performed', () => seen.length === 60)
  await until('those that are bad are buried', async () => (await gathered(board.dead.list({ name: 'chore' }))).length === 4)
  expect((await board.inspect.queues())[0]).toMatchObject({ name: 'wide', partitions: 3, dead: 4 })
  healed = true
  expect(await board.dead.redrive({ name: 'chore' })).toBe(4)
  await until('they are performed', () => seen.length === 64)
  expect(new Set(seen).size).toBe(64)
  await until('nothing is left', queues(board).drain('wide'))
  await until('nothing lies beside', async () => {
    await using here = await broker()
    return (await here.manager.streams.info(`${board.namespace.toUpperCase()}_OBJECTS`)).state.messages === 0
  })
  await until('no partition holds anything', async () => (await held(board, 'wide', 3)).every((n) => n === 0))
})

test('a queue grows while tasks wait: what has a key keeps it, the order goes on, and fewer partitions are refused', async () => {
  const keyed = (partitions: number) => task<number>('keyed', { queue: queue('q', { partitions }) })
  const steps = (partitions: number) => task<number>('steps', { queue: queue('q', { partitions }), ordered: () => 'one' })
  await using board = await openBoard()
  const old = await board.enqueue(keyed(1), 0, { unique: 'k' })
  await board.enqueueMany(keyed(1), upTo(20))
  for (const n of upTo(5)) await board.enqueue(steps(1), n)

  await using grown = await beside(board)
  const again = await grown.enqueue(keyed(4), 1, { unique: 'k' })
  expect([again.id, again.duplicate]).toEqual([old.id, true])
  await grown.enqueueMany(keyed(4), upTo(2000))
  for (const n of [5, 6]) await grown.enqueue(steps(4), n)
  // Who has not heard of it yet goes on meanwhile.
  await board.enqueue(steps(1), 7)
  expect((await board.enqueue(keyed(1), 2, { unique: 'k' })).duplicate).toBe(true)
  expect((await held(board, 'q', 4)).filter((n) => n >= 1000)).toHaveLength(2)

  await using late = await beside(board)
  expect((await thrownBy(late.enqueue(keyed(2), 1))).message).toMatch(
    /^The queue q has more partitions on the broker than the code says: 2\./,
  )
  expect(
    await thrownBy(
      late
        .service('w')
        .perform(keyed(1), () => {})
        .start(),
    ),
  ).toMatchObject({ code: 'CONFIG_CONFLICT' })

  const [kept, order] = [new Set<string>(), [] as number[]]
  await using _service = await grown
    .service('worker')
    .perform(keyed(4), (_, { id }) => void kept.add(id))
    .perform(steps(4), (n) => void order.push(n))
    .start()
  await until('all are performed', () => kept.size === 2021 && order.length === 8)
  expect(order).toEqual(upTo(8))
})

test('a queue that is paused stays so in partitions that it grows meanwhile', async () => {
  const count = (partitions: number) => task<number>('count', { queue: queue('q', { partitions }) })
  await using board = await openBoard()
  await board.enqueue(count(1), 0)
  await queues(board).pause('q')
  await using grown = await beside(board)
  const seen: number[] = []
  await using _service = await grown
    .service('worker')
    .perform(count(3), (n) => void seen.push(n))
    .start()
  await Promise.all(upTo(30).map((n) => grown.enqueue(count(3), n)))
  expect(await queues(board).status('q')).toMatchObject({ partitions: 3, waiting: 31, paused: true })
  expect(seen).toEqual([])
  await queues(board).resume('q')
  await until('all are performed', () => seen.length === 31)
})

test('partitions and a limit are refused together, and so is a number that makes no sense', async () => {
  expect(await thrownBy(() => queue('q', { partitions: 2, limit: { tasks: 5 } }))).toMatchObject({ code: 'INVALID_OPTION' })
  expect(queue('q', { partitions: 2, limit: { age: '1h' } }).partitions).toBe(2)
  for (const partitions of [0, 17, 1.5]) expect(await thrownBy(() => queue('q', { partitions }))).toMatchObject({ code: 'INVALID_OPTION' })
})

test('workers come, go and are killed: every task of every partition ends, and the order of keys holds', async () => {
  await using board = await openBoard()
  const folder = await mkdtemp(join(tmpdir(), 'callboard-part-'))
  const history = join(folder, 'history')
  await writeFile(history, '')
  const worker = (most = 0) => program('test/support/part-worker.ts', [inject('natsUrl'), board.namespace, history, String(most)])
  await using first = worker(80)
  await using second = worker()
  await Promise.all([first.says('ready'), second.says('ready')])
  const handles = await board.enqueueMany(piece, upTo(1500))
  for (const n of upTo(200)) handles.push(await board.enqueue(piece, 1500 + n))
  for (const n of upTo(40))
    await board.enqueueMany(
      partStep,
      ['a', 'b', 'c'].map((key) => ({ key, n })),
    )
  expect(await first.ended).toBe('SIGKILL')
  await using third = worker()
  await third.says('ready')
  process.kill(second.pid, 'SIGTERM')
  await second.ended
  const results = await until('all have ended', Promise.all(handles.map((handle) => handle.result({ timeout: '170s' }))), 180_000)
  expect(results).toEqual(upTo(1700))
  await until('nothing waits', queues(board).drain(wide), 180_000)
  const ended = (await readFile(history, 'utf8')).split('\n').filter((line) => line.startsWith('ended '))
  for (const key of ['a', 'b', 'c']) {
    const order = ended.filter((line) => line.startsWith(`ended ${key} `)).map((line) => Number(line.split(' ')[2]))
    // One that had ended may come once more: its worker was killed before the broker heard.
    expect(order.filter((n, index) => n !== order[index - 1])).toEqual(upTo(40))
  }
  // What the killed worker had at hand comes again; more than that does not.
  expect(ended.filter((line) => line.startsWith('ended piece')).length).toBeLessThan(1700 + 80)
  await rm(folder, { recursive: true })
})
