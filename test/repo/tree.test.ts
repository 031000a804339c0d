import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { files, read, root } from './tree.ts'

const top = [
  'src',
  'demos',
  'test',
  'docs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'biome.jsonc',
  'vitest.config.ts',
  'nats-server.conf',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'SECURITY.md',
]

/** What is made, not written; git ignores it. */
const made = ['node_modules', 'dist', 'coverage']

/** What must never be committed: where somebody's checkout lies, whose home it is, which registry they use. */
const foreign: readonly (readonly [what: string, pattern: RegExp, example: string])[] = [
  ['a path of one machine', new RegExp(`(?<![\\w.])/${'work'}/`), `see /${'work'}/main`],
  ['a home folder', new RegExp(`(?<![\\w.])/(${'root'}|${'home'}/\\w+|${'Users'}/\\w+)/`), `/${'home'}/ann/x`],
  ['a registry host', new RegExp(`//(deb|${'registry'})\\.|${'registry'}\\.(npmjs|yarnpkg)\\.`), `https://${'registry'}.npmjs.org`],
]

test('the top of the repository holds nothing but what belongs there', () => {
  const names = readdirSync(root).filter((name) => !name.startsWith('.') && !made.includes(name))
  expect(names.filter((name) => !top.includes(name))).toEqual([])
})

test.each(foreign)('no file names %s', (_, pattern) => {
  expect(files().flatMap((path) => (pattern.test(read(path)) ? [path] : []))).toEqual([])
})

test.each(foreign)('it shows where a file names %s', (_, pattern, example) => {
  expect(example).toMatch(pattern)
})
