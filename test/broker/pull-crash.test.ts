/** Two processes that pull, of which one is killed with leased tasks in its hands: judged by the whole history. */

import { expect, inject, test } from 'vitest'
import { broker, gathered, openBoard, streams } from '../support/board.ts'
import { held, type Limited, limited, runsOf } from '../support/limited.ts'
import { program } from '../support/program.ts'
import { until } from '../support/until.ts'

test('what a killed process had pulled comes to the other after its lease; all else is acknowledged once', async () => {
  await using board = await openBoard()
  const given = { servers: inject('natsUrl'), namespace: board.namespace, pulls: 5, lease: '2s' }
  const start = () => program('test/support/limited-worker.ts', [JSON.stringify(given)])
  await using one = start()
  await using other = start()
  await Promise.all([one.says('ready'), other.says('ready')])
  let count = 0
  const add = async (many: number, ms: number) => {
    const inputs = Array.from({ length: many }, (_, n): Limited => ({ n: count + n, key: 'k', ms }))
    count += many
    await board.enqueueMany(limited, inputs)
  }
  const ended = () => [one, other].flatMap(({ lines }) => runsOf(lines)).filter((run) => Number.isFinite(run.ended))
  await add(60, 2)
  await until('all has run', () => new Set(ended().map(({ n }) => n)).size === count, 180_000)
  // Those that last are in hand, and not answered, until their process is told to let go, or is no more.
  await add(12, held)
  const inHand = ({ lines }: typeof one) => runsOf(lines).filter((run) => !Number.isFinite(run.ended))
  await until('both hold some', () => inHand(one).length > 0 && inHand(other).length > 0, 180_000)
  const kept = inHand(other).map(({ n }) => n)
  await one.kill()
  const lost = inHand(one).map(({ n }) => n)
  process.kill(other.pid, 'SIGHUP')
  await add(20, 0)
  await until('all has run', () => new Set(ended().map(({ n }) => n)).size === count, 180_000)
  await using here = await broker()
  await until('nothing is left in the queue', async () => (await here.manager.streams.info(streams(board).queue())).state.messages === 0)
  expect(await gathered(board.dead.list())).toEqual([])

  const told = ended().map(({ n }) => n)
  expect(told.filter((n, index) => told.indexOf(n) !== index)).toEqual([])
  const lasted = runsOf(other.lines)
  expect(lost.map((n) => lasted.filter((run) => run.n === n).map(({ attempt }) => attempt))).toEqual(lost.map(() => [2]))
  // What the other had was never taken from it.
  expect(lasted.filter(({ n, attempt }) => kept.includes(n) && attempt > 1)).toEqual([])
  // One that was on its way to the dead is charged as what it had in hand; none more than once.
  expect(lasted.filter(({ attempt }) => attempt > 2)).toEqual([])
})
