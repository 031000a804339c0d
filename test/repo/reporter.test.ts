import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { root } from './tree.ts'

const folder = join(root, '.callboard/reporter')

const broken = `
import { beforeAll, describe, expect, test } from 'vitest'
test('passes', () => {})
test('fails', () => expect(1).toBe(2))
test('loses a promise', () => { void Promise.reject(new Error('lost')) })
describe('suite', () => {
  beforeAll(() => { throw new Error('hook') })
  test('never runs', () => {})
})
`

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'good.test.ts'), "import { test } from 'vitest'\ntest('one', () => {})\ntest('two', () => {})\n")
  writeFileSync(join(folder, 'broken.test.ts'), broken)
  writeFileSync(join(folder, 'lost.test.ts'), "import 'nothing-there'\n")
  writeFileSync(
    join(folder, 'singing.test.ts'),
    "import { test } from 'vitest'\nimport { canary } from '../../test/support/canary.ts'\ntest('one', () => console.log(canary))\n",
  )
  writeFileSync(
    join(folder, 'shouting.test.ts'),
    "import { test } from 'vitest'\nimport { canary } from '../../test/support/canary.ts'\ntest('one', () => { throw new Error('x', { cause: { canary } }) })\n",
  )
  writeFileSync(join(folder, 'setup.ts'), "export default () => { throw new Error('no broker') }\n")
  writeFileSync(join(folder, 'loud.ts'), "export default () => () => console.log('torn down')\n")
})

test.each<[string, readonly string[], string, string, number]>([
  ['all is well', ['good'], '', '2 passed, 0 failed', 0],
  ['a teardown speaks late', ['good'], './loud.ts', '2 passed, 0 failed', 0],
  ['a test, a hook and a lost promise fail', ['broken'], '', '2 passed, 3 failed', 1],
  ['a file cannot be loaded', ['good', 'lost'], '', '2 passed, 1 failed', 1],
  ['the setup fails', ['good'], './setup.ts', '0 passed, 1 failed', 1],
  ['a test writes the secret that tests log in with', ['singing'], '', '1 passed, 1 failed', 1],
  ['an error tells that secret', ['shouting'], '', '0 passed, 2 failed', 1],
  ['there is no test', ['none'], '', '0 passed, 1 failed', 1],
])('when %s, the last line says how many passed and failed', (_, words, setup, line, code) => {
  const test = { reporters: ['default', join(root, 'test/setup/reporter.ts')], globalSetup: setup ? [setup] : [] }
  writeFileSync(join(folder, 'vitest.config.js'), `export default ${JSON.stringify({ test })}`)
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', `--root=${folder}`]
  const run = spawnSync(process.execPath, [...vitest, ...words], { encoding: 'utf8' })
  expect(run.stdout.split('\n').slice(-2), run.stdout + run.stderr).toEqual([line, ''])
  expect(run.status).toBe(code)
})
