/** Queues as their operator has them: seen, paused, emptied, waited for. */

import { type Board, queue, task } from 'callboard'
import { type Load, queues } from 'callboard/queues'
import { describe, expect, inject, test } from 'vitest'
import { beside, broker, gathered, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'
import { work, workerProcess } from '../support/work.ts'

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index)
const layouts = [
  ['work', queue('q')],
  ['log', queue('q', { layout: 'log' })],
  ['bounded', queue('q', { limit: { tasks: 1000 } })],
  ['partitioned', queue('q', { partitions: 3 })],
] as const

const chore = (place: ReturnType<typeof queue>) => task<number>('chore', { queue: place, lanes: ['high', 'normal'] })

/** A worker that holds each task until it is let go. */
async function holding(board: Board, place: ReturnType<typeof queue>, concurrency = 2) {
  const begun: number[] = []
  const end = latch()
  const service = await board
    .service('worker')
    .perform(
      chore(place),
      async (n) => {
        begun.push(n)
        await end.promise
      },
      { concurrency },
    )
    .start()
  return { begun, end, service }
}

describe.each(layouts)('a queue of the layout %s', (_, place) => {
  const note = chore(place)

  test('says how much waits, runs and is delayed, since when, and for whom', async () => {
    await using board = await openBoard()
    const before = Date.now() - 1000
    await board.enqueueMany(note, upTo(6))
    await board.enqueue(note, 6, { priority: 'high' })
    await board.enqueue(note, 7, { delay: '1h' })
    expect(await queues(board).status(place)).toMatchObject({ name: 'q', waiting: 7, running: 0, delayed: 1, paused: false })
    const { begun, end } = await holding(board, place)
    await until('two run', () => begun.length === 2)
    const status = await until('workers have two', async () => {
      const found = await queues(board).status('q')
      return found.running >= 2 ? found : undefined
    })
    expect(status?.waiting).toBe(7 - (status?.running ?? 0))
    expect(status?.oldest?.getTime()).toBeGreaterThan(before)
    expect(new Set(status?.consumers.map((each) => `${each.task}@${each.lane}`))).toEqual(new Set(['chore@high', 'chore@normal']))
    expect((await gathered(queues(board).list())).map(({ name }) => name)).toEqual(['q'])
    end.open()
    await until('nothing waits or runs', queues(board).drain('q'))
    expect(await queues(board).status('q')).toMatchObject({ waiting: 0, running: 0, delayed: 1, oldest: undefined })
  })

  test('hands out nothing while it is paused, to nobody, and everything when it goes on', async () => {
    await using board = await openBoard()
    await using other = await beside(board)
    const { begun, end } = await holding(board, place, 1)
    await board.enqueueMany(note, upTo(3))
    await until('one runs', () => begun.length === 1)
    await queues(board).pause(place)
    end.open()
    await board.enqueueMany(note, [3, 4])
    await board.enqueue(note, 5, { delay: 300 })
    const late = await holding(other, place)
    late.end.open()
    expect((await queues(board).status('q')).paused).toBe(true)
    await until('the delayed one is due', async () => (await queues(board).status('q')).delayed === 0)
    expect([begun.length, late.begun]).toEqual([1, []])
    await queues(board).resume('q')
    await until('all have run', () => begun.length + late.begun.length === 6)
    expect((await queues(board).status('q')).paused).toBe(false)
  })

  test('goes on by itself when its pause has an end', async () => {
    await using board = await openBoard()
    const { begun, end } = await holding(board, place)
    end.open()
    const late = new Date(Date.now() + 3_600_000)
    await queues(board).pause('q', { until: late })
    await board.enqueueMany(note, upTo(3))
    expect((await queues(board).status('q')).paused).toEqual(late)
    const resumes = new Date(Date.now() + 700)
    const early: boolean[] = []
    board.on('started', () => early.push(new Date() < resumes))
    await queues(board).pause('q', { until: resumes })
    await until('all have run', () => begun.length === 3)
    expect(early).toEqual([false, false, false])
    expect((await queues(board).status('q')).paused).toBe(false)
  })

  test('gives up exactly what it says when it is purged, and nothing a worker has', async () => {
    await using board = await openBoard()
    const { begun, end, service } = await holding(board, place)
    await board.enqueueMany(note, upTo(40))
    await board.enqueueMany(note, upTo(5), { priority: 'high' })
    await board.enqueueMany(note, upTo(3), { delay: '1h' })
    await until('two run', () => begun.length === 2)
    const high = await queues(board).purge('q', { lane: 'high' })
    const other = await queues(board).purge('q', { task: 'other' })
    const purged = await queues(board).purge('q')
    const left = await queues(board).status('q')
    expect([other, left.waiting, left.delayed, left.paused]).toEqual([0, 0, 3, false])
    expect(high + purged + left.running).toBe(45)
    expect(await queues(board).purge('q', { delayed: true })).toBe(3)
    end.open()
    await queues(board).drain('q', { timeout: '25s' })
    await service.stop()
    expect(begun.length).toBe(45 - high - purged)
  })
})

