import { queue, Reject, Snooze, task, topic } from 'callboard'
import { type TestBoard, type TestOptions, testBoard } from 'callboard/testing'
import { expect, test, vi } from 'vitest'

// The time is that of the clock under test; a busy machine takes more of its own.
vi.setConfig({ testTimeout: 60_000 })

const mail = task<{ to: string }, string>('mail.send', { track: true, retry: { attempts: 3, backoff: '1m' } })
const booked = topic<{ isbn: string }>('books.released')
const digest = task<{ of: string }>('digest.send')

/** A board with a mailer that keeps what it was given, and when; the recipients in `bad` fail. */
async function office(options: TestOptions = {}, bad: ReadonlyMap<string, () => Error> = new Map()) {
  const board = await testBoard(options)
  const sent: string[] = []
  const tried: string[] = []
  await board
    .service('mailer')
    .perform(mail, ({ to }) => {
      tried.push(`${to} ${board.now().toISOString().slice(11, 19)}`)
      const fail = bad.get(to)
      if (fail) throw fail()
      sent.push(to)
      return `sent to ${to}`
    })
    .start()
  return { board, sent, tried }
}

/** What a handler does that sleeps. */
const virtually = (ms: number) => new Promise((resolve) => AbortSignal.timeout(ms).addEventListener('abort', resolve))

const deadOf = async (board: TestBoard) => {
  const letters: string[] = []
  for await (const letter of board.dead.list()) letters.push(`${letter.reason} after ${letter.attempts}`)
  return letters
}

test('what is enqueued is performed when the board has settled, without a server and without waiting', async () => {
  const { board, sent } = await office()
  await using _board = board
  const handle = await board.enqueue(mail, { to: 'ann' })
  await board.settled()
  expect(sent).toEqual(['ann'])
  expect(await handle.result()).toBe('sent to ann')
})

test('the clock stands still: a retry comes when it is moved, on the instant', async () => {
  const { board, tried } = await office({ now: '2026-05-01T08:00:00Z' }, new Map([['bob', () => new Error('busy')]]))
  await using _board = board
  await board.enqueue(mail, { to: 'bob' })
  await board.settled()
  expect(tried).toEqual(['bob 08:00:00'])
  await board.advance('59s')
  expect(tried).toHaveLength(1)
  await board.advance('1s')
  await board.advance('10m')
  expect(tried).toEqual(['bob 08:00:00', 'bob 08:01:00', 'bob 08:02:00'])
  expect(await deadOf(board)).toEqual(['exhausted after 3'])
})

test('a rejected task is a dead letter at once, a snoozed one comes back at no attempt', async () => {
  let snoozed = 0
  const bad = new Map<string, () => Error>([
    ['nobody', () => new Reject('no such mailbox')],
    ['later', () => (++snoozed < 5 ? new Snooze('1h') : new Reject('enough'))],
  ])
  const { board, tried } = await office({}, bad)
  await using _board = board
  await board.enqueue(mail, { to: 'nobody' })
  await board.enqueue(mail, { to: 'later' })
  await board.settled()
  expect(await deadOf(board)).toEqual(['rejected after 1'])
  await board.advance('4h')
  expect(tried.filter((each) => each.startsWith('later'))).toHaveLength(5)
  expect(await deadOf(board)).toEqual(['rejected after 1', 'rejected after 1'])
})

test('until() moves the clock as far as it takes', async () => {
  const { board } = await office()
  await using _board = board
  const handle = await board.enqueue(mail, { to: 'ann' }, { delay: '10d' })
  const began = board.now().getTime()
  expect(await board.until(handle.result(), '30d')).toBe('sent to ann')
  expect((board.now().getTime() - began) / 86_400_000).toBe(10)
  await expect(board.until(new Promise(() => {}), '1m')).rejects.toMatchObject({ code: 'TIMED_OUT' })
})

