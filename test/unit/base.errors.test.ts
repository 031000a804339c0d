import { expect, test } from 'vitest'
import * as errors from '../../src/base/errors.ts'
import { asError, CallboardError, type ErrorCode, fault, registry, shown } from '../../src/base/errors.ts'

const codes = Object.keys(registry) as ErrorCode[]

test.each(codes)('%s is a class of its kind, says what it means and how to fix it', (code) => {
  const error = fault(code, 'It went wrong.')
  expect(error).toBeInstanceOf(CallboardError)
  expect(error.constructor).not.toBe(CallboardError)
  expect(error.name).toBe(error.constructor.name)
  expect(errors).toHaveProperty(error.name, error.constructor)
  expect(registry[code].means).toMatch(/^\S.+\.$/)
  expect(error.message).toBe(`It went wrong. ${registry[code].fix}`)
})

test('a message is what happened, why, and how to fix it', () => {
  const cause = new Error('socket hang up')
  const error = fault('AUTH', 'The broker said no.', { why: 'The token is old.', fix: 'Fetch a new one.', cause, details: { user: 'ann' } })
  expect(error.message).toBe('The broker said no. The token is old. Fetch a new one.')
  expect(error).toMatchObject({
    what: 'The broker said no.',
    why: 'The token is old.',
    fix: 'Fetch a new one.',
    cause,
    details: { user: 'ann' },
  })
})

test('an error without a cause has none', () => {
  expect(Object.hasOwn(fault('BUG', 'x'), 'cause')).toBe(false)
})

test('as JSON an error is its parts, without stack or cause', () => {
  expect(JSON.parse(JSON.stringify(fault('BUG', 'Oh.', { cause: new Error('secret') })))).toEqual({
    code: 'BUG',
    what: 'Oh.',
    fix: registry.BUG.fix,
    details: {},
  })
  expect(JSON.parse(JSON.stringify(fault('BUG', 'Oh.', { why: 'Because.' })))).toMatchObject({ why: 'Because.' })
})

test('an error stays itself at the door for unknown things', () => {
  const error = new TypeError('x')
  expect(asError(error)).toBe(error)
})

test.each<[unknown, string]>([
  ['gone', '"gone"'],
  [undefined, 'undefined'],
  [null, 'null'],
  [{ code: 5 }, 'an object'],
  [Symbol('s'), 'a symbol'],
])('%s, thrown, becomes an error that keeps it', (thrown, text) => {
  const error = asError(thrown)
  expect(error.message).toBe(`something that is not an Error was thrown: ${text}`)
  expect(error.cause).toBe(thrown)
})

test.each<[string, unknown, string]>([
  ['text stands in quotes', 'mail', '"mail"'],
  ['a quote is escaped', 'a"b', '"a\\"b"'],
  ['a control character is escaped', 'a\u0000\u001b\u007f\n', '"a\\u0000\\u001b\\u007f\\n"'],
  ['what turns the direction of text is escaped', 'a\u202eb\u2066c', '"a\\u202eb\\u2066c"'],
  ['what cannot be seen is escaped', 'a\u200bb\ufeff\u00a0', '"a\\u200bb\\ufeff\\u00a0"'],
  ['half a character is escaped', 'a\ud83d', '"a\\ud83d"'],
  ['a whole one stays', '😀', '"😀"'],
  ['long text is cut', 'x'.repeat(100), `"${'x'.repeat(59)}… (102 characters)`],
  ['no character is cut in half', `${'x'.repeat(58)}😀${'x'.repeat(40)}`, `"${'x'.repeat(58)}… (102 characters)`],
  ['a number', 1.5, '1.5'],
  ['no number', Number.NaN, 'NaN'],
  ['a bigint', 5n, '5n'],
  ['a truth', true, 'true'],
  ['nothing', undefined, 'undefined'],
  ['null', null, 'null'],
  ['a list', [1], 'an array'],
  ['an object, however it describes itself', { toJSON: () => 'x', toString: () => 'y' }, 'an object'],
  ['a function', () => 1, 'a function'],
])('shown in a message: %s', (_, value, text) => {
  expect(shown(value)).toBe(text)
})