test('a purge does not end a pause, and ends one that it made', async () => {
  await using board = await openBoard()
  const note = task<number>('note', { queue: 'q' })
  const seen: number[] = []
  await board
    .service('worker')
    .perform(note, (n) => void seen.push(n))
    .start()
  await queues(board).pause('q')
  await board.enqueueMany(note, upTo(10))
  expect(await queues(board).purge('q')).toBe(10)
  await board.enqueue(note, 1)
  expect((await queues(board).status('q')).paused).toBe(true)
  await queues(board).resume('q')
  await until('it runs', () => seen.length === 1)
})

test('a tracked task that is purged ends as cancelled, so nobody waits for it', async () => {
  await using board = await openBoard()
  const sum = task<number, number>('sum', { queue: 'q', track: true })
  const handles = [await board.enqueue(sum, 1), await board.enqueue(sum, 2, { delay: '1h' })]
  expect(await queues(board).purge('q', { delayed: true })).toBe(2)
  for (const handle of handles) expect(await thrownBy(handle.result())).toMatchObject({ code: 'CANCELLED' })
})

test('draining tells how much is left, and gives up by time and by signal, saying how much there is', async () => {
  await using board = await openBoard()
  const place = queue('q')
  const { begun, end } = await holding(board, place)
  await board.enqueueMany(chore(place), upTo(5))
  await until('two run', () => begun.length === 2)
  expect(await thrownBy(queues(board).drain('q', { timeout: 50 }))).toMatchObject({
    code: 'TIMED_OUT',
    message: expect.stringMatching(/tasks wait, \d are with workers/),
  })
  expect(await thrownBy(queues(board).drain('q', { signal: AbortSignal.abort() }))).toMatchObject({ code: 'ABORTED' })
  const told: Load[] = []
  const drained = queues(board).drain('q', { progress: (left) => told.push(left) })
  await until('it has looked', () => told.length > 0)
  end.open()
  await until('it is done', drained)
  expect(told[0]).toMatchObject({ waiting: 5 - (told[0]?.running ?? 0) })
  expect(told.at(-1)).toEqual({ waiting: 0, running: 0 })
})

test('a queue that nobody knows is not found, and options that make no sense are refused', async () => {
  await using board = await openBoard()
  for (const ask of ['pause', 'resume', 'purge', 'drain', 'status'] as const)
    expect(await thrownBy(queues(board)[ask]('nobody')), ask).toMatchObject({ code: 'NOT_FOUND' })
  await board.enqueue(task<number>('note'), 1)
  expect(await thrownBy(queues(board).pause('default', { until: new Date(0) }))).toMatchObject({ code: 'INVALID_OPTION' })
  expect(await thrownBy(queues(board).purge('default', { lane: 'fast' as never }))).toMatchObject({ code: 'INVALID_OPTION' })
  expect(await thrownBy(queues(board).status('a b'))).toMatchObject({ code: 'INVALID_NAME' })
})

test('what holds of a limit is read off the broker, by boards that do not know the contract', async () => {
  await using board = await openBoard()
  await using other = await beside(board)
  const place = queue('few', { limit: { tasks: 10, bytes: 100_000, age: '1h' }, full: 'wait' })
  const note = task<number>('note', { queue: place })
  await board.enqueueMany(note, upTo(4))
  await board.enqueue(note, 5, { delay: '1h' })
  const status = await queues(other).status('few')
  expect(status).toMatchObject({ limit: place.limit, full: 'wait', held: { tasks: 4 }, waiting: 4, delayed: 1 })
  await using raw = await broker()
  expect(status.held.bytes).toBe((await raw.manager.streams.info(streams(board).queue('few'))).state.bytes)
})

test('two worker processes begin nothing after a pause is answered, one of them killed, and everything runs once it goes on', async () => {
  await using board = await openBoard()
  const servers = inject('natsUrl')
  const options = { lease: '1s', concurrency: 3 } as const
  using one = await workerProcess(board, servers, options)
  using two = await workerProcess(board, servers, options)
  // More than two workers do while one that is slow asks for a pause.
  const total = 2500
  const enqueued = board.enqueueMany(
    work,
    upTo(total).map((n) => ({ n, kind: 'good' as const })),
  )
  const told = () => [...one.told, ...two.told]
  await until('both work', () => [one, two].every((each) => each.told.some(({ tells }) => tells === 'done')))
  await queues(board).pause('default', { until: '1h' })
  await enqueued
  // The grace: until both have heard of it.
  await Promise.all([one.hears(), two.hears()])
  const before = told().length
  expect((await queues(board).status('default')).waiting).toBeGreaterThan(0)
  one.child.kill('SIGKILL')
  await one.gone
  using three = await workerProcess(board, servers, options)
  expect([told().length, three.told.map(({ tells }) => tells)]).toEqual([before, ['ready']])
  const purged = await queues(board).purge('default')
  await queues(board).resume('default')
  await queues(board).drain('default', { timeout: '25s' })
  const done = new Set([...told(), ...three.told].filter(({ tells }) => tells === 'done').map(({ n }) => n))
  // Each was done or purged; one that was done by a worker that died before it could say so has been done again.
  expect(purged).toBeGreaterThan(0)
  expect(done.size + purged).toBe(total)
})