test('a year of a weekly schedule passes, on the clock of its zone', async () => {
  await using board = await testBoard({ now: '2026-01-01T00:00:00Z' })
  const hours = new Map<string, number>()
  await board
    .service('digests')
    .perform(digest, () => {
      const hour = board.now().toISOString().slice(11, 16)
      hours.set(hour, (hours.get(hour) ?? 0) + 1)
    })
    .start()
  await board.schedules.set('digest', { cron: '0 9 * * 1', zone: 'Europe/Berlin' }, digest, { of: 'the day' })
  await board.advance('365d')
  // Nine in the morning is another hour of UTC in summer: thirty Mondays from 29 March to 24 October.
  expect(Object.fromEntries(hours)).toEqual({ '08:00': 22, '07:00': 30 })
})

test('handlers that sleep wake up as the clock is moved, and their lease is prolonged meanwhile', async () => {
  await using board = await testBoard()
  const slow = task('slow', { timeout: '1h' })
  let runs = 0
  let done = 0
  await board
    .service('sleeper')
    .perform(slow, async () => {
      runs++
      await virtually(120_000)
      done++
    })
    .start()
  await board.enqueue(slow, undefined)
  await board.advance('119s')
  expect({ runs, done }).toEqual({ runs: 1, done: 0 })
  await board.advance('2s')
  expect({ runs, done }).toEqual({ runs: 1, done: 1 })
})

test('every service has its copy of an event, other processes too', async () => {
  await using board = await testBoard()
  const other = await board.beside()
  const heard: string[] = []
  for (const [name, where] of [
    ['planner', board],
    ['counter', other],
  ] as const)
    await where
      .service(name)
      .subscribe(booked, ({ isbn }) => void heard.push(`${name} ${isbn}`))
      .start()
  await other.publish(booked, { isbn: '978-0' })
  await board.settled()
  expect(heard.sort()).toEqual(['counter 978-0', 'planner 978-0'])
})

test('a key is taken while its task waits, and an id is remembered for as long as was said', async () => {
  await using board = await testBoard({ board: { dedupe: '1h' } })
  const first = await board.enqueue(mail, { to: 'ann' }, { unique: 'ann' })
  expect(await board.enqueue(mail, { to: 'ann' }, { unique: 'ann' })).toMatchObject({ id: first.id, duplicate: true })
  await board.publish(booked, { isbn: '1' }, { id: 'same' })
  await board.advance('59m')
  expect(await board.publish(booked, { isbn: '1' }, { id: 'same' })).toMatchObject({ duplicate: true })
  await board.advance('2m')
  expect(await board.publish(booked, { isbn: '1' }, { id: 'same' })).toMatchObject({ duplicate: false })
})

test('a full queue refuses, as the real one does', async () => {
  await using board = await testBoard()
  const small = task('small', { queue: queue('few', { limit: { tasks: 2 } }) })
  await board.enqueue(small, undefined)
  await board.enqueue(small, undefined)
  await expect(board.enqueue(small, undefined)).rejects.toMatchObject({ code: 'QUEUE_FULL' })
})

test('a broker that goes away and comes back loses nothing that was stored', async () => {
  const { board, sent } = await office()
  await using _board = board
  const handle = await board.enqueue(mail, { to: 'ann' }, { delay: '1m' })
  board.broker.leave()
  await board.advance('2m')
  expect(sent).toEqual([])
  board.broker.back()
  expect(await board.until(handle.result())).toBe('sent to ann')
  expect(sent).toEqual(['ann'])
})

test('what this broker does not do is refused by name', async () => {
  await using board = await testBoard()
  await expect(board.beside({ replicas: 3 })).rejects.toThrow(/replicas > 1 not supported/)
  await expect(board.beside({ user: 'ann', password: 'secret' })).rejects.toThrow(
    /callboard\/testing is in this process and checks no user, no password/,
  )
})

test('one test board at a time, and the clock of the process is its own again afterwards', async () => {
  const before = { clearTimeout: globalThis.clearTimeout, Date: globalThis.Date }
  const board = await testBoard({ now: '2001-01-01T00:00:00Z' })
  expect(new Date().getUTCFullYear()).toBe(2001)
  await expect(testBoard()).rejects.toThrow(/another virtual clock is in force/)
  await board.close()
  expect(new Date().getUTCFullYear()).toBeGreaterThan(2025)
  expect({ clearTimeout: globalThis.clearTimeout, Date: globalThis.Date }).toEqual(before)
})
