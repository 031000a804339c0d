import { expect, test } from 'vitest'
import { namespace } from '../support/namespace.ts'
import { until } from '../support/until.ts'

test('until gives the first truthy answer', async () => {
  let asked = 0
  await expect(until('the third time', () => ++asked >= 3 && `asked ${asked} times`)).resolves.toBe('asked 3 times')
})

test('until gives what a promise comes to, even nothing', async () => {
  await expect(until('zero', Promise.resolve(0))).resolves.toBe(0)
})

test('until asks again after a throw', async () => {
  let asked = 0
  const look = () => {
    if (++asked < 3) throw new Error('too early')
    return asked
  }
  await expect(until('no more throwing', look)).resolves.toBe(3)
})

test.each<[string, Parameters<typeof until>[1]]>([
  ['a condition that stays false', () => false],
  ['a promise that never settles', new Promise(() => {})],
  ['a condition that never answers', () => new Promise(() => {})],
])('until fails by name on %s', async (_, awaited) => {
  await expect(until('the moon has landed', awaited, 30)).rejects.toThrow('the moon has landed: not within 30 ms')
})

test('until fails with the last thing thrown as the cause', async () => {
  const cause = new Error('no such stream')
  const look = () => {
    throw cause
  }
  await expect(until('a stream', look, 30)).rejects.toMatchObject({ cause })
})

test('until passes on what a promise rejects with', async () => {
  await expect(until('a result', Promise.reject(new Error('buried')))).rejects.toThrow('buried')
})

test('no two namespaces are alike', () => {
  expect(new Set(Array.from({ length: 1000 }, namespace)).size).toBe(1000)
})
