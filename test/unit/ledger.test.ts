import type { LedgerEntry } from 'callboard'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { entriesOf, entryKinds, numbersIn } from '../../src/board/ledger-entry.ts'
import { Column, Page } from '../../src/board/ledger-page.ts'
import { attemptsOf, emptyFold, entriesOfMessage, fold, messageOf } from '../../src/extras/admin/fold.ts'
import { count, emptyCount, seriesOf } from '../../src/extras/admin/series.ts'

test('numbers are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: Number.MAX_SAFE_INTEGER })), (numbers) => {
      const column = new Column()
      for (const number of numbers) column.put(number)
      expect(numbersIn(column.bytes)).toEqual(numbers)
    }),
  )
})

test('a page is read as it was written, and says what was left out before it', () => {
  const page = new Page()
  const mail = { style: 'explicit', name: 'mail.send', service: 'mailer', queue: 'mail' } as const
  page.add('stored', 5000, { ...mail, service: undefined }, 'a', 0, 77, 'p', { due: 9000 })
  page.add('succeeded', 5010, mail, 'a', 1, 4)
  page.add('stored', 4000, { style: 'implicit', name: 'news' }, 'x'.repeat(500), 0, 3, 'p')
  page.add('failed', 5020, mail, 'b', 2, 9, undefined, { after: 100, error: { name: 'E', message: 'm' } })
  const entries = entriesOf(page.bytes('host/1/abcd', 12), 8)
  const worker = 'host/1/abcd'
  expect(entries).toEqual([
    { place: '8.-1', kind: 'dropped', at: 5000, worker, id: '-', style: 'explicit', name: '-', count: 12 },
    {
      place: '8.0',
      kind: 'stored',
      at: 5000,
      worker,
      style: 'explicit',
      name: 'mail.send',
      queue: 'mail',
      id: 'a',
      sequence: 77,
      parent: 'p',
      due: 9000,
    },
    { place: '8.1', kind: 'succeeded', at: 5010, worker, ...mail, id: 'a', attempt: 1, ms: 4 },
    { place: '8.2', kind: 'stored', at: 5000, worker, style: 'implicit', name: 'news', id: 'x'.repeat(200), sequence: 3, parent: 'p' },
    { place: '8.3', kind: 'failed', at: 5020, worker, ...mail, id: 'b', attempt: 2, ms: 9, after: 100, error: { name: 'E', message: 'm' } },
  ])
})

/** Entries as a row: kind, at, and what else there is. */
type Row = readonly [LedgerEntry['kind'], number, Partial<LedgerEntry>?]

const told = (rows: readonly Row[], base: Partial<LedgerEntry> = {}): LedgerEntry[] =>
  rows.map(([kind, at, more], index) => ({
    place: `1.${index}`,
    kind,
    at,
    worker: 'w1',
    style: 'explicit',
    name: 'mail.send',
    id: 'a',
    ...base,
    ...more,
  }))

const run = { service: 'mailer', attempt: 1 }
const error = { name: 'Error', message: 'full' }

test.each<[string, Row[], object]>([
  ['was stored', [['stored', 10, { sequence: 4, queue: 'mail' }]], { state: 'ready', storedAt: 10, sequence: 4, queue: 'mail' }],
  ['is for later', [['stored', 10, { due: 5000 }]], { state: 'scheduled', due: 5000 }],
  ['was for later, and that has come', [['stored', 10, { due: 500 }]], { state: 'ready' }],
  [
    'runs',
    [
      ['stored', 10],
      ['started', 30, run],
    ],
    { state: 'running', attempt: 1, wait: 20, worker: 'w1' },
  ],
  [
    'began at a worker that is gone',
    [
      ['stored', 10],
      ['started', 30, { ...run, worker: 'gone' }],
    ],
    { state: 'retrying' },
  ],
  [
    'succeeded',
    [
      ['stored', 10],
      ['succeeded', 35, { ...run, ms: 5 }],
    ],
    { state: 'done', endedAt: 35, ms: 5, wait: 20 },
  ],
  [
    'was heard to be stored after it had run',
    [
      ['succeeded', 35, { ...run, ms: 5 }],
      ['stored', 40],
    ],
    { state: 'done', wait: 0 },
  ],
  [
    'failed once',
    [
      ['stored', 10],
      ['failed', 35, { ...run, ms: 5, after: 2000, error }],
    ],
    { state: 'retrying', due: 2035, error: { message: 'full' } },
  ],
  [
    'failed, then succeeded',
    [
      ['failed', 35, { ...run, after: 5, error }],
      ['succeeded', 50, { ...run, attempt: 2 }],
    ],
    { state: 'done', attempt: 2 },
  ],
  [
    'died',
    [
      ['failed', 35, { ...run, error }],
      ['buried', 36, { ...run, reason: 'rejected', error }],
    ],
    { state: 'dead', reason: 'rejected', endedAt: 36 },
  ],
  ['expired', [['buried', 36, { ...run, reason: 'expired', error }]], { state: 'expired' }],
  [
    'was sent back',
    [
      ['buried', 36, { ...run, reason: 'rejected', error }],
      ['redriven', 50],
    ],
    { state: 'ready' },
  ],
  ['was put off', [['snoozed', 36, { ...run, after: 5000 }]], { state: 'retrying', due: 5036 }],
  ['was handed back', [['interrupted', 36, run]], { state: 'ready' }],
  [
    'was called off',
    [
      ['stored', 10],
      ['cancelled', 36],
    ],
    { state: 'cancelled', endedAt: 36 },
  ],
  ['was skipped', [['skipped', 36, run]], { state: 'skipped' }],
])('a task that %s', (_, rows, expected) => {
  const entries = told(rows).sort((a, b) => Number(b.kind === 'stored') - Number(a.kind === 'stored') || a.at - b.at)
  expect(messageOf(entries, { now: 1000, alive: new Set(['w1']) })).toMatchObject({ id: 'a', ...expected })
})

