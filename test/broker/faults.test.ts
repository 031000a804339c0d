/** The fault machine itself, for a moment: faults of every kind are done, and the history is judged. The long run is `npm run faults`. */

import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { callboard, task } from 'callboard'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { compile, discard } from '../bench/compile.ts'
import { blocking } from '../faults/blocking.ts'
import { machine, type Wish } from '../faults/machine.ts'
import { thrownBy } from '../support/board.ts'
import { namespace } from '../support/namespace.ts'
import { program } from '../support/program.ts'
import { smallBroker } from '../support/small-broker.ts'
import { until } from '../support/until.ts'

const chore = task<number>('chore')

const root = fileURLToPath(new URL('../..', import.meta.url))
let compiled: string
beforeAll(() => {
  compiled = compile(root, 'test/faults')
})
afterAll(() => discard(compiled))

const short = { seconds: 6, tasks: 0, faults: 4, rate: 200, poison: false, schedule: false, soak: false, only: [] }

describe.concurrent('alone', () => {
  test('a handler that blocks its process longer than the lease is told of, runs again elsewhere, and has one result', async () => {
    const servers = inject('natsUrl')
    const place = namespace()
    const args = [JSON.stringify({ servers, namespace: place })]
    await using blocked = program('test/faults/blocked.ts', args)
    await using board = await callboard({ servers, namespace: place, log: false })
    await blocked.says('ready')
    const file = join(await mkdtemp(join(tmpdir(), 'callboard-test-')), 'goes-on')
    const handle = await board.enqueue(blocking, file)
    await blocked.says('blocks')
    const runs: number[] = []
    await board
      .service('workers')
      .perform(
        blocking,
        (_, { attempt }) => {
          runs.push(attempt)
          return 'elsewhere'
        },
        { lease: 1_000 },
      )
      .start()
    expect(await until('it runs elsewhere', handle.result())).toBe('elsewhere')
    await writeFile(file, '')
    expect(await blocked.says('trouble')).toMatch(/stood still for \d+ ms, longer than the lease of 1000 ms/)
    await blocked.says('ends')
    expect(await board.handle(blocking, handle.id).result()).toBe('elsewhere')
    expect(runs).toHaveLength(1)
  })

  test('a broker without room refuses, loses nothing, and goes on when there is room', async () => {
    await using small = await smallBroker()
    await using board = await callboard({ servers: small.url, log: false })
    const done = new Set<number>()
    await board
      .service('worker')
      .perform(chore, (n) => void done.add(n))
      .start()
    await board.enqueueMany(chore, [1, 2, 3])
    await until('they are done', () => done.size === 3)
    await small.fill()
    expect((await thrownBy(board.enqueue(chore, 4))).code).toBe('STORAGE_FULL')
    await small.empty()
    await until('it is taken', () => board.enqueue(chore, 5).then(() => true))
    await until('it is done', () => done.has(5))
    expect([...done].sort()).toEqual([1, 2, 3, 5])
  })
})

describe.concurrent('under faults', () => {
  test.each<[string, Wish]>([
    ['one server, a work queue', { ...short, seed: 11, layout: 'work', cluster: false }],
    ['three servers, a log', { ...short, seed: 12, layout: 'log', cluster: true }],
    ['a server in stutters', { ...short, seed: 13, layout: 'work', cluster: false, faults: 2, only: ['broker stutters'] }],
  ])('%s: nothing acknowledged is lost, and every doubled run has its fault', async (_, wish) => {
    const outcome = await machine(wish, compiled, () => undefined)
    expect(outcome.stories.join('\n\n')).toBe('')
    expect(outcome).toMatchObject({ ok: true, lost: 0, unexplained: 0 })
    expect(outcome.acknowledged).toBeGreaterThan(100)
    expect(Object.values(outcome.faults).reduce((sum, count) => sum + count)).toBe(wish.faults)
    rmSync(outcome.folder, { recursive: true, force: true })
  })
})
