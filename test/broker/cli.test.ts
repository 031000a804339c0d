/** The program `callboard` against a broker: in this process, as a function of its streams, and as the binary that is published. */

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { type Board, Reject, type Service, task, topic } from '../../src/index.ts'
import { openBoard } from '../support/board.ts'
import { app, begin, cli } from '../support/cli.ts'
import { here as call } from '../support/here.ts'
import { until } from '../support/until.ts'

const released = topic('books.released')
const send = task('mail.send', {
  input: z.object({ to: z.string() }),
  output: z.object({ sent: z.string() }),
  queue: 'mail',
  lanes: ['high', 'normal'],
})
const digest = task('mail.digest', { queue: 'mail' })

let board: Board
let _service: Service[]
let env: Record<string, string>

beforeAll(async () => {
  board = await openBoard()
  env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  _service = [
    await board
      .service('mail-planner')
      .subscribe(released, () => undefined)
      .start(),
    await board
      .service('mailer')
      .perform(send, ({ to }) => {
        if (to === 'old@example.org') throw new Reject('550 no such mailbox')
        return { sent: to }
      })
      .start(),
  ]
  await board
    .service('old-planner')
    .subscribe(released, () => undefined)
    .start()
    .then((old) => old.stop())
  await board.schedules.set('digest', { cron: '0 9 * * 1-5', zone: 'Asia/Kolkata' }, digest, { edition: 'daily' })
  for (const _ of [1, 2, 3]) await board.enqueue(send, { to: 'old@example.org' })
  await until('three dead letters', async () => (await board.dead.groups()).at(0)?.count === 3)
})

afterAll(() => board.close())

const here = (line: string, input?: string) => call(line, env, input)
const json = async (line: string) => JSON.parse((await here(`${line} --json`)).out)

describe('publish and enqueue', () => {
  test('publish says who gets a copy, listening or not', async () => {
    const { code, out } = await here(`publish books.released '{"isbn":"978-0"}'`)
    expect([code, out]).toEqual([0, expect.stringMatching(/^◇ publish {2}books.released {2}\w{26}\n/)])
    expect(out).toContain('┄┄▷ mail-planner  books.released  listens')
    expect(out).toContain('┄┄▷ old-planner  books.released  no worker: it waits')
  })

  test('publish to a name nobody knows asks whether another was meant', async () => {
    expect((await here('publish books.relaesed --dry-run')).out).toContain('Did you mean books.released?')
    expect((await json('topics')).map(({ name }: { name: string }) => name)).not.toContain('books.relaesed')
  })

  test('the same id is stored once', async () => {
    expect((await json(`publish books.released 1 --id once`)).duplicate).toBe(false)
    expect((await json(`publish books.released 1 --id once`)).duplicate).toBe(true)
  })

  test('enqueue finds the queue by who performs the task, and waits for its result', async () => {
    const { code, out, err } = await here(`enqueue mail.send '{"to":"ann@example.org"}' --wait`)
    expect([code, JSON.parse(out)]).toEqual([0, { sent: 'ann@example.org' }])
    expect(err).toContain('■ enqueue  mail.send')
  })

  test('a task that fails for good is exit code 7, one that takes too long is 8', async () => {
    const failed = await here(`enqueue mail.send '{"to":"old@example.org"}' --wait`)
    expect([failed.code, failed.err]).toEqual([7, expect.stringContaining('550 no such mailbox')])
    const late = await here(`enqueue mail.send '{"to":"x"}' --delay 1h --wait --timeout 50ms`)
    expect([late.code, late.err]).toEqual([8, expect.stringContaining('TIMED_OUT')])
  })

  test('a task nobody has performed is not enqueued anywhere', async () => {
    const { code, err } = await here(`enqueue mail.sned '{}'`)
    expect([code, err]).toEqual([2, expect.stringContaining('Did you mean mail.send?')])
    expect((await here(`enqueue mail.other '{}' --queue mial`)).err).toContain('Did you mean mail?')
  })

  test('many come from standard input, a line each, and the line that is wrong is named', async () => {
    const many = await here('enqueue mail.send --lines -', '{"to":"a"}\n\n{"to":"b"}\n')
    expect([many.code, many.out]).toEqual([0, expect.stringContaining('2 tasks')])
    const wrong = await here('publish books.released --lines -', '1\n{\n')
    expect([wrong.code, wrong.err]).toEqual([4, expect.stringContaining('Line 2 is not JSON')])
  })
})

