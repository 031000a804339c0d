/** Cron as callboard reads it: what is taken, what it becomes, what it means, and what people read. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commonForm, cronAfter, cronBefore } from '../../src/base/cron.ts'
import { brokerForm, preview, timeOf, timesAfter, timesBefore, timesOf, type When } from '../../src/base/when.ts'
import { inPlainWords } from '../../src/base/when-words.ts'

test.each([
  ['five fields get second 0', '0 9 * * 1-5', '0 0 9 * * 1-5'],
  ['six fields stay', '30 0 9 * * 1-5', '30 0 9 * * 1-5'],
  ['blanks between fields do not count', '  0   9 * *  * ', '0 0 9 * * *'],
  ['days have names', '0 9 * * MON-fri', '0 0 9 * * 1-5'],
  ['months have names', '0 0 1 JAN,jul *', '0 0 0 1 1,7 *'],
  ['weekday 7 is Sunday', '0 9 * * 7', '0 0 9 * * 0'],
  ['a range up to weekday 7 ends on Sunday', '0 9 * * 5-7', '0 0 9 * * 0,5,6'],
  ['a range of weekdays may run past the end of the week', '0 9 * * FRI-SUN', '0 0 9 * * 0,5,6'],
  ['all weekdays stay restricted days, which matters beside a day of the month', '0 9 1 * 0-7', '0 0 9 1 * 0-6'],
  ['steps over weekdays with 7', '0 9 * * 1-7/2', '0 0 9 * * 0,1,3,5'],
  ['a question mark is a star', '0 9 ? * ?', '0 0 9 * * *'],
  ['a step of one is a star', '*/1 * * * *', '0 * * * * *'],
  ['a star beside others is a star', '1,*,3 * * * *', '0 * * * * *'],
  ['a step from a number runs to the end', '0 9 5/10 * *', '0 0 9 5-31/10 * *'],
  ['@daily', '@daily', '0 0 0 * * *'],
  ['@midnight is @daily', '@midnight', '0 0 0 * * *'],
  ['@hourly', '@hourly', '0 0 * * * *'],
  ['@weekly', '@weekly', '0 0 0 * * 0'],
  ['@monthly', '@monthly', '0 0 0 1 * *'],
  ['@yearly', '@yearly', '0 0 0 1 1 *'],
  ['@annually, in any case', '@Annually', '0 0 0 1 1 *'],
])('%s', (_, given, common) => {
  expect(commonForm(given)).toBe(common)
  expect(commonForm(common)).toBe(common)
})

test.each([
  ['L', '0 9 L * *', 'knows no L'],
  ['L after a number', '0 9 * * 5L', 'knows no L'],
  ['W', '0 9 15W * *', 'knows no W'],
  ['LW', '0 9 LW * *', 'knows no L'],
  ['#', '0 9 * * 1#2', 'knows no #'],
  ['+', '0 9 1 * +MON', 'knows no +'],
  ['a year', '0 0 9 1 1 * 2027', 'knows no year'],
  ['too few fields', '0 9 * *', 'five fields, or six'],
  ['@reboot', '@reboot', 'the only names are'],
  ['a minute of 60', '60 9 * * *', 'is not from 0 to 59'],
  ['a day of 0', '0 9 0 * *', 'is not from 1 to 31'],
  ['a weekday of 8', '0 9 * * 8', 'is not from 0 to 7'],
  ['an empty part', '1,,3 9 * * *', 'cannot be read'],
  ['a fraction', '1.5 9 * * *', 'cannot be read'],
  ['a negative number', '-5 9 * * *', 'cannot be read'],
  ['a range the wrong way round', '30-10 * * * *', 'begins after it ends'],
  ['a step of 0', '*/0 * * * *', 'must be 1 or more'],
  ['a step beyond the end', '*/70 * * * *', 'for an interval say { every }'],
  ['no text', 7, 'it is not text'],
])('%s is refused and the reason said', (_, given, reason) => {
  expect(() => commonForm(given)).toThrow(expect.objectContaining({ code: 'INVALID_SCHEDULE', message: expect.stringContaining(reason) }))
})

