import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { files, read, root } from './tree.ts'

const manifest = JSON.parse(read('package.json'))
const lock: { packages: Record<string, Locked> } = JSON.parse(read('package-lock.json'))
interface Locked {
  readonly version: string
  readonly resolved?: string
  readonly integrity?: string
  readonly optional?: true
  readonly os?: readonly string[]
}

/** `callboard/server` is src/extras/server/index.ts or src/extras/server.ts. */
const doors = [
  ['.', 'src/index.ts'],
  ...files('src/extras', /^src\/extras\/([\w-]+\.ts|[\w-]+\/index\.ts)$/).map((path) => [
    path.replace(/^src\/extras\/([\w-]+)(\/index)?\.ts$/, './$1'),
    path,
  ]),
  // It renders another extra, which no extra may.
  ['./dashboard', 'src/tools/dashboard/index.ts'],
]

test('the exports map lists exactly the doors that exist, each by source, types and default', () => {
  const expected = doors.map(([name, path]) => [
    name,
    {
      'callboard-source': `./${path}`,
      types: `./${path}`.replace('./src/', './dist/').replace(/\.ts$/, '.d.ts'),
      default: `./${path}`.replace('./src/', './dist/').replace(/\.ts$/, '.js'),
    },
  ])
  expect(manifest.exports).toEqual({ ...Object.fromEntries(expected), './package.json': './package.json' })
})

test('the conditions of each export stand in the order they are tried in', () => {
  const orders = Object.values(manifest.exports).map((entry) => (typeof entry === 'string' ? [] : Object.keys(entry as object)))
  expect(orders.filter((order) => order.length > 0 && order.join() !== 'callboard-source,types,default')).toEqual([])
})

test('what is published exists', () => {
  const given = (manifest.files as string[]).filter((path) => path !== 'dist')
  expect(given.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

test('every dependency is pinned to one exact version', () => {
  const wanted = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.overrides }
  expect(Object.entries<string>(wanted).filter(([, version]) => !/^(npm:.+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([])
})

test('the lock file names the same dependencies as package.json', () => {
  const { dependencies, devDependencies } = manifest
  expect(lock.packages['']).toMatchObject({ name: manifest.name, version: manifest.version, dependencies, devDependencies })
})

test('the lock file says which, not from where', () => {
  expect(Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined)).toEqual([])
})

test('the lock file has a checksum for everything, but for optional binaries of other systems', () => {
  const bare = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && entry.integrity === undefined)
  expect(bare.filter(([, entry]) => !(entry.optional && entry.os))).toEqual([])
})

test('the lock file has every optional binary, so that npm ci works on every system', () => {
  const wanted = Object.values(lock.packages).flatMap((entry) =>
    Object.keys((entry as { optionalDependencies?: object }).optionalDependencies ?? {}),
  )
  expect(wanted.filter((name) => !Object.keys(lock.packages).some((path) => path.endsWith(`node_modules/${name}`)))).toEqual([])
})

test('no install script runs', () => {
  expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true')
})

test('the changelog begins with what is not yet released, or with this version, and says something', () => {
  const [, title = '', body = ''] = /^## (.+)\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(read('CHANGELOG.md')) ?? []
  expect([/^Unreleased$/.test(title) || title.startsWith(`${manifest.version} `), title]).toEqual([true, title])
  expect(body.trim()).not.toBe('')
})
