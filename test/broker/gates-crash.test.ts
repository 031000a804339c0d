/** A gate of one's own, and keys at their limit, before two processes of which one is killed: judged by the whole history. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Board } from 'callboard'
import { describe, expect, inject, test } from 'vitest'
import { broker, gathered, openBoard, streams } from '../support/board.ts'
import { held, type Limited, type LimitedRun, limited, machineTime, mostAtOnce, runsOf } from '../support/limited.ts'
import { door, holder, type OwnGate } from '../support/own-gate.ts'
import { type Program, program } from '../support/program.ts'
import { until } from '../support/until.ts'

interface Gates {
  readonly own?: OwnGate
  readonly key?: { readonly concurrency: number }
}

/** Starts two worker processes with these gates; they work when this resolves. */
async function crew(board: Board, gates: Gates): Promise<[Program, Program]> {
  const given = JSON.stringify({ servers: inject('natsUrl'), namespace: board.namespace, slots: 4, lease: '2s', ...gates })
  const start = () => program('test/support/limited-worker.ts', [given])
  const both: [Program, Program] = [start(), start()]
  await Promise.all(both.map((each) => each.says('ready')))
  return both
}

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index)
const running = ({ lines }: Program) => runsOf(lines).filter(({ ended }) => !Number.isFinite(ended))
const ended = (...workers: Program[]) =>
  new Set(workers.flatMap(({ lines }) => runsOf(lines)).flatMap((run) => (Number.isFinite(run.ended) ? run.n : [])))
const twice = (runs: readonly LimitedRun[]) => runs.filter(({ n }, index) => runs.findIndex((run) => run.n === n) !== index)
const troubles = ({ lines }: Program) => lines.filter((line) => line.startsWith('trouble '))

/** What waits at the gate of one. */
function standing({ lines }: Program): Set<number> {
  const found = new Set<number>()
  for (const line of lines) {
    const [word, n] = line.split(' ')
    if (word === 'stands') found.add(Number(n))
    if (word === 'left') found.delete(Number(n))
  }
  return found
}

/** How many odd ones have come to the gate of one. */
const odd = ({ lines }: Program) => new Set(lines.filter((line) => line.startsWith('stands ') && Number(line.split(' ')[1]) % 2 === 1)).size

/** Fails where something is left, or was given up. */
async function nothingLeft(board: Board): Promise<void> {
  await using here = await broker()
  await until('nothing is left in the queue', async () => (await here.manager.streams.info(streams(board).queue())).state.messages === 0)
  expect(await gathered(board.dead.list())).toEqual([])
}

describe('before two workers, of which one is killed', () => {
  test.each(['aside', 300] as const)(
    'a gate of one’s own lets in nothing it should not, loses nothing and counts no waiting, where it says %s',
    async (shut) => {
      await using board = await openBoard()
      const folder = mkdtempSync(join(tmpdir(), 'own-gate-'))
      using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
      const workers = await crew(board, { own: { folder, shut } })
      await using one = workers[0]
      await using other = workers[1]
      const all: number[] = []
      const add = async (from: number, many: number, ms: number, step = 1) => {
        const inputs = upTo(many).map((n): Limited => ({ n: from + n * step, key: 'k', ms }))
        await board.enqueueMany(limited, inputs)
        all.push(...inputs.map(({ n }) => n))
      }
      await until(
        'both have run some, and have had some before the door',
        async () => {
          await add(all.length, 10, 2)
          return workers.every((each) => ended(each).size > 2 && odd(each) > 2)
        },
        180_000,
      )
      // Even ones that last: whoever gets the first of them has the place until it is killed.
      const lasting = all.length
      await add(lasting, 8, held, 2)
      const has = (worker: Program) => running(worker).some(({ n }) => holder(folder) === worker.pid && n >= lasting)
      const doomed = await until('one has the place', () => workers.find(has), 180_000)
      const left = workers.find((each) => each !== doomed)
      if (doomed === undefined || left === undefined) throw new Error('There are two.')
      const waited = standing(left)
      const killed = machineTime()
      await doomed.kill()
      process.kill(left.pid, 'SIGHUP')
      const evens = all.filter((n) => n % 2 === 0)
      await until('all that may has run', () => evens.every((n) => ended(one, other).has(n)), 180_000)
      const opened = machineTime()
      writeFileSync(door(folder), '')
      await until('all has run', () => all.every((n) => ended(one, other).has(n)), 180_000)

      const [before, after] = [runsOf(doomed.lines, killed), runsOf(left.lines)]
      const runs = [...before, ...after]
      expect(mostAtOnce(runs)).toBe(1)
      expect(runs.filter(({ n, began }) => n % 2 === 1 && began < opened)).toEqual([])
      // What ran twice was begun by the one that was killed; what waited before the other was never charged, however often it was turned away.
      expect(twice(after)).toEqual([])
      expect(after.filter(({ n }) => before.some((run) => run.n === n)).length).toBeGreaterThan(0)
      expect(after.filter(({ n, attempt }) => waited.has(n) && attempt > 1)).toEqual([])
      // The broker cannot say what of that in the hands of the dead had begun: each of it is charged once.
      expect(Math.max(...runs.map(({ attempt }) => attempt))).toBe(2)
      expect([...troubles(one), ...troubles(other)]).toEqual([])
      await nothingLeft(board)
    },
  )

  test('a key at its limit holds up no other key behind it, and never has more than its limit', async () => {
    await using board = await openBoard()
    const workers = await crew(board, { key: { concurrency: 2 } })
    await using one = workers[0]
    await using other = workers[1]
    const [busy, others] = [120, 60]
    await board.enqueueMany(
      limited,
      upTo(busy).map((n) => ({ n, key: 'busy', ms: held })),
    )
    await until('the busy key is at its limit', () => running(one).length + running(other).length === 2, 180_000)
    await board.enqueueMany(
      limited,
      upTo(others).map((n) => ({ n: busy + n, key: `key-${n % 20}`, ms: 20 })),
    )
    await until('both have run others', () => ended(one).size > 5 && ended(other).size > 5, 180_000)
    const busyRuns = (worker: Program) => running(worker).filter(({ key }) => key === 'busy').length
    const [doomed, left] = busyRuns(one) > 0 ? [one, other] : [other, one]
    const killed = machineTime()
    await doomed.kill()
    await until('all others have run', () => ended(one, other).size === others, 180_000)
    // No end of the busy key was waited for: none of it has ended yet.
    expect([...ended(one, other)].filter((n) => n < busy)).toEqual([])
    await until('the places of the dead are taken', () => busyRuns(left) === 2, 180_000)
    process.kill(left.pid, 'SIGHUP')
    await until('all has run', () => ended(one, other).size === busy + others, 180_000)
    const [before, after] = [runsOf(doomed.lines, killed), runsOf(left.lines)]
    const runs = [...before, ...after]
    for (const key of new Set(runs.map((run) => run.key))) expect(mostAtOnce(runs.filter((run) => run.key === key))).toBeLessThanOrEqual(2)
    expect(mostAtOnce(runs.filter(({ key }) => key === 'busy'))).toBe(2)
    expect(Math.max(...runs.map(({ attempt }) => attempt))).toBe(2)
    expect(twice(after)).toEqual([])
    expect([...troubles(one), ...troubles(other)]).toEqual([])
    await nothingLeft(board)
  })
})
