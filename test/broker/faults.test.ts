/** The fault machine itself, for a moment: faults of every kind are done, and the history is judged. The long run is `npm run faults`. */

import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compile, discard } from '../bench/compile.ts'
import { machine, type Wish } from '../faults/machine.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let compiled: string
beforeAll(() => {
  compiled = compile(root, 'test/faults')
})
afterAll(() => discard(compiled))

const short = { seconds: 6, tasks: 0, faults: 4, rate: 200, poison: false, only: [] }

describe.concurrent('under faults', () => {
  test.each<[string, Wish]>([
    ['one server, a work queue', { ...short, seed: 11, layout: 'work', cluster: false }],
    ['three servers, a log', { ...short, seed: 12, layout: 'log', cluster: true }],
  ])('%s: nothing acknowledged is lost, and every doubled run has its fault', { timeout: 240_000 }, async (_, wish) => {
    const outcome = await machine(wish, compiled, () => undefined)
    expect(outcome.stories.join('\n\n')).toBe('')
    expect(outcome).toMatchObject({ ok: true, lost: 0, unexplained: 0 })
    expect(outcome.acknowledged).toBeGreaterThan(100)
    expect(Object.values(outcome.faults).reduce((sum, count) => sum + count)).toBe(wish.faults)
    rmSync(outcome.folder, { recursive: true, force: true })
  })
})
