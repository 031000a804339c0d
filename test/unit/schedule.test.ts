/** The judgements behind schedules: how they are doing, what was missed, what is too late, who runs what. */

import { expect, test, vi } from 'vitest'
import { fault } from '../../src/base/errors.ts'
import type { Times } from '../../src/base/when.ts'
import type { Core } from '../../src/board/core.ts'
import { type Definition, effective, offsetOf } from '../../src/board/schedule-definition.ts'
import { type Known, type ScheduleState, stateOf } from '../../src/board/schedule-state.ts'
import { accountedFor, attendant, dueTimes } from '../../src/board/schedule-sweep.ts'
import { type Came, claim, trimmed } from '../../src/board/schedule-trail.ts'
import { madeUpFor, tooLate } from '../../src/board/schedule-turn.ts'
import { Headers, headerBlock, headerJson, idOf } from '../../src/wire/envelope.ts'
import { names } from '../../src/wire/names.ts'
import type { Found } from '../../src/wire/table.ts'

const clock = (text: string): number => Date.parse(`2027-05-03T${text}Z`)
const nine: Times = { cron: '0 0 9 * * *', zone: 'UTC' }
const minutely: Times = { cron: '0 * * * * *', zone: 'UTC' }
const hourly: Times = { cron: '0 0 * * * *', zone: 'UTC' }
const interval: Times = { every: 60_000 }

const plan = (times: Times, more: Partial<Definition> = {}): Definition => ({
  name: 'x',
  fires: { task: 'x', queue: 'default', lane: 'normal' },
  times,
  since: 0,
  ...more,
})
const known = (now: number, more: Partial<Known> = {}): Known => ({ now, storedAt: 0, lastTime: 0, lastStored: 0, ...more })

test.each<[string, ScheduleState, Definition, Known]>([
  ['a single time to come', 'ok', plan({ at: clock('09:00:00') }), known(clock('08:00:00'))],
  ['a single time that has just come', 'ok', plan({ at: clock('09:00:00') }), known(clock('09:00:05'))],
  ['a single time that has passed and is still there', 'stuck', plan({ at: clock('09:00:00') }), known(clock('09:00:07'))],
  ['the same while it is paused', 'ok', plan({ at: clock('09:00:00') }, { paused: true }), known(clock('19:00:00'))],
  ['the same until the end of a pause', 'ok', plan({ at: clock('09:00:00') }, { paused: clock('10:00:00') }), known(clock('09:59:00'))],
  ['a cron whose last time has come', 'ok', plan(nine), known(clock('10:00:00'), { lastTime: clock('09:00:00') })],
  ['a cron whose last time is only just due', 'ok', plan(nine), known(clock('09:00:05'), { lastTime: clock('09:00:00') - 86_400_000 })],
  ['a cron that missed one', 'overdue', plan(hourly), known(clock('10:00:10'), { lastTime: clock('09:00:00') })],
  ['a cron that missed two', 'stuck', plan(hourly), known(clock('10:00:10'), { lastTime: clock('08:00:00') })],
  ['a cron set after its last time', 'ok', plan(hourly), known(clock('10:30:00'), { storedAt: clock('10:10:00') })],
  ['a cron whose first time came in the second it was set', 'ok', plan(hourly), known(clock('10:30:00'), { storedAt: clock('09:59:59') })],
  [
    'a cron that has been due once since it was set, in vain',
    'overdue',
    plan(hourly),
    known(clock('10:30:00'), { storedAt: clock('09:30:00') }),
  ],
  ['an interval that came', 'ok', plan(interval), known(clock('10:00:59'), { lastStored: clock('10:00:00') })],
  ['an interval just set', 'ok', plan(interval), known(clock('10:00:59'), { storedAt: clock('10:00:00') })],
  ['an interval that missed one', 'overdue', plan(interval), known(clock('10:01:30'), { lastStored: clock('10:00:00') })],
  ['an interval that missed two', 'stuck', plan(interval), known(clock('10:02:07'), { lastStored: clock('10:00:00') })],
])('%s is %s', (_, state, definition, facts) => {
  expect(stateOf(definition, facts)).toBe(state)
})

