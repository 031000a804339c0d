/**
 * What callboard is given that it cannot use: one row for each input, with the error it gives. Nothing is stored by any of
 * them, and the connection is the same afterwards.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Board,
  type CallboardError,
  callboard,
  type EnqueueOptions,
  pattern,
  queue,
  Snooze,
  type TaskContext,
  task,
  topic,
} from 'callboard'
import { startServer } from 'callboard/server'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { type Broker, broker, gathered, openBoard, streams, thrownBy } from '../support/board.ts'
import { namespace } from '../support/namespace.ts'
import { until } from '../support/until.ts'

/** What a caller may pass that the types would refuse. */
// biome-ignore lint/suspicious/noExplicitAny: that is the point of this file.
type Anything = any
const any = (value: unknown): Anything => value

const news = topic<unknown>('news')
const jsonNews = topic<unknown>('news.json', { encoding: 'json' })
const checked = topic('news.checked', z.object({ n: z.number() }))
const work = task<unknown>('work', { lanes: ['normal', 'high'] })
const tracked = task<unknown, unknown>('work.tracked', { track: true })
const jsonWork = task<unknown>('work.json', { encoding: 'json' })

let board: Board
let server: Broker
const connections: unknown[] = []

beforeAll(async () => {
  server = await broker()
  board = await openBoard({ ledger: 'off' })
  board.on('connection', (event) => connections.push(event))
  await board.publish(news, 'before')
  for (const each of [work, tracked, jsonWork]) await board.enqueue(each, 'before')
})

afterAll(async () => {
  // The same connection, to the last row.
  await board.publish(news, 'after')
  expect(connections).toEqual([])
  await board.close()
  await server[Symbol.asyncDispose]()
})

/** Everything that is stored. */
async function stored(): Promise<number> {
  const infos = await gathered(server.manager.streams.list(`${board.namespace}.>`))
  return infos.reduce((sum, info) => sum + info.state.last_seq, 0)
}

/** Expects an error with a code, and that nothing was stored before it came. */
async function refused(work: () => unknown, code: string): Promise<CallboardError> {
  const before = await stored()
  const error = await thrownBy(async () => work())
  expect({ code: error.code, message: error.message }).toEqual({ code, message: error.message })
  expect(await stored()).toBe(before)
  expect(error.message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202e]/)
  return error
}

const names: [string, unknown, string][] = [
  ['nothing', '', 'INVALID_NAME'],
  ['undefined', undefined, 'INVALID_ARGUMENT'],
  ['null', null, 'INVALID_ARGUMENT'],
  ['a number', 5, 'INVALID_ARGUMENT'],
  ['an object', {}, 'INVALID_ARGUMENT'],
  ['an array', ['a'], 'INVALID_ARGUMENT'],
  ['a symbol', Symbol('a'), 'INVALID_ARGUMENT'],
  ['what cannot be made text', Object.create(null), 'INVALID_ARGUMENT'],
  ['a blank', 'a b', 'INVALID_NAME'],
  ['a command', 'a\r\nPUB x 1\r\n', 'INVALID_NAME'],
  ['a tab', 'a\tb', 'INVALID_NAME'],
  ['a vertical tab', 'a\u000bb', 'INVALID_NAME'],
  ['a null character', 'a\0b', 'INVALID_NAME'],
  ['a delete', 'a\u007fb', 'INVALID_NAME'],
  ['a star', '*', 'INVALID_NAME'],
  ['a star as its end', 't.*', 'INVALID_NAME'],
  ['an open end', 't.>', 'INVALID_NAME'],
  ['all there is', '>', 'INVALID_NAME'],
  ['a star inside', 'a*b', 'INVALID_NAME'],
  ['an empty part', 'a..b', 'INVALID_NAME'],
  ['a dot first', '.a', 'INVALID_NAME'],
  ['a dot last', 'a.', 'INVALID_NAME'],
  ['the API of the broker', '$JS.API.STREAM.DELETE.x', 'INVALID_NAME'],
  ['an inbox', '_INBOX.x', 'INVALID_NAME'],
  ['5,000 letters', 'x'.repeat(5000), 'NAME_TOO_LONG'],
  ['a blank that does not break', 'a\u00a0', 'INVALID_NAME'],
  ['a blank of no width', 'a\u200b', 'INVALID_NAME'],
  ['a line separator', 'a\u2028', 'INVALID_NAME'],
  ['a change of direction', 'a\u202e', 'INVALID_NAME'],
  ['an accent of its own', 'e\u0301', 'INVALID_NAME'],
  ['a lone surrogate', '\ud800', 'INVALID_NAME'],
  ['a way up', '../../etc/passwd', 'INVALID_NAME'],
  ['a slash', 'a/b', 'INVALID_NAME'],
  ['a backslash', 'a\\b', 'INVALID_NAME'],
]

describe('a name with', () => {
  test.each(names)('%s is refused everywhere', async (_, name, code) => {
    await refused(() => topic(any(name)), code)
    await refused(() => task(any(name)), code)
    await refused(() => board.service(any(name)), code)
    if (name !== undefined) await refused(() => task('a', { queue: any(name) }), code)
    if (typeof name === 'string' && !/^(>|\*|t\.[*>])$/.test(name)) await refused(() => pattern(name), code)
    if (name !== undefined) await refused(() => callboard({ servers: inject('natsUrl'), namespace: any(name) }), code)
  })

  test('dots is refused where one word is wanted', async () => {
    await refused(() => board.service('a.b'), 'INVALID_NAME')
    await refused(() => task('a', { queue: 'a.b' }), 'INVALID_NAME')
    await refused(() => callboard({ namespace: 'a.b' }), 'INVALID_NAME')
    await refused(() => callboard({ namespace: 'Shop' }), 'INVALID_NAME')
  })
})

