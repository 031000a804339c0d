/** Running a server: where it answers, how it ends, and what is said when it cannot run. */

import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CallboardError, shown } from '../../src/base/errors.ts'
import { type ServerOptions, startServer } from '../../src/extras/server/index.ts'
import { alive } from '../../src/extras/server/process.ts'
import { until } from '../support/until.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'callboard-test-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

let count = 0
const fresh = (name: string): string => join(root, `${name}-${++count}`)

/** What was thrown, which must have a code. */
async function thrownBy(promise: Promise<unknown>): Promise<CallboardError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (typeof error === 'object' && error !== null && 'code' in error) return error as CallboardError
  throw new Error(`expected a CallboardError, got ${shown(error)}`)
}

/** A program that says it is a nats-server, and then does what it is told. */
async function pretender(lines: string): Promise<string> {
  const path = fresh('nats-server')
  await writeFile(path, `#!/bin/sh\nif [ "$1" = --version ]; then echo 'nats-server: v2.15.1'; exit; fi\n${lines}\n`)
  await chmod(path, 0o755)
  return path
}

async function store(url: string, text: string): Promise<void> {
  const nc = await connect({ servers: url })
  await (await jetstreamManager(nc)).streams.add({ name: 'KEPT', subjects: ['kept'] })
  await jetstream(nc).publish('kept', text)
  await nc.close()
}

async function stored(url: string): Promise<string | undefined> {
  const nc = await connect({ servers: url })
  const message = await (await jetstreamManager(nc)).streams.getMessage('KEPT', { last_by_subj: 'kept' })
  await nc.close()
  return message?.string()
}

test('a server on port 0 answers at its url, keeps streams, and is the process it says it is', async () => {
  await using server = await startServer({ port: 0, store: 'memory' })
  const nc = await connect({ servers: server.url })
  expect(nc.info).toMatchObject({ version: server.version, server_name: server.name, port: server.port, jetstream: true })
  await nc.close()
  expect(alive(server.pid)).toBe(true)
  expect(server.features.schedules).toBe(true)
  expect(server.log.join('\n')).toContain('Server is ready')
  expect(server.log.join('\n')).toContain(`[${server.pid}]`)
})

test('a temporary store is gone after stop, and so is the process', async () => {
  const server = await startServer({ port: 0, store: 'memory' })
  expect(server.temporary).toBe(true)
  expect(existsSync(server.store)).toBe(true)
  expect(await server.stop()).toEqual({ asked: true, code: 0, signal: null })
  expect(await server.stop()).toEqual(await server.exited)
  expect(alive(server.pid)).toBe(false)
  expect(existsSync(dirname(server.store))).toBe(false)
})

test('a folder keeps its streams over a stop and over a crash, on the same port', async () => {
  const folder = fresh('store')
  const first = await startServer({ port: 0, store: folder })
  await store(first.url, 'hello')
  await first.stop()
  const { port } = first

  const second = await startServer({ port, store: folder })
  expect(await stored(second.url)).toBe('hello')
  second.kill('SIGKILL')
  await second.exited

  await using third = await startServer({ port, store: folder })
  expect(third.url).toBe(first.url)
  expect(await stored(third.url)).toBe('hello')
})

test('a server that dies is told, with its last lines', async () => {
  const told: CallboardError[] = []
  const server = await startServer({ port: 0, store: 'memory', onDeath: (error) => told.push(error) })
  server.kill('SIGKILL')
  const exit = await until('the end is noticed', server.exited)
  expect(exit).toMatchObject({ asked: false, signal: 'SIGKILL', error: { code: 'SERVER_DIED' } })
  expect(exit.error?.message).toContain('Server is ready')
  await until('onDeath is called', () => told.length === 1)
})

test('a server that does not obey is killed after the grace', async () => {
  const server = await startServer({ port: 0, store: 'memory', grace: 50 })
  server.kill('SIGSTOP')
  expect(await until('it ends', server.stop())).toEqual({ asked: true, code: null, signal: 'SIGKILL' })
})

test('every line of the log can be heard', async () => {
  const lines: string[] = []
  await using _ = await startServer({ port: 0, store: 'memory', onLine: (line) => lines.push(line) })
  await until('the first lines are heard', () => lines.some((line) => line.includes('Server is ready')))
})

test("a configuration file of one's own is used, with its store folder replaced", async () => {
  const config = fresh('own.conf')
  await writeFile(config, 'listen: 127.0.0.1:4222\nmax_payload: 2MB\njetstream { store_dir: /nowhere/at/all }\n')
  await using server = await startServer({ config, port: 0, store: fresh('store') })
  const nc = await connect({ servers: server.url })
  expect(nc.info?.max_payload).toBe(2 * 1024 * 1024)
  await nc.close()
  expect(await readdir(server.store)).toContain('jetstream')
})

