import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conflict, differences, grows, inWords } from '../../src/wire/drift.ts'

const fields = (declared: object, found: Record<string, unknown>) => differences('stream X', declared, found).map((each) => each.field)

test.each<[string, object, Record<string, unknown>, string[]]>([
  ['the same', { max_age: 5, subjects: ['a', 'b'] }, { max_age: 5, subjects: ['a', 'b'], created: 'yesterday' }, []],
  ['another number', { max_age: 5 }, { max_age: 6 }, ['max_age']],
  ['other subjects', { subjects: ['a'] }, { subjects: ['a', 'b'] }, ['subjects']],
  ['nothing where something is declared', { allow_atomic: true }, {}, ['allow_atomic']],
  ['something where nothing is declared', { max_age: undefined }, { max_age: 6 }, []],
  ['what the code does not speak of', {}, { max_age: 6 }, []],
  ['false where the broker says nothing', { allow_direct: false }, {}, []],
  ['nothing where the broker says false', { allow_direct: 0 }, { allow_direct: false }, []],
  ['no limit, said in two ways', { max_bytes: -1 }, { max_bytes: 0 }, []],
  ['true where the broker says false', { allow_direct: true }, { allow_direct: false }, ['allow_direct']],
  ['the same inside', { republish: { src: 'a', dest: 'b' } }, { republish: { src: 'a', dest: 'b', headers_only: false } }, []],
  ['something else inside', { republish: { src: 'a' } }, { republish: { src: 'b' } }, ['republish']],
  ['nothing inside', { republish: { src: 'a' } }, {}, ['republish']],
])('%s', (_, declared, found, differing) => {
  expect(fields(declared, found)).toEqual(differing)
})

test('nothing differs from itself', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (config) => {
      expect(fields(config, config)).toEqual([])
    }),
  )
})

test('a difference is told in words, times in milliseconds', () => {
  const [age, subjects] = differences('stream X', { max_age: 5_000_000, subjects: ['a'] }, { max_age: 7_000_000, subjects: [] })
  expect(age && inWords(age)).toBe('stream X: max_age is 7 ms, the code says 5 ms')
  expect(subjects && inWords(subjects)).toBe('stream X: subjects is [], the code says ["a"]')
})

test('differences that are not accepted are one error with all of them', () => {
  const drift = differences('stream X', { max_age: 5_000_000, subjects: ['a'] }, {})
  expect(conflict(drift)).toMatchObject({
    code: 'CONFIG_CONFLICT',
    details: { drift },
    message: expect.stringMatching(/max_age.*; .*subjects/),
  })
})

test.each<[string, string[], string[], boolean]>([
  ['one more', ['a', 'b'], ['a'], true],
  ['the same in another order', ['b', 'a'], ['a', 'b'], true],
  ['one less', ['a'], ['a', 'b'], false],
  ['one for another', ['a', 'c'], ['a', 'b'], false],
])('subjects only grow with %s: %j for %j', (_, declared, found, growing) => {
  const [difference] = differences('stream X', { subjects: declared }, { subjects: found })
  expect(difference && grows(difference)).toBe(growing)
})
