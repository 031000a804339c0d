import { StorageType } from '@nats-io/jetstream'
import { type Board, type LedgerEntry, Reject, Snooze, task, topic } from 'callboard'
import { expect, test } from 'vitest'
import { beside, broker, gathered, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const notice = topic<{ text: string }>('notice.posted')
const mail = task<{ to: string }>('mail.send', { queue: 'mail', retry: { attempts: 2, backoff: 1 } })

/** What is written of one id, without times and places. `long`: also that it began, which is written of what takes long. */
async function storyOf(board: Board, id: string, long = false): Promise<Partial<LedgerEntry>[]> {
  await board.ledger.flush()
  const all = (await gathered(board.ledger.read())).filter((each) => each.id === id && (long || each.kind !== 'started'))
  // The sender hears of its own message from the broker, which may be after a worker has run it.
  all.sort((a, b) => Number(b.kind === 'stored') - Number(a.kind === 'stored'))
  return all.map(({ kind, service, attempt, reason, error, parent }) => ({
    kind,
    ...(service === undefined ? {} : { service }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(reason === undefined ? {} : { reason }),
    ...(error === undefined ? {} : { error }),
    ...(parent === undefined ? {} : { parent }),
  }))
}

test('the ledger tells what became of a task, and of an event for each service', async () => {
  await using board = await openBoard()
  const failed = { name: 'Error', message: 'mailbox is full' }
  await board
    .service('mailer')
    .perform(mail, ({ to }, { attempt }) => {
      if (to === 'bad') throw new Reject('no such mailbox')
      if (to === 'full' && attempt === 1) throw new Error('mailbox is full')
      if (to === 'busy' && attempt === 1) throw new Error('mailbox is full\nthe whole body of the mail')
    })
    .start()
  await board
    .service('planner')
    .subscribe(notice, async ({ text }, ctx) => void (await ctx.enqueue(mail, { to: text })))
    .start()
  await board
    .service('archive')
    .subscribe(notice, () => undefined)
    .start()
  const { id } = await board.publish(notice, { text: 'full' })
  const bad = await board.enqueue(mail, { to: 'bad' })
  const child = await until('the child has succeeded', async () => {
    await board.ledger.flush()
    const all = await gathered(board.ledger.read())
    const stored = all.find(({ parent }) => parent === id)
    return all.some((each) => each.kind === 'succeeded' && each.id === stored?.id) && all.some(({ kind }) => kind === 'buried') && stored
  })
  expect(child).toMatchObject({ style: 'explicit', name: 'mail.send', queue: 'mail', sequence: expect.any(Number) })
  expect(await storyOf(board, (child as LedgerEntry).id)).toEqual([
    { kind: 'stored', service: 'planner', parent: id },
    { kind: 'failed', service: 'mailer', attempt: 1, error: failed },
    { kind: 'succeeded', service: 'mailer', attempt: 2 },
  ])
  expect(await storyOf(board, bad.id)).toEqual([
    { kind: 'stored' },
    { kind: 'failed', service: 'mailer', attempt: 1, error: { name: 'Reject', message: 'no such mailbox' } },
    { kind: 'buried', service: 'mailer', attempt: 1, reason: 'rejected', error: { name: 'Reject', message: 'no such mailbox' } },
  ])
  const event = await storyOf(board, id)
  expect(event[0]).toEqual({ kind: 'stored' })
  expect(event.slice(1).sort((a, b) => ((a.service ?? '') < (b.service ?? '') ? -1 : 1))).toEqual([
    { kind: 'succeeded', service: 'archive', attempt: 1 },
    { kind: 'succeeded', service: 'planner', attempt: 1 },
  ])
})

test('a run that takes long is told while it runs, and a short one only when it has ended', async () => {
  await using board = await openBoard()
  const go = latch()
  await board
    .service('mailer')
    .perform(mail, async ({ to }) => (to === 'slow' ? go.promise : undefined))
    .start()
  const slow = await board.enqueue(mail, { to: 'slow' })
  const quick = await board.enqueue(mail, { to: 'quick' })
  await until('the slow one has begun', async () => (await storyOf(board, slow.id, true)).some(({ kind }) => kind === 'started'))
  expect((await board.inspect.workers())[0]).toMatchObject({
    serves: [{ service: 'mailer', name: 'mail.send', queue: 'mail', running: 1 }],
  })
  go.open()
  await until('the slow one has ended', async () => (await storyOf(board, slow.id)).at(-1)?.kind === 'succeeded')
  expect((await storyOf(board, quick.id)).map(({ kind }) => kind)).toEqual(['stored', 'succeeded'])
})

test('a board that writes failures only writes what failed, and one that is off only what operators do', async () => {
  for (const [ledger, kinds] of [
    ['failures', ['failed', 'buried', 'audit']],
    ['off', ['audit']],
  ] as const) {
    await using board = await openBoard({ ledger })
    await board
      .service('mailer')
      .perform(mail, ({ to }) => {
        if (to === 'bad') throw new Reject('no')
        if (to === 'later') throw new Snooze('1h')
      })
      .start()
    await board.enqueueMany(mail, [{ to: 'good' }, { to: 'later' }, { to: 'bad' }])
    await until('it is dead', async () => (await gathered(board.dead.list())).length === 1)
    await board.ledger.note({ who: 'ann', text: 'looked' })
    expect((await gathered(board.ledger.read())).map(({ kind }) => kind)).toEqual(kinds)
  }
})

test('a tail goes on where it ended, and hears other boards', async () => {
  await using board = await openBoard()
  await using other = await beside(board)
  const stop = new AbortController()
  const heard: LedgerEntry[] = []
  const listening = (async () => {
    for await (const entry of board.ledger.tail({ from: 'all', signal: stop.signal })) heard.push(entry)
  })()
  const ids = (await other.enqueueMany(mail, [{ to: 'a' }, { to: 'b' }, { to: 'c' }])).map(({ id }) => id)
  await until('all are heard', () => heard.length === 3)
  stop.abort()
  await listening
  expect(heard.map(({ id }) => id)).toEqual(ids)
  const rest: LedgerEntry[] = []
  for await (const entry of board.ledger.tail({ from: heard[0]?.place ?? '' })) {
    rest.push(entry)
    if (rest.length === 2) break
  }
  expect(rest).toEqual(heard.slice(1))
  expect(await thrownBy(gathered(board.ledger.read('yesterday')))).toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('a ledger that has grown too large loses its oldest entries and goes on', async () => {
  await using board = await openBoard({ ledger: { bytes: 64 * 1024 } })
  await using seen = await broker()
  const round = Array.from({ length: 1000 }, (_, n) => ({ to: `${n}` }))
  let last = ''
  for (let rounds = 0; rounds < 6; rounds++) {
    last = (await board.enqueueMany(mail, round)).at(-1)?.id ?? ''
    await board.ledger.flush()
  }
  const { state } = await seen.manager.streams.info(streams(board).ledger)
  expect(state.first_seq).toBeGreaterThan(1)
  expect(state.bytes).toBeLessThan(80 * 1024)
  const left = await gathered(board.ledger.read())
  expect(left.at(-1)?.id).toBe(last)
  expect(left.length).toBeLessThan(6000)
})

test('entries that cannot be stored are left out and counted, and the work goes on', async () => {
  await using board = await openBoard()
  await using seen = await broker()
  const troubles: string[] = []
  board.on('trouble', ({ what }) => troubles.push(what))
  // A stream of somebody else in the place of the ledger: it cannot be declared.
  await seen.manager.streams.add({
    name: `${board.namespace.toUpperCase()}_LEDGER`,
    subjects: [`${board.namespace}.elsewhere`],
    storage: StorageType.Memory,
  })
  await board.enqueue(mail, { to: 'a' })
  await board.ledger.flush()
  expect(board.ledger.dropped).toBe(1)
  expect(troubles.join()).toMatch(/1 entries of the ledger were left out/)
  await seen.manager.streams.delete(streams(board).ledger)
  await board.enqueue(mail, { to: 'b' })
  await board.ledger.flush()
  expect((await gathered(board.ledger.read())).map(({ kind, count }) => [kind, count])).toEqual([
    ['dropped', 1],
    ['stored', undefined],
  ])
})
