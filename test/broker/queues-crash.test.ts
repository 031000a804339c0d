/** What an operator does with a queue while its workers work and are killed: judged by the history of all of them. */

import type { Board } from 'callboard'
import { queues } from 'callboard/queues'
import { expect, inject, test } from 'vitest'
import { openBoard } from '../support/board.ts'
import { limited, machineTime, runsOf } from '../support/limited.ts'
import { type Program, program } from '../support/program.ts'
import { until } from '../support/until.ts'

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index)
const ended = (...workers: Program[]) => workers.flatMap(({ lines }) => lines.filter((line) => line.startsWith('ended ')))
const runsBy = (...workers: Program[]) => workers.flatMap(({ lines }) => runsOf(lines))
const doneBy = (...workers: Program[]) => new Set(runsBy(...workers).flatMap(({ n, ended }) => (Number.isFinite(ended) ? n : [])))

/** Starts worker processes; they work when this resolves. */
async function crew(board: Board, count: number): Promise<Program[]> {
  const given = JSON.stringify({ servers: inject('natsUrl'), namespace: board.namespace, slots: 2, lease: '1s' })
  const workers = upTo(count).map(() => program('test/support/limited-worker.ts', [given]))
  await Promise.all(workers.map((each) => each.says('ready')))
  return workers
}

const enqueue = (board: Board, count: number) =>
  board.enqueueMany(
    limited,
    upTo(count).map((n) => ({ n, key: 'k', ms: 5 })),
  )

test('what a purge counts never runs and everything else does, while workers work and one of them is killed', async () => {
  await using board = await openBoard()
  const [one, other] = (await crew(board, 2)) as [Program, Program]
  await using _one = one
  await using _other = other
  const total = 3000
  await enqueue(board, total)
  await until('both are at it', () => ended(one).length > 10 && ended(other).length > 10, 30_000)
  const purging = queues(board).purge('default')
  await one.kill()
  const purged = await purging
  await queues(board).drain('default', { timeout: '1m' })
  await until('what was not purged has run', () => doneBy(one, other).size + purged >= total)
  expect(purged).toBeGreaterThan(0)
  // Each was purged or done: one that was both would be counted twice.
  expect(doneBy(one, other).size + purged).toBe(total)
  const twice = runsBy(other).filter(({ n, attempt }) => attempt > 1 || runsBy(one).some((run) => run.n === n && run.ended))
  expect(twice.length).toBeLessThan(100)
})

test('a pause ends when it was to, a drain when all has run, though a worker is killed in each of them', async () => {
  await using board = await openBoard()
  const workers = await crew(board, 2)
  const [one, other] = workers as [Program, Program]
  await using _one = one
  await using _other = other
  // More than two workers do while one that is slow asks for a pause.
  const total = 1500
  await enqueue(board, total)
  await until('both are at it', () => ended(one).length > 10 && ended(other).length > 10, 30_000)

  await queues(board).pause('default')
  // The grace: until both have heard of it.
  for (const each of workers) process.kill(each.pid, 'SIGUSR2')
  await Promise.all(workers.map((each) => each.says('heard')))
  const still = machineTime()
  await one.kill()
  const [third] = (await crew(board, 1)) as [Program]
  await using _third = third
  workers.push(third)
  const resumes = machineTime() + 1500
  await queues(board).pause('default', { until: new Date(Date.now() + 1500) })
  let drained = false
  const draining = queues(board)
    .drain('default', { timeout: '60s' })
    .then(() => {
      drained = true
      return machineTime()
    })
  await until('the others are at it', () => ended(third).length > 10, 30_000)
  expect(drained).toBe(false)
  await other.kill()
  const end = await draining

  await until('all is told', () => doneBy(...workers).size === total)
  const runs = runsBy(...workers)
  // The end is said in whole ms of another clock.
  expect(runs.filter(({ began }) => began > still && began < resumes - 10)).toEqual([])
  const firstEnds = upTo(total).map((n) => Math.min(...runs.filter((run) => run.n === n).map((run) => run.ended)))
  expect(firstEnds.filter((at) => at > end)).toEqual([])
  expect((await queues(board).status('default')).paused).toBe(false)
})
