import { type Board, pattern, task, topic } from 'callboard'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { beside, broker, gathered, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const said = topic('said', z.object({ n: z.number() }))
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const say = (board: Board, ...all: number[]) =>
  board.publishMany(
    said,
    all.map((n) => ({ n })),
  )

/** A service that writes down what it hears. */
async function listener(board: Board, service: string, options: Parameters<ReturnType<Board['service']>['subscribe']>[2] = {}) {
  const heard: number[] = []
  const started = await board
    .service(service)
    .subscribe(said, ({ n }) => void heard.push(n), { concurrency: 1, ...(options as object) })
    .start()
  return { heard, [Symbol.asyncDispose]: () => started.stop() }
}

describe('a subscription begins', () => {
  test.each([
    ['with what is new', 'new', [6]],
    ['with all that is kept', 'all', [1, 2, 3, 4, 5, 6]],
    ['at a sequence', 4, [4, 5, 6]],
  ] as const)('%s', async (_, from, expected) => {
    await using board = await openBoard()
    await say(board, ...numbers(5))
    await using service = await listener(board, 'late', { from })
    await say(board, 6)
    await until('the last is heard', () => service.heard.includes(6))
    expect(service.heard).toEqual(expected)
  })

  test('at a Date', async () => {
    await using board = await openBoard()
    await say(board, 1, 2)
    const before = await storedAt(board, 2)
    await until('the clock has moved on', () => Date.now() > before + 5)
    await say(board, 3)
    await using service = await listener(board, 'late', { from: new Date((await storedAt(board, 3)) - 1) })
    await until('the last is heard', () => service.heard.includes(3))
    expect(service.heard).toEqual([3])
  })

  test.each([
    ['no sequence', 0],
    ['half a sequence', 1.5],
    ['no date', new Date(Number.NaN)],
    ['another word', 'last'],
  ])('not at what is %s', async (_, from) => {
    await using board = await openBoard()
    const builder = board.service('late').subscribe(said, () => undefined, { from: from as never })
    expect((await thrownBy(builder.start())).code).toBe('INVALID_OPTION')
  })
})

/** When an event was stored, in ms since 1970. */
async function storedAt(board: Board, sequence: number): Promise<number> {
  await using beneath = await broker()
  const message = await beneath.manager.streams.getMessage(streams(board).topics, { seq: sequence })
  return message?.time.getTime() ?? 0
}

test.each([
  ['*', 'orders.*', ['orders.paid', 'orders.sent']],
  ['>', 'orders.>', ['orders.paid', 'orders.sent', 'orders.eu.paid']],
  ['* in the middle', 'orders.*.paid', ['orders.eu.paid']],
])('a pattern with %s hears every topic that fits, and none that does not', async (_, wanted, expected) => {
  await using board = await openBoard()
  const heard: string[] = []
  await using _service = await board
    .service('audit')
    .subscribe(pattern<object>(wanted), (_event, ctx) => void heard.push(ctx.topic), { concurrency: 1 })
    .start()
  const names = ['orders.paid', 'orders.sent', 'orders.eu.paid', 'books.paid', 'orders']
  for (const name of names) await board.publish(topic<object>(name), {})
  const seat = board.subscription('audit', pattern(wanted))
  await until('all are heard', async () => heard.length === expected.length && (await seat.status()).waiting === 0)
  expect(heard).toEqual(expected)
})

test('a filter on headers or content keeps what is not wanted from the handler, and acknowledges it', async () => {
  await using board = await openBoard()
  const heard: string[] = []
  const note = (who: string) => (event: { n: number }) => void heard.push(`${who} ${event.n}`)
  await using _even = await board
    .service('even')
    .subscribe(said, note('even'), { filter: ({ n }) => n % 2 === 0, concurrency: 1 })
    .start()
  await using _german = await board
    .service('german')
    .subscribe(said, note('german'), { filter: (_, ctx) => ctx.headers.Language === 'de', concurrency: 1 })
    .start()
  for (const n of numbers(4)) await board.publish(said, { n }, { headers: { Language: n > 2 ? 'de' : 'en' } })
  await until('all are answered', async () => {
    const [even, german] = await Promise.all(['even', 'german'].map((name) => board.subscription(name, said).status()))
    return even?.answered === 4 && german?.answered === 4
  })
  expect(heard.sort()).toEqual(['even 2', 'even 4', 'german 3', 'german 4'])
})

describe('whoever operates a subscription', () => {
  test('replays a window of the past to it alone, under the ids of the events, beside what is new', async () => {
    await using board = await openBoard()
    const ids: string[] = []
    const heard: number[] = []
    await using _one = await board
      .service('one')
      .subscribe(
        said,
        ({ n }, ctx) => {
          heard.push(n)
          ids.push(ctx.id)
        },
        { concurrency: 1 },
      )
      .start()
    await using other = await listener(board, 'other')
    const receipts = await say(board, ...numbers(6))
    await until('both have heard all', () => heard.length === 6 && other.heard.length === 6)
    await using operator = await beside(board)
    const seat = operator.subscription('one', said)
    expect(await seat.replay({ from: 2, to: 4 })).toBe(3)
    await until('the window is heard again', () => heard.length === 9)
    expect(heard.slice(6)).toEqual([2, 3, 4])
    expect(ids.slice(6)).toEqual(receipts.slice(1, 4).map(({ id }) => id))
    const fifth = await storedAt(board, 5)
    expect(await seat.replay({ from: new Date(fifth) })).toBeGreaterThanOrEqual(2)
    expect(await seat.replay({ from: 1000 })).toBe(0)
    await say(board, 7)
    await until('what is new is heard by both', () => heard.includes(7) && other.heard.includes(7))
    expect(other.heard).toEqual(numbers(7))
  })

  test('moves it back and forth with seek', async () => {
    await using board = await openBoard()
    await using service = await listener(board, 'one')
    await say(board, ...numbers(5))
    await until('all are heard', () => service.heard.length === 5)
    const seat = board.subscription('one', said)
    await seat.seek(4)
    await until('the last two are heard again', () => service.heard.length === 7)
    await seat.seek('all')
    await until('all are heard again', () => service.heard.length === 12)
    expect(service.heard.slice(5)).toEqual([4, 5, 1, 2, 3, 4, 5])
    await seat.pause()
    await say(board, 6, 7)
    await seat.seek('new')
    await seat.resume()
    await say(board, 8)
    await until('it goes on', () => service.heard.includes(8))
    expect(service.heard.slice(12)).toEqual([8])
  })

  test('pauses it and resumes it: nothing is handed over meanwhile, and nothing is lost', async () => {
    await using board = await openBoard()
    await using one = await listener(board, 'one')
    await using other = await listener(board, 'other')
    const seat = board.subscription('one', said)
    await seat.pause('1h')
    expect((await seat.status()).paused).toBe(true)
    await say(board, ...numbers(3))
    await until('the other has heard them', () => other.heard.length === 3)
    expect(await seat.status()).toMatchObject({ waiting: 3, open: 0, paused: true })
    expect(one.heard).toEqual([])
    await seat.resume()
    await until('it catches up', () => one.heard.length === 3)
    await until('all is answered', async () => (await seat.status()).answered === 3)
    expect(await seat.status()).toMatchObject({ waiting: 0, open: 0, paused: false })
  })

  test('ends it for good when its service leaves, and whoever asks then is told so', async () => {
    await using board = await openBoard()
    {
      await using _service = await listener(board, 'one')
    }
    const seat = board.subscription('one', said)
    await say(board, 1)
    await until('the event waits', async () => (await seat.status()).waiting === 1)
    expect([await seat.leave(), await seat.leave()]).toEqual([true, false])
    for (const ask of [
      () => seat.status(),
      () => seat.pause(),
      () => seat.resume(),
      () => seat.seek('all'),
      () => seat.replay({ from: 1 }),
    ])
      expect((await thrownBy(ask)).code).toBe('NOT_FOUND')
    await using back = await listener(board, 'one')
    await say(board, 2)
    await until('it begins anew', () => back.heard.length === 1)
    expect(back.heard).toEqual([2])
  })
})

describe('retention per topic', () => {
  test('gives the topic a stream of its own, which keeps so many, the oldest out first', async () => {
    await using board = await openBoard()
    const ticks = topic<{ n: number }>('ticks', { retention: { messages: 3, age: '1h' } })
    await board.publishMany(
      ticks,
      numbers(10).map((n) => ({ n })),
    )
    const heard: number[] = []
    await using _service = await board
      .service('late')
      .subscribe(ticks, ({ n }) => void heard.push(n), { from: 'all', concurrency: 1 })
      .start()
    await until('what is kept is heard', () => heard.length === 3)
    expect(heard).toEqual([8, 9, 10])
    await using beneath = await broker()
    const { config } = await beneath.manager.streams.info(`${board.namespace.toUpperCase()}_TOPIC_ticks`)
    expect([config.max_msgs, config.max_age]).toEqual([3, 3_600_000_000_000])
    expect((await beneath.manager.streams.info(streams(board).topics)).state.messages).toBe(0)
  })

  test('goes by age: what is older is gone', async () => {
    await using board = await openBoard()
    const brief = topic<{ n: number }>('brief', { retention: { age: '1s' } })
    await board.publish(brief, { n: 1 })
    await using beneath = await broker()
    const kept = async () => (await beneath.manager.streams.info(`${board.namespace.toUpperCase()}_TOPIC_brief`)).state.messages
    expect(await kept()).toBe(1)
    await until('it is gone', async () => (await kept()) === 0)
  })

  test('keeps replay, seek and dead letters for that topic as for any', async () => {
    await using board = await openBoard()
    const own = topic<{ n: number }>('own', { retention: { messages: 100 } })
    let broken = true
    const heard: number[] = []
    await using _service = await board
      .service('one')
      .subscribe(
        own,
        ({ n }) => {
          if (broken && n === 2) throw new Error('no')
          heard.push(n)
        },
        { concurrency: 1, retry: { attempts: 1 } },
      )
      .start()
    for (const n of numbers(3)) await board.publish(own, { n })
    await until('one is buried', async () => (await gathered(board.dead.list())).length === 1)
    await until('the others are heard', () => heard.length === 2)
    broken = false
    expect(await board.dead.redrive({ name: 'own' })).toBe(1)
    await until('it is heard', () => heard.length === 3)
    expect(await board.subscription('one', own).replay({ from: 1, to: 1 })).toBe(1)
    await until('the first is heard again', () => heard.length === 4)
    await board.subscription('one', own).seek(3)
    await until('the last is heard again', () => heard.filter((n) => n === 3).length === 2)
    expect(heard.slice(0, 4)).toEqual([1, 3, 2, 1])
  })

  test.each([
    ['no age', { age: 0 }],
    ['no message', { messages: 0 }],
    ['a misspelt limit', { mesages: 3 }],
  ])('is refused with %s', (_, retention) => {
    expect(() => topic('own', { retention: retention as never })).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(INVALID|UNKNOWN)_OPTION$/) }),
    )
  })
})

