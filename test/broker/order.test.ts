/** Order per key, single file, and what they cannot be together with. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { queue, Reject, task } from 'callboard'
import { expect, inject, test } from 'vitest'
import { beside, latch, openBoard, thrownBy } from '../support/board.ts'
import { step, stepInFile, stepped } from '../support/order.ts'
import { program } from '../support/program.ts'
import { until } from '../support/until.ts'

interface Step {
  readonly key: string
  readonly n: number
}

test('tasks of one key run one after the other in the order they were enqueued, different keys side by side', async () => {
  const steps = task<Step>('steps', { ordered: ({ key }) => key })
  await using board = await openBoard()
  await board.enqueueMany(
    steps,
    Array.from({ length: 300 }, (_, n) => ({ key: `k${n % 10}`, n })),
  )
  const running = new Map<string, number>()
  const seen = new Map<string, number[]>()
  let most = 0
  const perform = async ({ key, n }: Step) => {
    expect(running.has(key)).toBe(false)
    running.set(key, n)
    most = Math.max(most, running.size)
    await new Promise((resolve) => setImmediate(resolve))
    running.delete(key)
    seen.set(key, [...(seen.get(key) ?? []), n])
  }
  await using _one = await board.service('one').perform(steps, perform).start()
  await using _two = await board.service('two').perform(steps, perform).start()
  await until('all are done', () => [...seen.values()].flat().length === 300)
  for (const [key, ns] of seen) expect(ns).toEqual(Array.from({ length: 30 }, (_, i) => Number(key.slice(1)) + i * 10))
  expect(most).toBeGreaterThan(1)
})

test('a task that is retried keeps those behind it waiting, and other keys go on', async () => {
  const steps = task<Step>('steps', { ordered: ({ key }) => key, retry: { attempts: 3, backoff: 300 } })
  await using board = await openBoard()
  const seen: string[] = []
  await using _service = await board
    .service('worker')
    .perform(steps, ({ key, n }, { attempt }) => {
      seen.push(`${key}${n}.${attempt}`)
      if (key === 'a' && n === 1 && attempt < 3) throw new Error('not yet')
    })
    .start()
  for (const n of [1, 2]) for (const key of ['a', 'b']) await board.enqueue(steps, { key, n })
  await until('all are done', () => seen.includes('a2.1'))
  expect(seen.filter((each) => each.startsWith('a'))).toEqual(['a1.1', 'a1.2', 'a1.3', 'a2.1'])
  expect(seen.indexOf('b2.1')).toBeLessThan(seen.indexOf('a1.2'))
})

/** What is wrong with a history of steps: a step out of turn, two of a key at once, or one that never ended. */
function wrongs(lines: readonly string[], keys: number, steps: number, killed: ReadonlySet<string>): string[] {
  const found: string[] = []
  const open = new Map<string, { n: number; pid: string }>()
  const next = new Map<string, number>()
  for (const [index, line] of lines.entries()) {
    const [what, key = '', word = '', , pid = ''] = line.split(' ')
    const n = Number(word)
    const due = next.get(key) ?? 0
    const before = open.get(key)
    if (what === 'began') {
      // A step that had ended may come once more: its worker was killed before the broker heard.
      if (n !== due && n !== due - 1) found.push(`line ${index}: ${line}, but ${due} was due`)
      if (before && !killed.has(before.pid)) found.push(`line ${index}: ${line}, while ${before.pid} was at ${before.n}`)
      open.set(key, { n, pid })
    } else {
      if (before?.pid !== pid) found.push(`line ${index}: ${line}, which it had not begun`)
      open.delete(key)
      if (what === 'ended') next.set(key, n + 1)
    }
  }
  for (let key = 0; key < keys; key++) if (next.get(`k${key}`) !== steps) found.push(`k${key} ended at ${next.get(`k${key}`)}`)
  return found
}

test('a history with a step out of turn, two at once or a lost one is found out', () => {
  const good = ['began k0 0 1 a', 'failed k0 0 1 a', 'began k0 0 2 b', 'ended k0 0 2 b', 'began k0 1 1 a', 'ended k0 1 1 a']
  expect(wrongs(good, 1, 2, new Set())).toEqual([])
  expect(wrongs([...good.slice(4), ...good.slice(0, 4)], 1, 2, new Set())).not.toEqual([])
  expect(wrongs(['began k0 0 1 a', ...good.slice(2)], 1, 2, new Set())).toHaveLength(1)
  expect(wrongs(['began k0 0 1 a', ...good.slice(2)], 1, 2, new Set(['a']))).toEqual([])
  expect(wrongs(good.slice(0, 4), 1, 2, new Set())).toEqual(['k0 ended at 1'])
})

