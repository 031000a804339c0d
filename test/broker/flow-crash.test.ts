/** Unique keys, lanes, turns and lists of many, over several processes of which one is killed: judged by the whole history. */

import type { Board } from 'callboard'
import { describe, expect, inject, test } from 'vitest'
import { broker, openBoard, streams } from '../support/board.ts'
import {
  contracts,
  type Limited,
  type LimitedRun,
  limited,
  limitedSaid,
  machineTime,
  manyId,
  mostAtOnce,
  runsOf,
} from '../support/limited.ts'
import { type Program, program } from '../support/program.ts'
import { until } from '../support/until.ts'

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index)

/** Starts a worker process; it works when this resolves. */
async function worker(board: Board, as: keyof typeof contracts, slots: number): Promise<Program> {
  const given = { servers: inject('natsUrl'), namespace: board.namespace, slots, as, lease: '2s' }
  const started = program('test/support/limited-worker.ts', [JSON.stringify(given)])
  await started.says('ready')
  return started
}

const ended = ({ lines }: Program) => lines.filter((line) => line.startsWith('ended '))
const numbers = (...workers: Program[]) => new Set(workers.flatMap(ended).map((line) => Number(line.split(' ')[1])))
const inOrder = (runs: readonly LimitedRun[]) => [...runs].sort((a, b) => a.began - b.began)

/** Kills the first of two when both have ended so many; gives the history of both, later. */
async function killFirst([one, other]: readonly [Program, Program], after: number): Promise<() => LimitedRun[]> {
  await until('both are at it', () => ended(one).length >= after && ended(other).length >= after, 180_000)
  const killed = machineTime()
  await one.kill()
  return () => inOrder([...runsOf(one.lines, killed), ...runsOf(other.lines)])
}

describe('with a worker that is killed', () => {
  test('of one unique key there is never more than one at once, and each that was taken has run', async () => {
    await using board = await openBoard()
    await using one = await worker(board, 'plain', 8)
    await using other = await worker(board, 'plain', 8)
    const taken = new Set<number>()
    let over = false
    let n = 0
    const sender = async () => {
      while (!over) {
        const work: Limited = { n: n++, key: `key-${n % 6}`, ms: 5 }
        const { duplicate } = await board.enqueue(limited, work, { unique: work.key })
        if (!duplicate) taken.add(work.n)
      }
    }
    const senders = upTo(4).map(sender)
    const history = await killFirst([one, other], 15)
    const before = taken.size
    await until('work goes on', () => taken.size > before + 300, 180_000)
    over = true
    await Promise.all(senders)
    // What the killed worker held keeps its key until its lease is over, and runs before the key is free.
    await until('all that was taken has run', () => [...taken].every((each) => numbers(one, other).has(each)), 180_000)
    for (const key of upTo(6).map((each) => `key-${each}`)) expect(mostAtOnce(history().filter((run) => run.key === key))).toBe(1)
    expect([...numbers(one, other)].filter((each) => !taken.has(each))).toEqual([])
  })

  test('what is high goes first, no lane is starved, and nothing is lost', async () => {
    await using board = await openBoard()
    const add = (priority: 'high' | 'normal' | 'low', from: number) =>
      board.enqueueMany(
        contracts.laned,
        upTo(400).map((each) => ({ n: from + each, key: priority, ms: 5 })),
        { priority },
      )
    await add('low', 1000)
    await add('normal', 2000)
    await add('high', 0)
    const workers = [await worker(board, 'laned', 2), await worker(board, 'laned', 2)] as const
    await using one = workers[0]
    await using other = workers[1]
    const history = await killFirst(workers, 40)
    await until('all have run', () => numbers(one, other).size === 1200, 180_000)
    // One free slot in eight goes to another lane, in each worker; some more where a worker had nothing high at hand for a moment.
    const first = history().slice(0, 250)
    const many = (lane: string) => first.filter(({ key }) => key === lane).length
    expect(Math.min(many('low'), many('normal'))).toBeGreaterThan(5)
    expect(many('high')).toBeGreaterThan(125)
  })

  test.each(['fair', 'fair in partitions'] as const)(
    'a big tenant of a task that is %s does not keep the small ones waiting, and nothing is lost',
    async (as) => {
      await using board = await openBoard()
      await board.enqueueMany(
        contracts[as],
        upTo(1500).map((n) => ({ n, key: 'big', ms: 5 })),
      )
      const workers = [await worker(board, as, 3), await worker(board, as, 3)] as const
      await using one = workers[0]
      await using other = workers[1]
      const history = await killFirst(workers, 20)
      const before = history().length
      await board.enqueueMany(
        contracts[as],
        upTo(40).map((n) => ({ n: 10_000 + n, key: `small-${n % 8}`, ms: 5 })),
      )
      await until('the small ones have run', () => upTo(40).filter((n) => numbers(other).has(10_000 + n)).length >= 30, 180_000)
      // Those that share a strand with the big one wait for it; the others have every second turn or so.
      expect(history().length - before).toBeLessThan(1200)
      await until('all have run', () => numbers(one, other).size === 1540, 180_000)
    },
  )
})

