/** What must not compile does not, and what must be inferred is. Nothing here runs. */

import { type } from 'arktype'
import {
  type Board,
  type EventContext,
  type Handle,
  pattern,
  type Receipt,
  Reject,
  type ResultHandle,
  type Sender,
  type Task,
  type TaskContext,
  type Topic,
  task,
  topic,
} from 'callboard'
import { pull } from 'callboard/pull'
import * as v from 'valibot'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

declare const board: Board

const book = z.object({ isbn: z.string(), pages: z.coerce.number<string>().default(0), tags: z.array(z.string()).optional() })
const released = topic('books.released', book)
const plain = topic<{ id: number }>('plain')
const books = pattern('books.*', book)

const send = task('mail.send', { input: z.object({ to: z.string() }), output: z.object({ id: z.string(), at: z.coerce.date<string>() }) })
const sweep = task('sweep', { input: z.object({ days: z.number() }) })
const ended = task('ended', { input: z.object({ days: z.number() }), track: true })
const bare = task<{ n: number }>('bare')
const typed = task<{ n: number }, string>('typed', { track: true })

describe('only the sender of a task may ask for', () => {
  test('a delay', () => {
    void board.enqueue(sweep, { days: 1 }, { delay: '5m' })
    // @ts-expect-error: an event is not work for later
    void board.publish(plain, { id: 1 }, { delay: '5m' })
  })
  test('a time', () => {
    void board.enqueue(sweep, { days: 1 }, { at: new Date() })
    // @ts-expect-error: an event is not work for later
    void board.publish(plain, { id: 1 }, { at: new Date() })
  })
  test('a priority', () => {
    void board.enqueue(sweep, { days: 1 }, { priority: 'high' })
    // @ts-expect-error: it is not the publisher's business who is first
    void board.publish(plain, { id: 1 }, { priority: 'high' })
    // @ts-expect-error: there is no such lane
    void board.enqueue(sweep, { days: 1 }, { priority: 'urgent' })
  })
  test('uniqueness', () => {
    void board.enqueue(sweep, { days: 1 }, { unique: 'today' })
    // @ts-expect-error: an event is announced, not queued
    void board.publish(plain, { id: 1 }, { unique: 'today' })
    // @ts-expect-error: many tasks cannot share one key
    void board.enqueueMany(sweep, [{ days: 1 }], { unique: 'today' })
  })
  test('an expiry', () => {
    void board.enqueue(sweep, { days: 1 }, { expires: '1h' })
    // @ts-expect-error: how long an event is kept is the topic's business
    void board.publish(plain, { id: 1 }, { expires: '1h' })
  })
  test('attempts', () => {
    void board.enqueue(sweep, { days: 1 }, { retry: { attempts: 3 } })
    // @ts-expect-error: how often it is tried is the subscriber's business
    void board.publish(plain, { id: 1 }, { retry: { attempts: 3 } })
    // @ts-expect-error: a function cannot travel with a task
    void board.enqueue(sweep, { days: 1 }, { retry: { backoff: () => 5 } })
    // @ts-expect-error: nor can a class
    void board.enqueue(sweep, { days: 1 }, { retry: { retryOn: TypeError } })
  })
  test('the end of the work', () => {
    // @ts-expect-error: nobody answers an event
    void board.publish(plain, { id: 1 }).then((receipt) => receipt.result())
    // @ts-expect-error: nobody can call an event off
    void board.publish(plain, { id: 1 }).then((receipt) => receipt.cancel())
    expectTypeOf(board.publish(plain, { id: 1 })).resolves.toEqualTypeOf<Receipt>()
  })
})

describe('only the publisher of an event may say', () => {
  test('what it is about', () => {
    void board.publish(plain, { id: 1 }, { key: 'a' })
    // @ts-expect-error: a task is addressed, it has no key
    void board.enqueue(sweep, { days: 1 }, { key: 'a' })
  })
})

