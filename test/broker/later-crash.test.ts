/** What is asked for later of a queue that is full, with a worker that is killed: judged by the whole history. */

import { expect, inject, test } from 'vitest'
import { broker, gathered, openBoard, streams } from '../support/board.ts'
import { type LimitedRun, runsOf, tight } from '../support/limited.ts'
import { type Program, program } from '../support/program.ts'
import { until } from '../support/until.ts'

/** The moments when those that were asked for may begin, by their numbers. */
const dues = ({ lines }: Program) =>
  new Map(
    lines.flatMap((line) => {
      const [word, n, due] = line.split(' ')
      return word === 'asked' ? [[Number(n), Number(due)] as const] : []
    }),
  )

const done = (runs: readonly LimitedRun[]) => new Set(runs.flatMap(({ n, ended }) => (Number.isFinite(ended) ? n : [])))

test('in a full queue what was delayed runs, and not before its time, though a worker is killed; the limit holds', async () => {
  await using board = await openBoard()
  const given = { servers: inject('natsUrl'), namespace: board.namespace, as: 'bounded', slots: 2, lease: '2s', count: 400 }
  const start = (file: string) => program(`test/support/${file}.ts`, [JSON.stringify(given)])
  await using one = start('limited-worker')
  await using other = start('limited-worker')
  await Promise.all([one.says('ready'), other.says('ready')])
  await using here = await broker()
  let most = 0
  const stored = async (stream: string) => (await here.manager.streams.info(stream)).state.messages
  const look = async () => {
    const now = await stored(streams(board).queue('tight'))
    most = Math.max(most, now)
    return now
  }
  await using producer = start('later-producer')
  const runs = () => [...runsOf(one.lines), ...runsOf(other.lines)]
  const both = (key: string) => [one, other].every(({ lines }) => runsOf(lines).some((run) => run.key === key))
  await until(
    'the queue is full, and both have run of either kind',
    async () => {
      await look()
      return most === tight && both('now') && both('later')
    },
    180_000,
  )
  await one.kill()
  await until(
    'all has run',
    async () => {
      await look()
      return done(runs()).size === given.count
    },
    180_000,
  )
  await producer.says('done')
  // What was asked for later lies in a stream of its own, beside the limit.
  await until('nothing is left', async () => (await look()) + (await stored(streams(board).later('tight'))) === 0)
  expect(most).toBe(tight)
  expect(await gathered(board.dead.list())).toEqual([])
  const due = dues(producer)
  expect(due.size).toBe(given.count)
  // `sentAt` is when the broker has found it due, by the clock of the same machine.
  const early = runs().filter(({ n, key, sentAt }) => key === 'later' && sentAt < (due.get(n) ?? Number.POSITIVE_INFINITY))
  expect(early).toEqual([])
  // What ran twice was begun by the worker that was killed.
  const lasted = runsOf(other.lines)
  expect(lasted.filter(({ n }, index) => lasted.findIndex((run) => run.n === n) !== index)).toEqual([])
  expect(lasted.filter(({ attempt }) => attempt > 2)).toEqual([])
})