test.each<[string, unknown, string]>([
  ['30 February never fires', { cron: '0 9 30 2 *' }, 'INVALID_SCHEDULE'],
  ['31 April and June never fire', { cron: '0 9 31 4,6 *' }, 'INVALID_SCHEDULE'],
  ['an unknown zone is refused', { cron: '0 9 * * *', zone: 'Mars/Olympus' }, 'INVALID_TIMEZONE'],
  ['an offset is no zone', { cron: '0 9 * * *', zone: '+02:00' }, 'INVALID_TIMEZONE'],
  ['a zone in the wrong case is refused, as the broker would', { cron: '0 9 * * *', zone: 'europe/berlin' }, 'INVALID_TIMEZONE'],
  ['a zone goes only with cron', { every: '1m', zone: 'Europe/Berlin' }, 'INVALID_SCHEDULE'],
  ['an interval under a second is refused', { every: '500ms' }, 'INVALID_SCHEDULE'],
  ['an interval that is none is refused', { every: 'often' }, 'INVALID_SCHEDULE'],
  ['an invalid date is refused', { at: new Date(Number.NaN) }, 'INVALID_SCHEDULE'],
  ['nothing at all is refused', {}, 'INVALID_SCHEDULE'],
  ['two at once are refused', { every: '1m', at: new Date() }, 'INVALID_SCHEDULE'],
  ['what is no object is refused', '0 9 * * *', 'INVALID_SCHEDULE'],
])('%s', (_, when, code) => {
  expect(() => timesOf(when as When)).toThrow(expect.objectContaining({ code }))
})

test('a date that does not exist is told as one that never fires', () => {
  expect(() => timesOf({ cron: '0 9 30 2 *' })).toThrow(/never fires/)
})

test('29 February fires in leap years', () => {
  expect(cronAfter({ cron: commonForm('0 9 29 2 *'), zone: 'UTC' }, new Date('2026-01-01'), 1)).toEqual([new Date('2028-02-29T09:00:00Z')])
})

test.each<[string, When, string, string | undefined]>([
  ['cron in UTC', { cron: '0 9 * * *' }, '0 0 9 * * *', undefined],
  ['cron in a zone', { cron: '0 9 * * *', zone: 'Asia/Kolkata' }, '0 0 9 * * *', 'Asia/Kolkata'],
  ['an interval', { every: '15m' }, '@every 900000ms', undefined],
  ['a time', { at: new Date('2027-03-01T09:00:00.250Z') }, '@at 2027-03-01T09:00:00.250Z', undefined],
])('%s as the broker is told', (_, when, schedule, zone) => {
  expect(brokerForm(timesOf(when))).toEqual({ schedule, zone })
})

test.each<[string, When]>([
  ['weekdays 09:00, Asia/Kolkata', { cron: '0 0 9 * * 1-5', zone: 'Asia/Kolkata' }],
  ['every day 09:00, UTC', { cron: '0 9 * * *' }],
  ['every day 09:00 and 17:00, UTC', { cron: '0 9,17 * * *' }],
  ['every day 00:00, Europe/Berlin', { cron: '@daily', zone: 'Europe/Berlin' }],
  ['every day 23:59:30, UTC', { cron: '30 59 23 * * *' }],
  ['weekends 10:00, UTC', { cron: '0 10 * * 6,0' }],
  ['Mondays, Thursdays and Sundays 08:05, UTC', { cron: '5 8 * * 7,1,4' }],
  ['Tuesdays to Thursdays 08:00, UTC', { cron: '0 8 * * 2-4' }],
  ['the 1st of each month 00:00, UTC', { cron: '@monthly' }],
  ['the 22nd of each month 06:00, UTC', { cron: '0 6 22 * *' }],
  ['the 13th of each month 06:00, UTC', { cron: '0 6 13 * *' }],
  ['1 January 00:00, UTC', { cron: '@yearly' }],
  ['every second, UTC', { cron: '* * * * * *' }],
  ['every 10 seconds, UTC', { cron: '*/10 * * * * *' }],
  ['every minute, UTC', { cron: '* * * * *' }],
  ['every 20 minutes, UTC', { cron: '*/20 * * * *' }],
  ['weekdays, every 20 minutes, UTC', { cron: '*/20 * * * 1-5' }],
  ['every hour, UTC', { cron: '@hourly' }],
  ['every hour at minute 5, UTC', { cron: '5 * * * *' }],
  ['every 6 hours, UTC', { cron: '0 */6 * * *' }],
  ['cron 0 0 9 1 * 1, UTC', { cron: '0 9 1 * MON' }],
  ['cron 0 */5 9-17 * * *, UTC', { cron: '*/5 9-17 * * *' }],
  ['every 1h 30m', { every: '90m' }],
  ['once, Mon 2027-03-01 09:00, UTC', { at: new Date('2027-03-01T09:00:00Z') }],
])('in plain words: %s', (words, when) => {
  expect(inPlainWords(timesOf(when))).toBe(words)
})

const berlin = { cron: '0 30 2 * * *', zone: 'Europe/Berlin' }
const iso = (times: readonly (Date | number)[]) => times.map((time) => new Date(time).toISOString())

test('a time that does not exist runs at the first moment after the gap', () => {
  expect(iso(cronAfter(berlin, new Date('2027-03-27T12:00:00Z'), 2))).toEqual(['2027-03-28T01:00:00.000Z', '2027-03-29T00:30:00.000Z'])
  expect(preview(berlin, { from: new Date('2027-03-27T12:00:00Z'), count: 1 })[0]?.there).toBe('Sun 2027-03-28 03:00')
})

