/**
 * What the runtime promises, whatever it runs for: one suite, called for topics and for tasks. If one of the two needed an
 * exception here, the runtime would know too much.
 */

import type { Gate, Receipt, Schema, Service } from 'callboard'
import {
  type Board,
  type BoardOptions,
  type EventContext,
  type EventMap,
  Reject,
  type RetryOptions,
  Snooze,
  type TaskContext,
  task,
  topic,
} from 'callboard'
import { gate } from 'callboard/limits'
import { headers as rawHeaders } from 'nats'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { beside, broker, gathered, latch, openBoard, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

/** A handler that may stand on either side. */
export type AnyHandler = (input: never, ctx: EventContext | TaskContext) => unknown

/** How something is answered, whichever side it is on. */
export interface AnswerOptions {
  readonly retry?: RetryOptions
  readonly timeout?: number
  readonly concurrency?: number
  readonly lease?: number
  readonly gates?: readonly Gate[]
  readonly schema?: Schema
  /** The board whose worker answers. Default: the one that says. */
  readonly board?: Board
}

/** One side of callboard, seen by the runtime's suite. */
export interface Side {
  /** Says something of a kind. */
  say(
    board: Board,
    name: string,
    input: unknown,
    options?: { readonly id?: string; readonly headers?: Record<string, string> },
  ): Promise<Receipt>
  /** Starts a service that answers this kind. */
  answer(board: Board, name: string, handler: AnyHandler, options?: Omit<AnswerOptions, 'board'>): Promise<Service>
  /** Sends a dead letter back with another payload. */
  edit(board: Board, name: string, sequence: number, schema: Schema, payload: unknown): Promise<void>
  /** Where it lies on the broker. */
  place(board: Board, name: string): { readonly stream: string; readonly consumer: string; readonly subject: string }
}

const quick: RetryOptions = { attempts: 3, backoff: 1 }
const echo = topic<{ said: string }>('echoes.said')
const chore = task<{ said: string }>('chore.do')

/** Runs the suite for one side. */
export function runtimeSuite(words: string, side: Side): void {
  /** A board with one kind of thing on it. */
  async function stage(options: BoardOptions = {}) {
    const board = await openBoard(options)
    const services: Service[] = []
    const finished: EventMap['finished'][] = []
    const buried: EventMap['buried'][] = []
    board.on('finished', (info) => finished.push(info))
    board.on('buried', (info) => buried.push(info))
    return {
      board,
      finished,
      buried,
      place: side.place(board, 'suite.kind'),
      say: (input: unknown, more?: { readonly id?: string; readonly headers?: Record<string, string> }) =>
        side.say(board, 'suite.kind', input, more),
      async answer(handler: AnyHandler, { board: on = board, ...more }: AnswerOptions = {}) {
        const service = await side.answer(on, 'suite.kind', handler, { retry: quick, ...more })
        services.push(service)
        return service
      },
      edit: (sequence: number, schema: Schema, payload: unknown) => side.edit(board, 'suite.kind', sequence, schema, payload),
      letters: () => gathered(board.dead.list()),
      [Symbol.asyncDispose]: () => board.close({ drain: 100 }),
    }
  }

  describe.concurrent(`what the runtime does for ${words}`, () => {
    test('it is acknowledged after the handler has ended, and not before', async () => {
      await using it = await stage()
      await using raw = await broker()
      const info = () => raw.manager.consumers.info(it.place.stream, it.place.consumer)
      const [begun, end] = [latch(), latch()]
      await it.answer(async () => {
        begun.open()
        await end.promise
      })
      await it.say(1)
      await until('the handler begins', begun.promise)
      expect((await info()).num_ack_pending).toBe(1)
      end.open()
      await until('it is acknowledged', async () => (await info()).num_ack_pending === 0)
      expect((await info()).num_redelivered).toBe(0)
    })

    test('a failed attempt is tried again after the wait of the policy, which may grow, with the next number', async () => {
      await using it = await stage()
      const attempts: number[] = []
      const asked: unknown[] = []
      await it.answer(
        (_: never, { attempt }) => {
          attempts.push(attempt)
          if (attempt < 4) throw new Error(`attempt ${attempt} failed`)
        },
        {
          retry: {
            attempts: 4,
            backoff: (attempt, error) => {
              asked.push(`${attempt} ${(error as Error).message}`)
              return attempt * 20
            },
          },
        },
      )
      await it.say(1)
      await until('the fourth attempt ends', () => it.finished.length === 4)
      expect(attempts).toEqual([1, 2, 3, 4])
      expect(asked).toEqual(['1 attempt 1 failed', '2 attempt 2 failed', '3 attempt 3 failed'])
      expect(it.finished.map(({ verdict, after }) => [verdict, after])).toEqual([
        ['again', 20],
        ['again', 40],
        ['again', 60],
        ['ack', undefined],
      ])
    })

    test('the last failed attempt makes a dead letter, with the story of all of them', async () => {
      await using it = await stage()
      await it.answer((_: never, { attempt }) => {
        throw Object.assign(new TypeError(`attempt ${attempt} failed`), { code: 'E_SUITE' })
      })
      const { id } = await it.say({ n: 7 }, { headers: { trace: 'abc' } })
      await until('it is buried', () => it.buried.length === 1)
      const [letter] = await it.letters()
      expect(letter).toMatchObject({
        id,
        name: 'suite.kind',
        reason: 'exhausted',
        attempts: 3,
        headers: { trace: 'abc' },
        error: { name: 'TypeError', message: 'attempt 3 failed', code: 'E_SUITE' },
      })
      expect(letter?.payload()).toEqual({ n: 7 })
      expect(letter?.history.map(({ attempt, error }) => [attempt, error.message])).toEqual([
        [1, 'attempt 1 failed'],
        [2, 'attempt 2 failed'],
        [3, 'attempt 3 failed'],
      ])
    })

    test('Reject makes a dead letter at once, whatever attempts are left', async () => {
      await using it = await stage()
      let runs = 0
      await it.answer(() => {
        runs++
        throw new Reject('no such mailbox')
      })
      await it.say(1)
      await until('it is buried', () => it.buried.length === 1)
      expect(runs).toBe(1)
      expect(await it.letters()).toMatchObject([{ reason: 'rejected', attempts: 1, error: { name: 'Reject', message: 'no such mailbox' } }])
    })

    test('an error that the policy says is hopeless makes a dead letter at once', async () => {
      await using it = await stage()
      await it.answer(
        () => {
          throw new RangeError('never')
        },
        { retry: { ...quick, abortOn: RangeError } },
      )
      await it.say(1)
      await until('it is buried', () => it.buried.length === 1)
      expect(it.buried[0]).toMatchObject({ attempt: 1, obituary: { reason: 'rejected', error: { name: 'RangeError' } } })
    })

    test('Snooze costs no attempt, however often', async () => {
      await using it = await stage()
      const attempts: number[] = []
      await it.answer(
        (_: never, { attempt }) => {
          attempts.push(attempt)
          if (attempts.length < 5) throw new Snooze(1)
          if (attempts.length === 5) throw new Error('a real one')
        },
        { retry: { attempts: 2, backoff: 1 } },
      )
      await it.say(1)
      await until('it ends', () => it.finished.at(-1)?.verdict === 'ack')
      expect(attempts).toEqual([1, 1, 1, 1, 1, 2])
    })

    test('a handler that runs too long has its signal aborted, and that was an attempt', async () => {
      await using it = await stage()
      const reasons: unknown[] = []
      await it.answer(
        async (_: never, { signal, attempt }) => {
          if (attempt === 2) return
          await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        },
        { timeout: 150 },
      )
      it.board.on('finished', ({ end, error }) => reasons.push([end, (error as { code?: string } | undefined)?.code]))
      await it.say(1)
      await until('the second attempt ends', () => it.finished.length === 2)
      expect(reasons).toEqual([
        ['timed out', 'HANDLER_TIMEOUT'],
        ['returned', undefined],
      ])
      expect(it.finished.map(({ attempt }) => attempt)).toEqual([1, 2])
    })

    test('a handler that goes on after its time has lost the right to answer', async () => {
      await using it = await stage()
      const end = latch()
      const ignored: EventMap['ignored'][] = []
      it.board.on('ignored', (info) => ignored.push(info))
      await it.answer(
        async (_: never, { attempt }) => {
          if (attempt === 1) await end.promise
          else throw new Reject('the second attempt decides')
        },
        { timeout: 150 },
      )
      await it.say(1)
      await until('the second attempt is buried', () => it.buried.length === 1)
      end.open()
      await until('the first handler comes back', () => ignored.length === 1)
      expect(ignored).toMatchObject([{ attempt: 1, why: 'timed out' }])
      expect(await it.letters()).toMatchObject([{ attempts: 2, error: { message: 'the second attempt decides' } }])
    })

    test('stop lets running handlers finish, and hands back what has not begun at no attempt', async () => {
      await using it = await stage()
      await using other = await beside(it.board)
      const [begun, end] = [latch(), latch()]
      const first: unknown[] = []
      const later: [unknown, number][] = []
      const service = await it.answer(
        async (input) => {
          first.push(input)
          begun.open()
          await end.promise
        },
        { concurrency: 1 },
      )
      for (const n of [1, 2, 3]) await it.say(n)
      await until('the first handler begins', begun.promise)
      const stopped = service.stop()
      end.open()
      await until('the service stops', stopped)
      expect(first).toEqual([1])
      expect(service.stage).toBe('stopped')
      await it.answer((input, { attempt }) => void later.push([input, attempt]), { board: other, retry: { attempts: 1 } })
      await until('the others are run elsewhere', () => later.length === 2)
      expect(later.sort()).toEqual([
        [2, 1],
        [3, 1],
      ])
    })

    test('what a drain interrupts is handed back at no attempt, however often', async () => {
      await using it = await stage()
      const attempts: number[] = []
      const aborts: string[] = []
      for (let round = 1; round <= 4; round++) {
        const begun = latch()
        const service = await it.answer(
          async (_: never, { attempt, signal }) => {
            attempts.push(attempt)
            begun.open()
            await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
          },
          { retry: { attempts: 2, backoff: 1 } },
        )
        if (round === 1) await it.say(1)
        await until(`round ${round} begins`, begun.promise)
        await service.stop({ drain: 50 })
        aborts.push(it.finished.at(-1)?.end ?? '')
      }
      expect(attempts).toEqual([1, 1, 1, 1])
      expect(aborts).toEqual(['interrupted', 'interrupted', 'interrupted', 'interrupted'])
      expect(await it.letters()).toEqual([])
    })

    test('a handler that ignores the end of a drain is not waited for, and its delivery runs elsewhere', async () => {
      await using it = await stage()
      const [begun, end, again] = [latch(), latch(), latch<number>()]
      const service = await it.answer(async () => {
        begun.open()
        await end.promise
      })
      await it.say(1)
      await until('the handler begins', begun.promise)
      await until('the service stops', service.stop({ drain: 50 }))
      await it.answer((_: never, { attempt }) => again.open(attempt))
      expect(await until('it runs again', again.promise)).toBe(1)
      end.open()
    })

    test('no more handlers run at once than the concurrency says', async () => {
      await using it = await stage()
      let running = 0
      let most = 0
      let done = 0
      await it.answer(
        async () => {
          most = Math.max(most, ++running)
          await new Promise((resolve) => setImmediate(resolve))
          running--
          done++
        },
        { concurrency: 3 },
      )
      await Promise.all(Array.from({ length: 60 }, (_, n) => it.say(n)))
      await until('all have run', () => done === 60)
      expect(most).toBe(3)
    })

    test('a gate is passed before a handler runs, and left when it has ended, also where it failed', async () => {
      await using it = await stage()
      const story: string[] = []
      const opened = latch()
      const own = gate(async (run) => {
        story.push(`enter ${run.attempt}`)
        await opened.promise
        return () => void story.push('leave')
      })
      await it.answer(
        (_: never, { attempt }) => {
          story.push(`run ${attempt}`)
          if (attempt === 1) throw new Error('once')
        },
        { gates: [own] },
      )
      await it.say(1)
      await until('it stands at the gate', () => story.length === 1)
      expect(story).toEqual(['enter 1'])
      opened.open()
      await until('it ends', () => it.finished.at(-1)?.verdict === 'ack' && story.filter((line) => line === 'leave').length === 2)
      expect(story.filter((line) => line !== 'enter 1')).toEqual(['run 1', 'leave', 'run 2', 'leave'])
    })

    test('what stands at a gate when the service stops is handed back at no attempt', async () => {
      await using it = await stage()
      const entered = latch()
      const shut = gate(
        (_run, signal) =>
          new Promise((_resolve, reject) => {
            entered.open()
            signal.addEventListener('abort', () => reject(signal.reason))
          }),
      )
      const service = await it.answer(() => undefined, { gates: [shut] })
      await it.say(1)
      await until('it stands at the gate', entered.promise)
      await until('the service stops', service.stop())
      const ran = latch<number>()
      await it.answer((_: never, { attempt }) => ran.open(attempt), { retry: { attempts: 1 } })
      expect(await until('it runs', ran.promise)).toBe(1)
    })

    test('what cannot be read is a dead letter at once, without a run', async () => {
      await using it = await stage()
      await using raw = await broker()
      let runs = 0
      await it.answer(() => void runs++)
      const headers = rawHeaders()
      headers.set('Nats-Msg-Id', 'garbage')
      await raw.nc.request(it.place.subject, new Uint8Array([0xc1, 1, 2]), { headers, timeout: 5000 })
      await raw.nc.request(it.place.subject, new Uint8Array([1]))
      await until('both are buried', () => it.buried.length === 2)
      expect(runs).toBe(0)
      const letters = await it.letters()
      expect(letters.map(({ reason, error }) => [reason, error.code]).sort()).toEqual([
        ['unreadable', 'DECODE'],
        ['unreadable', 'NOT_CALLBOARD'],
      ])
      expect([...(letters.find(({ id }) => id === 'garbage')?.bytes ?? [])]).toEqual([0xc1, 1, 2])
    })

    test('what no longer fits its schema is a dead letter at once, with the complaints', async () => {
      await using it = await stage()
      await it.answer(() => undefined, { schema: z.object({ n: z.number() }) })
      await it.say({ n: 'seven' })
      await until('it is buried', () => it.buried.length === 1)
      expect(it.buried[0]).toMatchObject({ obituary: { reason: 'unreadable', error: { code: 'SCHEMA_MISMATCH' } } })
      expect(it.buried[0]?.obituary.error.message).toContain('n: ')
    })

    test('a handler gets what its schema makes of the input', async () => {
      await using it = await stage()
      const got = latch<unknown>()
      await it.answer((input) => got.open(input), { schema: z.object({ n: z.number().default(4) }) })
      await it.say({ more: true })
      expect(await until('it runs', got.promise)).toEqual({ n: 4 })
    })

    test('a message as large as may be sent is buried as any other', async () => {
      await using it = await stage()
      await it.answer(() => {
        throw new Reject('too much to read'.repeat(40))
      })
      let size = 1024 * 1024
      for (let sent = false; !sent; size -= 64) sent = await it.say('x'.repeat(size)).then(Boolean, () => false)
      await until('it is buried', () => it.buried.length === 1)
      const [letter] = await it.letters()
      expect(letter?.payload()).toHaveLength(size + 64)
      await it.board.dead.redrive({})
      await until('it is buried again', () => it.buried.length === 2)
    })

    test('a dead letter sent back runs again under the same id, from the first attempt', async () => {
      await using it = await stage()
      const runs: [string, number, unknown][] = []
      let broken = true
      await it.answer((_: never, { id, attempt, headers }) => {
        runs.push([id, attempt, headers.trace])
        if (broken) throw new Reject('not yet')
      })
      const { id } = await it.say(1, { headers: { trace: 'abc' } })
      await until('it is buried', () => it.buried.length === 1)
      broken = false
      expect(await it.board.dead.redrive({ name: 'suite.kind' })).toBe(1)
      await until('it runs again', () => it.finished.at(-1)?.verdict === 'ack')
      expect(runs).toEqual([
        [id, 1, 'abc'],
        [id, 1, 'abc'],
      ])
      expect(await it.letters()).toEqual([])
    })

    test('sending back what dies again at once comes to an end', async () => {
      await using it = await stage()
      await it.answer(() => {
        throw new Reject('always')
      })
      for (const n of [1, 2, 3]) await it.say(n)
      await until('all are buried', () => it.buried.length === 3)
      expect(await until('the redrive ends', it.board.dead.redrive({}))).toBe(3)
      await until('all are buried again', () => it.buried.length === 6)
      expect((await it.letters()).map((letter) => letter.payload()).sort()).toEqual([1, 2, 3])
    })

    test('a dead letter can be sent back with another payload, which is checked first', async () => {
      await using it = await stage()
      const schema = z.object({ n: z.number() })
      const got = latch<unknown>()
      await it.answer((input) => got.open(input), { schema })
      await it.say({ n: 'seven' })
      await until('it is buried', () => it.buried.length === 1)
      const [letter] = await it.letters()
      expect(await thrownBy(it.edit(letter?.sequence ?? 0, schema, { n: 'eight' }))).toMatchObject({ code: 'INVALID_PAYLOAD' })
      await it.edit(letter?.sequence ?? 0, schema, { n: 8 })
      expect(await until('it runs', got.promise)).toEqual({ n: 8 })
      expect(await it.letters()).toEqual([])
    })

    test('a discarded dead letter is gone, and the others stay', async () => {
      await using it = await stage()
      await it.answer((input) => {
        throw new Reject(`no ${input}`)
      })
      for (const n of ['a', 'b', 'c']) await it.say(n)
      await until('all are buried', () => it.buried.length === 3)
      const b = (await it.letters()).find((letter) => letter.payload() === 'b')
      expect(await it.board.dead.discard(b?.sequence ?? 0)).toBe(1)
      expect((await it.letters()).map((letter) => letter.payload()).sort()).toEqual(['a', 'c'])
      expect(await thrownBy(it.board.dead.show(b?.sequence ?? 0))).toMatchObject({ code: 'NOT_FOUND' })
      expect(await it.board.dead.discard({})).toBe(2)
      expect(await it.letters()).toEqual([])
    })

    test('dead letters are grouped by what people call the same error', async () => {
      await using it = await stage()
      await it.answer((input) => {
        throw new Reject(String(input))
      })
      for (const said of ['no mailbox 1', 'no mailbox 22', 'disk full', 'no mailbox 333']) await it.say(said)
      await until('all are buried', () => it.buried.length === 4)
      const groups = await it.board.dead.groups()
      expect(groups.map(({ count, name, reason }) => [count, name, reason])).toEqual([
        [3, 'suite.kind', 'rejected'],
        [1, 'suite.kind', 'rejected'],
      ])
      const chosen = await gathered(it.board.dead.list({ fingerprint: groups[1]?.fingerprint ?? '' }))
      expect(chosen.map((letter) => letter.payload())).toEqual(['disk full'])
      expect(await gathered(it.board.dead.list({ limit: 2 }))).toHaveLength(2)
      expect(await gathered(it.board.dead.list({ reason: 'expired' }))).toEqual([])
    })

    test('a listener that throws does no harm, at once or later', async () => {
      await using it = await stage()
      const troubles: string[] = []
      it.board.on('trouble', ({ what }) => troubles.push(what))
      it.board.on('started', () => {
        throw new Error('listener')
      })
      it.board.on('finished', async () => {
        throw new Error('listener')
      })
      const done = latch()
      await it.answer(() => done.open())
      await it.say(1)
      await until('it runs', done.promise)
      await until('both are told', () => troubles.length === 2)
      expect(troubles.sort()).toEqual(['a listener for "finished" threw', 'a listener for "started" threw'])
    })

    test("a policy's own function that throws does no harm: the attempt counts, and is tried again", async () => {
      await using it = await stage()
      const attempts: number[] = []
      const troubles: unknown[] = []
      it.board.on('trouble', ({ error }) => troubles.push((error as Error).message))
      await it.answer(
        (_: never, { attempt }) => {
          attempts.push(attempt)
          throw new Error('handler')
        },
        {
          retry: {
            attempts: 2,
            backoff: 1,
            retryOn: () => {
              if (attempts.length === 1) throw new Error('policy')
              return true
            },
          },
        },
      )
      await it.say(1)
      await until('it is buried', () => it.buried.length === 1)
      expect(attempts).toEqual([1, 2])
      expect(troubles).toEqual(['policy'])
    })

    test('a handler knows what it works on: an id that stays over attempts, headers, the hour, and a log of its own', async () => {
      const lines: object[] = []
      const log = {
        child: (fields: object) => ({ ...log, warn: (text: string) => lines.push({ ...fields, text }) }),
        trace: () => undefined,
        debug: () => undefined,
        info: () => undefined,
        warn: () => undefined,
        error: () => undefined,
      }
      await using it = await stage({ log: log as never })
      const before = new Date(Date.now() - 5000)
      const seen: [string, number, object, Date][] = []
      await it.answer((_: never, ctx) => {
        seen.push([ctx.id, ctx.attempt, { ...ctx.headers }, ctx.sentAt])
        ctx.log.warn('working')
        if (ctx.attempt === 1) throw new Error('once')
      })
      const { id } = await it.say(1, { id: 'order-7/a', headers: { trace: 'ä b', Tenant: 'x' } })
      await until('it ends', () => it.finished.at(-1)?.verdict === 'ack')
      expect(id).toBe('order-7/a')
      const headers = { trace: 'ä b', Tenant: 'x' }
      expect(seen.map(([sid, attempt, given]) => [sid, attempt, given])).toEqual([
        ['order-7/a', 1, headers],
        ['order-7/a', 2, headers],
      ])
      expect(seen[0]?.[3]).toEqual(seen[1]?.[3])
      expect(seen[0]?.[3].getTime()).toBeGreaterThan(before.getTime())
      expect(lines).toMatchObject([
        { name: 'suite.kind', id, attempt: 1, text: 'working' },
        { name: 'suite.kind', id, attempt: 2, text: 'working' },
      ])
    })

    test('what a handler says again in a later attempt is stored once; what it says twice in one is stored twice', async () => {
      await using it = await stage()
      const receipts: Receipt[][] = []
      await it.answer(async (_: never, ctx) => {
        receipts.push([
          await ctx.publish(echo, { said: 'a' }),
          await ctx.publish(echo, { said: 'a' }),
          await ctx.publish(echo, { said: 'b' }),
          await ctx.enqueue(chore, { said: 'a' }),
          await ctx.enqueue(chore, { said: 'b' }, { unique: 'b' }),
        ])
        if (ctx.attempt === 1) throw new Error('once')
      })
      await it.say(1)
      await until('the second attempt ends', () => it.finished.at(-1)?.verdict === 'ack')
      const [first, second] = receipts
      expect(first?.map(({ duplicate }) => duplicate)).toEqual([false, false, false, false, false])
      expect(second?.slice(0, 4).map(({ duplicate }) => duplicate)).toEqual([true, true, true, true])
      expect(second?.map(({ id }) => id)).toEqual(first?.map(({ id }) => id))
      expect(new Set(first?.map(({ id }) => id)).size).toBe(5)
    })

    test('the same id said twice runs once', async () => {
      await using it = await stage()
      const ids: string[] = []
      await it.answer((_: never, { id }) => void ids.push(id))
      expect(await it.say(1, { id: 'same' })).toMatchObject({ id: 'same', duplicate: false })
      expect(await it.say(1, { id: 'same' })).toMatchObject({ id: 'same', duplicate: true })
      await it.say(1, { id: 'other' })
      await until('the other runs', () => ids.includes('other'))
      expect(ids).toEqual(['same', 'other'])
    })

    test('a lease is prolonged as long as a handler works, and while a delivery waits for a slot', async () => {
      await using it = await stage()
      await using raw = await broker()
      const [begun, end] = [latch(), latch()]
      let runs = 0
      await it.answer(
        async () => {
          runs++
          begun.open()
          await end.promise
        },
        { lease: 2000, concurrency: 1 },
      )
      for (const n of [1, 2]) await it.say(n)
      await until('the first begins', begun.promise)
      // Something else on the same broker with a lease of the same length runs out twice meanwhile.
      const clock = `${it.board.namespace}clock`
      await raw.manager.streams.add({ name: clock, subjects: [clock] })
      await raw.manager.consumers.add(clock, { durable_name: 'c', ack_policy: 'explicit', ack_wait: 2_000_000_000 })
      await raw.nc.request(clock, 'tick')
      const { jetstream } = await import('@nats-io/jetstream')
      const ticks = await jetstream(raw.nc).consumers.get(clock, 'c')
      const messages = await ticks.consume({ idle_heartbeat: 1000 })
      for await (const message of messages) if (message.info.deliveryCount === 3) break
      await messages.close()
      await raw.manager.streams.delete(clock)
      expect(runs).toBe(1)
      end.open()
      await until('both have run', () => it.finished.length === 2)
      expect(runs).toBe(2)
      expect((await raw.manager.consumers.info(it.place.stream, it.place.consumer)).num_redelivered).toBe(0)
    })

    test('a consumer that is deleted is set up again, while it is idle and while all slots are busy, and nothing is missed', async () => {
      await using it = await stage()
      await using raw = await broker()
      const remove = () => raw.manager.consumers.delete(it.place.stream, it.place.consumer)
      const done = new Set<unknown>()
      const attempts: unknown[] = []
      const begun = latch()
      const end = latch()
      await it.answer(
        async (input, { attempt }) => {
          if (input === 'busy') {
            begun.open()
            await end.promise
          }
          if (input === 'failing') {
            attempts.push(attempt)
            if (attempts.length === 1) throw new Error('once')
          }
          done.add(input)
        },
        { concurrency: 1, retry: { attempts: 5, backoff: 2000 } },
      )
      await remove()
      await it.say('idle')
      await until('it runs after the first deletion', () => done.has('idle'))
      await it.say('failing')
      await until('one waits for its second attempt', () => attempts.length === 1)
      await it.say('busy')
      await until('the slot is taken', begun.promise)
      await it.say('behind')
      await remove()
      end.open()
      await until('all have run after the second deletion', () => done.size === 4)
    })

    test('a service starts once and stops once, from however many places', async () => {
      await using it = await stage()
      const service = await it.answer(() => undefined)
      expect(service.stage).toBe('running')
      await Promise.all([service.stop(), service.stop(), it.board.close()])
      await service.stop()
      expect(service.stage).toBe('stopped')
    })
  })
}