test('an event is as far as the service that is behind most', () => {
  const event = (rows: Row[]) => messageOf(told(rows, { style: 'implicit', name: 'news' }), { now: 1000 })?.state
  const [first, second] = [
    { service: 'a', attempt: 1 },
    { service: 'b', attempt: 1 },
  ]
  expect(event([['stored', 1]])).toBe('ready')
  expect(
    event([
      ['stored', 1],
      ['succeeded', 2, first],
    ]),
  ).toBe('done')
  expect(
    event([
      ['stored', 1],
      ['succeeded', 2, first],
      ['failed', 3, { ...second, after: 5 }],
    ]),
  ).toBe('retrying')
  expect(
    event([
      ['stored', 1],
      ['succeeded', 2, first],
      ['buried', 3, { ...second, reason: 'rejected' }],
    ]),
  ).toBe('dead')
})

test('a run that never came back is lost as soon as another begins', () => {
  const runs = attemptsOf(
    told([
      ['started', 10, run],
      ['started', 90, { ...run, attempt: 2 }],
      ['succeeded', 95, { ...run, attempt: 2, ms: 5 }],
    ]),
    { now: 100 },
  )
  expect(runs.map(({ state, startedAt }) => [state, startedAt])).toEqual([
    ['lost', 10],
    ['succeeded', 90],
  ])
})

const anyEntry: fc.Arbitrary<LedgerEntry> = fc
  .record({
    kind: fc.constantFrom(...entryKinds),
    at: fc.nat(1000),
    id: fc.constantFrom('a', 'b', 'c'),
    parent: fc.constantFrom(undefined, 'a', 'b'),
    attempt: fc.constantFrom(undefined, 1, 2),
    service: fc.constantFrom('x', 'y'),
    after: fc.constantFrom(undefined, 5),
    ms: fc.constantFrom(undefined, 3),
    style: fc.constantFrom('implicit' as const, 'explicit' as const),
  })
  .map(({ parent, attempt, after, ms, ...entry }) => ({
    place: '',
    worker: 'w',
    name: 'n',
    ...entry,
    ...(parent === undefined ? {} : { parent }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(after === undefined ? {} : { after }),
    ...(ms === undefined ? {} : { ms }),
  }))

test('entries come to the same in whatever order and however often they are told', () => {
  const entries = fc.array(anyEntry, { maxLength: 30 }).map((all) => all.map((each, index) => ({ ...each, place: `1.${index}` })))
  const seen = (all: readonly LedgerEntry[]) => {
    const folded = emptyFold(100)
    for (const entry of all) fold(folded, entry)
    const moment = { now: 500, alive: new Set(['w']) }
    return ['a', 'b', 'c'].map((id) => {
      const own = entriesOfMessage(folded, id)
      return [messageOf(own, moment), attemptsOf(own, moment), folded.dead.has(id), [...(folded.children.get(id) ?? [])].sort()]
    })
  }
  fc.assert(
    fc.property(
      entries.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }), fc.subarray(all))),
      ([all, shuffled, again]) => {
        expect(seen([...shuffled, ...again])).toEqual(seen(all))
      },
    ),
  )
})

test('what is done is let go before what died', () => {
  const folded = emptyFold(3)
  const one = (id: string, kind: LedgerEntry['kind'], at: number) =>
    fold(folded, { ...(told([[kind, at, run]])[0] as LedgerEntry), id, place: `${at}.0` })
  one('dead', 'buried', 1)
  for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) one(id, 'succeeded', 2 + index)
  expect([...folded.dead.keys(), ...folded.living.keys()]).toEqual(['dead', 'c', 'd'])
  expect(folded.forgotten).toBe(2)
})

test('a message that is retried for ever does not fill the memory', () => {
  const folded = emptyFold(3)
  for (let n = 0; n < 1000; n++)
    fold(folded, { ...(told([['failed', n, { ...run, attempt: n + 1, after: 1 }]])[0] as LedgerEntry), place: `${n}.0` })
  const kept = entriesOfMessage(folded, 'a')
  expect(kept.length).toBeLessThanOrEqual(200)
  expect([kept[0]?.attempt, kept.at(-1)?.attempt]).toEqual([1, 1000])
})

test('numbers over time are counted by contract, and empty steps are there', () => {
  const counted = emptyCount(100)
  const rows: Row[] = [
    ['stored', 1000, { queue: 'mail' }],
    ['succeeded', 2000, { queue: 'mail', ms: 100 }],
    ['failed', 12_000, { queue: 'mail', ms: 900 }],
    ['stored', 12_500, { style: 'implicit', name: 'news' }],
  ]
  for (const entry of told(rows)) count(counted, entry)
  const mail = seriesOf(counted, { from: 0, to: 15_000, step: 5000, queue: 'mail' })
  expect(mail.points.map(({ at, stored, succeeded, failed }) => [at, stored, succeeded, failed])).toEqual([
    [0, 1, 1, 0],
    [5000, 0, 0, 0],
    [10_000, 0, 0, 1],
  ])
  expect(mail.points[0]?.runP50).toBeGreaterThan(85)
  expect(mail.points[0]?.runP50).toBeLessThan(115)
  expect(seriesOf(counted, { from: 0, to: 15_000, step: 15_000 }).points).toMatchObject([{ stored: 2, succeeded: 1, failed: 1 }])
  expect(seriesOf(counted, { from: 0, to: 15_000, step: 15_000, topic: 'news' }).points).toMatchObject([{ stored: 1, succeeded: 0 }])
})