test('of events in batches, one that fails and those of a killed worker are handled again, and no other', async () => {
  await using board = await openBoard()
  const start = () => {
    const given = { servers: inject('natsUrl'), namespace: board.namespace, as: 'events', batch: 10, lease: '3s' }
    return program('test/support/limited-worker.ts', [JSON.stringify(given)])
  }
  await using one = start()
  await using other = start()
  await Promise.all([one.says('ready'), other.says('ready')])
  await board.publishMany(
    limitedSaid,
    upTo(600).map((n) => ({ n, key: n % 50 === 7 ? 'again' : 'once', ms: 1 })),
  )
  const history = await killFirst([one, other], 25)
  const good = () => new Set([...runsOf(one.lines), ...runsOf(other.lines)].flatMap(({ n, ended }) => (Number.isFinite(ended) ? n : [])))
  await until('all were handled', () => good().size === 600, 180_000)
  await until(
    'nothing is left',
    async () => {
      const { waiting, open } = await board.subscription('limited', limitedSaid).status()
      return waiting + open === 0
    },
    30_000,
  )
  const byOne = new Set(runsOf(one.lines).map(({ n }) => n))
  const times = (n: number) => history().filter((run) => run.n === n).length
  expect(upTo(600).filter((n) => times(n) > 1 && !byOne.has(n) && n % 50 !== 7)).toEqual([])
  // Those that failed by themselves took none of their batch along.
  const failed = history().filter(({ n, key, attempt }) => key === 'again' && attempt === 1 && !byOne.has(n))
  expect([failed.length > 0, failed.filter(({ n }) => times(n) < 2)]).toEqual([true, []])
})

test('a producer that is killed in the middle of many leaves whole thousands', async () => {
  await using board = await openBoard()
  await board.declare(limited)
  await using here = await broker()
  const stored = async () => (await here.manager.streams.info(streams(board).queue())).state.messages
  for (const most of [3000, 13_000]) {
    const before = await stored()
    await using producer = program('test/support/many-producer.ts', [inject('natsUrl'), board.namespace])
    await until('some are stored', async () => (await stored()) - before > most, 180_000)
    await producer.kill()
  }
  // The broker may still be busy with the last of them.
  await until('only whole thousands are there', async () => (await stored()) % 1000 === 0)
})

test('a producer that is killed in the middle of many is started again with the same ids: each runs once', async () => {
  await using board = await openBoard()
  const workers = [await worker(board, 'plain', 20), await worker(board, 'plain', 20)] as const
  await using one = workers[0]
  await using other = workers[1]
  const count = 5500
  const produce = (dies: number) =>
    program('test/support/many-producer.ts', [inject('natsUrl'), board.namespace, String(count), String(dies)])
  await using doomed = produce(4)
  expect(await doomed.ended).toBe('SIGKILL')
  await until('both have begun with what is there', () => ended(one).length > 50 && ended(other).length > 50, 180_000)
  const history = await killFirst(workers, 50)
  await using again = produce(0)
  const there = Number((await again.says('stored')).split(' ')[1])
  await until('all have run', () => numbers(one, other).size === count, 180_000)
  await until('nothing is left', async () => (await board.inspect.queues())[0]?.held.tasks === 0, 30_000)
  // Some were there and some were not, or nothing was tried.
  expect([there > 0, there < count]).toEqual([true, true])
  const byOne = new Set(runsOf(one.lines).map(({ id }) => id))
  const runs = history()
  const ids = runs.map(({ id }) => id)
  // What ran twice was in the hands of the worker that was killed.
  expect(ids.filter((id, index) => ids.indexOf(id) !== index && !byOne.has(id))).toEqual([])
  expect(new Set(ids)).toEqual(new Set(upTo(count).map(manyId)))
})
