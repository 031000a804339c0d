/** Topics: what publishers say, and who hears it, when, and in which order. */

import { type Board, type Heard, pattern, type Service, type SubscribeOptions, topic } from 'callboard'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { beside, broker, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const spoken = topic<number>('spoken')

/** A service that writes down what it hears. */
async function listener(board: Board, name: string, options?: SubscribeOptions<number>): Promise<{ heard: number[]; service: Service }> {
  const heard: number[] = []
  const service = await board
    .service(name)
    .subscribe(spoken, (n) => void heard.push(n), options)
    .start()
  return { heard, service }
}

const upTo = (n: number, from = 1): number[] => Array.from({ length: n - from + 1 }, (_, index) => from + index)
const ascending = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b)

describe.concurrent('a topic', () => {
  test('every service that subscribed gets its own copy of each event', async () => {
    await using board = await openBoard()
    const services = await Promise.all(['mail', 'bill', 'stock'].map((name) => listener(board, name)))
    for (const n of upTo(5)) await board.publish(spoken, n)
    for (const { heard } of services) {
      await until('a service has heard everything', () => heard.length === 5)
      expect(ascending(heard)).toEqual(upTo(5))
    }
  })

  test('processes of one service share its events: each goes to one of them', async () => {
    await using board = await openBoard()
    await using other = await beside(board)
    const one = await listener(board, 'mail', { concurrency: 1 })
    const two = await listener(other, 'mail', { concurrency: 1 })
    await board.publishMany(spoken, upTo(200))
    await until('both together have heard everything', () => one.heard.length + two.heard.length === 200)
    expect(ascending([...one.heard, ...two.heard])).toEqual(upTo(200))
    expect(one.heard.length).toBeGreaterThan(0)
    expect(two.heard.length).toBeGreaterThan(0)
  })

  test('who did not listen when it was said hears nothing of it, unless it asks for the past', async () => {
    await using board = await openBoard()
    await board.publish(spoken, 1)
    const { heard } = await listener(board, 'late')
    await board.publish(spoken, 2)
    await until('it hears what is new', () => heard.length > 0)
    expect(heard).toEqual([2])
  })

  test('a service that slept catches up in order', async () => {
    await using board = await openBoard()
    const first = await listener(board, 'sleeper', { concurrency: 1 })
    await board.publish(spoken, 1)
    await until('it hears the first', () => first.heard.length === 1)
    await first.service.stop()
    for (const n of upTo(30, 2)) await board.publish(spoken, n)
    const second = await listener(board, 'sleeper', { concurrency: 1 })
    await until('it has caught up', () => second.heard.length === 29)
    expect(second.heard).toEqual(upTo(30, 2))
  })

  test('a new subscription may begin with everything, at a sequence, or at an hour', async () => {
    await using board = await openBoard()
    await using raw = await broker()
    const receipts = await board.publishMany(spoken, upTo(5))
    const third = receipts[2]?.sequence ?? 0
    await board.publish(spoken, 6)
    const { time } = (await raw.manager.streams.getMessage(streams(board).topics, { seq: (receipts[4]?.sequence ?? 0) + 1 })) as {
      time: Date
    }
    const all = await listener(board, 'all', { from: 'all', concurrency: 1 })
    const sequence = await listener(board, 'sequence', { from: third, concurrency: 1 })
    const hour = await listener(board, 'hour', { from: time, concurrency: 1 })
    await board.publish(spoken, 7)
    for (const { heard } of [all, sequence, hour]) await until('the newest is heard', () => heard.includes(7))
    expect(all.heard).toEqual(upTo(7))
    expect(sequence.heard).toEqual(upTo(7, 3))
    expect(hour.heard).toEqual(upTo(7, 6))
  })

  test('where a subscription once began stays as it was, whatever the code says later', async () => {
    await using board = await openBoard()
    const first = await listener(board, 'early')
    await first.service.stop()
    await board.publish(spoken, 1)
    const second = await listener(board, 'early', { from: 'all' })
    await board.publish(spoken, 2)
    await until('both are heard', () => second.heard.length === 2)
    expect(ascending(second.heard)).toEqual([1, 2])
  })

  test('a pattern hears all topics that fit, and says which it was', async () => {
    await using board = await openBoard()
    const deep: string[] = []
    const flat: string[] = []
    await board
      .service('audit')
      .subscribe(pattern<string>('books.>'), (said, ctx) => void deep.push(`${ctx.topic} ${said}`))
      .subscribe(pattern<string>('books.*.sold'), (said, ctx) => void flat.push(`${ctx.topic} ${said}`))
      .start()
    for (const name of ['books.released', 'books.de.sold', 'books.fr.sold', 'films.released', 'books.de.old.sold'])
      await board.publish(topic<string>(name), 'x')
    await until('everything that fits is heard', () => deep.length === 4 && flat.length === 2)
    expect(deep.sort()).toEqual(['books.de.old.sold x', 'books.de.sold x', 'books.fr.sold x', 'books.released x'])
    expect(flat.sort()).toEqual(['books.de.sold x', 'books.fr.sold x'])
  })

  test('publishMany keeps the order, also over more than one batch', async () => {
    await using board = await openBoard()
    const { heard } = await listener(board, 'mail', { concurrency: 1 })
    const receipts = await board.publishMany(spoken, upTo(1100))
    expect(receipts.map(({ sequence }) => sequence)).toEqual(upTo(1100))
    expect(new Set(receipts.map(({ id }) => id)).size).toBe(1100)
    await until('everything is heard', () => heard.length === 1100)
    expect(heard).toEqual(upTo(1100))
    expect(await board.publishMany(spoken, [])).toEqual([])
  })

  test('one event of many that does not fit its schema keeps all of them from being stored', async () => {
    await using board = await openBoard()
    await using raw = await broker()
    const strict = topic('strict', z.object({ n: z.number() }))
    expect(await thrownBy(board.publishMany(strict, [{ n: 1 }, { n: 'two' as never }]))).toMatchObject({ code: 'INVALID_PAYLOAD' })
    expect((await raw.manager.streams.info(streams(board).topics)).state.messages).toBe(0)
  })

  test('an id that was published before is stored once, and the receipt says so', async () => {
    await using board = await openBoard()
    await using raw = await broker()
    expect(await board.publish(spoken, 1, { id: 'a' })).toEqual({ id: 'a', sequence: 1, duplicate: false })
    expect(await board.publish(spoken, 1, { id: 'a' })).toEqual({ id: 'a', sequence: 1, duplicate: true })
    expect((await raw.manager.streams.info(streams(board).topics)).state.messages).toBe(1)
  })

  test('headers and key arrive as they were sent, and the key survives death and return', async () => {
    await using board = await openBoard()
    const seen: [unknown, object, number][] = []
    await board
      .service('mail')
      .subscribe(
        spoken,
        (_, ctx) => {
          seen.push([ctx.key, { ...ctx.headers }, ctx.attempt])
          if (seen.length === 1) throw new Error('once')
        },
        { retry: { attempts: 1 } },
      )
      .start()
    await board.publish(spoken, 1, { key: 'Straße 7/…', headers: { Trace: 'ü', 'x-y': '1' } })
    await until('it is buried', async () => (await board.dead.redrive({})) === 1)
    await until('it runs again', () => seen.length === 2)
    const expected = ['Straße 7/…', { Trace: 'ü', 'x-y': '1' }, 1]
    expect(seen).toEqual([expected, expected])
  })

  test('an event that one subscription gave up comes back to that one alone', async () => {
    await using board = await openBoard()
    const { heard } = await listener(board, 'well')
    const failing: number[] = []
    await board
      .service('ill')
      .subscribe(
        spoken,
        (n) => {
          failing.push(n)
          if (failing.length === 1) throw new Error('ill')
        },
        { retry: { attempts: 1 } },
      )
      .start()
    await board.publish(spoken, 1)
    await until('it is buried and sent back', async () => (await board.dead.redrive({ service: 'ill', style: 'implicit' })) === 1)
    await until('it runs again', () => failing.length === 2)
    await board.publish(spoken, 2)
    await until('both hear the next', () => heard.includes(2) && failing.includes(2))
    expect(heard).toEqual([1, 2])
    expect(failing).toEqual([1, 1, 2])
  })

  test('a subscriber that fails keeps nothing from the others', async () => {
    await using board = await openBoard()
    const { heard } = await listener(board, 'well')
    const begun = latch()
    await board
      .service('stuck')
      .subscribe(spoken, async (_, { signal }) => {
        begun.open()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      })
      .start()
    await board.publishMany(spoken, upTo(50))
    await until('one is stuck', begun.promise)
    await until('the other has heard everything', () => heard.length === 50)
    await board.close({ drain: 50 })
  })

  test('listening live hears what is said from then on, and resumes after a sequence', async () => {
    await using board = await openBoard()
    const stop = new AbortController()
    const heard: Heard<number>[] = []
    const listening = (async () => {
      for await (const each of board.listen(spoken, { signal: stop.signal })) {
        heard.push(each)
        if (heard.length === 3) break
      }
    })()
    let said = 0
    await until('it listens', async () => {
      await board.publish(spoken, ++said)
      return heard.length > 0
    })
    await board.publishMany(spoken, [said + 1, said + 2])
    await until('it has heard three', listening)
    const [first, second, third] = heard
    expect(second?.event).toBe((first?.event ?? 0) + 1)
    expect(third).toMatchObject({ event: (first?.event ?? 0) + 2, topic: 'spoken', sequence: (first?.sequence ?? 0) + 2, headers: {} })
    const next = board.listen(spoken, { from: third?.sequence ?? 0 })[Symbol.asyncIterator]()
    expect((await until('it resumes', next.next())).value).toMatchObject({ id: third?.id })
    await next.return?.()
  })

  test('listening ends with its signal, whether it aborts before, while nothing comes, or with the board', async () => {
    await using board = await openBoard()
    const drain = async (signal?: AbortSignal) => {
      for await (const _ of board.listen(spoken, { from: 'all', ...(signal && { signal }) })) stop.abort()
    }
    const stop = new AbortController()
    await until('one that was aborted before it began ends', drain(AbortSignal.abort()))
    await board.publish(spoken, 1)
    await until('one that aborts in the midst ends', drain(stop.signal))
    const quiet = new AbortController()
    const waiting = board.listen(topic('quiet'), { signal: quiet.signal })[Symbol.asyncIterator]()
    const next = waiting.next()
    const late = board.listen(topic('quiet'))[Symbol.asyncIterator]()
    const open = late.next()
    quiet.abort()
    expect(await until('one that waits ends', next)).toMatchObject({ done: true })
    await board.close()
    expect(await until('one whose board is closed ends', open)).toMatchObject({ done: true })
  })
})
