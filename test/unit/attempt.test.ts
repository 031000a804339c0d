import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Counted, count, type Note, noted } from '../../src/runtime/attempt.ts'

const past = { history: [] }
const note = (count: number, used: number, more: Partial<Note> = {}): Note => ({
  count,
  used,
  open: false,
  suspect: false,
  ...past,
  ...more,
})

test.each<[string, number, Note | undefined, Counted]>([
  ['the first hand-over is the first attempt', 1, undefined, { attempt: 1, suspect: false }],
  ['a hand-over of which nothing is known is charged', 2, undefined, { attempt: 2, suspect: true }],
  ['many of which nothing is known are charged once', 9, undefined, { attempt: 2, suspect: true }],
  ['a failure is an attempt', 2, note(1, 1), { attempt: 2, suspect: false }],
  ['a drain is not', 2, note(1, 0), { attempt: 1, suspect: false }],
  ['a second failure is a second attempt', 3, note(2, 2), { attempt: 3, suspect: false }],
  ['one that vanished after a failure is charged', 4, note(2, 2), { attempt: 4, suspect: true }],
  ['several that vanished after a failure are charged once', 9, note(2, 2), { attempt: 4, suspect: true }],
  ['one that began under a mark is charged', 3, note(2, 1, { open: true, suspect: true }), { attempt: 3, suspect: true }],
  ['with those behind it that left no mark', 9, note(2, 1, { open: true, suspect: true }), { attempt: 3, suspect: true }],
  ['what leaves marks and left none has not begun', 9, note(2, 1, { suspect: true }), { attempt: 2, suspect: true }],
  [
    'a note of an earlier version without the word suspect is read',
    3,
    { count: 2, used: 2, open: false, history: [] },
    { attempt: 3, suspect: false },
  ],
])('%s', (_, handovers, known, counted) => {
  expect(count(handovers, known)).toEqual(counted)
})

test.each<[string, Counted, 'begins' | 'failed' | 'free', Note]>([
  ['a failure uses its attempt up', { attempt: 2, suspect: false }, 'failed', note(4, 2)],
  ['a drain or snooze does not', { attempt: 2, suspect: false }, 'free', note(4, 1)],
  ['a mark says that it began', { attempt: 2, suspect: true }, 'begins', note(4, 1, { open: true, suspect: true })],
  ['suspicion stays', { attempt: 2, suspect: true }, 'free', note(4, 1, { suspect: true })],
])('%s', (_, counted, how, written) => {
  expect(noted(4, counted, how, past)).toEqual(written)
})

test('what was learnt on the way stays in the note', () => {
  const history = [{ at: 1, attempt: 1, ms: 1, worker: 'w', error: { name: 'Error', message: 'x' } }]
  expect(noted(2, { attempt: 1, suspect: false }, 'failed', { history, ran: 5 })).toMatchObject({ history, ran: 5 })
})

/**
 * What may become of a hand-over. `lost`: its process ended while it waited; `vanishes`: its process ended while it ran;
 * `returned`: handed back before it began.
 */
type Fate = 'lost' | 'vanishes' | 'failed' | 'drained' | 'snoozed' | 'returned'

/** Lives through hand-overs as the consumer does, until the attempts are used up. Gives what happened. */
function live(fates: readonly Fate[], attempts: number): { runs: number; attempt: number; buried: boolean } {
  let known: Note | undefined
  let runs = 0
  let attempt = 0
  for (const [index, fate] of fates.entries()) {
    const handovers = index + 1
    if (fate === 'lost') continue
    const counted = count(handovers, known)
    attempt = counted.attempt
    if (fate === 'returned') {
      known = noted(handovers, counted, 'free', past)
      continue
    }
    if (attempt > attempts) return { runs, attempt, buried: true }
    if (counted.suspect) known = noted(handovers, counted, 'begins', past)
    runs++
    if (fate === 'failed') known = noted(handovers, counted, 'failed', past)
    else if (fate !== 'vanishes') known = noted(handovers, counted, 'free', past)
  }
  return { runs, attempt, buried: false }
}

const attempts = fc.integer({ min: 1, max: 8 })
const fates = (...some: Fate[]) => fc.array(fc.constantFrom(...some), { minLength: 1, maxLength: 60 })

test('what ends its process each time is run as often as it has attempts, and then buried', () => {
  fc.assert(
    fc.property(attempts, (most) => {
      expect(live(Array<Fate>(most + 5).fill('vanishes'), most)).toEqual({ runs: most, attempt: most + 1, buried: true })
    }),
  )
})

test('what ends its process or fails never runs more often than it has attempts, whatever else happens between', () => {
  fc.assert(
    fc.property(fates('vanishes', 'failed', 'lost', 'returned'), attempts, (life, most) => {
      expect(live(life, most).runs).toBeLessThanOrEqual(most)
    }),
    { numRuns: 1000 },
  )
})

test('what only ever waited beside a poisonous one loses one attempt at most', () => {
  fc.assert(
    fc.property(fates('lost', 'returned'), (life) => {
      expect(live([...life, 'returned'], 5).attempt).toBeLessThanOrEqual(2)
    }),
    { numRuns: 1000 },
  )
})

test('a drain or a snooze costs nothing, however often', () => {
  fc.assert(
    fc.property(fates('drained', 'snoozed', 'returned'), attempts, (life, most) => {
      expect(live(life, most)).toMatchObject({ attempt: 1, buried: false })
    }),
  )
})

test('failures are counted exactly, whatever is drained or snoozed between', () => {
  fc.assert(
    fc.property(fates('drained', 'snoozed', 'returned', 'failed'), (life) => {
      const failures = life.filter((fate) => fate === 'failed').length
      expect(live([...life, 'drained'], 1000).attempt).toBe(failures + 1)
    }),
  )
})

test('no history costs more than what happened in it, and one for what is not known', () => {
  fc.assert(
    fc.property(fates('lost', 'vanishes', 'failed', 'drained', 'snoozed', 'returned'), (life) => {
      const spent = life.filter((fate) => fate === 'failed' || fate === 'vanishes').length
      expect(live([...life, 'drained'], 1000).attempt).toBeLessThanOrEqual(spent + 2)
    }),
    { numRuns: 1000 },
  )
})
