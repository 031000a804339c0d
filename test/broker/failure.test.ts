import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Board, buried, type DeadLetter, type EventMap, Reject, Snooze, task, topic } from 'callboard'
import { describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { beside, broker, gathered, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { fragile } from '../support/fragile.ts'
import { program } from '../support/program.ts'
import { until } from '../support/until.ts'

const work = task<{ n: number }, string>('work', { track: true, retry: { attempts: 3, backoff: 5 } })
const said = topic<{ n: number }>('said')
const never = () => new Promise<never>(() => undefined)

const letters = (board: Board, count: number): Promise<DeadLetter[]> =>
  until(`there are ${count} dead letters`, async () => {
    const all = await gathered(board.dead.list())
    return all.length >= count ? all : undefined
  }) as Promise<DeadLetter[]>

/** Everything a board tells of one kind from now on. */
function heard<K extends keyof EventMap>(board: Board, kind: K): EventMap[K][] {
  const all: EventMap[K][] = []
  board.on(kind, (payload) => void all.push(payload))
  return all
}

describe('a retry policy', () => {
  test('waits between failed attempts as the contract says: by a range, a duration, or a function of its own', async () => {
    await using board = await openBoard()
    const ranged = task<object>('ranged', { retry: { attempts: 4, backoff: '1ms..20ms' } })
    const steady = task<object>('steady', { retry: { attempts: 4, backoff: 7 } })
    const own = task<object>('own', {
      retry: { attempts: 4, backoff: (attempt, error) => attempt * Number((error as Error).message) },
    })
    const finished = heard(board, 'finished')
    const fails = () => {
      throw new Error('3')
    }
    await using _service = await board.service('worker').perform(ranged, fails).perform(steady, fails).perform(own, fails).start()
    for (const each of [ranged, steady, own]) await board.enqueue(each, {})
    await letters(board, 3)
    const waits = (name: string) => finished.filter((each) => each.name === name).flatMap(({ after }) => after ?? [])
    expect(waits('steady')).toEqual([7, 7, 7])
    expect(waits('own')).toEqual([3, 6, 9])
    expect(waits('ranged')).toHaveLength(3)
    expect(waits('ranged').every((wait) => wait >= 1 && wait <= 20)).toBe(true)
  })

  test('of one enqueue goes before that of the contract, and what it leaves out stays', async () => {
    await using board = await openBoard()
    const finished = heard(board, 'finished')
    await using _service = await board
      .service('worker')
      .perform(work, () => {
        throw new Error('no')
      })
      .start()
    await board.enqueue(work, { n: 1 }, { id: 'more', retry: { attempts: 5 } })
    await board.enqueue(work, { n: 2 }, { id: 'once', retry: { attempts: 1 } })
    await board.enqueue(work, { n: 3 }, { id: 'slower', retry: { backoff: '11ms' } })
    const all = await letters(board, 3)
    expect(Object.fromEntries(all.map(({ id, attempts }) => [id, attempts]))).toEqual({ more: 5, once: 1, slower: 3 })
    const waits = (wanted: string) => finished.filter(({ id }) => id === wanted).flatMap(({ after }) => after ?? [])
    expect([waits('more'), waits('slower')]).toEqual([
      [5, 5, 5, 5],
      [11, 11],
    ])
  })

  test.each([
    ['no attempt', { attempts: 0 }],
    ['half an attempt', { attempts: 1.5 }],
    ['a range the wrong way round', { backoff: '5m..1s' }],
    ['a negative age', { maxAge: -1 }],
    ['a function, which cannot be sent', { backoff: () => 5 }],
    ['error classes, which cannot be sent', { abortOn: Error }],
  ])('of one enqueue is refused with %s', async (_, retry) => {
    await using board = await openBoard()
    const error = await thrownBy(board.enqueue(work, { n: 1 }, { retry: retry as never }))
    expect(error.code).toBe('INVALID_OPTION')
    expect(error.what).toContain(Object.keys(retry)[0])
  })

  class Broken extends Error {}
  class Hopeless extends Broken {}
  const busy = (error: unknown) => (error as { code?: string }).code === 'BUSY'

  test.each([
    ['retryOn an error class', { retryOn: Broken }, { plain: 1, broken: 3, hopeless: 3, busy: 1 }],
    ['retryOn a question', { retryOn: busy }, { plain: 1, broken: 1, hopeless: 1, busy: 3 }],
    ['retryOn either of two', { retryOn: [Broken, busy] }, { plain: 1, broken: 3, hopeless: 3, busy: 3 }],
    ['abortOn an error class', { abortOn: Hopeless }, { plain: 3, broken: 3, hopeless: 1, busy: 3 }],
    ['abortOn a question', { abortOn: busy }, { plain: 3, broken: 3, hopeless: 3, busy: 1 }],
    ['abortOn, which goes before retryOn', { retryOn: Broken, abortOn: Hopeless }, { plain: 1, broken: 3, hopeless: 1, busy: 1 }],
  ])('tells errors apart by %s', async (_, tests, attempts) => {
    await using board = await openBoard()
    const errors = {
      plain: new Error('no'),
      broken: new Broken('no'),
      hopeless: new Hopeless('no'),
      busy: Object.assign(new Error('no'), { code: 'BUSY' }),
    }
    const choosy = task<{ kind: keyof typeof errors }>('choosy', { retry: { attempts: 3, backoff: 1, ...tests } })
    await using _service = await board
      .service('worker')
      .perform(choosy, ({ kind }) => {
        throw errors[kind]
      })
      .start()
    for (const kind of Object.keys(errors) as (keyof typeof errors)[]) await board.enqueue(choosy, { kind }, { id: kind })
    const all = await letters(board, 4)
    expect(Object.fromEntries(all.map((letter) => [letter.id, letter.attempts]))).toEqual(attempts)
    expect(all.every(({ reason, attempts: used }) => reason === (used === 1 ? 'rejected' : 'exhausted'))).toBe(true)
  })

  test('does not try again what is older than maxAge, whatever attempts are left', async () => {
    await using board = await openBoard()
    const stale = task<object>('stale', { retry: { attempts: 10_000, backoff: 20, maxAge: 300 } })
    let stored = 0
    await using _service = await board
      .service('worker')
      .perform(stale, (_, { sentAt }) => {
        stored = sentAt.getTime()
        throw new Error('not yet')
      })
      .start()
    await board.enqueue(stale, {})
    const [letter] = await letters(board, 1)
    expect(letter).toMatchObject({ reason: 'exhausted', error: { message: 'not yet' } })
    expect((letter?.at ?? 0) - stored).toBeGreaterThan(200)
    expect(letter?.attempts).toBeLessThan(300)
  })

  test('gives all runs together no more than maxRuntime, also where a handler never returns', async () => {
    await using board = await openBoard()
    const slow = task<object>('slow', { timeout: 150, retry: { attempts: 100, backoff: 1, maxRuntime: 400 } })
    await using _service = await board.service('worker').perform(slow, never).start()
    await board.enqueue(slow, {})
    const [letter] = await letters(board, 1)
    expect(letter).toMatchObject({ reason: 'exhausted', error: { code: 'HANDLER_TIMEOUT' } })
    expect(letter?.attempts).toBeLessThan(4)
    expect(letter?.history.reduce((sum, { ms }) => sum + ms, 0)).toBeGreaterThanOrEqual(400)
  })

  test('belongs to each subscription by itself', async () => {
    await using board = await openBoard()
    const tries = { hasty: 0, patient: 0 }
    const heardBy = (service: keyof typeof tries) => () => {
      tries[service]++
      if (tries[service] < 3) throw new Error('not yet')
    }
    await using _hasty = await board
      .service('hasty')
      .subscribe(said, heardBy('hasty'), { retry: { attempts: 1 } })
      .start()
    await using _patient = await board
      .service('patient')
      .subscribe(said, heardBy('patient'), { retry: { attempts: 5, backoff: 1 } })
      .start()
    await board.publish(said, { n: 1 })
    const [letter] = await letters(board, 1)
    expect(letter).toMatchObject({ style: 'implicit', service: 'hasty', attempts: 1 })
    await until('the patient one has heard it', () => tries.patient === 3)
    expect(await gathered(board.dead.list())).toHaveLength(1)
  })
})

test('failed attempts are kept with the task while it lives, and with its dead letter after', async () => {
  await using board = await openBoard()
  await using elsewhere = await beside(board)
  const last = latch()
  await using _service = await board
    .service('worker')
    .perform(work, async (_, ctx) => {
      if (ctx.attempt === 3) await last.promise
      throw Object.assign(new TypeError(`failure ${ctx.attempt}`), { code: 'E_TRY' })
    })
    .start()
  const { id } = await board.enqueue(work, { n: 1 })
  const handle = elsewhere.handle(work, id)
  const alive = await until('it runs for the third time', async () => {
    const status = await handle.status()
    return status.state === 'running' && status.attempt === 3 ? status : undefined
  })
  const failure = (attempt: number) => ({
    attempt,
    worker: alive?.worker,
    ms: expect.any(Number),
    at: expect.any(Number),
    error: { name: 'TypeError', message: `failure ${attempt}`, code: 'E_TRY' },
  })
  expect(alive?.history).toMatchObject([failure(1), failure(2)])
  expect(alive?.history?.at(-1)?.error.stack).toContain('failure.test.ts')
  last.open()
  const [letter] = await letters(board, 1)
  expect(letter).toMatchObject({ attempts: 3, service: 'worker', worker: alive?.worker, history: [failure(1), failure(2), failure(3)] })
  expect(letter?.error.stack).toContain('failure.test.ts')
  expect(await handle.status()).toMatchObject({ state: 'dead', attempt: 3, obituary: { history: [failure(1), failure(2), failure(3)] } })
})

describe('a handler that never returns', () => {
  test('has its signal aborted at the timeout, that counts as a failed attempt, and its slot is free again', async () => {
    await using board = await openBoard()
    const quick = task<{ n: number }>('quick', { timeout: 100, retry: { attempts: 2, backoff: 1 } })
    const aborted: string[] = []
    const done = new Set<number>()
    await using _service = await board
      .service('worker')
      .perform(
        quick,
        ({ n }, ctx) => {
          ctx.signal.addEventListener('abort', () => aborted.push((ctx.signal.reason as { code: string }).code))
          return n === 0 ? never() : done.add(n)
        },
        { concurrency: 1 },
      )
      .start()
    for (const n of [0, 1, 2]) await board.enqueue(quick, { n })
    const [letter] = await letters(board, 1)
    expect(letter).toMatchObject({ reason: 'exhausted', attempts: 2, error: { code: 'HANDLER_TIMEOUT' } })
    expect(aborted).toEqual(['HANDLER_TIMEOUT', 'HANDLER_TIMEOUT'])
    await until('the others are done', () => done.size === 2)
  })

  test('and answers after all has lost the right to: its late result is not used, and `ignored` is told', async () => {
    await using board = await openBoard()
    const slow = task<object, string>('slow', { track: true, timeout: 150, retry: { attempts: 5, backoff: 1 } })
    const late = latch()
    const ignored = heard(board, 'ignored')
    const told = latch()
    board.on('ignored', () => told.open())
    await using _service = await board
      .service('worker')
      .perform(slow, async (_, ctx) => {
        if (ctx.attempt === 1) await late.promise
        else {
          late.open()
          // It is told at once: nothing here takes so long that the second attempt would come too late as well.
          await told.promise
        }
        return `attempt ${ctx.attempt}`
      })
      .start()
    const handle = await board.enqueue(slow, {})
    expect(await handle.result({ timeout: '25s' })).toBe('attempt 2')
    expect(ignored).toMatchObject([{ id: handle.id, name: 'slow', attempt: 1, why: 'timed out' }])
  })
})

test('what has not started by its expiry is not run, and is told as expired', async () => {
  await using board = await openBoard()
  const plain = task<object>('plain')
  const ran: string[] = []
  const tracked = await board.enqueue(work, { n: 1 }, { expires: 1 })
  const untracked = await board.enqueue(plain, {}, { expires: 1 })
  const lasting = await board.enqueue(work, { n: 2 }, { expires: '1h' })
  await using _service = await board
    .service('worker')
    .perform(work, (_, ctx) => String(ran.push(ctx.id)))
    .perform(plain, (_, ctx) => ran.push(ctx.id))
    .start()
  expect((await thrownBy(tracked.result({ timeout: '25s' }))).code).toBe('TASK_EXPIRED')
  await lasting.result({ timeout: '25s' })
  const all = await letters(board, 2)
  expect(all.map(({ reason, attempts }) => [reason, attempts])).toEqual([
    ['expired', 0],
    ['expired', 0],
  ])
  expect((await tracked.status()).state).toBe('expired')
  expect(await untracked.status()).toMatchObject({ state: 'expired', obituary: { reason: 'expired' } })
  expect(ran).toEqual([lasting.id])
})

test('what started in time and failed may be tried after its expiry', async () => {
  await using board = await openBoard()
  let runs = 0
  await using _service = await board
    .service('worker')
    .perform(work, () => {
      if (++runs === 1) throw new Snooze(3500)
      return 'done'
    })
    .start()
  expect(await (await board.enqueue(work, { n: 1 }, { expires: '3s' })).result({ timeout: '25s' })).toBe('done')
})

describe('dead letters', () => {
  const charge = task('charge', {
    input: z.object({ order: z.number(), amount: z.number().positive() }),
    retry: { attempts: 2, backoff: 1 },
  })
  const placed = topic('placed', z.object({ order: z.number() }))

  /** Three tasks and two events that die, oldest first: two errors alike, one other; one event for each of two services. */
  async function graveyard(board: Board): Promise<{ healed: Set<number>; done: string[] }> {
    const healed = new Set<number>()
    const done: string[] = []
    const service = await board
      .service('till')
      .perform(charge, ({ order, amount }) => {
        if (healed.has(order)) return done.push(`charged ${order} ${amount}`)
        if (order === 3) throw new Reject('no such order')
        throw new Error(`card ${order} of user${order}@example.org was declined`)
      })
      .start()
    for (const order of [1, 2, 3]) {
      await board.enqueue(charge, { order, amount: 10 * order }, { id: `charge-${order}`, headers: { Trace: `t${order}` } })
      await letters(board, order)
    }
    const listeners = await Promise.all(
      ['mail', 'stock'].map((name) =>
        board
          .service(name)
          .subscribe(
            placed,
            ({ order }) => {
              if (healed.has(order)) return done.push(`${name} heard ${order}`)
              throw new Error(`${name} is down`)
            },
            { retry: { attempts: 1 } },
          )
          .start(),
      ),
    )
    await board.publish(placed, { order: 4 }, { id: 'placed-4' })
    await letters(board, 5)
    expect([service, ...listeners].map(({ stage }) => stage)).toEqual(['running', 'running', 'running'])
    return { healed, done }
  }

  test('of both sides are grouped by the fingerprint of their errors, most first', async () => {
    await using board = await openBoard()
    await graveyard(board)
    const groups = await board.dead.groups()
    expect(groups.map(({ name, reason, count, error }) => [name, reason, count, error.message])).toEqual([
      ['charge', 'exhausted', 2, 'card 2 of user2@example.org was declined'],
      ['charge', 'rejected', 1, 'no such order'],
      ['placed', 'exhausted', 1, expect.stringContaining('is down')],
      ['placed', 'exhausted', 1, expect.stringContaining('is down')],
    ])
    expect(groups.every(({ first, last }) => first <= last)).toBe(true)
    const [most] = groups
    const alike = await gathered(board.dead.list({ fingerprint: most?.fingerprint ?? '' }))
    expect(alike.map(({ id }) => id)).toEqual(['charge-1', 'charge-2'])
  })

  test('are chosen by name, side, service, reason, id, age and number', async () => {
    await using board = await openBoard()
    await graveyard(board)
    const ids = async (selector: Parameters<Board['dead']['list']>[0]) =>
      (await gathered(board.dead.list(selector))).map(({ id, service }) => `${service} ${id}`).sort()
    expect(await ids({ name: 'placed' })).toEqual(['mail placed-4', 'stock placed-4'])
    expect(await ids({ style: 'explicit' })).toEqual(['till charge-1', 'till charge-2', 'till charge-3'])
    expect(await ids({ service: 'mail' })).toEqual(['mail placed-4'])
    expect(await ids({ reason: 'rejected' })).toEqual(['till charge-3'])
    expect(await ids({ id: 'charge-2' })).toEqual(['till charge-2'])
    expect(await ids({ within: '1h' })).toHaveLength(5)
    expect(await ids({ within: 0 })).toEqual([])
    expect(await ids({ limit: 2 })).toEqual(['till charge-1', 'till charge-2'])
    expect(await ids({ style: 'explicit', reason: 'exhausted', limit: 1 })).toEqual(['till charge-1'])
    expect(await ids({ name: 'nothing' })).toEqual([])
    expect((await thrownBy(gathered(board.dead.list({ servce: 'mail' } as never)))).what).toContain('did you mean service?')
  })

  test('are sent back all, or some, to where each of them died, and run under their own ids', async () => {
    await using board = await openBoard()
    const { healed, done } = await graveyard(board)
    for (const order of [1, 2, 3, 4]) healed.add(order)
    expect(await board.dead.redrive({ service: 'mail' })).toBe(1)
    await until('mail has heard it', () => done.length === 1)
    expect(await board.dead.redrive({ name: 'charge', limit: 1 })).toBe(1)
    await until('the first is charged', () => done.length === 2)
    expect(done).toEqual(['mail heard 4', 'charged 1 10'])
    expect(await board.dead.redrive({})).toBe(3)
    await until('everything is done', () => done.length === 5)
    expect(done.slice(2).sort()).toEqual(['charged 2 20', 'charged 3 30', 'stock heard 4'])
    expect(await gathered(board.dead.list())).toEqual([])
  })

  test('are sent back with another payload, which must fit the contract', async () => {
    await using board = await openBoard()
    const { healed, done } = await graveyard(board)
    healed.add(7)
    const { sequence } = await board.dead.show('charge-3')
    expect((await thrownBy(board.dead.redriveEdited(sequence, charge, { order: 7, amount: -1 }))).code).toBe('INVALID_PAYLOAD')
    expect((await thrownBy(board.dead.redriveEdited(sequence, placed, { order: 7 }))).code).toBe('INVALID_ARGUMENT')
    expect(await gathered(board.dead.list())).toHaveLength(5)
    await board.dead.redriveEdited(sequence, charge, { order: 7, amount: 70 })
    await until('it is charged', () => done.length === 1)
    expect(done).toEqual(['charged 7 70'])
    expect((await thrownBy(board.dead.show('charge-3'))).code).toBe('NOT_FOUND')
  })

  test('are discarded one by one or by selector, and written out as lines of JSON before', async () => {
    await using board = await openBoard()
    await graveyard(board)
    const lines = (await gathered(board.dead.export({ style: 'explicit' }))).map((line) => JSON.parse(line))
    expect(lines).toMatchObject([
      { id: 'charge-1', name: 'charge', style: 'explicit', payload: { order: 1, amount: 10 }, headers: { Trace: 't1' }, attempts: 2 },
      { id: 'charge-2', payload: { order: 2, amount: 20 } },
      { id: 'charge-3', payload: { order: 3, amount: 30 }, reason: 'rejected', history: [{ attempt: 1 }] },
    ])
    expect(await board.dead.discard({ reason: 'rejected' })).toBe(1)
    expect(await board.dead.discard((await board.dead.show('charge-1')).sequence)).toBe(1)
    expect((await gathered(board.dead.list())).map(({ id }) => id)).toEqual(['charge-2', 'placed-4', 'placed-4'])
    expect(await board.dead.discard({})).toBe(3)
    expect(await board.dead.groups()).toEqual([])
  })

  test('whose body cannot be read are written out with the bytes', async () => {
    await using board = await openBoard()
    await using _service = await board.service('till').perform(charge, never).start()
    await using beneath = await broker()
    const { headers } = await import('nats')
    const head = headers()
    head.set('Nats-Msg-Id', 'garbled')
    await beneath.nc.request(`${board.namespace}.task.default.charge.normal.-`, new Uint8Array([0xc1, 0xff]), {
      headers: head,
      timeout: 5000,
    })
    await letters(board, 1)
    const [line] = await gathered(board.dead.export())
    expect(JSON.parse(line ?? '')).toMatchObject({ id: 'garbled', reason: 'unreadable', base64: 'wf8=' })
  })

  test('are bounded: a full store refuses loudly, loses nothing, and burying goes on when there is room', async () => {
    await using board = await openBoard({ deadLetters: 2 })
    const trouble = heard(board, 'trouble')
    const runs: number[] = []
    await using _service = await board
      .service('worker')
      .perform(work, ({ n }) => {
        runs.push(n)
        throw new Reject(`never ${n}`)
      })
      .start()
    for (const n of [1, 2]) await board.enqueue(work, { n })
    await letters(board, 2)
    const third = await board.enqueue(work, { n: 3 }, { id: 'third' })
    await until('it is told that there is no room', () => trouble.length > 0)
    expect(trouble[0]?.what).toContain('third could not be settled (bury)')
    expect(trouble[0]?.error).toMatchObject({ code: 'QUEUE_FULL' })
    expect((await gathered(board.dead.list())).map(({ error }) => error.message)).toEqual(['never 1', 'never 2'])
    expect((await third.status()).state).toBe('retrying')
    await board.dead.discard({ limit: 1 })
    await until('the third is buried', async () => (await third.status()).state === 'dead')
    const [, letter] = await gathered(board.dead.list())
    // With its own story, and without having been run again to find out.
    expect(letter).toMatchObject({ id: 'third', reason: 'rejected', attempts: 1, error: { message: 'never 3' }, history: [{ attempt: 1 }] })
    expect(runs).toEqual([1, 2, 3])
  })

  test('are one each, though a worker be killed between keeping the copy and dropping the original', async () => {
    await using board = await openBoard({ dedupe: 100 })
    await using dying = program('test/support/fragile-worker.ts', [inject('natsUrl'), board.namespace, 'between'])
    await dying.says('ready')
    const handle = await board.enqueue(fragile, { file: '' }, { id: 'brittle' })
    expect(await dying.ended).toBe('SIGKILL')
    expect(await gathered(board.dead.list())).toHaveLength(1)
    // The original is still there: the broker never heard that it was given up.
    await using beneath = await broker()
    const left = async () => (await beneath.manager.streams.info(streams(board).queue())).state.messages
    expect(await left()).toBe(1)
    const begun: number[] = []
    await using _service = await board
      .service('fragile')
      .perform(fragile, (_, ctx) => {
        begun.push(ctx.attempt)
        throw new Reject('no')
      })
      .start()
    await until('the original is gone', async () => (await left()) === 0)
    expect(begun).toEqual([2])
    expect((await gathered(board.dead.list())).map(({ id }) => id)).toEqual(['brittle'])
    expect((await handle.status()).state).toBe('dead')
  })
})

describe('being buried is an event', () => {
  test('that a service subscribes to, for both sides, with the whole letter', async () => {
    await using board = await openBoard()
    const alerts: DeadLetter[] = []
    await using _alerts = await board
      .service('alerts')
      .subscribe(buried, (letter) => void alerts.push(letter))
      .start()
    await using _worker = await board
      .service('worker')
      .perform(work, ({ n }) => {
        throw new Reject(`task ${n}`)
      })
      .subscribe(said, ({ n }) => {
        throw new Reject(`event ${n}`)
      })
      .start()
    const { id } = await board.enqueue(work, { n: 1 })
    await board.publish(said, { n: 2 }, { id: 'said-2' })
    await until('both are told', () => alerts.length === 2)
    const [asked, heardOf] = alerts.sort((a, b) => a.style.localeCompare(b.style))
    expect(asked).toMatchObject({
      style: 'explicit',
      name: 'work',
      id,
      service: 'worker',
      reason: 'rejected',
      error: { message: 'task 1' },
    })
    expect(heardOf).toMatchObject({ style: 'implicit', name: 'said', id: 'said-2', service: 'worker', error: { message: 'event 2' } })
    expect([asked?.payload(), heardOf?.payload()]).toEqual([{ n: 1 }, { n: 2 }])
  })

  test('and an alert that fails for good is told as trouble, and makes no further dead letter', async () => {
    await using board = await openBoard()
    const trouble = heard(board, 'trouble')
    let tries = 0
    await using _alerts = await board
      .service('alerts')
      .subscribe(
        buried,
        () => {
          tries++
          throw new Error('the pager is down')
        },
        { retry: { attempts: 2, backoff: 1 } },
      )
      .start()
    await using _worker = await board
      .service('worker')
      .perform(work, () => {
        throw new Reject('no')
      })
      .start()
    await board.enqueue(work, { n: 1 })
    await until('it is given up', () => trouble.some(({ what }) => what.startsWith('alerts gave up on dead letter')))
    const { status } = board.subscription('alerts', buried)
    await until('nothing is open', async () => (await status()).open + (await status()).waiting === 0)
    expect(tries).toBe(2)
    expect(await gathered(board.dead.list())).toHaveLength(1)
  })
})

describe('ctx.once', () => {
  const effects = async (file: string) => (await readFile(file, 'utf8').catch(() => '')).trim().split('\n')

  async function killedAt(moment: string, board: Board): Promise<{ file: string; result: Promise<string> }> {
    const file = join(await mkdtemp(join(tmpdir(), 'callboard-once-')), 'effects')
    const dying = program('test/support/fragile-worker.ts', [inject('natsUrl'), board.namespace, moment])
    await dying.says('ready')
    const handle = await board.enqueue(fragile, { file })
    expect(await dying.ended).toBe('SIGKILL')
    return { file, result: handle.result({ timeout: '25s' }) }
  }

  test('repeats no effect whose record was written, though the process be killed right after', async () => {
    await using board = await openBoard()
    const { file, result } = await killedAt('record', board)
    await using _next = program('test/support/fragile-worker.ts', [inject('natsUrl'), board.namespace, 'whole'])
    expect(await result).toBe('made in attempt 1')
    expect(await effects(file)).toEqual(['1'])
  })

  test('repeats the effect where the process was killed before the record: the gap that no library can close', async () => {
    await using board = await openBoard()
    const { file, result } = await killedAt('effect', board)
    await using _next = program('test/support/fragile-worker.ts', [inject('natsUrl'), board.namespace, 'whole'])
    expect(await result).toMatch(/^made in attempt [23]$/)
    expect(await effects(file)).toHaveLength(2)
  })

  test('keeps what an effect came to over attempts, each key by itself, nothing too, and what threw is run again', async () => {
    await using board = await openBoard()
    const calls: string[] = []
    await using _service = await board
      .service('worker')
      .perform(work, async (_, ctx) => {
        const made = await ctx.once('made', () => `made ${calls.push('made')}`)
        const nothing = await ctx.once('nothing', () => void calls.push('nothing'))
        await ctx.once('thrown', () => {
          calls.push('thrown')
          if (ctx.attempt === 1) throw new Error('not yet')
        })
        if (ctx.attempt < 3) throw new Error('again')
        return `${made} ${nothing}`
      })
      .start()
    expect(await (await board.enqueue(work, { n: 1 })).result({ timeout: '25s' })).toBe('made 1 undefined')
    expect(calls).toEqual(['made', 'nothing', 'thrown', 'thrown'])
  })

  test('keeps its records apart for every task, and for every subscription to the same event', async () => {
    await using board = await openBoard()
    const calls: string[] = []
    const asks = task<object>('asks')
    const both = async (service: string) =>
      board
        .service(service)
        .subscribe(said, async (_, ctx) => {
          await ctx.once('greet', () => calls.push(service))
          await ctx.enqueue(asks, {})
        })
        .start()
    await using _a = await both('a')
    await using _b = await both('b')
    let asked = 0
    await using _asked = await board
      .service('asked')
      .perform(asks, () => asked++)
      .start()
    await board.publish(said, { n: 1 })
    await until('both have greeted and asked', () => calls.length === 2 && asked === 2)
    expect(calls.sort()).toEqual(['a', 'b'])
  })
})