test('names, keys and ids that mean something to JavaScript work, and change nothing', async () => {
  await using own = await openBoard()
  const heard: unknown[] = []
  const odd = task<unknown, unknown>('constructor', { queue: 'toString', track: true })
  const said = topic<unknown>('hasOwnProperty.valueOf')
  await using _ = await own
    .service('prototype')
    .perform(odd, (input, ctx) => ({ input, header: ctx.headers.constructor }))
    .subscribe(said, (event, ctx) => void heard.push(event, ctx.key))
    .start()
  const handle = await own.enqueue(odd, { constructor: 1 }, { id: '__proto__', unique: '__proto__', headers: { constructor: 'x' } })
  expect(await handle.result({ timeout: '25s' })).toEqual({ input: { constructor: 1 }, header: 'x' })
  await own.publish(said, { toString: 1 }, { id: 'constructor', key: '__proto__' })
  await until('the event is heard', () => heard.length === 2)
  expect(heard).toEqual([{ toString: 1 }, '__proto__'])
  expect(Object.keys(Object.prototype)).toEqual([])
})

test.each<[string, unknown]>([
  ['empty', ''],
  ['too long', 'x'.repeat(129)],
  ['10 KB long', 'x'.repeat(10_240)],
  ['a line break', 'a\r\nNats-TTL: 1s'],
  ['a blank outside', ' a'],
  ['a blank inside', 'a b'],
  ['a wildcard', 'a*'],
  ['a lone surrogate', '\ud800'],
  ['a number', 5],
  ['null', null],
  ['an object', {}],
])('an id that is or has %s is refused', async (_, id) => {
  await refused(() => board.publish(news, 1, { id: any(id) }), 'INVALID_ID')
  await refused(() => board.enqueue(work, 1, { id: any(id) }), 'INVALID_ID')
})

test.each<[string, unknown]>([
  ['empty', ''],
  ['a lone surrogate', '\ud800'],
  ['a number', 5],
  ['an object', {}],
])('a key that is or has %s is refused', async (_, key) => {
  await refused(() => board.publish(news, 1, { key: any(key) }), 'INVALID_ID')
  await refused(() => board.enqueue(work, 1, { unique: any(key) }), 'INVALID_ID')
  await refused(() => board.handle(tracked, any(key)), 'INVALID_ID')
})

test.each<[string, unknown, string]>([
  ['a line break in a value', { a: 'b\r\nNats-TTL: 1s' }, 'INVALID_HEADER'],
  ['a null character in a value', { a: '\0' }, 'INVALID_HEADER'],
  ['a lone surrogate in a value', { a: '\ud800' }, 'INVALID_HEADER'],
  ['a blank around a value', { a: 'b ' }, 'INVALID_HEADER'],
  ['a number as value', { a: 1 }, 'INVALID_HEADER'],
  ['an empty name', { '': 'a' }, 'INVALID_HEADER'],
  ['a blank in a name', { 'a b': 'c' }, 'INVALID_HEADER'],
  ['a colon in a name', { 'a:b': 'c' }, 'INVALID_HEADER'],
  ['a name that is not ASCII', { ä: 'c' }, 'INVALID_HEADER'],
  ['one name in two cases', { A: '1', a: '2' }, 'INVALID_HEADER'],
  ['no object', 'a: b', 'INVALID_HEADER'],
  ['names of the broker', { 'nats-ttl': '1s' }, 'RESERVED_HEADER'],
  ['names of callboard', { 'CB-Retry': '{}' }, 'RESERVED_HEADER'],
  ['more than 32 KB', { a: 'x'.repeat(33_000) }, 'HEADERS_TOO_LARGE'],
  ['10,000 names', Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`x${index}`, 'y'])), 'HEADERS_TOO_LARGE'],
])('headers with %s are refused', async (_, headers, code) => {
  await refused(() => board.publish(news, 1, { headers: any(headers) }), code)
  await refused(() => board.enqueue(work, 1, { headers: any(headers) }), code)
  await refused(() => board.publishMany(news, [1, 2], { headers: any(headers) }), code)
})

class Mail {
  send() {}
}
const circle: Record<string, unknown> = {}
circle.a = { b: circle }
let deep: unknown = 1
for (let level = 0; level < 20_000; level++) deep = [deep]
const throws = () => {
  throw new Error('x')
}

