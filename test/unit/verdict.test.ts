import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Arrival, admit, judge, type Outcome, type Policy, Reject, Snooze, type Verdict } from '../../src/runtime/verdict.ts'

const policy: Policy = {
  attempts: 3,
  backoff: (attempt) => attempt * 1000,
  timeout: 60_000,
  retriable: () => true,
  maxAge: 0,
  maxRuntime: 0,
}
const picky: Policy = { ...policy, retriable: (error) => !(error instanceof RangeError) }
const aged: Policy = { ...policy, maxAge: 1000 }
const bounded: Policy = { ...policy, maxRuntime: 500 }
const arrival: Arrival = { attempt: 1, now: 10_000, storedAt: 5000, ran: 0, expires: undefined }
const threw = (error: unknown): Outcome => ({ end: 'threw', error })
const again = (after: number, counts: boolean): Verdict => ({ say: 'again', after, counts })
const bury = (reason: 'rejected' | 'exhausted' | 'unreadable'): Verdict => ({ say: 'bury', reason })

test.each<[string, Partial<Arrival>, Policy, string | undefined]>([
  ['what arrives first may run', {}, policy, undefined],
  ['the last attempt may run', { attempt: 3 }, policy, undefined],
  ['what has used up its attempts is buried before it runs', { attempt: 4 }, policy, 'exhausted'],
  ['what has not started in time has expired', { expires: 9999 }, policy, 'expired'],
  ['what starts at its last moment has not', { expires: 10_000 }, policy, undefined],
  ['what has failed before has started in time', { attempt: 2, expires: 9999 }, policy, undefined],
  ['what was drained or snoozed has started in time', { ran: 1, expires: 9999 }, policy, undefined],
  ['what has used up its attempts is exhausted, not expired', { attempt: 4, expires: 9999 }, policy, 'exhausted'],
  ['what is too old is not tried again', { attempt: 2 }, aged, 'exhausted'],
  ['what is as old as it may be is', { attempt: 2, storedAt: 9000 }, aged, undefined],
  ['however old it is, it is tried once', {}, aged, undefined],
  ['what has run long enough is not tried again', { attempt: 2, ran: 500 }, bounded, 'exhausted'],
  ['what has run for almost as long is', { attempt: 2, ran: 499 }, bounded, undefined],
])('%s', (_, what, by, reason) => {
  expect(admit({ ...arrival, ...what }, by)).toBe(reason)
})

test.each<[string, Outcome, number, Policy, Verdict]>([
  ['a return is final', { end: 'returned', value: 1 }, 1, policy, { say: 'ack' }],
  ['a return of nothing is final', { end: 'returned', value: undefined }, 3, policy, { say: 'ack' }],
  ['what was skipped is done', { end: 'skipped' }, 1, policy, { say: 'ack' }],
  ['what the sender wants no more is done', { end: 'cancelled' }, 1, policy, { say: 'ack' }],
  ['a drain costs no attempt, not even the last', { end: 'interrupted' }, 3, policy, again(0, false)],
  ['what cannot be read is buried at once', { end: 'unreadable', error: new Error('x') }, 1, policy, bury('unreadable')],
  ['an error waits by the policy', threw(new Error('x')), 1, policy, again(1000, true)],
  ['a later error waits longer', threw(new Error('x')), 2, policy, again(2000, true)],
  ['the last attempt is buried', threw(new Error('x')), 3, policy, bury('exhausted')],
  ['an attempt after the last is buried too', threw(new Error('x')), 7, policy, bury('exhausted')],
  ['what is thrown need not be an error', threw('x'), 1, policy, again(1000, true)],
  ['nothing thrown is thrown all the same', threw(undefined), 1, policy, again(1000, true)],
  ['a timeout is an error like others', { end: 'timed out', error: new Error('x') }, 1, policy, again(1000, true)],
  ['the last timeout is buried', { end: 'timed out', error: new Error('x') }, 3, policy, bury('exhausted')],
  ['a rejection is buried at once', threw(new Reject('x')), 1, policy, bury('rejected')],
  ['a snooze is not an attempt, not even the last', threw(new Snooze(500)), 3, policy, again(500, false)],
  ['a snooze may be spelled', threw(new Snooze('5m')), 1, policy, again(300_000, false)],
  ['an error not worth another attempt is buried at once', threw(new RangeError('x')), 1, picky, bury('rejected')],
  ['a snooze is obeyed whatever errors are worth', threw(new Snooze(1)), 1, { ...policy, retriable: () => false }, again(1, false)],
])('%s', (_, outcome, attempt, by, verdict) => {
  expect(judge(outcome, attempt, by)).toEqual(verdict)
})

test('backoff is told the attempt and the error', () => {
  const error = new Error('x')
  const told: unknown[] = []
  judge(threw(error), 2, { ...policy, backoff: (...args) => told.push(...args) })
  expect(told).toEqual([2, error])
})

test('a snooze of nonsense is refused where it is made', () => {
  expect(() => new Snooze(-1)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  expect(() => new Snooze('soon' as '1s')).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
})

const outcomes = fc.constantFrom<Outcome>(
  { end: 'returned', value: 1 },
  threw(new Error('x')),
  threw(new Reject('x')),
  threw(new Snooze(5)),
  { end: 'timed out', error: new Error('x') },
  { end: 'interrupted' },
  { end: 'cancelled' },
  { end: 'unreadable', error: new Error('x') },
)

test('only an error costs an attempt, and only while there is one left', () => {
  fc.assert(
    fc.property(outcomes, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 10 }), (outcome, attempt, attempts) => {
      const verdict = judge(outcome, attempt, { ...policy, attempts })
      if (verdict.say !== 'again') return
      expect(verdict.counts).toBe((outcome.end === 'threw' && !(outcome.error instanceof Snooze)) || outcome.end === 'timed out')
      if (verdict.counts) expect(attempt).toBeLessThan(attempts)
    }),
  )
})

test('what is admitted has an attempt left', () => {
  fc.assert(
    fc.property(fc.nat({ max: 20 }), fc.integer({ min: 1, max: 10 }), fc.nat(), (attempt, attempts, ran) => {
      if (admit({ ...arrival, attempt, ran }, { ...policy, attempts }) === undefined) expect(attempt).toBeLessThanOrEqual(attempts)
    }),
  )
})