test.each<[string, Times, Definition['missed'], string, string, string[]]>([
  ['the last time, by default', hourly, undefined, '05:30:00', '09:30:00', ['09:00:00']],
  ['nothing that is accounted for', hourly, undefined, '09:00:00', '09:30:00', []],
  ['nothing that may still come by itself', hourly, undefined, '08:30:00', '09:00:05', []],
  ['all within a window', hourly, 3 * 3_600_000, '01:00:00', '09:30:00', ['07:00:00', '08:00:00', '09:00:00']],
  ['all within a window that are not accounted for', hourly, 3 * 3_600_000, '07:00:00', '09:30:00', ['08:00:00', '09:00:00']],
  ['nothing where the schedule says skip', hourly, 'skip', '01:00:00', '09:30:00', []],
  ['nothing of an interval', interval, undefined, '01:00:00', '09:30:00', []],
  ['nothing of a single time, which the broker makes up for', { at: clock('08:00:00') }, undefined, '01:00:00', '09:30:00', []],
])('missed is %s', (_, times, missed, after, now, due) => {
  expect(dueTimes({ times, missed }, clock(after), clock(now))).toEqual(due.map(clock))
})

test('at most a thousand are made up for in one go, the oldest first', () => {
  const due = dueTimes({ times: minutely, missed: 7 * 86_400_000 }, clock('00:00:00') - 3 * 86_400_000, clock('09:30:00'))
  expect(due).toHaveLength(1000)
  expect(due[0]).toBe(clock('00:01:00') - 3 * 86_400_000)
})

test.each<[string, Times, Definition['missed'], string, boolean]>([
  ['what comes in time', nine, 'skip', '09:00:05', false],
  ['what comes a few seconds late, as after a change of leader', nine, 'skip', '09:00:09', false],
  ['what comes later than that under skip', nine, 'skip', '09:00:11', true],
  ['what comes any time later under one', nine, undefined, '23:00:00', false],
  ['what comes within the window', nine, 3_600_000, '09:59:00', false],
  ['what comes after the window', nine, 3_600_000, '10:01:00', true],
  ['a single time that comes late under skip', { at: clock('09:00:00') }, 'skip', '10:00:00', true],
  ['an interval at any time', interval, undefined, '23:00:00', false],
])('%s: too late is %#', (_, times, missed, stored, late) => {
  expect(tooLate({ times, missed }, clock('09:00:00'), clock(stored))).toBe(late)
})