describe('a payload that', () => {
  test.each<[string, unknown, string]>([
    ['has a function', { a: [1, 2, 3, { f: throws }] }, 'NOT_SERIALIZABLE'],
    ['has a symbol', { a: Symbol('x') }, 'NOT_SERIALIZABLE'],
    ['has a class with methods', { a: new Mail() }, 'NOT_SERIALIZABLE'],
    ['has a BigInt', { a: 1n }, 'NOT_SERIALIZABLE'],
    ['has a Map', { a: new Map() }, 'NOT_SERIALIZABLE'],
    ['has a Set', { a: new Set() }, 'NOT_SERIALIZABLE'],
    ['has a Date', { a: new Date() }, 'NOT_SERIALIZABLE'],
    ['has a regular expression', { a: /x/ }, 'NOT_SERIALIZABLE'],
    ['has an error', { a: new Error('x') }, 'NOT_SERIALIZABLE'],
    ['has a gap in a list', { a: [1, undefined] }, 'NOT_SERIALIZABLE'],
    ['is circular', circle, 'NOT_SERIALIZABLE'],
    ['is nested 20,000 levels deep', deep, 'TOO_DEEP'],
    ['throws when it is read', Object.defineProperty({}, 'a', { get: throws, enumerable: true }), 'NOT_SERIALIZABLE'],
    ['is a proxy that throws', new Proxy({}, { ownKeys: throws }), 'NOT_SERIALIZABLE'],
    ['says how to be JSON', { toJSON: throws }, 'NOT_SERIALIZABLE'],
    ['has a lone surrogate', { a: '\ud800' }, 'NOT_SERIALIZABLE'],
    ['has a property __proto__', JSON.parse('{"__proto__":{"polluted":1}}'), 'NOT_SERIALIZABLE'],
  ])('%s is refused', async (_, payload, code) => {
    await refused(() => board.publish(news, payload), code)
    await refused(() => board.publish(jsonNews, payload), code)
    await refused(() => board.enqueue(work, payload), code)
    await refused(() => board.enqueue(jsonWork, payload), code)
    await refused(() => board.publishMany(news, [1, payload, 2]), code)
    await refused(() => board.enqueueMany(work, [1, payload, 2]), code)
  })

  test('is undefined is refused on a topic', async () => {
    await refused(() => board.publish(news, undefined), 'NOT_SERIALIZABLE')
  })

  test.each([[NaN], [Infinity], [-0], [Buffer.from('x')]])('JSON would change is refused: %s', async (payload) => {
    await refused(() => board.publish(jsonNews, { payload }), 'NOT_SERIALIZABLE')
    await refused(() => board.enqueue(jsonWork, { payload }), 'NOT_SERIALIZABLE')
  })

  test('names the place of what is wrong', async () => {
    const { what } = await refused(() => board.publish(news, { a: [1, 2, 3, { f: throws }] }), 'NOT_SERIALIZABLE')
    expect(what).toContain('$.a[3].f')
  })

  test('does not fit its schema is refused with all complaints', async () => {
    const { details } = await refused(() => board.publish(checked, { n: any('1') }), 'INVALID_PAYLOAD')
    expect(details.complaints).toMatchObject([{ path: 'n' }])
    await refused(() => board.publishMany(checked, [{ n: 1 }, { n: any(null) }]), 'INVALID_PAYLOAD')
  })

  test('is larger than the broker takes is refused with both numbers', async () => {
    const limit = 1024 * 1024
    const { details } = await refused(() => board.publish(news, 'x'.repeat(limit)), 'PAYLOAD_TOO_LARGE')
    expect(details.size).toBeGreaterThan(limit)
    expect(details.limit).toBeLessThanOrEqual(limit)
    await refused(() => board.enqueue(work, 'x'.repeat(limit)), 'PAYLOAD_TOO_LARGE')
    await refused(() => board.publishMany(news, ['a', 'x'.repeat(limit), 'b']), 'PAYLOAD_TOO_LARGE')
    await refused(() => board.enqueueMany(work, ['a', 'x'.repeat(limit)]), 'PAYLOAD_TOO_LARGE')
  })

  test('is one byte too large is refused, and one byte less is not; headers count', async () => {
    await using own = await openBoard()
    const sized = (size: number, headers: Record<string, string>) => own.publish(news, Buffer.alloc(size), { id: 'x', headers })
    let [fits, tooLarge] = [0, 2 ** 20]
    // The border itself is the publisher's business: found, not computed.
    while (tooLarge - fits > 1) {
      const middle = Math.floor((fits + tooLarge) / 2)
      const code = await sized(middle, {}).then(
        () => 'stored',
        (error: CallboardError) => error.code,
      )
      if (code === 'stored') fits = middle
      else if (code === 'PAYLOAD_TOO_LARGE') tooLarge = middle
      else throw new Error(code)
    }
    expect(fits).toBeGreaterThan(2 ** 19)
    expect(await thrownBy(sized(fits, { 'x-more': 'y' }))).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' })
    expect(await thrownBy(sized(fits + 1, {}))).toMatchObject({ details: { size: expect.any(Number), limit: expect.any(Number) } })
  })
})

test('integers beyond those that count one by one arrive as they are', async () => {
  await using own = await openBoard()
  const heard: unknown[] = []
  await using _ = await own
    .service('s')
    .subscribe(news, (event) => void heard.push(event))
    .start()
  const numbers = [2 ** 53, 2 ** 53 + 2, -(2 ** 60), Number.MAX_VALUE, 5e-324]
  await own.publish(news, numbers)
  await until('it is heard', () => heard.length > 0)
  expect(heard).toEqual([numbers])
})