describe('only a subscriber may decide', () => {
  test('where it begins', () => {
    board.service('s').subscribe(plain, () => {}, { from: 'all' })
    // @ts-expect-error: a task has no past
    board.service('s').perform(sweep, () => {}, { from: 'all' })
    // @ts-expect-error: a subscription begins somewhere
    board.service('s').subscribe(plain, () => {}, { from: 'yesterday' })
  })
  test('how often it is tried, and how long', () => {
    board.service('s').subscribe(plain, () => {}, { retry: { attempts: 3, retryOn: [TypeError] }, timeout: '5s' })
    // @ts-expect-error: that is said by the contract and the sender
    board.service('s').perform(sweep, () => {}, { retry: { attempts: 3 } })
    // @ts-expect-error: that is said by the contract
    board.service('s').perform(sweep, () => {}, { timeout: '5s' })
  })
  test('which events it wants', () => {
    board.service('s').subscribe(released, () => {}, { filter: (event) => event.pages > 3 })
    // @ts-expect-error: exactly one worker gets a task; nobody may pass it over
    board.service('s').perform(sweep, () => {}, { filter: () => true })
  })
})

test('only a performer serves lanes', () => {
  board.service('s').perform(sweep, () => {}, { lanes: ['high'] })
  // @ts-expect-error: a topic has none
  board.service('s').subscribe(plain, () => {}, { lanes: ['high'] })
})

describe('the two kinds of contract are not taken for each other', () => {
  test('to send', () => {
    // @ts-expect-error: a task is enqueued
    void board.publish(sweep, { days: 1 })
    // @ts-expect-error: an event is published
    void board.enqueue(plain, { id: 1 })
    // @ts-expect-error: who is meant?
    void board.publish(books, { isbn: 'x' })
    // @ts-expect-error: a name is not a contract
    void board.publish('books.released', { isbn: 'x' })
  })
  test('to answer', () => {
    // @ts-expect-error: a task is performed
    board.service('s').subscribe(sweep, () => {})
    // @ts-expect-error: a topic is subscribed to
    board.service('s').perform(plain, () => {})
    // @ts-expect-error: exactly one task, not several
    board.service('s').perform(books, () => {})
    board.service('s').subscribe(books, () => {})
  })
})

describe('what is sent is what may be sent', () => {
  test('with a schema: what it takes, before defaults and conversions', () => {
    void board.publish(released, { isbn: 'x' })
    void board.publish(released, { isbn: 'x', pages: '12' })
    // @ts-expect-error: pages are sent as text
    void board.publish(released, { isbn: 'x', pages: 12 })
    // @ts-expect-error: isbn is missing
    void board.publish(released, { pages: '12' })
    // @ts-expect-error: there is no title
    void board.publish(released, { isbn: 'x', title: 'y' })
    // @ts-expect-error: no payload at all
    void board.publish(released)
  })
  test('without a schema: the type', () => {
    void board.publish(plain, { id: 1 })
    // @ts-expect-error: id is a number
    void board.publish(plain, { id: '1' })
    // @ts-expect-error: there is no name
    void board.publish(plain, { id: 1, name: 'x' })
    // @ts-expect-error: n is a number
    void board.enqueue(bare, { n: '1' })
  })
  test('also for many', () => {
    void board.publishMany(released, [{ isbn: 'x' }, { isbn: 'y', pages: '1' }])
    // @ts-expect-error: the second is wrong
    void board.publishMany(released, [{ isbn: 'x' }, { isbn: 1 }])
    // @ts-expect-error: the second is wrong
    void board.enqueueMany(sweep, [{ days: 1 }, { days: '2' }])
    // @ts-expect-error: each has an id of its own
    void board.publishMany(plain, [{ id: 1 }], { id: 'x' })
  })
  test('a payload does not decide what a contract is', () => {
    const untyped = topic('untyped')
    void board.publish(untyped, { whatever: 1 })
    expectTypeOf(untyped).toEqualTypeOf<Topic<unknown, unknown>>()
  })
})