test('listening live hears what comes, and resumes after what was heard last without a gap', async () => {
  await using board = await openBoard()
  const ready = latch()
  async function listen(count: number, from?: number): Promise<{ n: number; sequence: number }[]> {
    const heard: { n: number; sequence: number }[] = []
    const listening = board.listen(said, from === undefined ? {} : { from })
    for await (const { event, sequence } of listening) {
      if (event.n === 0) ready.open()
      else heard.push({ n: event.n, sequence })
      if (heard.length === count) break
    }
    return heard
  }
  const first = listen(3)
  // It is not durable: what is said before it listens is not for it.
  let open = false
  void ready.promise.then(() => {
    open = true
  })
  await until('it listens', async () => {
    if (!open) await say(board, 0)
    return open
  })
  await say(board, ...numbers(6))
  const heard = await until('three are heard', first)
  expect(heard.map(({ n }) => n)).toEqual([1, 2, 3])
  const rest = await until('the others are heard', listen(3, (heard.at(-1)?.sequence ?? 0) + 1))
  expect(rest.map(({ n }) => n)).toEqual([4, 5, 6])
})

test('publishMany stores up to 1,000 in one step, all or none, and more in order', async () => {
  await using board = await openBoard()
  const receipts = await say(board, ...numbers(2500))
  expect(receipts.map(({ sequence }) => sequence)).toEqual(numbers(2500))
  expect(new Set(receipts.map(({ id }) => id)).size).toBe(2500)
  const misfits = await thrownBy(board.publishMany(said, [{ n: 1 }, { n: 'two' as never }]))
  expect(misfits.code).toBe('INVALID_PAYLOAD')
  await using service = await listener(board, 'all', { from: 'all' })
  await until('all are heard', () => service.heard.length === 2500)
  expect(service.heard).toEqual(numbers(2500))
})