describe('options', () => {
  const noTime = [-1, NaN, Infinity, '5', 'soon', '1e3s', 1e18, 0.5, null, {}, [], true, new Date()]

  test.each(noTime)('a delay of %s is refused', async (delay) => {
    const { what } = await refused(() => board.enqueue(work, 1, { delay: any(delay) }), 'INVALID_OPTION')
    expect(what).toContain('delay is')
    await refused(() => board.enqueueMany(work, [1], { delay: any(delay) }), 'INVALID_OPTION')
    await refused(() => board.enqueue(work, 1, { expires: any(delay) }), 'INVALID_OPTION')
    await refused(() => board.enqueue(work, 1, { retry: { maxAge: any(delay) } }), 'INVALID_OPTION')
    await refused(() => board.enqueue(work, 1, { retry: { backoff: any(delay) } }), 'INVALID_OPTION')
    await refused(() => task('a', { timeout: any(delay) }), 'INVALID_OPTION')
    await refused(() => task('a', { keep: any(delay) }), 'INVALID_OPTION')
    await refused(() => board.handle(tracked, 'x').result({ timeout: any(delay) }), 'INVALID_OPTION')
    await refused(() => new Snooze(any(delay)), 'INVALID_OPTION')
    await refused(
      () =>
        board
          .service('s')
          .subscribe(news, () => {}, { timeout: any(delay) })
          .start(),
      'INVALID_OPTION',
    )
  })

  test.each([new Date(NaN), new Date(8.64e15), '2030-01-01', 5, null])('%s as a time is refused', async (at) => {
    await refused(() => board.enqueue(work, 1, { at: any(at) }), 'INVALID_OPTION')
  })

  test('a time and a delay together are refused', async () => {
    await refused(() => board.enqueue(work, 1, { at: new Date(), delay: 5 }), 'INVALID_OPTION')
    await refused(() => board.enqueueMany(work, [1], { at: new Date(), delay: 5 }), 'INVALID_OPTION')
  })

  test('a time that has passed means at once', async () => {
    await using own = await openBoard()
    const ran: unknown[] = []
    await using _ = await own
      .service('s')
      .perform(work, (input) => void ran.push(input))
      .start()
    await own.enqueue(work, 'now', { at: new Date(0) })
    await until('it has run', () => ran.length > 0)
    expect(ran).toEqual(['now'])
  })

  test.each([0, -1, 1.5, 1e9, '3', null])('%s attempts are refused', async (attempts) => {
    await refused(() => task('a', { retry: { attempts: any(attempts) } }), 'INVALID_OPTION')
    await refused(() => board.enqueue(work, 1, { retry: { attempts: any(attempts) } }), 'INVALID_OPTION')
    await refused(
      () =>
        board
          .service('s')
          .subscribe(news, () => {}, { retry: { attempts: any(attempts) } })
          .start(),
      'INVALID_OPTION',
    )
  })

  test.each<[string, unknown]>([
    ['that ends before it begins', '5m..1s'],
    ['of nonsense', 'a..b'],
    ['of three', '1s..2s..3s'],
  ])('a backoff %s is refused', async (_, backoff) => {
    await refused(() => task('a', { retry: { backoff: any(backoff) } }), 'INVALID_OPTION')
    await refused(() => board.enqueue(work, 1, { retry: { backoff: any(backoff) } }), 'INVALID_OPTION')
  })

  test('a policy that cannot travel with a task is refused, not forgotten', async () => {
    await refused(() => board.enqueue(work, 1, { retry: { backoff: any(() => 1) } }), 'INVALID_OPTION')
    await refused(() => board.enqueue(work, 1, { retry: any({ retryOn: Error }) }), 'INVALID_OPTION')
    await refused(() => board.enqueueMany(work, [1], { retry: any({ abortOn: Error }) }), 'INVALID_OPTION')
  })

  test.each([10, 0, -1, '1ms', 'soon'])('a lease of %s is refused', async (lease) => {
    await refused(
      () =>
        board
          .service('s')
          .subscribe(news, () => {}, { lease: any(lease) })
          .start(),
      'INVALID_OPTION',
    )
    await refused(
      () =>
        board
          .service('s')
          .perform(work, () => {}, { lease: any(lease) })
          .start(),
      'INVALID_OPTION',
    )
  })

  test.each([0, -1, 1e9, '4', 1.5, NaN])('a concurrency of %s is refused', async (concurrency) => {
    await refused(
      () =>
        board
          .service('s')
          .subscribe(news, () => {}, { concurrency: any(concurrency) })
          .start(),
      'INVALID_OPTION',
    )
    await refused(
      () =>
        board
          .service('s')
          .perform(work, () => {}, { concurrency: any(concurrency) })
          .start(),
      'INVALID_OPTION',
    )
  })

  test.each<[string, EnqueueOptions]>([
    ['is no lane', { priority: any('urgent') }],
    ['is a number', { priority: any(1) }],
    ['the task does not have', { priority: 'low' }],
  ])('a priority that %s is refused', async (_, options) => {
    await refused(() => board.enqueue(work, 1, options), 'INVALID_OPTION')
    await refused(() => board.enqueueMany(work, [1], options), 'INVALID_OPTION')
  })

  test.each<[string, unknown]>([
    ['no list', 'high'],
    ['an empty list', []],
    ['a list of other words', ['urgent']],
    ['a lane the task does not have', ['low']],
  ])('%s for lanes to serve is refused', async (_, lanes) => {
    await refused(
      () =>
        board
          .service('s')
          .perform(work, () => {}, { lanes: any(lanes) })
          .start(),
      'INVALID_OPTION',
    )
  })

  test.each<[string, unknown]>([
    ['no list', 5],
    ['a function', () => {}],
    ['a list of functions', [() => {}]],
    ['a list with nothing', [undefined]],
  ])('%s for gates is refused', async (_, gates) => {
    await refused(
      () =>
        board
          .service('s')
          .perform(work, () => {}, { gates: any(gates) })
          .start(),
      'INVALID_OPTION',
    )
    await refused(
      () =>
        board
          .service('s')
          .subscribe(news, () => {}, { gates: any(gates) })
          .start(),
      'INVALID_OPTION',
    )
  })

  test.each(['yesterday', 0, -1, 1.5, new Date(NaN), {}])('a subscription that begins at %s is refused', async (from) => {
    await refused(
      () =>
        board
          .service('s')
          .subscribe(news, () => {}, { from: any(from) })
          .start(),
      'INVALID_OPTION',
    )
    await refused(() => gathered(board.listen(news, { from: any(from) })), 'INVALID_OPTION')
  })

  test.each<[string, () => unknown]>([
    ['topic', () => topic('a', any({ encodin: 'json' }))],
    ['task', () => task('a', any({ retires: 3 }))],
    ['publish', () => board.publish(news, 1, any({ delay: 5 }))],
    ['publishMany', () => board.publishMany(news, [1], any({ id: 'a' }))],
    ['enqueue', () => board.enqueue(work, 1, any({ retries: 3 }))],
    ['enqueueMany', () => board.enqueueMany(work, [1], any({ unique: 'a' }))],
    [
      'subscribe',
      () =>
        board
          .service('s')
          .subscribe(news, () => {}, any({ lanes: ['high'] }))
          .start(),
    ],
    [
      'perform',
      () =>
        board
          .service('s')
          .perform(work, () => {}, any({ from: 'all' }))
          .start(),
    ],
    ['listen', () => gathered(board.listen(news, any({ since: 'all' })))],
    ['callboard', () => callboard(any({ server: 'nats://127.0.0.1' }))],
    ['result', () => board.handle(tracked, 'x').result(any({ timout: 5 }))],
    ['a retry', () => task('a', { retry: any({ retires: 3 }) })],
    ['a selector of dead letters', () => gathered(board.dead.list(any({ nmae: 'x' })))],
  ])('one that does not exist is refused by %s', async (_, act) => {
    await refused(act, 'UNKNOWN_OPTION')
  })

  test('one that does not exist is refused with the one that may be meant', async () => {
    const { what } = await refused(() => task('a', any({ timout: 5 })), 'UNKNOWN_OPTION')
    expect(what).toContain('did you mean timeout?')
  })

  test.each([5, 'options', [], () => {}, null])('%s in place of options is refused', async (options) => {
    await refused(() => board.publish(news, 1, any(options)), 'INVALID_ARGUMENT')
    await refused(() => board.enqueue(work, 1, any(options)), 'INVALID_ARGUMENT')
    await refused(() => board.publishMany(news, [1], any(options)), 'INVALID_ARGUMENT')
    await refused(() => board.enqueueMany(work, [1], any(options)), 'INVALID_ARGUMENT')
    if (typeof options !== 'function') await refused(() => task('a', any(options)), 'INVALID_ARGUMENT')
    await refused(() => callboard(any(options)), 'INVALID_ARGUMENT')
  })

  test('all complaints come at once', async () => {
    const { what } = await refused(() => board.enqueue(work, 1, any({ delay: -1, priority: 'urgent', retires: 3 })), 'INVALID_OPTION')
    expect(what).toMatch(/retires.*; delay.*; priority/)
  })

  test.each([5, 'signal', {}, null])('%s in place of a signal is refused', async (signal) => {
    await refused(() => board.publish(news, 1, { signal: any(signal) }), 'INVALID_OPTION')
    await refused(() => board.enqueue(work, 1, { signal: any(signal) }), 'INVALID_OPTION')
    await refused(() => board.enqueueMany(work, [1], { signal: any(signal) }), 'INVALID_OPTION')
    await refused(() => board.handle(tracked, 'x').result({ signal: any(signal) }), 'INVALID_OPTION')
    await refused(() => gathered(board.listen(news, { signal: any(signal) })), 'INVALID_OPTION')
  })
})

