import type { Board } from 'callboard'
import { limits } from 'callboard/limits'
import { describe, expect, inject, test } from 'vitest'
import { openBoard } from '../support/board.ts'
import { type Limited, limited, machineTime, mostAtOnce, mostWithin, runsOf } from '../support/limited.ts'
import { type Program, program } from '../support/program.ts'
import { until } from '../support/until.ts'

interface Gates {
  readonly slots?: number
  readonly lease?: string
  readonly concurrency?: number
  readonly rate?: readonly [count: number, per: number, burst: number]
  readonly key?: { readonly concurrency?: number; readonly rate?: object }
}

/** Starts a worker process with these gates; it works when this resolves. */
async function worker(board: Board, gates: Gates): Promise<Program> {
  const given = { servers: inject('natsUrl'), namespace: board.namespace, slots: 20, ...gates }
  const started = program('test/support/limited-worker.ts', [JSON.stringify(given)])
  await started.says('ready')
  return started
}

const work = (count: number, ms: number, key: (n: number) => string = () => 'k', from = 0): Limited[] =>
  Array.from({ length: count }, (_, n) => ({ n: from + n, key: key(n), ms }))

const ended = (...workers: Program[]) => workers.flatMap(({ lines }) => lines.filter((line) => line.startsWith('ended ')))
const troubles = (...workers: Program[]) => workers.flatMap(({ lines }) => lines.filter((line) => line.startsWith('trouble ')))