describe('what a handler gets is what a schema makes of it', () => {
  test('an event, with defaults filled in and values converted', () => {
    board.service('s').subscribe(released, (event, ctx) => {
      expectTypeOf(event).toEqualTypeOf<{ isbn: string; pages: number; tags?: string[] | undefined }>()
      expectTypeOf(ctx).toEqualTypeOf<EventContext>()
    })
    board.service('s').subscribe(books, (event) => expectTypeOf(event.pages).toEqualTypeOf<number>())
    board.service('s').subscribe(plain, (event) => expectTypeOf(event).toEqualTypeOf<{ id: number }>())
  })
  test('an input', () => {
    board.service('s').perform(sweep, (input, ctx) => {
      expectTypeOf(input).toEqualTypeOf<{ days: number }>()
      expectTypeOf(ctx).toEqualTypeOf<TaskContext>()
    })
  })
  test('heard live as well', async () => {
    for await (const { event } of board.listen(released)) expectTypeOf(event.pages).toEqualTypeOf<number>()
  })
  test('of no other type', () => {
    // @ts-expect-error: pages come as a number
    board.service('s').subscribe(released, (event: { pages: string }) => event)
    // @ts-expect-error: days come as a number
    board.service('s').perform(sweep, (input: { days: string }) => void input)
  })
})

describe('what a handler returns', () => {
  test('fits what the schema of the result takes, before it is converted', () => {
    board.service('s').perform(send, () => ({ id: 'x', at: '2026-01-01' }))
    board.service('s').perform(send, async () => ({ id: 'x', at: '2026-01-01' }))
    // @ts-expect-error: id is missing
    board.service('s').perform(send, () => ({ at: '2026-01-01' }))
    // @ts-expect-error: id is text
    board.service('s').perform(send, async () => ({ id: 1, at: '2026-01-01' }))
    // @ts-expect-error: a date is not sent as a date
    board.service('s').perform(send, () => ({ id: 'x', at: new Date() }))
    // @ts-expect-error: nothing is not a result
    board.service('s').perform(send, () => {})
    board.service('s').perform(send, () => {
      throw new Reject('never')
    })
  })
  test('fits the type where there is no schema', () => {
    board.service('s').perform(typed, () => 'x')
    // @ts-expect-error: it is text
    board.service('s').perform(typed, () => 1)
  })
  test('is free where nobody waits for it', () => {
    board.service('s').perform(sweep, () => 'anything')
    board.service('s').perform(ended, () => 'anything')
    board.service('s').subscribe(plain, () => 'anything')
  })
})

describe('a batch handler', () => {
  const batch = { size: 10 }
  test('gets items, each with what a single one has', () => {
    board.service('s').perform(
      send,
      (items, { signal }) => {
        expectTypeOf(items[0]?.input).toEqualTypeOf<{ to: string } | undefined>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        return items.map((item) => (item.attempt > 1 ? new Reject('never') : { id: item.id, at: '2026-01-01' }))
      },
      { batch },
    )
    board.service('s').subscribe(released, (items) => expectTypeOf(items[0]?.event.pages).toEqualTypeOf<number | undefined>(), { batch })
  })
  test('says of each how it ended, in the type of its result', () => {
    board.service('s').perform(
      send,
      ([item]) => {
        item?.done({ id: 'x', at: '2026-01-01' })
        // @ts-expect-error: nothing is not a result
        item?.done()
        // @ts-expect-error: id is text
        item?.done({ id: 1, at: '2026-01-01' })
      },
      { batch },
    )
    board.service('s').perform(sweep, ([item]) => item?.done(), { batch })
    // @ts-expect-error: each entry is a result
    board.service('s').perform(send, (items) => items.map(() => 1), { batch })
    // @ts-expect-error: one result is not a list of them
    board.service('s').perform(send, () => ({ id: 'x', at: '2026-01-01' }), { batch })
  })
  test('is told how large a batch may be', () => {
    // @ts-expect-error: without a size there is no batch
    board.service('s').perform(sweep, () => {}, { batch: { within: '1s' } })
    // @ts-expect-error: a single handler gets no list
    board.service('s').perform(sweep, (items) => items.length)
  })
})