describe('in place of a contract', () => {
  const wrong = [undefined, null, 'news', {}, () => {}]

  test.each(wrong)('%s is refused', async (contract) => {
    await refused(() => board.publish(any(contract), 1), 'INVALID_ARGUMENT')
    await refused(() => board.publishMany(any(contract), [1]), 'INVALID_ARGUMENT')
    await refused(() => board.enqueue(any(contract), 1), 'INVALID_ARGUMENT')
    await refused(() => board.enqueueMany(any(contract), [1]), 'INVALID_ARGUMENT')
    await refused(() => board.handle(any(contract), 'x'), 'INVALID_ARGUMENT')
    await refused(() => gathered(board.listen(any(contract))), 'INVALID_ARGUMENT')
    await refused(() => board.service('s').subscribe(any(contract), () => {}), 'INVALID_ARGUMENT')
    await refused(() => board.service('s').perform(any(contract), () => {}), 'INVALID_ARGUMENT')
  })

  test('the other kind is refused', async () => {
    await refused(() => board.publish(any(work), 1), 'INVALID_ARGUMENT')
    await refused(() => board.publish(any(pattern('a.*')), 1), 'INVALID_ARGUMENT')
    await refused(() => board.enqueue(any(news), 1), 'INVALID_ARGUMENT')
    await refused(() => board.service('s').subscribe(any(work), () => {}), 'INVALID_ARGUMENT')
    await refused(() => board.service('s').perform(any(news), () => {}), 'INVALID_ARGUMENT')
  })

  test.each([5, 'abc', {}, null, undefined])('%s in place of a list is refused', async (list) => {
    await refused(() => board.publishMany(news, any(list)), 'INVALID_ARGUMENT')
    await refused(() => board.enqueueMany(work, any(list)), 'INVALID_ARGUMENT')
  })
})

