import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Backoff, backoff, fullJitter } from '../../src/base/backoff.ts'
import { type Duration, duration, longest, milliseconds, spelled } from '../../src/base/duration.ts'

test.each<[unknown, number]>([
  [0, 0],
  [1500, 1500],
  ['0s', 0],
  ['250ms', 250],
  ['30s', 30_000],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
  ['0.0004s', 0],
  ['36500d', longest],
])('%j is %d ms', (value, ms) => {
  expect(milliseconds(value)).toBe(ms)
})

test.each<[string, unknown]>([
  ['less than nothing', -1],
  ['a fraction of a millisecond', 1.5],
  ['no number', Number.NaN],
  ['for ever', Number.POSITIVE_INFINITY],
  ['longer than a hundred years', longest + 1],
  ['a unit alone', 's'],
  ['a number without a unit', '30'],
  ['a space between', '30 s'],
  ['a space around', ' 30s'],
  ['a negative text', '-30s'],
  ['an exponent', '1e3s'],
  ['an unknown unit', '3w'],
  ['two parts', '1h30m'],
  ['a capital letter', '30S'],
  ['text longer than a hundred years', '36501d'],
  ['nothing', undefined],
  ['null', null],
  ['an object', { valueOf: () => 5 }],
  ['a bigint', 5n],
])('%s is no duration', (_, value) => {
  expect(milliseconds(value)).toBeUndefined()
})

test('a duration that cannot be used is refused with its name and value', () => {
  expect(() => duration('3 weeks' as Duration, 'timeout')).toThrow(
    expect.objectContaining({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/^timeout is "3 weeks"\. It must be whole milliseconds/),
    }),
  )
})

test.each<[number, string]>([
  [0, '0ms'],
  [999, '999ms'],
  [999.6, '1s'],
  [1000, '1s'],
  [2500, '2.5s'],
  [59_940, '59.9s'],
  [59_960, '1m'],
  [60_000, '1m'],
  [61_500, '1m 1s'],
  [3_900_000, '1h 5m'],
  [86_400_000, '1d'],
  [90_000_000, '1d 1h'],
])('%d ms are spelled %s', (ms, text) => {
  expect(spelled(ms)).toBe(text)
})

test.each<[string, Backoff, number, number]>([
  ['the same wait each time', '2s', 5, 2000],
  ['milliseconds', 250, 9, 250],
  ['a function', (attempt) => `${attempt}s`, 3, 3000],
  ['the first ceiling', '1s..5m', 1, 1000],
  ['a doubled ceiling', '1s..5m', 4, 8000],
  ['the last ceiling', '1s..5m', 9, 256_000],
  ['the ceiling that is never passed', '1s..5m', 10, 300_000],
  ['a far attempt', '1s..5m', 1_000_000, 300_000],
  ['a range of one', '3s..3s', 7, 3000],
])('the wait by %s', (_, option, attempt, ms) => {
  expect(backoff(option, () => 1)(attempt, new Error('x'))).toBe(ms)
})

test('a function hears what was thrown', () => {
  const error = new Error('slow down')
  expect(backoff((_, thrown) => (thrown === error ? '1m' : 0))(1, error)).toBe(60_000)
})

test('full jitter spreads evenly between nothing and a ceiling that doubles', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 1e6 }),
      fc.integer({ min: 0, max: 1e9 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, from, more, random) => {
        const to = from + more
        const ceiling = Math.min(to, from * 2 ** (attempt - 1))
        const wait = fullJitter(attempt, from, to, () => random)
        expect(Number.isInteger(wait)).toBe(true)
        expect(wait).toBe(Math.max(1, Math.round(random * ceiling)))
      },
    ),
  )
})

test('the mean of many waits is half the ceiling', () => {
  const wait = backoff('1s..5m')
  const waits = Array.from({ length: 10_000 }, () => wait(4, undefined))
  expect(waits.reduce((sum, ms) => sum + ms, 0) / waits.length / 8000).toBeCloseTo(0.5, 1)
})

test.each<[string, unknown, RegExp]>([
  ['no duration', 'soon', /^backoff is "soon"/],
  ['three durations', '1s..2s..3s', /two durations, as in "1s\.\.5m"/],
  ['an empty end', '1s..', /^the end of backoff is ""/],
  ['an empty start', '..1s', /^the start of backoff is ""/],
  ['a range that runs backwards', '5m..1s', /must not begin longer than it ends/],
  ['null', null, /^backoff is null/],
  ['an object', {}, /^backoff is an object/],
])('%s is refused as a backoff', (_, option, message) => {
  expect(() => backoff(option as Backoff)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
  )
})

test('what a function answers is checked when it answers', () => {
  expect(() => backoff(() => -1)(1, undefined)).toThrow('the wait returned by backoff() is -1.')
})