test('what is pulled has the types of its task', async () => {
  await using pulled = await pull(board, send, { max: 10 })
  for (const item of pulled) {
    expectTypeOf(item.input).toEqualTypeOf<{ to: string }>()
    item.ack({ id: 'x', at: '2026-01-01' })
    // @ts-expect-error: id is text
    item.ack({ id: 1, at: '2026-01-01' })
    // @ts-expect-error: nothing is not a result
    item.ack()
  }
  for (const item of await pull(board, sweep)) item.ack()
  // @ts-expect-error: a topic is subscribed to
  void pull(board, plain)
})

describe('a result can be waited for', () => {
  test('where one is kept, as the schema makes it', async () => {
    const handle = await board.enqueue(send, { to: 'ann' })
    expectTypeOf(handle).toEqualTypeOf<ResultHandle<{ id: string; at: Date }>>()
    expectTypeOf(handle.result()).resolves.toEqualTypeOf<{ id: string; at: Date }>()
    expectTypeOf((await board.enqueue(ended, { days: 1 })).result()).resolves.toEqualTypeOf<void>()
    expectTypeOf((await board.enqueue(typed, { n: 1 })).result()).resolves.toEqualTypeOf<string>()
    expectTypeOf(board.handle(send, 'x').result()).resolves.toEqualTypeOf<{ id: string; at: Date }>()
    expectTypeOf((await board.enqueueMany(send, [{ to: 'ann' }]))[0]).toEqualTypeOf<ResultHandle<{ id: string; at: Date }> | undefined>()
  })
  test('nowhere else', async () => {
    const handle = await board.enqueue(sweep, { days: 1 })
    expectTypeOf(handle).toEqualTypeOf<Handle>()
    void handle.status()
    void handle.cancel()
    // @ts-expect-error: nothing is kept of it
    void handle.result()
    // @ts-expect-error: nothing is kept of it
    void board.handle(sweep, 'x').result()
    // @ts-expect-error: nothing is kept of it
    void (await board.enqueueMany(sweep, [{ days: 1 }]))[0]?.result()
  })
  test('not within a handler: that would hold its slot hostage', () => {
    board.service('s').perform(sweep, async (_, ctx) => {
      const receipt = await ctx.enqueue(send, { to: 'ann' })
      expectTypeOf(receipt).toEqualTypeOf<Receipt>()
      // @ts-expect-error: a receipt has no result
      void receipt.result()
    })
    board.service('s').subscribe(plain, async (_, ctx) => {
      // @ts-expect-error: a receipt has no result
      void (await ctx.enqueue(send, { to: 'ann' })).result()
    })
  })
})

test('within a handler the same may be sent, and no less is checked', () => {
  board.service('s').subscribe(released, async (_, ctx) => {
    await ctx.publish(plain, { id: 1 })
    // @ts-expect-error: id is a number
    await ctx.publish(plain, { id: '1' })
    // @ts-expect-error: to is missing
    await ctx.enqueue(send, {})
    // @ts-expect-error: no publish later
    await ctx.publish(plain, { id: 1 }, { delay: 5 })
    // @ts-expect-error: an event tells of no progress
    ctx.progress(1)
  })
  board.service('s').perform(sweep, (_, ctx) => ctx.progress(0.5))
})

test('board and context are senders: code that sends takes either', () => {
  expectTypeOf<Board>().toExtend<Sender>()
  expectTypeOf<EventContext>().toExtend<Sender>()
  expectTypeOf<TaskContext>().toExtend<Sender>()
})