test.each([
  ['a word', 'ann'],
  ['anything that is text', 'Ännchen & 日本 % ~ * > . -'],
  ['more than a subject could hold', `order:${'x'.repeat(500)}`],
])('an event carries a key that is %s, whole', async (_, key) => {
  await using board = await openBoard()
  const keys: (string | undefined)[] = []
  await using _service = await board
    .service('one')
    .subscribe(said, (_event, ctx) => void keys.push(ctx.key), { concurrency: 1 })
    .start()
  await board.publish(said, { n: 1 }, { key })
  await board.publishMany(said, [{ n: 2 }], { key })
  await board.publish(said, { n: 3 })
  await until('all are heard', () => keys.length === 3)
  expect(keys).toEqual([key, key, undefined])
})

test('an event carries no key that is no text', async () => {
  await using board = await openBoard()
  for (const key of ['', 5, '\ud800'])
    expect((await thrownBy(board.publish(said, { n: 1 }, { key: key as string }))).code).toMatch(/^INVALID_(ID|OPTION)$/)
})

test('what only a subscriber may do is not there for a publisher, and what only a sender of tasks may do is not there either', async () => {
  await using board = await openBoard()
  const work = task<{ n: number }>('work')
  for (const option of ['delay', 'at', 'priority', 'unique', 'expires', 'retry']) {
    const error = await thrownBy(board.publish(said, { n: 1 }, { [option]: 1 } as never))
    expect([error.code, error.what]).toEqual(['UNKNOWN_OPTION', expect.stringContaining(option)])
  }
  for (const option of ['from', 'filter', 'retry', 'timeout']) {
    const builder = () => board.service('worker').perform(work, () => undefined, { [option]: 1 } as never)
    expect((await thrownBy(async () => builder().start())).code).toBe('UNKNOWN_OPTION')
  }
})