test('a port that is taken is SERVER_PORT_TAKEN, and names it', async () => {
  const squatter = createServer()
  const port = await new Promise<number>((resolve) => {
    squatter.listen(0, '127.0.0.1', () => resolve((squatter.address() as { port: number }).port))
  })
  const error = await thrownBy(startServer({ port, store: fresh('store') }))
  expect(error).toMatchObject({ code: 'SERVER_PORT_TAKEN', details: { port } })
  squatter.close()
})

test('a store folder in use is SERVER_STORE_LOCKED, and names the process that uses it', async () => {
  const folder = fresh('store')
  await using server = await startServer({ port: 0, store: folder })
  const error = await thrownBy(startServer({ port: 0, store: folder }))
  expect(error).toMatchObject({ code: 'SERVER_STORE_LOCKED', details: { pid: server.pid } })
  expect(existsSync(join(folder, 'callboard.lock'))).toBe(true)
})

test.each([
  ['of processes that are gone', { launcher: { pid: 2 ** 30, born: '' }, server: { pid: 2 ** 30 + 1, born: '' } }],
  ["of a process whose pid is now another's", { launcher: { pid: process.pid, born: '1' } }],
  ['that cannot be read', 'half a li'],
])('a stale lock %s is taken over silently', async (_, claim) => {
  const folder = fresh('store')
  await (await startServer({ port: 0, store: folder })).stop()
  await writeFile(join(folder, 'callboard.lock'), typeof claim === 'string' ? claim : JSON.stringify(claim))
  const server = await startServer({ port: 0, store: folder })
  await server.stop()
  expect((await readdir(folder)).filter((name) => name.startsWith('callboard'))).toEqual([])
})

test.each(['a new', 'a stale'])('of several that start at once on a folder with %s lock, one wins', async (kind) => {
  const folder = fresh('store')
  await mkdir(folder)
  if (kind === 'a stale') await writeFile(join(folder, 'callboard.lock'), JSON.stringify({ launcher: { pid: 2 ** 30, born: '' } }))
  const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => startServer({ port: 0, store: folder })))
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [(outcome.reason as CallboardError).code] : []))
  await Promise.all(started.map((server) => server.stop()))
  expect(started).toHaveLength(1)
  expect(codes).toEqual(['SERVER_STORE_LOCKED', 'SERVER_STORE_LOCKED', 'SERVER_STORE_LOCKED'])
})

test('a bad configuration file is SERVER_START_FAILED, and the message says where', async () => {
  const config = fresh('bad.conf')
  await writeFile(config, 'listen: 127.0.0.1:4222\njetstream { store_dir: x }\nblah: 3\n')
  const error = await thrownBy(startServer({ config, port: 0, store: 'memory' }))
  expect(error.code).toBe('SERVER_START_FAILED')
  expect(error.message).toContain(`${config}:3:1: unknown field "blah"`)
})

test('a configuration file that is not there is SERVER_START_FAILED', async () => {
  const error = await thrownBy(startServer({ config: fresh('none.conf'), port: 0, store: 'memory' }))
  expect(error).toMatchObject({ code: 'SERVER_START_FAILED', what: expect.stringContaining('cannot be read') })
})

test('a store folder that cannot be made is SERVER_START_FAILED', async () => {
  const file = fresh('file')
  await writeFile(file, '')
  const error = await thrownBy(startServer({ port: 0, store: join(file, 'store') }))
  expect(error).toMatchObject({ code: 'SERVER_START_FAILED', what: expect.stringContaining('cannot be made') })
})

test('a server that ends while it starts is SERVER_START_FAILED, with what it said', async () => {
  const binary = await pretender('echo out of luck >&2; exit 3')
  const error = await thrownBy(startServer({ binary, port: 0, store: 'memory' }))
  expect(error).toMatchObject({ code: 'SERVER_START_FAILED', details: { code: 3, log: ['out of luck'] } })
  expect(error.message).toContain('exit code 3')
})

test('a server that never answers is SERVER_START_FAILED, and is not left behind', async () => {
  const binary = await pretender(`echo $$ > ${root}/mute.pid; exec sleep 1000`)
  const error = await thrownBy(startServer({ binary, port: 0, store: 'memory', ready: 300 }))
  expect(error.message).toContain('did not answer within 300ms')
  expect(alive(Number(await readFile(join(root, 'mute.pid'), 'utf8')))).toBe(false)
})

test('a start that is given up is ABORTED', async () => {
  const binary = await pretender('echo here I am; exec sleep 1000')
  const giveUp = new AbortController()
  const starting = startServer({ binary, port: 0, store: 'memory', signal: giveUp.signal, onLine: () => giveUp.abort() })
  expect(await until('it gives up', thrownBy(starting))).toMatchObject({ code: 'ABORTED' })
})

test('all complaints about options come at once', async () => {
  const wrong = { port: -1, store: '', sources: ['ftp'], args: [1] } as unknown as ServerOptions
  const error = await thrownBy(startServer(wrong))
  expect(error.code).toBe('INVALID_OPTION')
  expect(error.message).toMatch(/port is -1.*store is "".*sources is an array.*args is an array/)
})