describe('a handler', () => {
  test.each([undefined, null, {}, 'handle'])('that is %s is refused', async (handler) => {
    await refused(() => board.service('s').subscribe(news, any(handler)).start(), 'INVALID_ARGUMENT')
    await refused(() => board.service('s').perform(work, any(handler)).start(), 'INVALID_ARGUMENT')
  })

  test('is refused where there is one already', async () => {
    await refused(
      () =>
        board
          .service('s')
          .subscribe(news, () => {})
          .subscribe(news, () => {}),
      'DUPLICATE_HANDLER',
    )
    await refused(
      () =>
        board
          .service('s')
          .perform(work, () => {})
          .perform(work, () => {}),
      'DUPLICATE_HANDLER',
    )
  })
})

test('a selector of dead letters is wanted where all of them would be meant by mistake', async () => {
  await refused(() => board.dead.discard(any(undefined)), 'INVALID_ARGUMENT')
  await refused(() => board.dead.redrive(any(undefined)), 'INVALID_ARGUMENT')
  await refused(() => board.dead.discard(any({ limit: -1 })), 'INVALID_OPTION')
})

describe('a board that was closed', () => {
  test('refuses everything with CLOSED', async () => {
    const own = await openBoard()
    const handle = await own.enqueue(tracked, 1)
    await own.close()
    const other = task<number, number>('never.declared', { queue: 'other', track: true })
    for (const act of [
      () => own.publish(news, 1),
      () => own.publishMany(news, [1]),
      () => own.enqueue(other, 1),
      () => own.enqueue(tracked, 1),
      () => own.enqueueMany(other, [1]),
      () => own.service('s'),
      () => gathered(own.listen(news)),
      () => handle.status(),
      () => handle.cancel(),
      () => handle.result({ timeout: 1000 }),
      () => gathered(own.dead.list()),
      () => own.dead.show(1),
    ]) {
      expect(await thrownBy(async () => act())).toMatchObject({ code: 'CLOSED' })
    }
  })

  test('is not closed by options that do not exist', async () => {
    await using own = await openBoard()
    expect(await thrownBy(own.close(any({ drian: 5 })))).toMatchObject({ code: 'UNKNOWN_OPTION' })
    await using service = await own
      .service('s')
      .subscribe(news, () => {})
      .start()
    expect(await thrownBy(service.stop(any({ drian: 5 })))).toMatchObject({ code: 'UNKNOWN_OPTION' })
    expect(await thrownBy(service.stop(any({ drain: 'soon' })))).toMatchObject({ code: 'INVALID_OPTION' })
    await own.publish(news, 1)
  })

  test('may be closed again', async () => {
    const own = await openBoard()
    await Promise.all([own.close(), own.close()])
    await own.close()
  })
})

describe('a signal', () => {
  test('that has aborted before leaves nothing stored', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    const error = await refused(() => board.publish(news, 1, { signal }), 'ABORTED')
    expect([error.details.outcome, error.cause]).toEqual(['not stored', signal.reason])
    await refused(() => board.enqueue(work, 1, { signal }), 'ABORTED')
    await refused(() => board.publishMany(news, [1, 2], { signal }), 'ABORTED')
    await refused(() => board.enqueueMany(work, [1, 2], { signal }), 'ABORTED')
    await refused(() => board.handle(tracked, 'x').result({ signal }), 'ABORTED')
  })

  test('that aborts on the way leaves it open whether it is stored', async () => {
    await using own = await openBoard()
    const caller = new AbortController()
    const sent = thrownBy(own.publish(news, 1, { signal: caller.signal }))
    await new Promise(setImmediate)
    caller.abort()
    expect(await sent).toMatchObject({ code: 'ABORTED', details: { outcome: expect.stringMatching(/unknown|not stored/) } })
  })
})

