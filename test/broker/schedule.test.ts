/** Schedules on the broker of the run: what they fire, what that is like, and what may be done with them. */

import { type Board, type EventMap, queue, Reject, type Schedules, type Service, task, topic } from 'callboard'
import { headers } from 'nats'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { beside, broker, gathered, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const beat = task<{ n: number }>('beat')
const dawn = topic<{ day: string }>('dawn')
const everySecond = { every: '1s' } as const
const each = { cron: '* * * * * *' } as const
/** A time of day that does not come during a test. */
const faraway = { cron: faraCron(), zone: 'Asia/Kolkata' }

function faraCron(): string {
  const hour = (new Date(Date.now() + 5.5 * 3_600_000).getUTCHours() + 12) % 24
  return `0 0 ${hour} * * *`
}

/** What a performer was given, and how the test goes on when it was. */
async function performing(board: Board, given: string[], work?: (id: string) => unknown): Promise<Service> {
  const perform = (_: { n: number }, ctx: { id: string }) => {
    given.push(ctx.id)
    return work?.(ctx.id)
  }
  return board.service('drummer').perform(beat, perform).start()
}

/** The stored message of a schedule or firing, seen without callboard. */
async function stored(stream: string, subject: string) {
  await using beside = await broker()
  return await beside.manager.streams.getMessage(stream, { last_by_subj: subject })
}

async function count(stream: string, subject: string): Promise<number> {
  await using beside = await broker()
  const { state } = await beside.manager.streams.info(stream, { subjects_filter: subject })
  return Object.values(state.subjects ?? {}).reduce((sum, each) => sum + each, 0)
}

/** Stores what a schedule would have fired, with the broker's clock as it is. */
async function plant(board: Board, name: string, task = 'beat'): Promise<number> {
  await using beside = await broker()
  const schedule = await stored(streams(board).queue(), `${board.namespace}.schedule.*.*.${name}`)
  const block = headers()
  block.set('Cb-Schedule', schedule?.header.get('Cb-Schedule') ?? '')
  const target = `${board.namespace}.task.default.${task}.normal.-.@${name}`
  const answer = await beside.nc.request(target, schedule?.data, { headers: block, timeout: 5000 })
  return answer.json<{ seq: number }>().seq
}

const show = (board: Board, name: string) => board.schedules.show(name)

test.concurrent('a task is enqueued again and again', async () => {
  await using board = await openBoard()
  expect(await board.schedules.set('beat', everySecond, beat, { n: 1 })).toBe('created')
  const given: string[] = []
  await performing(board, given)
  await until('it was run three times', () => given.length >= 3)
})

test.concurrent('an event is published again and again, and every service hears it', async () => {
  await using board = await openBoard()
  const heard: unknown[] = []
  for (const name of ['one', 'two'])
    await board
      .service(name)
      .subscribe(dawn, (event, ctx) => heard.push([name, event.day, ctx.key]))
      .start()
  await board.schedules.set('dawn', each, dawn, { day: 'Monday' }, { key: 'sun' })
  await until('both heard it twice', () => ['one', 'two'].every((name) => heard.filter((all) => (all as string[])[0] === name).length >= 2))
  expect(heard[0]).toEqual([expect.any(String), 'Monday', 'sun'])
})

test.concurrent('a schedule fires once at a time', async () => {
  await using board = await openBoard()
  const given: string[] = []
  await performing(board, given)
  await board.schedules.set('once', { at: new Date(Date.now() + 1000) }, beat, { n: 1 })
  await until('it was run', () => given.length === 1)
  expect(await gathered(board.schedules.list())).toEqual([])
})

test.concurrent('a single time that has come is over, however often it is set', async () => {
  await using board = await openBoard()
  const at = new Date('2020-02-20T20:20:20Z')
  const given: string[] = []
  await board.schedules.set('once', { at }, beat, { n: 1 })
  await until('it was fired', async () => (await count(streams(board).queue(), `${board.namespace}.task.>`)) === 1)
  expect(await board.schedules.set('once', { at }, beat, { n: 1 })).toBe('unchanged')
  await performing(board, given)
  await until('it was run', () => given.length === 1)
  await until('it was acknowledged', async () => (await count(streams(board).queue(), `${board.namespace}.task.>`)) === 0)
  expect(await board.schedules.set('once', { at }, beat, { n: 1 })).toBe('unchanged')
})

test.concurrent('a schedule fires with every process of ours dead', async () => {
  const board = await openBoard()
  await board.schedules.set('alone', { at: new Date(Date.now() + 1000) }, beat, { n: 1 })
  await board.close()
  await until('the broker has fired it', async () => (await count(streams(board).queue(), `${board.namespace}.task.>`)) === 1)
  await using later = await beside(board)
  const given: string[] = []
  await performing(later, given)
  await until('it was run', () => given.length === 1)
})

test.concurrent('setting the same again changes nothing, so an interval goes on', async () => {
  await using board = await openBoard()
  await board.schedules.set('beat', everySecond, beat, { n: 1 }, { metadata: { who: 'me' }, retry: { attempts: 2 } })
  const before = await stored(streams(board).queue(), `${board.namespace}.schedule.>`)
  expect(await board.schedules.set('beat', everySecond, beat, { n: 1 }, { metadata: { who: 'me' }, retry: { attempts: 2 } })).toBe(
    'unchanged',
  )
  expect((await stored(streams(board).queue(), `${board.namespace}.schedule.>`))?.seq).toBe(before?.seq)
})

test.concurrent('setting another replaces it, whoever else does so', async () => {
  await using board = await openBoard()
  await board.schedules.set('beat', faraway, beat, { n: 1 })
  await using other = await beside(board)
  const changes = await Promise.all([
    board.schedules.set('beat', faraway, beat, { n: 2 }),
    other.schedules.set('beat', { every: '1h' }, beat, { n: 3 }),
  ])
  expect(changes).toEqual(['replaced', 'replaced'])
  expect(await count(streams(board).queue(), `${board.namespace}.schedule.>`)).toBe(1)
})

test.concurrent('a schedule that moves to another queue or to a topic leaves nothing behind', async () => {
  await using board = await openBoard()
  await board.schedules.set('mover', faraway, beat, { n: 1 })
  await board.schedules.pause('mover')
  expect(await board.schedules.set('mover', faraway, task<null>('other', { queue: 'elsewhere' }), null)).toBe('replaced')
  expect((await gathered(board.schedules.list())).map(({ queue, paused }) => [queue, paused])).toEqual([['elsewhere', true]])
  await board.schedules.set('mover', faraway, dawn, { day: 'x' })
  expect((await gathered(board.schedules.list())).map(({ kind, contract }) => [kind, contract])).toEqual([['topic', 'dawn']])
})

test.concurrent('a schedule that is removed fires no more', async () => {
  await using board = await openBoard()
  await board.schedules.set('beat', everySecond, beat, { n: 1 })
  expect(await board.schedules.remove('beat')).toBe(true)
  expect(await board.schedules.remove('beat')).toBe(false)
  expect(await count(streams(board).queue(), `${board.namespace}.schedule.>`)).toBe(0)
  expect(await thrownBy(board.schedules.show('beat'))).toMatchObject({ code: 'NOT_FOUND' })
})

test.concurrent('a firing is retried like any task, and its id stays; another firing has another', async () => {
  await using board = await openBoard()
  const retried = task<null>('retried', { retry: { attempts: 3, backoff: '10ms' } })
  const runs: [string, number][] = []
  await board.schedules.set('retried', everySecond, retried, null)
  await board
    .service('s')
    .perform(retried, (_, ctx) => {
      runs.push([ctx.id, ctx.attempt])
      if (ctx.attempt < 3) throw new Error('not yet')
    })
    .start()
  await until('two firings have ended', () => runs.filter(([, attempt]) => attempt === 3).length >= 2)
  const [first, second] = runs.filter(([, attempt]) => attempt === 3).map(([id]) => id)
  expect(first).toMatch(/^retried@\d+$/)
  expect(second).not.toBe(first)
  expect(runs.filter(([id]) => id === first)).toEqual([1, 2, 3].map((attempt) => [first, attempt]))
})

test.concurrent('a firing that is given up is a dead letter, and its schedule says so', async () => {
  await using board = await openBoard()
  await board.schedules.set('doomed', everySecond, beat, { n: 1 })
  await performing(board, [], () => {
    throw new Reject('no use')
  })
  const letter = await until('it is a dead letter', async () => (await gathered(board.dead.list()))[0])
  expect(letter?.id).toMatch(/^doomed@\d+$/)
  await until('it is known', async () => (await show(board, 'doomed')).outcome === 'dead')
  expect((await show(board, 'doomed')).error?.message).toBe('no use')
})

test.concurrent('attempts, expiry, lane and headers of a schedule hold for what it fires', async () => {
  await using board = await openBoard()
  const urgent = task<null>('urgent', { lanes: ['high', 'normal'] })
  const options = { priority: 'high', retry: { attempts: 1 }, expires: '1h', headers: { traceparent: '00-ab' } } as const
  await board.schedules.set('urgent', everySecond, urgent, null, options)
  const seen = latch<unknown>()
  await board
    .service('s')
    .perform(urgent, (_, ctx) => {
      seen.open(ctx.headers)
      throw new Error('once')
    })
    .start()
  expect(await until('it was run', seen.promise)).toMatchObject({ traceparent: '00-ab' })
  const letter = await until('it is a dead letter', async () => (await gathered(board.dead.list()))[0])
  expect(letter).toMatchObject({ reason: 'exhausted', attempts: 1 })
  expect((await show(board, 'urgent')).lane).toBe('high')
})

test.concurrent('a firing that nobody takes in time is expired', async () => {
  await using board = await openBoard()
  await board.schedules.set('late', everySecond, beat, { n: 1 }, { expires: '1ms' })
  await until('it was fired', async () => (await count(streams(board).queue(), `${board.namespace}.task.>`)) > 0)
  await performing(board, [])
  await until('it is known', async () => (await show(board, 'late')).outcome === 'expired')
})

test.concurrent('the result of a firing can be waited for by its id', async () => {
  await using board = await openBoard()
  const sum = task('sum', { input: z.object({ a: z.number() }), output: z.number() })
  await board.schedules.set('sum', everySecond, sum, { a: 20 })
  const id = latch<string>()
  await board
    .service('s')
    .perform(sum, ({ a }, ctx) => {
      id.open(ctx.id)
      return a + 1
    })
    .start()
  expect(await board.handle(sum, await until('it was run', id.promise)).result({ timeout: '25s' })).toBe(21)
})

test.concurrent('a firing that waits has a status, and can be called off', async () => {
  await using board = await openBoard()
  await board.schedules.set('beat', { at: new Date() }, beat, { n: 1 })
  const stream = streams(board).queue()
  const firing = await until('it was fired', () => stored(stream, `${board.namespace}.task.>`))
  const handle = board.handle(beat, `beat@${firing?.seq}`)
  expect(await handle.status()).toEqual({ state: 'enqueued' })
  expect(await handle.cancel()).toBe(true)
  expect(await count(stream, `${board.namespace}.task.>`)).toBe(0)
})

test.concurrent('an id that names a schedule finds nothing that it did not fire', async () => {
  await using board = await openBoard()
  const { sequence } = await board.enqueue(beat, { n: 1 })
  expect(await board.handle(beat, `beat@${sequence}`).cancel()).toBe(false)
})

test.concurrent('firings run beside each other', async () => {
  await using board = await openBoard()
  await board.schedules.set('beat', everySecond, beat, { n: 1 })
  const given: string[] = []
  const end = latch()
  await performing(board, given, () => end.promise)
  await until('two run at once', () => given.length >= 2)
  end.open()
})

test.concurrent('with overlap skip, what fires while the last still runs is dropped and told', async () => {
  await using board = await openBoard()
  const skipped: EventMap['skipped'][] = []
  board.on('skipped', (event) => skipped.push(event))
  await board.schedules.set('slow', everySecond, beat, { n: 1 }, { overlap: 'skip' })
  const given: string[] = []
  const end = latch()
  await performing(board, given, () => end.promise)
  await until('two were skipped', () => skipped.length >= 2)
  expect(given).toHaveLength(1)
  expect(skipped[0]).toMatchObject({ schedule: 'slow', why: 'overlap', name: 'beat', service: 'drummer' })
  expect((await show(board, 'slow')).outcome).toBe('skipped')
  end.open()
  await until('the next one runs', () => given.length >= 2)
})

test.concurrent('overlap is judged in a queue kept as a log as well', async () => {
  await using board = await openBoard()
  const skipped: string[] = []
  board.on('skipped', ({ id }) => skipped.push(id))
  const logged = task<null>('logged', { queue: queue('log', { layout: 'log' }) })
  await board.schedules.set('logged', everySecond, logged, null, { overlap: 'skip' })
  const given: string[] = []
  const end = latch()
  await board
    .service('s')
    .perform(logged, (_, ctx) => {
      given.push(ctx.id)
      return end.promise
    })
    .start()
  await until('one was skipped', () => skipped.length >= 1)
  expect(given).toHaveLength(1)
  end.open()
  await until('the next ones run', () => given.length >= 3)
})

test.concurrent('with overlap skip, what fires while the last waits for its next attempt is dropped', async () => {
  await using board = await openBoard()
  const skipped: string[] = []
  board.on('skipped', ({ id }) => skipped.push(id))
  const flaky = task<null>('flaky', { retry: { backoff: '2500ms' } })
  await board.schedules.set('flaky', everySecond, flaky, null, { overlap: 'skip' })
  const runs: string[] = []
  await board
    .service('s')
    .perform(flaky, (_, ctx) => {
      runs.push(ctx.id)
      if (runs.length === 1) throw new Error('again')
    })
    .start()
  await until('it was run again', () => runs.length >= 2)
  expect(runs[1]).toBe(runs[0])
  expect(skipped.length).toBeGreaterThan(0)
})

test.concurrent('with overlap queue, one waits behind the one that runs, and more are dropped', async () => {
  await using board = await openBoard()
  const skipped: string[] = []
  board.on('skipped', ({ id }) => skipped.push(id))
  await board.schedules.set('queued', everySecond, beat, { n: 1 }, { overlap: 'queue' })
  const given: string[] = []
  const end = latch()
  await performing(board, given, () => end.promise)
  await until('one was dropped', () => skipped.length >= 1)
  expect(given).toHaveLength(1)
  expect(await count(streams(board).queue(), `${board.namespace}.task.>`)).toBeGreaterThanOrEqual(2)
  end.open()
  await until('the one that waited runs', () => given.length >= 2)
  expect(skipped).not.toContain(given[1])
})

test.concurrent('a worker that goes holds its schedule up no longer than its firing takes to be run again', async () => {
  await using board = await openBoard()
  await board.schedules.set('handed', everySecond, beat, { n: 1 }, { overlap: 'skip' })
  const first: string[] = []
  const going = await beside(board)
  await performing(going, first, () => latch().promise)
  await until('it runs', () => first.length === 1)
  const given: string[] = []
  await performing(board, given)
  await going.close({ drain: 0 })
  await until('it was run again, and the next after it', () => given.length >= 2)
  expect(given[0]).toBe(first[0])
})

test.concurrent('two messages for one time are run once', async () => {
  await using board = await openBoard()
  const why: string[] = []
  board.on('skipped', (event) => why.push(event.why))
  await board.schedules.set('doubled', faraway, beat, { n: 1 })
  const first = await plant(board, 'doubled')
  await plant(board, 'doubled')
  const given: string[] = []
  await performing(board, given)
  await until('one was skipped', () => why.length === 1)
  expect(why).toEqual(['doubled'])
  expect(given).toEqual([`doubled@${first}`])
})

test.concurrent('with missed skip, what comes too late is dropped', async () => {
  await using board = await openBoard()
  const why: string[] = []
  board.on('skipped', (event) => why.push(event.why))
  await board.schedules.set('strict', faraway, beat, { n: 1 }, { missed: 'skip' })
  await board.schedules.set('lenient', faraway, beat, { n: 1 }, { missed: { within: '13h' } })
  await plant(board, 'strict')
  const lenient = await plant(board, 'lenient')
  const given: string[] = []
  await performing(board, given)
  await until('one was skipped and one run', () => why.length === 1 && given.length === 1)
  expect(why).toEqual(['missed'])
  expect(given).toEqual([`lenient@${lenient}`])
})

test.concurrent('a spread delays each firing by a part that follows from the name, and costs no attempt', async () => {
  await using board = await openBoard()
  const waits: number[] = []
  board.on('finished', ({ verdict, after = 0 }) => verdict === 'again' && waits.push(after))
  const attempts: number[] = []
  await board.schedules.set('spread', { at: new Date() }, beat, { n: 1 }, { spread: '2s' })
  await board
    .service('s')
    .perform(beat, (_, ctx) => attempts.push(ctx.attempt))
    .start()
  await until('it was run', () => attempts.length === 1)
  expect(attempts).toEqual([1])
  expect(waits).toHaveLength(1)
  expect(waits[0]).toBeLessThanOrEqual(2000)
})

test.concurrent('a paused schedule does not fire, is kept over everything, and goes on when it is resumed', async () => {
  const board = await openBoard()
  await board.schedules.set('paused', everySecond, beat, { n: 1 })
  await board.schedules.pause('paused')
  await board.close()
  await using later = await beside(board)
  expect(await later.schedules.set('paused', { every: '2s' }, beat, { n: 2 })).toBe('replaced')
  expect(await show(later, 'paused')).toMatchObject({ paused: true, next: undefined, when: 'every 2s', state: 'ok' })
  expect((await stored(streams(board).queue(), `${board.namespace}.schedule.>`))?.header.has('Nats-Schedule')).toBe(false)
  await later.schedules.resume('paused')
  const given: string[] = []
  await performing(later, given)
  await until('it was run', () => given.length >= 1)
  expect(await show(later, 'paused')).toMatchObject({ paused: false })
})

test.concurrent('a pause with an end goes on by itself', async () => {
  await using board = await openBoard()
  const why: string[] = []
  board.on('skipped', (event) => why.push(event.why))
  await board.schedules.set('resting', faraway, beat, { n: 1 })
  const late = new Date(Date.now() + 3_600_000)
  await board.schedules.pause('resting', { until: late })
  await board.schedules.set('resting', everySecond, beat, { n: 1 })
  expect((await show(board, 'resting')).paused).toEqual(late)
  const sent: number[] = []
  await board
    .service('s')
    .perform(beat, (_, ctx) => sent.push(ctx.sentAt.getTime()))
    .start()
  await until('one was skipped', () => why.includes('paused'))
  const end = new Date(Date.now() + 1000)
  await board.schedules.pause('resting', { until: end })
  await until('it was run', () => sent.length > 0)
  expect(sent[0]).toBeGreaterThanOrEqual(end.getTime())
})

test.concurrent('a single time within a pause comes at its end', async () => {
  await using board = await openBoard()
  await board.schedules.set('later', faraway, beat, { n: 1 })
  const end = new Date(Date.now() + 2000)
  await board.schedules.pause('later', { until: end })
  await board.schedules.set('later', { at: new Date(Date.now() + 500) }, beat, { n: 1 })
  const sent: number[] = []
  await board
    .service('s')
    .perform(beat, (_, ctx) => sent.push(ctx.sentAt.getTime()))
    .start()
  await until('it was run', () => sent.length > 0)
  expect(sent[0]).toBeGreaterThanOrEqual(end.getTime())
})

test.concurrent('a schedule runs now, besides its times and whatever runs already', async () => {
  await using board = await openBoard()
  const sum = task('sum', { input: z.object({ a: z.number() }), output: z.number() })
  await board.schedules.set('sum', faraway, sum, { a: 41 }, { overlap: 'skip' })
  await board.schedules.pause('sum')
  await board
    .service('s')
    .perform(sum, ({ a }) => a + 1)
    .start()
  const receipt = await board.schedules.run('sum')
  expect(await board.handle(sum, receipt.id).result({ timeout: '25s' })).toBe(42)
})

test.concurrent('a schedule of an event runs now as well', async () => {
  await using board = await openBoard()
  await board.schedules.set('dawn', faraway, dawn, { day: 'today' })
  const heard = latch<string>()
  await board
    .service('s')
    .subscribe(dawn, ({ day }) => heard.open(day))
    .start()
  await board.schedules.run('dawn')
  expect(await until('it was heard', heard.promise)).toBe('today')
})

test.concurrent('a list says what there is to know', async () => {
  await using board = await openBoard()
  await board.schedules.set('digest', faraway, beat, { n: 1 }, { metadata: { team: 'news' } })
  await board.schedules.set('morning', faraway, dawn, { day: 'x' })
  await board.schedules.set('beat', everySecond, beat, { n: 1 })
  await performing(board, [])
  await until('it was run', async () => (await show(board, 'beat')).outcome === 'succeeded')
  const all = new Map((await gathered(board.schedules.list())).map((schedule) => [schedule.name, schedule]))
  expect([...all.keys()].sort()).toEqual(['beat', 'digest', 'morning'])
  expect(all.get('digest')).toMatchObject({
    kind: 'task',
    contract: 'beat',
    queue: 'default',
    lane: 'normal',
    when: expect.stringMatching(/^every day \d\d:00, Asia\/Kolkata$/),
    zone: 'Asia/Kolkata',
    paused: false,
    last: undefined,
    outcome: undefined,
    state: 'ok',
    metadata: { team: 'news' },
  })
  expect(all.get('digest')?.next?.getTime()).toBeGreaterThan(Date.now())
  expect(all.get('morning')).toMatchObject({ kind: 'topic', contract: 'dawn', metadata: {} })
  expect(all.get('beat')).toMatchObject({ when: 'every 1s', zone: undefined, state: 'ok', last: expect.any(Date), outcome: 'succeeded' })
})

test.concurrent('the last firing of an event is known, whatever else was published since', async () => {
  await using board = await openBoard()
  await board.schedules.set('dawn', { at: new Date() }, dawn, { day: 'x' })
  await board.schedules.set('often', each, dawn, { day: 'x' })
  await until('it was fired', async () => (await show(board, 'often')).last)
  await board.schedules.pause('often')
  await board.publish(dawn, { day: 'in between' })
  const heard: string[] = []
  await board
    .service('s')
    .subscribe(dawn, (_, ctx) => heard.push(ctx.id), { from: 'all' })
    .start()
  await until('it was heard', () => heard.some((id) => id.startsWith('often@')))
  await until('it is known', async () => (await show(board, 'often')).last)
})

test.concurrent('the next times are told on two clocks', async () => {
  await using board = await openBoard()
  await board.schedules.set('digest', { cron: '0 9 * * 1-5', zone: 'Asia/Kolkata' }, beat, { n: 1 })
  const next = await board.schedules.next('digest', 3, { zone: 'UTC' })
  expect(next).toHaveLength(3)
  for (const { there, here } of next) expect([there.slice(-5), here.slice(-5)]).toEqual(['09:00', '03:30'])
  await board.schedules.pause('digest')
  expect(await board.schedules.next('digest')).toEqual([])
})

test.concurrent('a schedule outlives the age limit of its topic', async () => {
  await using board = await openBoard({ retention: '1s', dedupe: '100ms' })
  const own = topic<number>('own', { retention: { age: '1s' } })
  const heard: unknown[] = []
  await board
    .service('s')
    .subscribe(dawn, ({ day }) => heard.push(day))
    .subscribe(own, (number) => heard.push(number))
    .start()
  await board.schedules.set('shared', { at: new Date(Date.now() + 2500) }, dawn, { day: 'x' })
  await board.schedules.set('own', { at: new Date(Date.now() + 2500) }, own, 7)
  await until('both were heard', () => heard.length === 2)
})

test.concurrent('what a schedule published is replayed like any event', async () => {
  await using board = await openBoard()
  const heard: string[] = []
  await board
    .service('s')
    .subscribe(dawn, (_, ctx) => heard.push(ctx.id))
    .start()
  await board.schedules.set('dawn', { at: new Date() }, dawn, { day: 'x' })
  await until('it was heard', () => heard.length === 1)
  await board.subscription('s', dawn).replay({ from: 1 })
  await until('it was heard again', () => heard.length === 2)
  expect(heard[1]).toBe(heard[0])
})

test.concurrent('who listens live hears what a schedule publishes, under its id', async () => {
  await using board = await openBoard()
  await board.schedules.set('dawn', each, dawn, { day: 'x' })
  for await (const { id } of board.listen(dawn)) {
    expect(id).toMatch(/^dawn@\d+$/)
    break
  }
})

test.concurrent('a bystander that is given a closed board hears so', async () => {
  const board = await openBoard()
  await board.close()
  await expect(board.schedules.set('x', everySecond, beat, { n: 1 })).rejects.toThrow()
})

type Call = (schedules: Schedules) => Promise<unknown>
const strict = task('strict', { input: z.object({ to: z.email() }) })
test.concurrent.each<[string, string, Call]>([
  ['a cron that the broker cannot say', 'INVALID_SCHEDULE', (s) => s.set('x', { cron: '0 9 L * *' }, beat, { n: 1 })],
  ['30 February', 'INVALID_SCHEDULE', (s) => s.set('x', { cron: '0 9 30 2 *' }, beat, { n: 1 })],
  ['an unknown zone', 'INVALID_TIMEZONE', (s) => s.set('x', { cron: '@daily', zone: 'Mars/Olympus' }, beat, { n: 1 })],
  ['an interval under a second', 'INVALID_SCHEDULE', (s) => s.set('x', { every: 999 }, beat, { n: 1 })],
  ['a name with a blank', 'INVALID_NAME', (s) => s.set('my digest', everySecond, beat, { n: 1 })],
  ['no name', 'INVALID_NAME', (s) => s.set('', everySecond, beat, { n: 1 })],
  ['a lane the task has not', 'INVALID_OPTION', (s) => s.set('x', everySecond, beat, { n: 1 }, { priority: 'high' })],
  ['missed with an interval', 'INVALID_OPTION', (s) => s.set('x', everySecond, beat, { n: 1 }, { missed: 'skip' })],
  ['a missed that is none', 'INVALID_OPTION', (s) => s.set('x', faraway, beat, { n: 1 }, { missed: 'all' as 'one' })],
  ['overlap for an event', 'UNKNOWN_OPTION', (s) => s.set('x', everySecond, dawn, { day: 'x' }, { overlap: 'skip' } as object)],
  ['metadata that is no text', 'INVALID_OPTION', (s) => s.set('x', everySecond, beat, { n: 1 }, { metadata: { n: 1 } as never })],
  ['a reserved header', 'RESERVED_HEADER', (s) => s.set('x', everySecond, beat, { n: 1 }, { headers: { 'Cb-Schedule': '{}' } })],
  ['a payload that does not fit', 'INVALID_PAYLOAD', (s) => s.set('x', everySecond, strict, { to: 'nobody' })],
  ['what is no contract', 'INVALID_ARGUMENT', (s) => s.set('x', everySecond, {} as typeof beat, { n: 1 })],
  [
    'a topic that keeps by number',
    'INVALID_OPTION',
    (s) => s.set('x', everySecond, topic<number>('few', { retention: { messages: 5 } }), 1),
  ],
  ['a pause that ends in the past', 'INVALID_OPTION', (s) => s.pause('x', { until: new Date(0) })],
  ['pausing what is not there', 'NOT_FOUND', (s) => s.pause('x')],
  ['resuming what is not there', 'NOT_FOUND', (s) => s.resume('x')],
  ['running what is not there', 'NOT_FOUND', (s) => s.run('x')],
])('%s is refused with %s, and nothing is stored', async (_, code, call) => {
  await using board = await openBoard()
  expect(await thrownBy(call(board.schedules))).toMatchObject({ code })
  expect(await gathered(board.schedules.list())).toEqual([])
})

test.concurrent('a schedule is given other times, and all else of it stays', async () => {
  await using board = await openBoard()
  await board.schedules.set('beat', faraway, beat, { n: 7 }, { overlap: 'skip', missed: 'skip', metadata: { of: 'ann' } })
  await board.schedules.pause('beat')
  await board.schedules.retime('beat', { every: '6h' })
  expect(await show(board, 'beat')).toMatchObject({ times: { every: 21_600_000 }, zone: undefined, paused: true, metadata: { of: 'ann' } })
  await board.schedules.resume('beat')
  await board.schedules.retime('beat', { cron: '0 8 * * 1-5', zone: 'Asia/Kolkata' })
  expect(await show(board, 'beat')).toMatchObject({
    when: 'weekdays 08:00, Asia/Kolkata',
    times: { cron: '0 0 8 * * 1-5', zone: 'Asia/Kolkata' },
  })
  const given: unknown[] = []
  await board
    .service('drummer')
    .perform(beat, async ({ n }) => void given.push(n))
    .start()
  await board.schedules.retime('beat', everySecond)
  await until('it fires at its new times, with what it said before', () => given.includes(7))
  expect(await thrownBy(board.schedules.retime('beat', { every: 5 }))).toMatchObject({ code: 'INVALID_SCHEDULE' })
  expect(await thrownBy(board.schedules.retime('nobody', everySecond))).toMatchObject({ code: 'NOT_FOUND' })
})