describe('what is read', () => {
  test.each([
    ['topics', 'books.released'],
    ['topics books.released', '┄┄▷ mail-planner'],
    ['queues', '■ mail'],
    ['queues mail', '■ mail.send'],
    ['subs', '┄┄▷ old-planner'],
    ['subs --service mail-planner', '┄┄▷ mail-planner'],
    ['dead', '550 no such mailbox'],
    ['dead groups', 'FINGERPRINT'],
    ['dead show 1', '"to": "old@example.org"'],
    ['schedules', 'weekdays 09:00, Asia/Kolkata'],
    ['schedules show digest', 'next'],
    ['schedules next digest --count 2', 'THERE'],
    ['tasks state:dead', '✕ dead'],
    ['top --once', '■ mail'],
    ['workers', 'mailer'],
    ['doctor', '● broker'],
  ])('callboard %s shows %s, and its JSON holds at least as much', async (line, shown) => {
    const { code, out, err } = await here(line)
    expect([line.startsWith('doctor') || code, err]).toEqual([line.startsWith('doctor') || 0, ''])
    expect(out).toContain(shown)
    const text = JSON.stringify(await json(line))
    for (const name of ['books.released', 'mail-planner', 'mail.send', 'old@example.org', '550 no such mailbox'])
      if (out.includes(name)) expect(text).toContain(name)
  })

  test('what has happened is read from the ledger, and a selector says what of it', async () => {
    await until('the ledger tells of a death', async () => {
      const { out } = await here('tail name:mail.send reason:rejected --from all --limit 1')
      return /✕ buried +──▶ mail.send .*550 no such mailbox/.test(out)
    })
    const lines = (await here('tail --from all --limit 3 --json')).out.trim().split('\n')
    expect(lines.map((line) => Object.keys(JSON.parse(line)).includes('place'))).toEqual([true, true, true])
  })

  test('what is not there is exit code 5', async () => {
    for (const line of ['topics no.such', 'queues none', 'dead show 999', 'schedules show none', 'subs pause none books.released'])
      expect([line, (await here(line)).code]).toEqual([line, 5])
  })

  test('errors are one document with --json, on standard error', async () => {
    const { out, err } = await here('queues none --json')
    expect([out, JSON.parse(err)]).toEqual(['', { error: expect.objectContaining({ code: 'NOT_FOUND', fix: expect.any(String) }) }])
  })

  test('lists of dead letters are exported with their payloads, a line each', async () => {
    const lines = (await here('dead export name:mail.send')).out.trim().split('\n')
    expect(lines.length).toBeGreaterThanOrEqual(3)
    expect(JSON.parse(lines[0] ?? '').data).toEqual({ to: 'old@example.org' })
  })
})