describe('an address', () => {
  test.each<[string, unknown]>([
    ['of another protocol', 'http://127.0.0.1:4222'],
    ['with port 0', 'nats://127.0.0.1:0'],
    ['with a port that is too high', 'nats://127.0.0.1:70000'],
    ['of version 6 without brackets', 'nats://::1:4222'],
    ['without a host', 'nats://'],
    ['that is empty', ''],
    ['that is no text', 5],
    ['that is null', null],
    ['that is a list of nothing', []],
    ['that is a list with something else', ['nats://127.0.0.1', 5]],
    ['with a broken escape', 'nats://us%er:pass@127.0.0.1'],
  ])('%s is refused', async (_, servers) => {
    await refused(() => callboard({ servers: any(servers) }), 'INVALID_URL')
  })

  test.each([
    'http://ann:s3cret@127.0.0.1',
    'nats://ann:s3cret@127.0.0.1:0',
    'nats://ann:s3@cret@127.0.0.1:99999',
    'nats://ann:s3/cret@127.0.0.1',
    'ann:s3cret@127.0.0.1:99999',
    'nats://ann:s3cret@:4222',
    'nats://ann:%s3cret@127.0.0.1',
  ])('%s is refused without its secret', async (servers) => {
    const error = await refused(() => callboard({ servers }), 'INVALID_URL')
    const shown = `${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause} ${(error.cause as Error | undefined)?.stack}`
    expect(shown).not.toMatch(/s3|cret/)
  })

  test('whose password has an @ is understood', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'callboard-test-'))
    const config = join(folder, 'nats-server.conf')
    await writeFile(config, 'listen: 127.0.0.1:-1\njetstream {}\nauthorization { user: ann, password: "p@ss@w" }')
    await using server = await startServer({ config, port: 0, store: 'memory' })
    await rm(folder, { recursive: true })
    const { host, port } = server
    await using own = await openBoard({ servers: `nats://ann:p%40ss@w@${host}:${port}` })
    await own.publish(news, 1)
  })

  test.each<[string, unknown]>([
    ['name', { name: 5 }],
    ['user', { user: {} }],
    ['password', { password: 5 }],
    ['token', { token: [] }],
    ['tls', { tls: 'yes' }],
    ['inboxPrefix', { inboxPrefix: 'a b' }],
    ['inboxPrefix', { inboxPrefix: '>' }],
    ['replicas', { replicas: 0 }],
    ['onDrift', { onDrift: 'ignore' }],
    ['dedupe', { dedupe: 1 }],
    ['retention', { retention: -1 }],
    ['retention', { retention: '10s', dedupe: '2m' }],
    ['log', { log: 'loud' }],
    ['log', { log: 5 }],
    ['inFlight', { inFlight: 0 }],
  ])('with an unusable %s is refused', async (name, options) => {
    const error = await refused(() => callboard(any({ servers: inject('natsUrl'), ...any(options) })), 'INVALID_OPTION')
    expect(error.what).toContain(name)
  })
})

/** Puts something into a stream of a board as somebody who does not know callboard. */
async function foreign(own: Board, subject: string, body: string | Uint8Array, id?: string, contentType?: string): Promise<void> {
  const { headers } = await import('nats')
  const fields = headers()
  if (id !== undefined) fields.set('Nats-Msg-Id', id)
  if (contentType !== undefined) fields.set('Content-Type', contentType)
  await server.nc.request(`${own.namespace}.${subject}`, body, { headers: fields, timeout: 5000 })
}

describe('what somebody else put into our streams', () => {
  test.each<[string, string | Uint8Array, string | undefined, string | undefined, string]>([
    ['without an id', 'hello', undefined, undefined, 'NOT_CALLBOARD'],
    ['without anything', new Uint8Array(0), undefined, undefined, 'NOT_CALLBOARD'],
    ['that is no MessagePack', Uint8Array.of(0xc1), 'x', undefined, 'DECODE'],
    ['that is a bomb', Buffer.alloc(100_000, 0x91), 'x', undefined, 'DECODE'],
    ['that says it is 4 GB', Uint8Array.of(0xdd, 0xee, 0x6b, 0x28, 0), 'x', undefined, 'DECODE'],
    ['with an extension', Uint8Array.of(0xd4, 0x72, 0x40), 'x', undefined, 'DECODE'],
    ['that is cut short', Uint8Array.of(0x93, 1), 'x', undefined, 'DECODE'],
    ['that is no JSON', '{', 'x', 'application/json', 'DECODE'],
    ['that is JSON 200,000 levels deep', '['.repeat(200_000), 'x', 'application/json', 'DECODE'],
    ['that does not fit', Uint8Array.of(0xa1, 0x61), 'x', undefined, 'SCHEMA_MISMATCH'],
  ])('%s is a dead letter, and no handler is called', async (_, body, id, contentType, code) => {
    await using own = await openBoard()
    const schema = z.object({ n: z.number() })
    const [said, asked] = [topic('said', schema), task('asked', { input: schema })]
    let called = 0
    await using _service = await own
      .service('s')
      .subscribe(said, () => void called++)
      .perform(asked, () => void called++)
      .start()
    await foreign(own, 'topic.said', body, id, contentType)
    await foreign(own, 'task.default.asked.normal.-', body, id, contentType)
    const letters = await until('both are dead letters', async () => {
      const found = await gathered(own.dead.list())
      if (found.length < 2) throw new Error(`${found.length} of 2`)
      return found
    })
    expect(letters.map((letter) => letter.style).sort()).toEqual(['explicit', 'implicit'])
    for (const letter of letters) expect(letter).toMatchObject({ reason: 'unreadable', error: { code } })
    expect(called).toBe(0)
    await own.publish(said, { n: 1 })
    await own.enqueue(asked, { n: 1 })
    await until('what comes after it is handled', () => called === 2)
  })

  test('with more headers than callboard would send is a dead letter too', async () => {
    await using own = await openBoard()
    await using _ = await own
      .service('s')
      .subscribe(news, () => {})
      .start()
    const { headers } = await import('nats')
    const fields = headers()
    for (let index = 0; index < 60; index++) fields.append(`X-${index}`, 'y'.repeat(1000))
    await server.nc.request(`${own.namespace}.topic.news`, '', { headers: fields, timeout: 5000 })
    const [letter] = await until('it is a dead letter', async () => {
      const found = await gathered(own.dead.list())
      if (found.length < 1) throw new Error('none yet')
      return found
    })
    expect(letter).toMatchObject({ error: { code: 'NOT_CALLBOARD' } })
  })

  test('among the dead letters disturbs nobody', async () => {
    await using own = await openBoard()
    await foreign(own, 'dead.topic.s.news.x', 'hello')
    await foreign(own, 'dead.topic.s.news.y', 'hello', 'y')
    expect(await gathered(own.dead.list({ name: 'news' }))).toEqual([])
    expect(await own.dead.groups({ name: 'news' })).toEqual([])
  })

  test('does not end live listening', async () => {
    await using own = await openBoard()
    const events = own.listen(checked, { from: 'all' })[Symbol.asyncIterator]()
    await foreign(own, 'topic.news.checked', 'hello')
    await foreign(own, 'topic.news.checked', Uint8Array.of(0xc1), 'x')
    await own.publish(checked, { n: 1 })
    expect((await events.next()).value).toMatchObject({ event: { n: 1 } })
    await events.return?.(undefined)
  })

  test('where workers are spoken to changes nothing', async () => {
    await using own = await openBoard()
    await using _ = await own
      .service('s')
      .perform(tracked, (input) => input)
      .start()
    for (const body of ['', 'null', '{', '5', '{"ask":"cancel","id":{}}'])
      server.nc.publish(`${own.namespace}.desk.default.work~tracked`, body)
    await server.nc.flush()
    const handle = await own.enqueue(tracked, 7)
    expect(await handle.result({ timeout: '25s' })).toBe(7)
  })

  test('where results are told changes nothing', async () => {
    await using own = await openBoard()
    await using _ = await own
      .service('s')
      .perform(tracked, (input) => input)
      .start()
    const handle = await own.enqueue(tracked, 7)
    handle.progress(() => {
      throw new Error('a listener of the user')
    })
    for (const kind of ['result', 'progress']) {
      const origin = handle.id.slice(10, 20)
      for (const body of ['', Uint8Array.of(0xc1), 'x']) server.nc.publish(`${own.namespace}.live.${kind}.${origin}.other`, body)
      server.nc.publish(`${own.namespace}.live.progress.${origin}.${handle.id}`, Uint8Array.of(0xc1))
    }
    await server.nc.flush()
    expect(await handle.result({ timeout: '25s' })).toBe(7)
    expect(await (await own.enqueue(tracked, 8)).result({ timeout: '25s' })).toBe(8)
  })
})