test('only what has fixed times and wants them is made up for', () => {
  expect([plan(nine), plan(nine, { missed: 5 }), plan(nine, { missed: 'skip' }), plan(interval), plan({ at: 1 })].map(madeUpFor)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})

test('a single time within a pause comes at its end, other times stay', () => {
  expect(effective(plan({ at: 5 }, { paused: 9 }))).toEqual({ at: 9 })
  expect(effective(plan({ at: 5 }, { paused: 3 }))).toEqual({ at: 5 })
  expect(effective(plan({ at: 5 }, { paused: true }))).toEqual({ at: 5 })
  expect(effective(plan(nine, { paused: 9 }))).toEqual(nine)
})

test('a spread is evenly used, stays the same for a name, and is nothing without one', () => {
  const parts = Array.from({ length: 10_000 }, (_, index) => offsetOf({ name: `user-${index}`, spread: 60_000 }))
  expect(parts.every((part) => part >= 0 && part < 60_000)).toBe(true)
  const tenths = Array.from({ length: 10 }, (_, tenth) => parts.filter((part) => Math.floor(part / 6000) === tenth).length)
  for (const many of tenths) expect(Math.abs(many - 1000)).toBeLessThan(150)
  expect(offsetOf({ name: 'user-1', spread: 60_000 })).toBe(parts[1])
  expect(offsetOf({ name: 'user-1' })).toBe(0)
})

test('a firing is named after its schedule and its place, and keeps another id that it has', () => {
  const fired = [['Cb-Schedule', headerJson({ name: 'a.b:c/d-1', fires: {} })]] as const
  expect(idOf(new Headers(headerBlock(fired)), 17)).toBe('a.b:c/d-1@17')
  expect(idOf(new Headers(headerBlock([['Cb-Id', 'own'], ...fired])), 17)).toBe('own')
  expect(idOf(new Headers(headerBlock([['Nats-Msg-Id', 'made']])), 17)).toBe('made')
  expect(idOf(new Headers(headerBlock([])), 17)).toBeUndefined()
})

test('a trail keeps the last times, and before them those not accounted for, up to a thousand', () => {
  const came = Array.from({ length: 2000 }, (_, index): Came => [index, index, index])
  expect(trimmed(came, 64, Infinity)).toEqual(came.slice(-64))
  expect(trimmed(came, 64, 1899)).toEqual(came.slice(1900))
  expect(trimmed(came, 64, 0)).toEqual(came.slice(-1000))
})

/** As much of a core as a trail needs: a table in memory, whose answers take a turn. */
function tableOnly(): Core {
  let kept: Found | undefined
  const table = {
    get: async () => kept,
    put: async (_: string, body: Uint8Array, { revision }: { revision: number }) => {
      if ((kept?.revision ?? 0) !== revision) throw fault('ALREADY_EXISTS', 'another was faster')
      kept = { body, headers: new Headers(undefined), revision: revision + 1 }
      return revision + 1
    },
  }
  return { names: names('unit'), table } as unknown as Core
}

test('of many messages for one time exactly one may run, now and at every later delivery', async () => {
  const core = tableOnly()
  const all = Array.from({ length: 20 }, (_, index) => index + 1)
  const ask = () => Promise.all(all.map((sequence) => claim(core, { name: 'x' }, [1000, sequence, 1000], 64, true)))
  const first = await ask()
  expect(first.filter(Boolean)).toHaveLength(1)
  expect(await ask()).toEqual(first)
})

test('messages for different times all run', async () => {
  const core = tableOnly()
  const all = Array.from({ length: 20 }, (_, index) => index + 1)
  expect(await Promise.all(all.map((each) => claim(core, { name: 'x' }, [each, each, each], 64, false)))).toEqual(all.map(() => true))
})

test.each([
  ['all were run', [1000, 2000], [1000, 2000], 9000],
  ['nothing was due', [], [], 9000],
  ['one only lies in its stream', [1000, 2000, 3000], [1000, 3000], 1999],
  ['none was run', [1000, 2000], [], 999],
])('nobody looks again up to the first time that was not run: %s', (_what, due, run, until) => {
  expect(accountedFor(due, new Set(run), 9000)).toBe(until)
})

test('a sweep that the broker does not answer is tried again within seconds, by one at a time, and not when services have stopped', async () => {
  vi.useFakeTimers()
  try {
    let asked = 0
    const told: string[] = []
    const core = {
      link: { listen: () => () => undefined },
      events: { on: () => () => undefined, tell: (_: string, { what }: { what: string }) => told.push(what) },
      layout: {
        time: async () => {
          asked++
          throw new Error('no answer')
        },
      },
    } as unknown as Core
    const swept = attendant(core)
    swept.begin()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked).toBeGreaterThan(6)
    expect(asked).toBeLessThan(12)
    expect(told.every((what) => what === 'schedules could not be looked after')).toBe(true)
    swept.end()
    const before = asked
    await vi.advanceTimersByTimeAsync(600_000)
    expect(asked).toBe(before)
  } finally {
    vi.useRealTimers()
  }
})
