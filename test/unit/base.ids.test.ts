import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { checkedId, derivedId, newId, origin, originOf } from '../../src/base/ids.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('an id is 26 characters that a subject, a header and a file name can hold', () => {
  expect(newId()).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/)
})

test('later ids sort after earlier ones, within one millisecond and over many', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const ids: string[] = []
  for (let i = 0; i < 3000; i++) {
    if (i % 1000 === 0) vi.setSystemTime(1_800_000_000_000 + i)
    ids.push(newId())
  }
  expect(ids.toSorted()).toEqual(ids)
})

test('ids never meet, even when the clock goes back', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const ids = Array.from({ length: 3000 }, (_, i) => {
    vi.setSystemTime(1_800_000_000_000 - (i % 3))
    return newId()
  })
  expect(new Set(ids).size).toBe(ids.length)
})

test('the time of an id can be read from its first ten characters', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(1_469_918_176_385)
  // The example of the ULID specification.
  expect(newId().slice(0, 10)).toBe('01ARYZ6S41')
})

test('an id says which process made it', () => {
  expect(origin).toHaveLength(10)
  expect(originOf(newId())).toBe(origin)
})

test.each(['order-5', '', 'x'.repeat(26), derivedId('a'), '01arz3ndektsv4rrffq69g5fav'])(
  'an id that a user gave names no process: %s',
  (id) => {
    expect(originOf(id)).toBe('-')
  },
)

test('the same things give the same derived id', () => {
  expect(derivedId('mail.send', 'parent', '0')).toBe(derivedId('mail.send', 'parent', '0'))
  expect(derivedId(new Uint8Array([97, 98]))).toBe(derivedId('ab'))
})

test('a derived id is one that may be used, and never looks like one of newId', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (parts) => {
      const id = derivedId(...parts)
      expect(id).toHaveLength(26)
      expect(checkedId(id)).toBe(id)
      expect(originOf(id)).toBe('-')
    }),
  )
})

test('different things give different derived ids, wherever the borders between them lie', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '1', ':', '\0'), maxLength: 4 })
  fc.assert(
    fc.property(fc.array(text, { minLength: 2 }), fc.constantFrom('', '\0', ':'), (parts, glue) => {
      expect(derivedId(parts.join(glue))).not.toBe(derivedId(...parts))
      expect(derivedId(...parts, '')).not.toBe(derivedId(...parts))
    }),
  )
  expect(derivedId('a\0', 'b')).not.toBe(derivedId('a', '\0b'))
})

test.each(['a', 'order:5/part.1', 'A-Z_09', 'x'.repeat(128)])('%s may be an id', (id) => {
  expect(checkedId(id)).toBe(id)
})

test.each<[string, unknown]>([
  ['nothing', ''],
  ['too much', 'x'.repeat(129)],
  ['a space', 'a b'],
  ['a wildcard', 'a*'],
  ['a line break at the end', 'a\n'],
  ['a letter of another alphabet', 'ä'],
  ['a number', 5],
  ['undefined', undefined],
  ['an object that reads as an id', { toString: () => 'a' }],
])('%s is refused as an id', (_, id) => {
  expect(() => checkedId(id)).toThrow(expect.objectContaining({ code: 'INVALID_ID' }))
})
