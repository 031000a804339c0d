/** Debounced and throttled tasks, asked for by two processes and performed by two, of which one each is killed: judged by the whole history. */

import { expect, inject, test } from 'vitest'
import { openBoard } from '../support/board.ts'
import { keys, type LimitedRun, per, runsOf, silence, ways } from '../support/limited.ts'
import { type Program, program } from '../support/program.ts'
import { until } from '../support/until.ts'

/** What a sender was answered. */
interface Asked {
  readonly way: string
  readonly n: number
  readonly key: string
  readonly id: string
  readonly duplicate: boolean
}

const askedBy = ({ lines }: Program): Asked[] =>
  lines.flatMap((line) => {
    const [word, way = '', n, key = '', id = '', duplicate] = line.split(' ')
    return word === 'asked' ? [{ way, n: Number(n), key, id, duplicate: duplicate === 'true' }] : []
  })

const names = ways.flatMap((way) => Array.from({ length: keys }, (_, n) => `${way}-${n}`))
const firstRuns = (runs: readonly LimitedRun[]) => runs.filter(({ id }, index) => runs.findIndex((run) => run.id === id) === index)
const doomedFrom = 1_000_000

/** What is wrong with a history: one that was answered and never ran, the wrong one of many, or two where there is to be one. */
function wrongs(asked: readonly (readonly Asked[])[], runs: readonly LimitedRun[]): string[] {
  const found: string[] = []
  const all = asked.flat()
  const told = new Set(all.map(({ n }) => n))
  for (const { id } of all) if (!runs.some((run) => run.id === id && Number.isFinite(run.ended))) found.push(`${id} never ran`)
  for (const { id, n, key } of runs) {
    const those = asked.map((each) => each.filter((one) => one.id === id))
    // Of a sender that was killed the last may be stored and not answered.
    const latest = [...those.map((each) => each.at(-1)?.n), ...(told.has(n) || n < doomedFrom ? [] : [n])]
    if (key.startsWith('debounce') && !latest.includes(n)) found.push(`${n} of ${key} ran, and ${latest} was asked for after it`)
    if (key.startsWith('throttle') && those.flat().some((one) => (one.n === n) === one.duplicate))
      found.push(`${n} of ${key} was not the first`)
    if (runs.some((run) => run.id === id && run.n !== n)) found.push(`${id} ran as ${n} and as another`)
  }
  for (const key of names) {
    const at = firstRuns(runs)
      .filter((run) => run.key === key)
      .map(({ sentAt }) => sentAt)
      .sort((a, b) => a - b)
    const least = key.startsWith('debounce') ? silence.wait : per
    for (const [index, time] of at.entries()) {
      const apart = time - (at[index - 1] ?? Number.NEGATIVE_INFINITY)
      if (apart < least) found.push(`two of ${key} lie ${apart} ms apart`)
    }
  }
  return found
}

test('a history with one that is lost, one that is not the latest or the first, or two of one window is found out', () => {
  const ask = (n: number, id: string, way = 'debounce', duplicate = false): Asked => ({ way, n, key: `${way}-0`, id, duplicate })
  const run = (n: number, id: string, sentAt = 0, way = 'debounce') => ({ n, id, sentAt, key: `${way}-0`, attempt: 1, began: 0, ended: 1 })
  expect(wrongs([[ask(1, 'a'), ask(2, 'a')]], [run(2, 'a')])).toEqual([])
  expect(wrongs([[ask(1, 'a')]], [])).toHaveLength(1)
  expect(wrongs([[ask(1, 'a'), ask(2, 'a')]], [run(1, 'a')])).toHaveLength(1)
  expect(wrongs([[ask(1, 'a')], [ask(2, 'b')]], [run(1, 'a', 0), run(2, 'b', silence.wait - 1)])).toHaveLength(1)
  expect(wrongs([[ask(1, 'a', 'throttle'), ask(2, 'a', 'throttle', true)]], [run(1, 'a', 0, 'throttle')])).toEqual([])
  expect(wrongs([[ask(1, 'a', 'throttle'), ask(2, 'a', 'throttle', true)]], [run(2, 'a', 0, 'throttle')])).toHaveLength(1)
})

test.each(['plain', 'bounded'] as const)(
  'while a sender and a worker of a queue that is %s are killed, of each window one runs, the latest or the first, and none is lost',
  async (as) => {
    await using board = await openBoard()
    const given = { servers: inject('natsUrl'), namespace: board.namespace, as }
    const start = (file: string, more: object) => program(`test/support/${file}.ts`, [JSON.stringify({ ...given, ...more })])
    const worker = () => start('limited-worker', { slots: 2, lease: '3s' })
    await using one = worker()
    await using other = worker()
    await Promise.all([one.says('ready'), other.says('ready')])
    await using doomed = start('keyed-producer', { from: doomedFrom })
    await using producer = start('keyed-producer', { from: 0 })
    const runs = () => [...runsOf(one.lines), ...runsOf(other.lines)]
    const windows = () => Math.min(...names.map((key) => new Set(runs().flatMap((run) => (run.key === key ? run.id : []))).size))
    await until('both ask', () => [doomed, producer].every((each) => each.lines.length > 20), 180_000)
    await until('both work', () => [one, other].every(({ lines }) => lines.length > 2) && windows() > 0, 180_000)
    await doomed.kill()
    await one.kill()
    const before = windows()
    await until('work goes on', () => windows() > before + 1, 180_000)
    process.kill(producer.pid, 'SIGTERM')
    await producer.says('done')
    const asked = [askedBy(doomed), askedBy(producer)]
    await until(
      'all that was answered has run',
      () => asked.flat().every(({ id }) => runs().some((run) => run.id === id && run.ended)),
      30_000,
    )
    await until('the history is whole', () => wrongs(asked, runs()).every((each) => !each.endsWith('never ran')), 30_000)
    expect(wrongs(asked, runs())).toEqual([])
    // Both asked for the same at the same time, or nothing was tried.
    expect(asked.map((each) => each.some(({ id }) => asked.every((all) => all.some((ask) => ask.id === id))))).toEqual([true, true])
    // What ran twice was begun by the worker that was killed.
    const twice = [...new Set(runs().map(({ id }) => id))].filter((id) => runs().filter((run) => run.id === id).length > 1)
    expect(twice.filter((id) => !runsOf(one.lines).some((run) => run.id === id))).toEqual([])
  },
)