test('a time that happens twice runs once, the first time', () => {
  expect(iso(cronAfter(berlin, new Date('2027-10-30T12:00:00Z'), 2))).toEqual(['2027-10-31T00:30:00.000Z', '2027-11-01T01:30:00.000Z'])
})

test('what fires the second time that 02:30 happens stands for the first', () => {
  expect(iso([timeOf(berlin, Date.parse('2027-10-31T01:30:00.120Z'))])).toEqual(['2027-10-31T00:30:00.000Z'])
})

test('a time of each hour goes on through a repeated hour and leaves out a missing one', () => {
  const hourly = { cron: '0 30 * * * *', zone: 'Europe/Berlin' }
  expect(iso(cronAfter(hourly, new Date('2027-10-31T00:00:00Z'), 3))).toEqual([
    '2027-10-31T00:30:00.000Z',
    '2027-10-31T01:30:00.000Z',
    '2027-10-31T02:30:00.000Z',
  ])
  expect(iso(cronAfter(hourly, new Date('2027-03-28T00:00:00Z'), 2))).toEqual(['2027-03-28T00:30:00.000Z', '2027-03-28T01:30:00.000Z'])
})

test.each([
  ['a firing a little late', '2027-05-03T09:00:00.189Z', '2027-05-03T09:00:00.000Z'],
  ['a firing to the millisecond', '2027-05-03T09:00:00.000Z', '2027-05-03T09:00:00.000Z'],
  ['a firing made up for hours later', '2027-05-03T14:12:33.001Z', '2027-05-03T09:00:00.000Z'],
  ['a firing that the clock of the broker has a little too early', '2027-05-03T08:59:59.950Z', '2027-05-03T09:00:00.000Z'],
  ['a firing just before the next', '2027-05-04T08:59:59.899Z', '2027-05-03T09:00:00.000Z'],
])('%s stands for its time', (_, stored, time) => {
  expect(iso([timeOf({ cron: '0 0 9 * * *', zone: 'UTC' }, Date.parse(stored))])).toEqual([time])
})

test('times up to an instant include the instant', () => {
  const nine = { cron: '0 0 9 * * *', zone: 'UTC' }
  expect(iso(cronBefore(nine, new Date('2027-05-03T09:00:00Z'), 2))).toEqual(['2027-05-03T09:00:00.000Z', '2027-05-02T09:00:00.000Z'])
  expect(iso(timesBefore(nine, Date.parse('2027-05-03T08:59:59.999Z'), 1))).toEqual(['2027-05-02T09:00:00.000Z'])
})

test('an interval counts from its last firing and skips what has passed', () => {
  expect(timesAfter({ every: 60_000 }, 1_000_000, 2, 790_000)).toEqual([1_030_000, 1_090_000])
  expect(timesAfter({ every: 60_000 }, 1_000_000, 1)).toEqual([1_060_000])
  expect(timesBefore({ every: 60_000 }, 1_000_000, 3)).toEqual([])
})

test('a single time comes once', () => {
  expect(timesAfter({ at: 5000 }, 4999, 3)).toEqual([5000])
  expect(timesAfter({ at: 5000 }, 5000, 3)).toEqual([])
})

test('the next times are shown on two clocks', () => {
  const from = new Date('2027-03-05T12:00:00Z')
  expect(preview({ cron: '0 9 * * 1-5', zone: 'Asia/Kolkata' }, { from, count: 2, zone: 'America/New_York' })).toEqual([
    { at: new Date('2027-03-08T03:30:00Z'), there: 'Mon 2027-03-08 09:00', here: 'Sun 2027-03-07 22:30' },
    { at: new Date('2027-03-09T03:30:00Z'), there: 'Tue 2027-03-09 09:00', here: 'Mon 2027-03-08 22:30' },
  ])
})

test('whatever is taken stays as it is when read again, and its times go forward and back alike', () => {
  const number = (least: number, most: number) => fc.integer({ min: least, max: most })
  const field = (least: number, most: number) =>
    fc.oneof(
      fc.constant('*'),
      number(least, most).map(String),
      fc.tuple(number(least, most), number(least, most)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.uniqueArray(number(least, most), { minLength: 1, maxLength: 4 }).map((list) => list.join(',')),
      number(2, 5).map((step) => `*/${step}`),
    )
  const expression = fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)).map((parts) => parts.join(' '))
  fc.assert(
    fc.property(expression, (given) => {
      const cron = commonForm(given)
      expect(commonForm(cron)).toBe(cron)
      const [next] = cronAfter({ cron, zone: 'UTC' }, new Date('2027-01-01'), 1)
      expect(next).toBeDefined()
      expect(cronBefore({ cron, zone: 'UTC' }, next as Date, 1)).toEqual([next])
    }),
    { numRuns: 200 },
  )
})
