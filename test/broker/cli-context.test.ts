/** Named servers, a project to begin with, contracts as AsyncAPI: what the command line does beside the broker. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, inject, test } from 'vitest'
import { openBoard } from '../support/board.ts'
import { app, begin, built, cli } from '../support/cli.ts'
import { here } from '../support/here.ts'
import { namespace } from '../support/namespace.ts'
import { until } from '../support/until.ts'

const root = mkdtempSync(join(tmpdir(), 'callboard-contexts-'))
let env: Record<string, string>

beforeEach(() => {
  env = { XDG_CONFIG_HOME: mkdtempSync(join(root, 'config-')) }
})
afterAll(() => rmSync(root, { recursive: true }))

/** Writes a context as the nats program does. */
function natsContext(name: string, content: object): void {
  const folder = join(env.XDG_CONFIG_HOME ?? '', 'nats', 'context')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(content))
}

test('a server that has a name is found by it, and the one in use without a word', async () => {
  await using board = await openBoard()
  await board.enqueue({ ...(await import('callboard')).task('report.pdf', { queue: 'reports' }) }, undefined)
  const url = inject('natsUrl')
  expect(await here(`contexts add shop --url ${url} --namespace ${board.namespace}`, env)).toMatchObject({ code: 0 })
  expect((await here('queues --context shop', env)).out).toContain('■ reports')
  expect(await here('contexts use shop', env)).toMatchObject({ code: 0, out: 'shop is used from now on\n' })
  expect((await here('queues', env)).out).toContain('■ reports')
  expect((await here('contexts', env)).out).toMatch(/● +shop +nats:/)
  // What is said elsewhere is not mixed with it.
  expect((await here('queues --namespace elsewhere', env)).out).not.toContain('reports')
  expect((await here('queues', { ...env, CALLBOARD_URL: url, CALLBOARD_NAMESPACE: 'elsewhere' })).out).not.toContain('reports')
  expect((await here('queues', { ...env, CALLBOARD_CONTEXT: 'shop' })).out).toContain('■ reports')
  expect(await here('contexts remove shop --yes', env)).toMatchObject({ code: 0 })
  expect(JSON.parse((await here('contexts --json', env)).out)).toEqual([])
})

test('contexts of the nats program are read as they are, without their secrets, and stay', async () => {
  await using board = await openBoard()
  natsContext('ops', { description: 'the stage', url: inject('natsUrl'), user: '', creds: '', password: '' })
  natsContext('far', { url: 'nats://ann:hidden@far.example.org:4222', token: 'hidden', nkey: '/nowhere/seed' })
  const listed = await here('contexts --json', env)
  expect(listed.out).not.toContain('hidden')
  expect(JSON.parse(listed.out)).toMatchObject([
    { name: 'far', url: 'nats://far.example.org:4222', from: 'nats', used: false },
    { name: 'ops', description: 'the stage', from: 'nats' },
  ])
  expect((await here(`queues --context ops --namespace ${board.namespace} --json`, env)).code).toBe(0)
  expect(await here('contexts remove ops --yes', env)).toMatchObject({ code: 5 })
  expect(await here('queues --context far', env)).toMatchObject({ code: 2, err: expect.stringContaining('/nowhere/seed') })
})

/** As `npm install` would. */
function install(folder: string): void {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(built, join(folder, 'node_modules/callboard'))
}

test('what cannot be a context is refused in words', async () => {
  expect(await here('queues --context nobody', env)).toMatchObject({ code: 2, err: expect.stringContaining('There is no context nobody.') })
  expect(await here('contexts use nobody', env)).toMatchObject({ code: 2 })
  expect(await here('contexts add ../../etc --url nats://a', env)).toMatchObject({
    code: 2,
    err: expect.stringContaining('cannot be the name'),
  })
  expect(await here('contexts add staging', env)).toMatchObject({ code: 2, err: expect.stringContaining('--url') })
  natsContext('broken', { url: 'x' })
  writeFileSync(join(env.XDG_CONFIG_HOME ?? '', 'nats', 'context', 'broken.json'), '{')
  expect(await here('queues --context broken', env)).toMatchObject({ code: 2, err: expect.stringContaining('cannot be read') })
})

test('a password is kept for the eyes of its owner alone', async () => {
  await here('contexts add shop --url nats://127.0.0.1:4222 --user ann', { ...env, CALLBOARD_PASSWORD: 'hidden' })
  const file = join(env.XDG_CONFIG_HOME ?? '', 'callboard', 'contexts', 'shop.json')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ user: 'ann', password: 'hidden' })
  expect(statSync(file).mode & 0o077).toBe(0)
})

test('init writes a project that runs as it stands, and overwrites nothing', async () => {
  const folder = app({})
  const name = namespace()
  const said = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: name }
  const made = await here('init', said, '', folder)
  expect(made).toMatchObject({ code: 0, err: '' })
  expect(made.out).toContain('wrote contracts.ts, app.ts, package.json')
  expect(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).toMatchObject({
    type: 'module',
    scripts: { dev: 'callboard dev ./app.ts' },
  })
  expect(await here('init', said, '', folder)).toMatchObject({ code: 2, err: expect.stringContaining('contracts.ts and app.ts already') })

  install(folder)
  const running = begin(['start', './app.ts'], { env: said, cwd: folder })
  await until('both services run', () => running.written.err.includes('mailer is running'), 30_000)
  await using board = await (await import('callboard')).callboard({ servers: inject('natsUrl'), namespace: name, log: false })
  const publish = (text: string, ...more: string[]) =>
    cli(['publish', 'notice.posted', JSON.stringify({ text }), '--contracts', './contracts.ts', ...more], { env: said, cwd: folder })
  expect((await publish('Hello', '--id', 'n1')).out).toContain('mail-planner')
  expect((await publish('')).code).toBe(4)
  await until('the one whose mailbox is gone is a dead letter', async () => (await board.dead.groups()).at(0)?.count === 1)
  await until('two mails are sent', async () => (await here('trace n1', said)).out.match(/──▶ mailer +● done/g)?.length === 2)
  running.process.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
})

test('contracts are told as AsyncAPI 3, without a broker', async () => {
  const folder = app({})
  await here('init', env, '', folder)
  install(folder)
  const { code, out, err } = await cli(['spec', '--contracts', './contracts.ts', '--namespace', 'shop'], { cwd: folder })
  expect([code, err]).toEqual([0, ''])
  const document = JSON.parse(out)
  expect(document).toMatchObject({
    asyncapi: '3.0.0',
    channels: {
      'topic.notice.posted': { address: 'shop.topic.notice.posted' },
      'task.mail.send': { address: 'shop.task.mail.mail.send' },
    },
    operations: { 'publish.topic.notice.posted': { action: 'send' }, 'perform.task.mail.send': { action: 'receive' } },
    components: { messages: { 'topic.notice.posted': { payload: { properties: { text: { type: 'string', minLength: 1 } } } } } },
  })
  // Every reference leads somewhere.
  const references = [...out.matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, path = '']) => path)
  expect(references.length).toBeGreaterThan(5)
  for (const path of references)
    expect(path.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document)).toBeDefined()
  expect(await here('spec', env, '', folder)).toMatchObject({ code: 2 })
})