describe('limits', () => {
  test('no more run at once than the limit, over two workers, and waiting costs no attempt', async () => {
    await using board = await openBoard()
    const workers = await Promise.all([worker(board, { concurrency: 3 }), worker(board, { concurrency: 3 })])
    await using one = workers[0]
    await using other = workers[1]
    await board.enqueueMany(limited, work(200, 10))
    await until('all have ended', () => ended(one, other).length >= 200, 180_000)
    const runs = [one, other].flatMap(({ lines }) => runsOf(lines))
    expect(mostAtOnce(runs)).toBe(3)
    expect(runs.map(({ n }) => n).sort((a, b) => a - b)).toEqual(work(200, 0).map(({ n }) => n))
    expect(runs.every(({ attempt }) => attempt === 1)).toBe(true)
    expect([runsOf(one.lines).length > 20, runsOf(other.lines).length > 20, troubles(one, other)]).toEqual([true, true, []])
  })

  test('a worker that is killed frees its places by itself, and the limit holds all the while', async () => {
    await using board = await openBoard()
    const workers = (await Promise.all([1, 2].map(() => worker(board, { concurrency: 4, lease: '2s' })))) as [Program, Program]
    await using one = workers[0]
    await using other = workers[1]
    await board.enqueueMany(limited, work(400, 20))
    await until('both are at it', () => ended(one).length > 20 && ended(other).length > 20, 180_000)
    const killed = machineTime()
    await one.kill()
    const before = runsOf(one.lines, killed)
    const done = () => new Set([...before.filter((run) => run.ended < killed), ...runsOf(other.lines)].map(({ n }) => n)).size
    await until('nothing is lost', () => done() === 400 && ended(other).length + ended(one).length >= 400, 180_000)
    const after = runsOf(other.lines)
    expect(mostAtOnce([...before, ...after])).toBe(4)
    // All four places are the survivor's in the end.
    expect(mostAtOnce(after.filter(({ began }) => began > killed))).toBe(4)
  })

  test('no more begin in a window than the rate and its burst, over two workers, one of which is killed', async () => {
    await using board = await openBoard()
    const gates = { rate: [40, 200, 4], lease: '2s' } as const
    const workers = await Promise.all([worker(board, gates), worker(board, gates)])
    await using one = workers[0]
    await using other = workers[1]
    await board.enqueueMany(limited, work(300, 0))
    await until('both are at it', () => ended(one).length > 40 && ended(other).length > 40, 180_000)
    await one.kill()
    const all = () => [one, other].flatMap(({ lines }) => runsOf(lines))
    const done = () => new Set(all().flatMap(({ n, ended }) => (ended < Number.POSITIVE_INFINITY ? n : []))).size
    await until('all have ended', () => done() === 300, 180_000)
    // The rate, its burst, and what 20 ms of late timers and clocks may add.
    expect(mostWithin(all(), 200)).toBeLessThanOrEqual(40 + 4 + 4)
    expect(mostWithin(all(), 200)).toBeGreaterThan(20)
    // Only what was in the hands of the one that was killed came twice.
    expect(all().filter(({ attempt }) => attempt > 1).length).toBeLessThan(60)
    expect(troubles(one, other)).toEqual([])
  })

  test('of one key no more run at once and begin in a window than its limits, over two workers, one of which is killed', async () => {
    await using board = await openBoard()
    const gates = { key: { concurrency: 2, rate: { count: 8, per: 200 } }, lease: '2s' }
    const workers = await Promise.all([worker(board, gates), worker(board, gates)])
    await using one = workers[0]
    await using other = workers[1]
    await board.enqueueMany(
      limited,
      work(240, 40, (n) => `key-${n % 4}`),
    )
    await until('both are at it', () => ended(one).length > 20 && ended(other).length > 20, 180_000)
    const killed = machineTime()
    await one.kill()
    const all = () => [...runsOf(one.lines, killed), ...runsOf(other.lines)]
    const done = () => new Set([...ended(one), ...ended(other)].map((line) => line.split(' ')[1])).size
    await until('all have ended', () => done() === 240, 180_000)
    for (const key of ['key-0', 'key-1', 'key-2', 'key-3']) {
      const runs = all().filter((run) => run.key === key)
      expect(mostAtOnce(runs)).toBe(2)
      // The rate, its burst of one, and what 20 ms of late timers and clocks may add.
      expect(mostWithin(runs, 200)).toBeLessThanOrEqual(8 + 1 + 1)
    }
    expect(troubles(one, other)).toEqual([])
  })

  test('limits that are changed while they hold are followed by all workers, one of which is killed', async () => {
    await using board = await openBoard()
    const gates = { concurrency: 6, rate: [1000, 200, 10], lease: '2s' } as const
    const workers = await Promise.all([worker(board, gates), worker(board, gates)])
    await using one = workers[0]
    await using other = workers[1]
    const { set, get } = limits(board)
    await board.enqueueMany(limited, work(900, 20))
    const held = async () => Object.values((await get('shared')).holders).reduce((sum, each) => sum + each.held, 0)
    const more = async (count: number, from = ended(one, other).length) =>
      until(`${count} more have ended`, () => ended(one, other).length >= from + count, 180_000)
    const all = (killed = Number.POSITIVE_INFINITY) => [...runsOf(one.lines, killed), ...runsOf(other.lines)]
    const during = (from: number, to: number, killed?: number) => all(killed).filter(({ began, ended }) => ended > from && began < to)
    await until('both are at it', () => ended(one).length > 20 && ended(other).length > 20, 180_000)
    expect(mostAtOnce(all())).toBeLessThanOrEqual(6)

    await set('shared', { concurrency: 2 })
    await until('the workers hold no more than two places', async () => (await held()) <= 2, 30_000)
    const low = machineTime()
    await more(40)
    const killed = machineTime()
    await one.kill()
    await more(40)
    const up = machineTime()
    expect(mostAtOnce(during(low, up, killed))).toBe(2)

    await set('shared', { concurrency: 5 })
    await until('five run', () => mostAtOnce(during(up, machineTime(), killed)) === 5, 30_000)
    await set('shared', { rate: { count: 10, per: 200 } })
    // A second for the word to come round, and the 100 ms that may have been taken before.
    const slow = machineTime() + 1100
    await until('the word has come round', () => machineTime() > slow)
    await more(30)
    expect(
      mostWithin(
        during(slow, machineTime(), killed).filter(({ began }) => began > slow),
        200,
      ),
    ).toBeLessThanOrEqual(10 + 1 + 1)
    await set('shared', { rate: null, concurrency: null })
    await until('nothing is lost', () => new Set(all().flatMap((run) => (Number.isFinite(run.ended) ? run.n : []))).size === 900, 180_000)
    expect(mostAtOnce(all(killed))).toBeLessThanOrEqual(6)
  })

  test('a key at its limit holds up no other key, however much of it waits', async () => {
    await using board = await openBoard()
    const workers = await Promise.all([worker(board, { key: { concurrency: 1 } }), worker(board, { key: { concurrency: 1 } })])
    await using one = workers[0]
    await using other = workers[1]
    await board.enqueueMany(
      limited,
      work(3000, 5, () => 'busy'),
    )
    await until('the busy key runs', () => ended(one, other).length > 10, 180_000)
    const before = ended(one, other).length
    await board.enqueueMany(
      limited,
      work(20, 0, (n) => `key-${n}`, 10_000),
    )
    const others = () => ended(one, other).filter((line) => !line.includes(' busy ')).length
    await until('the other keys have run', () => others() === 20, 180_000)
    expect(ended(one, other).length - before).toBeLessThan(2500)
    await limits(board).set('keys', { concurrency: 100 })
    await until('all have ended', () => ended(one, other).length >= 3020, 180_000)
    const runs = [one, other].flatMap(({ lines }) => runsOf(lines))
    expect([runs.length, runs.filter(({ attempt }) => attempt > 1)]).toEqual([3020, []])
  })
})
