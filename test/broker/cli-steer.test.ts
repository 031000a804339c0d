/** What the command line changes while work goes on: limits, workers, what is declared. */

import { callboard, queue, task, topic } from 'callboard'
import { admin } from 'callboard/admin'
import { concurrency, limits, perKey, rate } from 'callboard/limits'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Board } from '../../src/index.ts'
import { broker, openBoard } from '../support/board.ts'
import { app, begin, cli, onTerminal } from '../support/cli.ts'
import { here as call } from '../support/here.ts'
import { until } from '../support/until.ts'

const send = task<{ to: string }>('mail.send', { queue: 'mail' })
const sync = task<{ account: string }>('account.sync', { queue: 'sync' })

let board: Board
let env: Record<string, string>

beforeAll(async () => {
  board = await openBoard()
  env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  await board
    .service('mailer')
    .perform(send, () => undefined, { gates: [rate(40, '1s')] })
    .perform(sync, () => undefined, {
      gates: [perKey((input: { account: string }) => input.account, { concurrency: 2 }, { name: 'accounts' }), concurrency(9)],
    })
    .start()
  await until('all three limits are known', async () => (await limits(board).list()).length === 3)
})
afterAll(() => board.close())

const here = (line: string, input?: string) => call(line, env, input)
const json = async (line: string) => JSON.parse((await here(`${line} --json`)).out)

describe('limits', () => {
  test('are listed with what the code says and what was set, as a table and as data', async () => {
    const { code, out } = await here('limits')
    expect([code, out]).toEqual([0, expect.stringMatching(/LIMIT +CODE SAYS +SET +FOR +HELD +USED BY\n/)])
    expect(out).toMatch(/accounts +2 at once +each key +mailer:account\.sync\n/)
    expect(out).toMatch(/mailer:mail\.send +40 within 1s +all +mailer:mail\.send\n3 limits\n$/)
    expect((await json('limits')).map(({ name, keyed }: { name: string; keyed: boolean }) => [name, keyed])).toEqual([
      ['accounts', true],
      ['mailer:account.sync#2', false],
      ['mailer:mail.send', false],
    ])
  })

  test('are changed by their name while workers run, tried before, and taken back', async () => {
    expect((await here('limits set accounts --concurrency 5 --dry-run')).out).toBe('accounts would allow 5 at once for each key\n')
    expect((await limits(board).get('accounts')).set).toEqual({})
    expect((await here('limits set accounts --concurrency 5')).out).toBe('accounts allows 5 at once for each key\n')
    expect((await limits(board).get('accounts')).set).toEqual({ concurrency: 5 })
    expect((await json('limits set accounts --as-code')).set).toEqual({})
  })

  test('are found by the queue whose tasks stand before them', async () => {
    expect((await here('queues set mail --rate 20/s --burst 5')).out).toBe('mailer:mail.send allows 20 within 1s, burst 5\n')
    expect((await limits(board).get('mailer:mail.send')).set).toEqual({ rate: { count: 20, per: 1000, burst: 5 } })
    expect((await here('queues set mail --as-code')).out).toBe('mailer:mail.send allows 40 within 1s, as the code says\n')
  })

  test.each([
    ['limits set nobody --concurrency 1', 5, 'There is no limit nobody.'],
    ['limits set acounts --concurrency 1', 5, 'Did you mean accounts?'],
    ['limits set accounts --rate 1/s', 2, 'accounts does not limit how many begin in a time.'],
    ['limits set accounts', 2, 'It is not said what to change.'],
    ['limits set accounts --concurrency 1 --as-code', 2, '--as-code takes back what was set.'],
    ['limits set mailer:mail.send --rate fast', 2, 'Write it as 40/1s, 100/m or 5/10s.'],
    ['limits set mailer:mail.send --rate 0/s', 4, 'count'],
    ['queues set sync --concurrency 1', 2, '2 limits stand before the tasks of sync.'],
    ['queues set mail --concurrency 1', 5, 'No such limit stands before the tasks of mail.'],
    ['queues set none --rate 1/s', 5, 'There is no queue none.'],
  ])('%s is refused with exit code %i', async (line, exit, says) => {
    const { code, err } = await here(line)
    expect([code, err]).toEqual([exit, expect.stringContaining(says)])
  })

  test('are changed by the built program', async () => {
    const { code, out } = await cli(['limits', 'set', 'mailer:mail.send', '--rate', '30/s', '--json'], { env })
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ name: 'mailer:mail.send', set: { rate: { count: 30, per: 1000, burst: 1 } } }),
    ])
  })
})

