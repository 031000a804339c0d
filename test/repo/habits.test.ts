import { expect, test } from 'vitest'
import { parked, sleeping, timed } from './habits.ts'
import { sources } from './tree.ts'

/** Measuring and breaking things is about time; until() is the one who may wait. */
const aboutTime = /^test\/(bench|faults)\/|^test\/support\/until\.ts$/
const tests = Object.entries(sources('test'))
const patient = tests.filter(([path]) => !aboutTime.test(path))

test('every test runs, and lets the others run', () => {
  expect(tests.flatMap(([path, text]) => parked(path, text))).toEqual([])
})

test('no test sleeps; it waits for something, with until()', () => {
  expect(patient.flatMap(([path, text]) => sleeping(path, text))).toEqual([])
})

test('no test expects anything of how long something took', () => {
  expect(patient.flatMap(([path, text]) => timed(path, text))).toEqual([])
})

test.each([
  ['a skipped test', parked, 'test.skip("x", () => {})'],
  ['a lone one in a chain', parked, 'describe.concurrent.only("x", () => {})'],
  ['one to be written', parked, 'it.todo("x")'],
  ['one that skips itself', parked, 'test("x", (ctx) => ctx.skip())'],
  ['one that is meant to fail', parked, 'test.fails("x", () => {})'],
  ['a sleep', sleeping, 'await new Promise((resolve) => setTimeout(resolve, 50))'],
  ['a borrowed sleep', sleeping, "import { setTimeout as sleep } from 'node:timers/promises'"],
  ['a repeated look', sleeping, 'setInterval(look, 10)'],
  ['a measured span', timed, 'expect(Date.now() - start).toBeLessThan(100)'],
  ['a measured span with a name', timed, 'const took = Math.round(performance.now() - start)\nexpect(took).toBe(3)'],
  ['a span between two names', timed, 'const end = Date.now()\nexpect(end - start).toBe(3)'],
])('%s is found', (_, habit, text) => {
  expect(habit('x.test.ts', text)).toHaveLength(1)
})

test.each([
  ['a test that not every system can run', parked, 'test.skipIf(!debian)("x", () => {})'],
  ['the same words elsewhere', parked, 'page.skip(3); cursor.only; const skip = 1; // test.skip'],
  ['a wait with a deadline', sleeping, "await until('it ends', () => ended, 100); const timeout = 5"],
  ['the hour of an event', timed, 'const before = Date.now()\nexpect(event.at).toBeGreaterThanOrEqual(before)'],
])('%s is left alone', (_, habit, text) => {
  expect(habit('x.test.ts', text)).toEqual([])
})
