/** A server never outlives the process that launched it, whatever ends that. */

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { link, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { startServer } from '../../src/extras/server/index.ts'
import { alive } from '../../src/extras/server/process.ts'
import { until } from '../support/until.ts'

const script = fileURLToPath(new URL('../support/server-parent.ts', import.meta.url))
const parents: ChildProcess[] = []
const folders: string[] = []

afterEach(async () => {
  for (const parent of parents.splice(0)) parent.kill('SIGKILL')
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function fresh(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'callboard-test-'))
  folders.push(folder)
  return folder
}

interface Launched {
  readonly parent: ChildProcess
  readonly pid: number
  readonly url: string
  readonly store: string
  /** The next line that the parent prints. */
  readonly next: () => Promise<string>
}

async function launch(options: object, then: 'stay' | 'exit' | 'crash' | 'drain'): Promise<Launched> {
  const args = ['--conditions=callboard-source', '--import', 'tsx', script, JSON.stringify({ port: 0, ...options }), then]
  const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  parents.push(parent)
  const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => (await until('the parent prints a line', lines.next())).value ?? ''
  return { parent, next, ...(JSON.parse(await next()) as { pid: number; url: string; store: string }) }
}

const gone = ({ pid, store }: Launched): Promise<unknown> =>
  Promise.all([until('the server ends', () => !alive(pid)), until('its temporary folder is removed', () => !existsSync(dirname(store)))])

test('a parent that is killed leaves no server and no folder behind, and the server ends in good order', async () => {
  const launched = await launch({ store: 'memory' }, 'stay')
  const log = join(await fresh(), 'log')
  await link(join(dirname(launched.store), 'log'), log)
  launched.parent.kill('SIGKILL')
  await gone(launched)
  expect(await readFile(log, 'utf8')).toContain('Server Exiting')
})

test('a parent that exits without stopping it leaves no server behind', async () => {
  await gone(await launch({ store: 'memory' }, 'exit'))
})

test('a parent that crashes leaves no server behind', async () => {
  await gone(await launch({ store: 'memory' }, 'crash'))
})

test('Ctrl-C reaches the parent alone, which may drain before it stops the server in good order', async () => {
  const { parent, next } = await launch({ store: 'memory' }, 'drain')
  process.kill(-(parent.pid ?? 0), 'SIGINT')
  expect(JSON.parse(await next())).toEqual({ asked: true, signal: null, code: 0 })
})

test('a server that is shutting down because its parent was killed is waited for, and its folder taken over', async () => {
  const store = await fresh()
  const first = await launch({ store }, 'stay')
  // Stopped, it stays in its shutdown until we let it go on.
  process.kill(first.pid, 'SIGSTOP')
  first.parent.kill('SIGKILL')
  await until('the parent is gone', () => !alive(first.parent.pid ?? 0))
  const second = startServer({ port: 0, store })
  process.kill(first.pid, 'SIGCONT')
  const server = await until('the folder is taken over', second)
  expect(alive(first.pid)).toBe(false)
  await server.stop()
})