test('a task may have no input at all', async () => {
  await using own = await openBoard()
  const bare = task<undefined, string>('bare', { track: true })
  await using _ = await own
    .service('s')
    .perform(bare, (input) => `${input}`)
    .start()
  expect(await (await own.enqueue(bare, undefined)).result({ timeout: '25s' })).toBe('undefined')
})

test.each<[string, (ctx: TaskContext) => unknown]>([
  ['20 MB', () => 'x'.repeat(20 * 1024 * 1024)],
  ['a function', () => () => 1],
  ['what is circular', () => circle],
  [
    'what is exactly as deep as a payload may be, and so too deep with its envelope',
    () => Array.from({ length: 99 }).reduce((inner) => [inner], [1]),
  ],
])('a handler that returns %s has succeeded, once; only its result is lost', async (_, returns) => {
  await using own = await openBoard()
  let runs = 0
  await using _service = await own
    .service('s')
    .perform(tracked, (_input, ctx) => {
      runs++
      return returns(ctx)
    })
    .start()
  const handle = await own.enqueue(tracked, 1)
  expect(await thrownBy(handle.result({ timeout: '25s' }))).toMatchObject({ code: 'RESULT_LOST' })
  expect(await handle.status()).toMatchObject({ state: 'succeeded' })
  const { state } = await server.manager.streams.info(streams(own).queue())
  await until('it is acknowledged', async () => (await server.manager.streams.info(streams(own).queue())).state.messages === 0)
  expect([runs, state.last_seq, await gathered(own.dead.list())]).toEqual([1, 1, []])
})

test('progress that cannot be told is the problem of the handler, and told as such', async () => {
  await using own = await openBoard()
  const codes: unknown[] = []
  await using _ = await own
    .service('s')
    .perform(tracked, (_input, ctx) => {
      for (const value of [() => 1, 'x'.repeat(2 * 1024 * 1024)]) {
        try {
          ctx.progress(value)
        } catch (error) {
          codes.push((error as CallboardError).code)
        }
      }
      return 'done'
    })
    .start()
  expect(await (await own.enqueue(tracked, 1)).result({ timeout: '25s' })).toBe('done')
  expect(codes).toEqual(['NOT_SERIALIZABLE', 'PAYLOAD_TOO_LARGE'])
})

test('the result of an id nobody knows is not found, after the time it was given', async () => {
  await refused(() => board.handle(tracked, 'nobody-knows-this').result({ timeout: 50 }), 'NOT_FOUND')
})

test('the result of a task that keeps none cannot be asked for', async () => {
  await refused(() => any(board.handle(work, 'x')).result({ timeout: 50 }), 'NOT_TRACKED')
})

test('a namespace nobody used is not touched by what is refused', async () => {
  const unused = namespace()
  await refused(() => callboard({ servers: inject('natsUrl'), namespace: unused, log: any('loud') }), 'INVALID_OPTION')
  expect(await gathered(server.manager.streams.list(`${unused}.>`))).toEqual([])
})

test('a queue with settings that cannot be used is refused', async () => {
  await refused(() => queue(any('')), 'INVALID_NAME')
  await refused(() => queue('a', any({ layuot: 'log' })), 'UNKNOWN_OPTION')
})