test('what is changed on the command line is written down, with who did it', async () => {
  await board.schedules.set('digest', { every: '1h' }, send, { to: 'ann' })
  for (const line of [
    'queues pause mail',
    'queues resume mail',
    'queues purge mail --yes',
    'limits set accounts --concurrency 7',
    'schedules pause digest',
    'schedules resume digest',
    'schedules run digest',
    'schedules retime digest --every 2h',
    'schedules remove digest --yes',
  ])
    expect([line, (await here(line)).code]).toEqual([line, 0])
  const asked = admin(board)
  const last = async () => (await asked.audit(9)).map(({ what, who }) => [what, /@/.test(who)])
  await until('all nine are written down', async () => (await asked.audit(1))[0]?.what === 'removal of schedule digest')
  expect((await last()).reverse()).toEqual(
    [
      'pause of queue mail',
      'resume of queue mail',
      'purge of queue mail {}',
      'limit accounts: 7 at once for each key',
      'pause of schedule digest',
      'resume of schedule digest',
      'run of schedule digest',
      'other times for schedule digest',
      'removal of schedule digest',
    ].map((what) => [what, true]),
  )
})

describe('a namespace that is not there', () => {
  const wrong = () => ({ ...env, CALLBOARD_NAMESPACE: `${board.namespace}x` })

  test.each([
    'topics',
    'queues',
    'subs',
    'tasks',
    'workers',
    'dead',
    'dead groups',
    'schedules',
    'limits',
    'tail',
    'top --once',
    'why --queue mail',
    'trace book-1',
    'queues pause mail',
    'schedules pause digest',
    'dead redrive --all --yes',
    'listen books.released',
  ])('is not begun by %s, which says what there is', async (line) => {
    const { code, err } = await call(line, wrong())
    expect([code, err]).toEqual([5, expect.stringContaining(`There is no namespace ${board.namespace}x on this broker`)])
    expect(err).toContain(`Did you mean ${board.namespace}?`)
  })

  test('is not begun by the dashboard, the doctor or the completions either, as the built program', async () => {
    for (const args of [['dash', '--port', '0'], ['doctor'], ['queues', '--json']]) expect((await cli(args, { env: wrong() })).code).toBe(5)
    await cli(['complete', '--', 'queues', ''], { env: { ...wrong(), CALLBOARD_COMPLETE_WITHIN: '10s' } })
    await using other = await broker()
    const names: string[] = []
    for await (const name of other.manager.streams.names()) names.push(name)
    expect(names.filter((name) => name.startsWith(`${board.namespace}x`.toUpperCase()))).toEqual([])
  })

  test('is begun by who speaks', async () => {
    const own = { ...env, CALLBOARD_NAMESPACE: `${board.namespace}y` }
    expect((await call('publish first.word 1', own)).code).toBe(0)
    expect((await call('topics', own)).out).toContain('first.word')
  })

  test('is refused by a board that is to open only what exists', async () => {
    await expect(openBoard({ namespace: `${board.namespace}z`, existing: true })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('workers', () => {
  const files = {
    'app.mjs': `
      import { task } from 'callboard'
      const slow = task('slow.work', { queue: 'slow' })
      export default (board) => board.service('slow').perform(slow, (_, { signal, attempt }) => {
        process.stderr.write('attempt ' + attempt + '\\n')
        return attempt > 1 ? undefined : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      })`,
  }
  const started = async () => {
    const child = begin(['start', './app.mjs'], { cwd: app(files), env })
    await until(
      'the worker tells of itself',
      async () => (await json('workers')).some(({ pid }: { pid: number }) => pid === child.process.pid),
      15_000,
    )
    return child
  }

  test('are shown with what they serve', async () => {
    const [one] = await json('workers')
    const { out } = await here(`workers ${one.name}`)
    expect(out).toMatch(/SERVICE +WHAT +QUEUE +RUN +WAITS +AT A GATE\n/)
    expect(out).toMatch(/mailer +■ mail\.send +mail +0\/10/)
    expect((await json(`workers ${one.pid}`)).name).toBe(one.name)
    expect((await here('workers nobody')).code).toBe(5)
  })

  test('are let finish and leave, or stopped at once at no attempt, by name, from anywhere', async () => {
    const first = await started()
    await board.enqueue(task('slow.work', { queue: 'slow' }), {})
    await until('it runs', () => first.written.err.includes('attempt 1'))
    const pid = String(first.process.pid)
    expect((await here(`workers drain ${pid} --dry-run`)).out).toContain('would stop slow')
    expect((await here(`workers drain ${pid}`)).code).toBe(2)
    const { code, out } = await cli(['workers', 'stop', pid, '--yes', '--json'], { env })
    expect([code, JSON.parse(out)]).toMatchObject([0, { services: ['slow'], running: 1, asked: true }])
    expect(await first.ended).toMatchObject({ code: 0, err: expect.stringContaining('asked by an operator to leave') })

    // What was handed back costs no attempt: the next worker has it as the first one, and is let finish.
    const second = await started()
    await until('it runs again', () => second.written.err.includes('attempt 1'))
    expect((await here(`workers drain ${second.process.pid} --for 100ms --yes`)).out).toContain(
      'takes nothing more of slow, and lets what runs finish for up to 100ms',
    )
    expect((await second.ended).code).toBe(0)
    const asked = admin(board)
    await until('both are written down', async () => {
      const done = (await asked.audit(4)).map(({ what }) => what)
      return done.some((what) => what.startsWith('drain of worker')) && done.some((what) => what.startsWith('stop of worker'))
    })
    expect((await here(`workers drain ${second.process.pid} --yes`)).code).toBe(5)
  })
})

describe('sync', () => {
  const contracts = (tasks: number, more = '') => `
    import { queue, task, topic } from 'callboard'
    export const made = task('pdf.make', { queue: queue('pdf', { limit: { tasks: ${tasks} } }) })
    export const kept = topic('books.kept', { retention: { age: '30d' } })
    ${more}`
  const written = async (folder: string, args: readonly string[], file = 'contracts.mjs') =>
    cli(['sync', `./${file}`, ...args], { cwd: folder, env: own() })
  const own = () => ({ ...env, CALLBOARD_NAMESPACE: `${board.namespace}s` })

  test('says what is missing and what differs, creates, asks before it changes, and refuses what cannot be', async () => {
    const folder = app({
      'contracts.mjs': contracts(10),
      'later.mjs': contracts(20),
      'other.mjs': contracts(20).replace('{ limit: { tasks: 20 } }', "{ layout: 'log' }"),
    })
    const first = await written(folder, ['--dry-run'])
    expect([first.code, first.out]).toEqual([0, expect.stringContaining('■ pdf.make\n    + all it needs\n')])
    expect((await call('queues', own())).code).toBe(5)

    expect((await written(folder, [])).code).toBe(0)
    expect((await written(folder, ['--dry-run'])).out).toContain('■ pdf.make  is as it should be\n')
    expect((await written(folder, ['--dry-run'])).out).toContain('nothing to do')

    const differs = await written(folder, ['--dry-run'], 'later.mjs')
    expect(differs.out).toMatch(/■ pdf\.make\n {4}~ stream \w+_QUEUE_pdf: max_msgs is 10, the code says 20\n/)
    expect(differs.out).toContain('0 streams would be created, 1 setting would be changed')
    expect((await written(folder, [], 'later.mjs')).code).toBe(2)
    const asked = onTerminal(['sync', './later.mjs'], { cwd: folder, env: own(), columns: 120 })
    await until('it asks', () => asked.written.out.includes('Change 1 setting on the broker? [y/N]'))
    asked.process.stdin?.write('n\r')
    await asked.ended
    const done = await written(folder, ['--yes', '--json'], 'later.mjs')
    expect([done.code, JSON.parse(done.out)]).toMatchObject([0, { done: true, creates: 0, changes: 1, refused: 0 }])
    await using there = await callboard({ servers: inject('natsUrl'), namespace: own().CALLBOARD_NAMESPACE, log: false })
    expect((await there.inspect.queues())[0]?.limit?.tasks).toBe(20)
    expect((await there.plan(task('pdf.make', { queue: queue('pdf', { limit: { tasks: 20 } }) }), topic('news'))).changes).toEqual([])

    const refused = await written(folder, ['--yes'], 'other.mjs')
    expect([refused.code, refused.out]).toEqual([6, expect.stringContaining('✕ The broker differs from the code')])
  })
})

test('config says which broker it is, and who says so', async () => {
  const settings = async (line: string, more: Record<string, string> = {}) =>
    Object.fromEntries(
      (JSON.parse((await call(`${line} --json`, { ...more })).out) as { name: string; value?: string; from: string }[]).map(
        ({ name, value, from }) => [name, [value, from]] as const,
      ),
    )
  const folder = app({})
  const home = { XDG_CONFIG_HOME: folder }
  expect(await settings('config', home)).toEqual({
    context: [undefined, 'default'],
    servers: ['nats://127.0.0.1:4222', 'default'],
    namespace: ['callboard', 'default'],
  })
  await call('contexts add staging --url nats://s:secret@staging:4222 --namespace shop --user ann', { ...home, CALLBOARD_PASSWORD: 'p' })
  await call('contexts use staging', home)
  expect(await settings('config --explain', home)).toMatchObject({
    context: ['staging', 'contexts use'],
    servers: ['nats://staging:4222', 'context staging'],
    namespace: ['shop', 'context staging'],
    password: ['(set)', 'context staging'],
  })
  expect(await settings('config', { ...home, NATS_URL: 'nats://env:4222' })).toMatchObject({
    context: [undefined, 'default'],
    servers: ['nats://env:4222', 'NATS_URL'],
    namespace: ['callboard', 'default'],
  })
  expect(await settings('config --namespace flag --url nats://flag:4222', { ...home, CALLBOARD_NAMESPACE: 'env' })).toMatchObject({
    servers: ['nats://flag:4222', '--url'],
    namespace: ['flag', '--namespace'],
  })
  expect(await settings('config --context staging', { CALLBOARD_URL: 'nats://env:4222', ...home })).toMatchObject({
    servers: ['nats://staging:4222', 'context staging'],
  })
  const { out } = await cli(['config', '--explain'], { env: { ...home, CALLBOARD_URL: 'nats://env:4222' } })
  expect(out).toMatch(/servers +nats:\/\/env:4222 +CALLBOARD_URL +--url, CALLBOARD_URL, NATS_URL, context, default\n/)
})