describe('what is done', () => {
  test('nothing dangerous is done where nobody can be asked', async () => {
    const before = (await json('dead')).items.length
    const { code, err } = await here('dead discard name:mail.send')
    expect([code, err]).toEqual([2, expect.stringContaining('--yes')])
    expect((await here('dead discard')).err).toContain('It is not said which ones')
    expect((await here('dead discard name:mail.send --dry-run')).out).toContain('would be discarded')
    expect((await json('dead')).items.length).toBe(before)
  })

  test('dead letters are discarded by number and redriven by selector', async () => {
    const [first] = (await json('dead')).items
    expect((await here(`dead discard ${first.sequence} --yes`)).code).toBe(0)
    expect((await here(`dead show ${first.sequence}`)).code).toBe(5)
    const before = (await json('dead')).items.length
    const { code, out } = await here('dead redrive reason:rejected --limit 1 --yes')
    expect([code, out]).toEqual([0, '1 redriven\n'])
    await until('it has died again', async () => (await json('dead')).items.length === before)
  })

  test('a dead letter goes back with another payload', async () => {
    const [first] = (await json('dead')).items
    expect((await here(`dead redrive ${first.sequence} --payload '{"to":"new@example.org"}'`)).code).toBe(0)
    const handle = board.handle(send, first.id)
    expect(await handle.result({ timeout: '25s' })).toEqual({ sent: 'new@example.org' })
  })

  test('a subscription is paused, resumed, moved and ended', async () => {
    expect((await here('subs pause mail-planner books.released --for 1h')).code).toBe(0)
    expect((await here('subs')).out).toMatch(/mail-planner .* paused, on in/)
    expect((await here('subs resume mail-planner books.released')).code).toBe(0)
    expect((await here('subs replay mail-planner books.released --from 1 --to 1 --yes')).out).toContain('1 event once more')
    expect((await here('subs seek old-planner books.released --to new --yes')).code).toBe(0)
    expect((await json('subs --service old-planner'))[0].waiting).toBe(0)
    expect((await here('subs leave old-planner books.released --yes')).out).toContain('has left')
    expect(await json('subs --service old-planner')).toEqual([])
  })

  test('a queue is paused, emptied, resumed and waited for', async () => {
    const idle = task('idle.work', { queue: 'idle' })
    const held = await board
      .service('idler')
      .perform(idle, () => undefined)
      .start()
    expect((await here('queues pause idle --for 1h')).out).toBe('■ idle  is paused for 1h: workers get nothing, enqueueing goes on\n')
    for (const n of [1, 2, 3]) await board.enqueue(idle, n)
    expect((await here('queues')).out).toMatch(/■ idle +3 .*paused, on in/)
    expect((await here('queues purge idle --dry-run')).out).toContain('3 tasks would be removed')
    expect((await here('queues purge idle')).code).toBe(2)
    expect((await here('queues purge idle --yes')).out).toBe('■ idle  3 tasks removed\n')
    await board.enqueue(idle, 4)
    expect((await here('queues drain idle --timeout 50ms')).code).toBe(8)
    expect((await here('queues resume idle')).code).toBe(0)
    expect((await here('queues drain idle --timeout 10s')).out).toBe('■ idle  nothing waits or runs\n')
    expect((await here('queues pause none')).code).toBe(5)
    await held.stop()
  })

  test('scheduled tasks are made due, and waiting ones called off', async () => {
    const soon = await board.enqueue(send, { to: 'soon' }, { delay: '1h', id: 'soon' })
    expect((await here('tasks id:soon')).out).toContain('◷ scheduled')
    expect((await here('tasks run-now id:soon --yes')).out).toBe('1 made due\n')
    expect(await soon.result({ timeout: '25s' })).toEqual({ sent: 'soon' })
    const never = await board.enqueue(send, { to: 'never' }, { delay: '1h', id: 'never' })
    expect((await here('tasks cancel id:never --yes')).out).toBe('1 cancelled\n')
    expect((await never.status()).state).toBe('cancelled')
  })

  test('a schedule is set, held, run and removed', async () => {
    expect((await here(`schedules set news '{"n":1}' --topic news.daily --every 1h`)).out).toContain('created news')
    expect((await here(`schedules set news '{"n":1}' --topic news.daily --every 1h`)).out).toContain('unchanged news')
    expect((await here('schedules pause news')).out).toBe('news is paused\n')
    expect((await here('schedules')).out).toMatch(/news .* paused/)
    expect((await here('schedules resume news')).code).toBe(0)
    expect((await here('schedules run news')).out).toContain('news fired')
    expect((await json('topics news.daily')).stored).toBe(1)
    expect((await here('schedules remove news --yes')).code).toBe(0)
    expect((await here('schedules show news')).code).toBe(5)
    expect((await here(`schedules set bad --task mail.send --cron 'never'`)).code).toBe(4)
  })
})

const contracts = `
import { queue, task, topic } from 'callboard'
import { z } from 'zod'
interface Mail { readonly to: string }
export const checked = task('mail.checked', { input: z.object({ to: z.string() }), queue: queue('checked') })
export const plain = task<Mail>('mail.plain', { queue: 'checked' })
export const news = { released: topic('books.checked', z.object({ isbn: z.string() })) }
`

const services = `
import { checked } from './contracts.ts'
export default (board: import('callboard').Board) => board.service('checker').perform(checked, async (mail, ctx) => {
  if (mail.to === 'slow') await new Promise((resolve) => process.once('SIGTERM', () => setTimeout(resolve, 300)))
  console.log('performed ' + mail.to)
})
`

const twoQueues = `
import { task } from 'callboard'
export default (board) => board.service('parter')
  .perform(task('part.aside', { queue: 'part-aside' }), () => console.log('performed aside'))
  .perform(task('part.chosen', { queue: 'part-chosen' }), () => console.log('performed chosen'))
`