describe('a contract', () => {
  test('is tracked where it has a result', () => {
    expectTypeOf(send).toExtend<Task<{ to: string }, unknown, unknown, true>>()
    expectTypeOf(sweep).toExtend<Task<{ days: number }, unknown, unknown, false>>()
    // @ts-expect-error: a result is kept, so it is tracked
    task('x', { output: z.string(), input: z.string(), track: false })
    // @ts-expect-error: what a result is made of must be said
    task('x', { output: z.string() })
  })
  test('has only settings that exist', () => {
    // @ts-expect-error: did you mean retry?
    task('x', { retires: 3 })
    // @ts-expect-error: an event is tried by its subscribers
    topic('x', { retry: { attempts: 3 } })
    // @ts-expect-error: there is no such encoding
    topic('x', { encoding: 'xml' })
    // @ts-expect-error: that is no duration
    task('x', { timeout: 'soon' })
    // @ts-expect-error: that is no lane
    task('x', { lanes: ['urgent'] })
  })
  test('cannot be changed', () => {
    // @ts-expect-error: others share it
    send.queue = 'other'
    // @ts-expect-error: others share it
    released.name = 'other'
  })
})

describe('any Standard Schema will do', () => {
  test('valibot', () => {
    const mail = v.object({ to: v.string(), copies: v.optional(v.pipe(v.string(), v.transform(Number)), '1') })
    const heard = topic('valibot', mail)
    void board.publish(heard, { to: 'ann' })
    void board.publish(heard, { to: 'ann', copies: '2' })
    // @ts-expect-error: copies are sent as text
    void board.publish(heard, { to: 'ann', copies: 2 })
    board.service('s').subscribe(heard, (event) => expectTypeOf(event).toEqualTypeOf<{ to: string; copies: number }>())
    const done = task('valibot', { input: mail, output: v.string() })
    board.service('s').perform(done, (input) => `${input.copies}`)
    // @ts-expect-error: it is text
    board.service('s').perform(done, (input) => input.copies)
  })
  test('arktype', () => {
    const mail = type({ to: 'string', 'copies?': 'string.integer.parse' })
    const heard = topic('arktype', mail)
    void board.publish(heard, { to: 'ann', copies: '2' })
    // @ts-expect-error: copies are sent as text
    void board.publish(heard, { to: 'ann', copies: 2 })
    board.service('s').subscribe(heard, (event) => expectTypeOf(event).toEqualTypeOf<{ to: string; copies?: number }>())
  })
  test('zod with a conversion of the whole', () => {
    const heard = topic(
      'zod',
      z.string().transform((text) => text.length),
    )
    void board.publish(heard, 'four')
    // @ts-expect-error: the length is what a handler gets
    void board.publish(heard, 4)
    board.service('s').subscribe(heard, (event) => expectTypeOf(event).toEqualTypeOf<number>())
  })
})

test('events of the board are told with what they are about', () => {
  board.on('buried', ({ obituary }) => expectTypeOf(obituary.reason).toEqualTypeOf<'rejected' | 'exhausted' | 'expired' | 'unreadable'>())
  board.on('connection', ({ state }) => expectTypeOf(state).toEqualTypeOf<'lost' | 'back'>())
  // @ts-expect-error: nothing is told under this name
  board.on('biried', () => {})
})

test('what is ordered has one lane, and only what is ordered by key has strands', () => {
  task('x', { input: z.object({ id: z.string() }), ordered: ({ id }) => id, strands: 4 })
  task<{ id: string }>('x', { ordered: ({ id }) => id })
  task('x', { ordered: true })
  // @ts-expect-error a lane overtakes another
  task('x', { ordered: true, lanes: ['high', 'low'] })
  // @ts-expect-error single file is one strand
  task('x', { ordered: true, strands: 4 })
  // @ts-expect-error nothing to deal out
  task('x', { strands: 4 })
  // @ts-expect-error a key is text
  task<{ id: number }>('x', { ordered: ({ id }) => id })
  // @ts-expect-error the key is made of the input
  task('x', { input: z.object({ id: z.string() }), ordered: ({ name }) => name })
})