test.each([
  ['tasks', step, 12],
  ['events', stepped, 12],
  ['tasks in single file', stepInFile, 1],
  ['events in single file', stepped, 1],
] as const)(
  'the order of each key of %s holds while workers come, go and are killed, with retries in between',
  async (what, contract, keys) => {
    await using board = await openBoard()
    const folder = await mkdtemp(join(tmpdir(), 'callboard-order-'))
    const history = join(folder, 'history')
    await writeFile(history, '')
    const lines = async () => (await readFile(history, 'utf8')).split('\n').slice(0, -1)
    const worker = (most = 0) => program('test/support/order-worker.ts', [inject('natsUrl'), board.namespace, history, String(most), what])
    const steps = keys === 1 ? 60 : 30
    const sendMany = (given: Step[]) => (contract.kind === 'task' ? board.enqueueMany(contract, given) : board.publishMany(contract, given))
    await using first = worker(keys === 1 ? 5 : 30)
    await using second = worker()
    await Promise.all([first.says('ready'), second.says('ready')])
    const inputs = Array.from({ length: keys * steps }, (_, i) => ({ key: `k${i % keys}`, n: Math.floor(i / keys) }))
    await sendMany(inputs.slice(0, inputs.length / 2))
    expect(await first.ended).toBe('SIGKILL')
    await using third = worker()
    await third.says('ready')
    for (const input of inputs.slice(inputs.length / 2))
      await (contract.kind === 'task' ? board.enqueue(contract, input) : board.publish(contract, input))
    process.kill(second.pid, 'SIGTERM')
    await second.ended
    await using fourth = worker()
    await fourth.says('ready')
    await until(
      'all steps are taken',
      async () => wrongs(await lines(), keys, steps, new Set([String(first.pid)])).every((each) => !each.includes('ended at')),
      180_000,
    )
    expect(wrongs(await lines(), keys, steps, new Set([String(first.pid)]))).toEqual([])
    expect((await lines()).some((line) => line.startsWith('failed'))).toBe(true)
    await rm(folder, { recursive: true })
  },
)

test('a task in single file runs one at a time over all workers, and a buried one lets the next go on', async () => {
  const file = task<number>('file', { ordered: true, retry: { attempts: 2, backoff: 10 } })
  await using board = await openBoard()
  const seen: number[] = []
  let running = 0
  const perform = async (n: number) => {
    expect(++running).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    if (n === 5) throw new Reject('no')
    seen.push(n)
  }
  await using _one = await board.service('one').perform(file, perform).start()
  await using _two = await board.service('two').perform(file, perform).start()
  await board.enqueueMany(
    file,
    Array.from({ length: 40 }, (_, n) => n),
  )
  await until('all are done', () => seen.length === 39)
  expect(seen).toEqual(Array.from({ length: 40 }, (_, n) => n).filter((n) => n !== 5))
  expect(await board.dead.groups()).toMatchObject([{ name: 'file', count: 1 }])
  expect(await board.dead.redrive({ name: 'file' })).toBe(1)
  await until('it is buried again', async () => (await board.dead.groups()).length === 1)
})

test('a task that is handed back at the end of a drain stays first of its key', async () => {
  const steps = task<Step>('steps', { ordered: ({ key }) => key })
  await using board = await openBoard()
  await using other = await beside(board)
  const began = latch()
  const leaving = await board
    .service('leaving')
    .perform(steps, (_, { signal }) => {
      began.open()
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    })
    .start()
  for (const n of [0, 1, 2]) await board.enqueue(steps, { key: 'a', n })
  await until('the first has begun', began.promise)
  await leaving.stop({ drain: 1 })
  const seen: (readonly [number, number])[] = []
  await using _staying = await other
    .service('staying')
    .perform(steps, ({ n }, { attempt }) => void seen.push([n, attempt]))
    .start()
  await until('all are done', () => seen.length === 3)
  expect(seen).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
  ])
})