describe('the binary', () => {
  test('reads the broker from its environment, and writes data to standard output only', async () => {
    const { code, out, err } = await cli(['topics', '--json'], { env })
    expect([code, err]).toEqual([0, ''])
    expect(JSON.parse(out).map(({ name }: { name: string }) => name)).toContain('books.released')
  })

  test('an unreachable broker is exit code 3, told with what to do', async () => {
    const { code, out, err } = await cli(['queues', '--url', 'nats://127.0.0.1:1'])
    expect([code, out]).toEqual([3, ''])
    expect(err).toMatch(/^✕ The broker at nats:\/\/127.0.0.1:1 could not be reached.* CONNECTION_FAILED\n {2}→ Start a server/)
  })

  test('checks input by contracts in TypeScript, before anything is stored', async () => {
    const cwd = app({ 'contracts.ts': contracts })
    const with_ = { env: { ...env, CALLBOARD_CONTRACTS: './contracts.ts' }, cwd }
    const refused = await cli(['enqueue', 'mail.checked', '{"to":1}'], with_)
    expect([refused.code, refused.err]).toEqual([4, expect.stringContaining('mail.checked refused the payload: to')])
    const dry = await cli(['publish', 'books.checked', '{"isbn":"1"}', '--dry-run', '--json'], with_)
    expect([dry.code, JSON.parse(dry.out)]).toEqual([0, expect.objectContaining({ topic: 'books.checked', dryRun: true, checked: true })])
  })

  test('a reader that stops reading is no error', async () => {
    const running = begin(['dead', 'export'], { env })
    running.process.stdout?.destroy()
    expect((await running.ended).code).toBe(0)
  })

  test('start runs the services of a module, and drains on SIGTERM', async () => {
    const cwd = app({ 'contracts.ts': contracts, 'app.ts': services })
    const running = begin(['start', './app.ts'], { env, cwd })
    await until('the service runs', () => running.written.err.includes('checker is running'))
    await cli(['enqueue', 'mail.checked', '{"to":"slow"}'], { env, cwd })
    await until('it has begun', async () =>
      (await board.inspect.queues()).some(({ name, performers }) => name === 'checked' && performers[0]?.open === 1),
    )
    running.process.kill('SIGTERM')
    const { code, out, err } = await running.ended
    expect([code, out]).toEqual([0, 'performed slow\n'])
    expect(err).toMatch(/draining: 1 running[\s\S]*drained in/)
  })

  test('start performs only tasks of the queues that are named, and leaves the rest waiting', async () => {
    const cwd = app({ 'app.mjs': twoQueues })
    await board.enqueue(task('part.aside', { queue: 'part-aside' }), {})
    await board.enqueue(task('part.chosen', { queue: 'part-chosen' }), {})
    const running = begin(['start', './app.mjs', '--queues', 'part-chosen', '--lanes', 'normal'], { env, cwd })
    await until('the chosen queue is served', () => running.written.out.includes('performed chosen'))
    running.process.kill('SIGTERM')
    const { code, out } = await running.ended
    expect([code, out]).toEqual([0, 'performed chosen\n'])
    const aside = (await board.inspect.queues()).find(({ name }) => name === 'part-aside')
    expect(aside?.performers).toEqual([expect.objectContaining({ task: 'part.aside', known: false, waiting: 1 })])
  })

  test('start refuses a queue that the service does not perform, and a part of what was started already', async () => {
    const started = twoQueues.replace(/\n$/, '.start()\n')
    const cwd = app({ 'app.mjs': twoQueues, 'begun.mjs': started })
    const strange = await cli(['start', './app.mjs', '--queues', 'part-chosn'], { env, cwd })
    expect([strange.code === 0, strange.err]).toEqual([false, expect.stringContaining('part-chosn')])
    const begun = await cli(['start', './begun.mjs', '--lanes', 'normal'], { env, cwd })
    expect([begun.code, begun.err]).toEqual([2, expect.stringContaining('starts parter itself')])
  })

  test('a module without services is refused with what to write', async () => {
    const cwd = app({ 'app.ts': 'export const nothing = 1' })
    const { code, err } = await cli(['start', './app.ts'], { env, cwd })
    expect([code, err]).toEqual([2, expect.stringContaining('export default (board) =>')])
  })
})