test('results, status, cancel, delay, unique keys and schedules of an ordered task are as ever', async () => {
  const steps = task<Step, number>('steps', { ordered: ({ key }) => key, track: true })
  await using board = await openBoard()
  const delayed = await board.enqueue(steps, { key: 'a', n: 1 }, { delay: '1h', unique: 'one' })
  expect(await delayed.status()).toMatchObject({ state: 'scheduled' })
  expect((await board.enqueue(steps, { key: 'b', n: 1 }, { unique: 'one' })).duplicate).toBe(true)
  const gone = await board.enqueue(steps, { key: 'a', n: 2 })
  expect(await gone.cancel()).toBe(true)
  await using _service = await board
    .service('worker')
    .perform(steps, ({ n }) => n * n)
    .start()
  expect(await delayed.runNow()).toBe(true)
  expect(await delayed.result({ timeout: '25s' })).toBe(1)
  await board.schedules.set('nightly', { cron: '0 0 3 * * *' }, steps, { key: 'a', n: 3 })
  const { id } = await board.schedules.run('nightly')
  expect(await board.handle(steps, id).result({ timeout: '25s' })).toBe(9)
  expect(await board.schedules.show('nightly')).toMatchObject({ queue: 'default', lane: 'normal' })
})

test('the attempts of an ordered task are told by its status', async () => {
  const steps = task<Step>('steps', { ordered: ({ key }) => key, retry: { attempts: 3, backoff: '1h' }, track: true })
  await using board = await openBoard()
  await using _service = await board
    .service('worker')
    .perform(steps, () => {
      throw new Error('no')
    })
    .start()
  const handle = await board.enqueue(steps, { key: 'a', n: 1 })
  await until('it is retried', async () => (await handle.status()).state === 'retrying')
  expect(await handle.status()).toMatchObject({ state: 'retrying', attempt: 1 })
})

test('a contract with another order waits for the workers of the old one to stop, and loses nothing', async () => {
  const before = task<Step>('steps', { ordered: ({ key }) => key })
  const after = task<Step>('steps', { ordered: ({ key }) => key, strands: 4 })
  const free = task<Step>('steps')
  await using board = await openBoard()
  const seen: number[] = []
  const take = ({ n }: Step) => void seen.push(n)
  const old = await board.service('old').perform(before, take).start()
  await board.enqueue(before, { key: 'a', n: 1 })
  await until('the first is done', () => seen.length === 1)
  const refused = await thrownBy(board.service('new').perform(after, take).start())
  expect(refused).toMatchObject({ code: 'CONFIG_CONFLICT' })
  expect(refused.message).toContain('steps@0of16 stands in the way of steps@0of4')
  await old.stop()
  await board.enqueueMany(before, [
    { key: 'a', n: 2 },
    { key: 'b', n: 2 },
  ])
  expect(await thrownBy(board.service('free').perform(free, take).start())).toMatchObject({ code: 'CONFIG_CONFLICT' })
  await using _new = await board.service('new').perform(after, take).start()
  await until('the others are done', () => seen.length === 3)
})

test('tasks that were stored before their task was ordered are performed too', async () => {
  const free = task<Step>('steps', { lanes: ['high', 'normal'] })
  const ordered = task<Step>('steps', { ordered: ({ key }) => key })
  await using board = await openBoard()
  await board.enqueue(free, { key: 'a', n: 1 }, { priority: 'high' })
  await board.enqueue(free, { key: 'a', n: 2 })
  const seen: number[] = []
  await using _service = await board
    .service('worker')
    .perform(ordered, ({ n }) => void seen.push(n))
    .start()
  await until('both are done', () => seen.length === 2)
})

test.each([
  [{ lanes: ['high', 'low'] as const }, 'several lanes'],
  [{ queue: queue('ledger', { layout: 'log' }) }, 'ledger is a log'],
  [{ queue: queue('small', { limit: { tasks: 5 } }) }, 'small has a limit'],
])('an ordered task cannot be together with %o', (options, why) => {
  const make = () => task('steps', { ordered: () => 'a', ...(options as object) })
  expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', what: expect.stringContaining(why) }))
})

test('bad settings of an order, and what is no key, are refused before anything is stored', async () => {
  const invalid = expect.objectContaining({ code: 'INVALID_OPTION' })
  expect(() => task('steps', { ordered: 'key' as never })).toThrow(invalid)
  expect(() => task('steps', { ordered: () => 'a', strands: 65 })).toThrow(invalid)
  expect(() => task('steps', { strands: 4 } as never)).toThrow(invalid)
  await using board = await openBoard()
  const steps = task<{ key?: string }>('steps', { ordered: ({ key }) => key as string })
  for (const input of [{}, { key: '' }]) expect(await thrownBy(board.enqueue(steps, input))).toMatchObject({ code: 'INVALID_ID' })
})
