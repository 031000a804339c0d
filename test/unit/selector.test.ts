import { matchesSelector, parseSelector, printSelector, type Selectable, suggest } from 'callboard/admin'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const now = 1_000_000_000
const mail: Selectable = {
  id: '01K9ABC',
  style: 'explicit',
  name: 'mail.send',
  state: 'dead',
  queue: 'mail',
  lane: 'normal',
  service: 'mailer',
  worker: 'host/1/abcd',
  attempt: 3,
  storedAt: now - 600_000,
  endedAt: now - 60_000,
  wait: 5000,
  ms: 120,
  error: { name: 'TimeoutError', message: 'connect ECONNREFUSED 127.0.0.1', code: 'ECONNREFUSED', fingerprint: 'ab12' },
  data: { to: 'ann@example.org', tags: ['vip', 'beta'], items: [{ n: 1 }, { n: 9 }] },
  headers: { tenant: 'x' },
}

test.each([
  ['', true],
  ['state:dead queue:mail', true],
  ['state:ready,dead', true],
  ['state:ready', false],
  ['-state:ready', true],
  ['-state:dead', false],
  ['queue:mail.*', false],
  ['name:mail.*', true],
  ['task:*send', true],
  ['topic:mail.send', false],
  ['type:~timeout', true],
  ['error:~"ECONNREFUSED 127"', true],
  ['code:ECONN*', true],
  ['attempt:>=3 attempt:<4', true],
  ['attempt:>3', false],
  ['age:>5m', true],
  ['age:>1h', false],
  ['wait:5s', true],
  ['ms:<200ms', true],
  ['since:2m', true],
  ['since:30s', false],
  ['until:30s', true],
  ['data.to:*@example.org', true],
  ['data.tags:vip', true],
  ['data.items.n:>5', true],
  ['data.items.0.n:>5', false],
  ['data.none:x', false],
  ['header.tenant:x', true],
  ['id:01K9*', true],
  ['econnref', true],
  ['"ECONNREFUSED 127"', true],
  ['nothing', false],
])('%j means the mail: %s', (text, expected) => {
  expect(matchesSelector(parseSelector(text), mail, now)).toBe(expected)
})

test.each([
  ['stat:dead', 0, /no key "stat" \(did you mean state\?\)/],
  ['state:dead quue:mail', 11, /did you mean queue/],
  ['state:', 6, /state has no value/],
  ['attempt:many', 8, /takes a number/],
  ['age:>soon', 5, /takes a time with a unit/],
  ['since:yesterday', 6, /takes a time ago or a date/],
  ['error:"half', 6, /quote is opened/],
  ['queue:>3', 7, /no number/],
  ['attempt:~3', 9, /no text/],
  ['sort:payload', 5, /cannot be sorted by "payload"/],
  ['state:"a"b', 9, /goes on/],
])('%j is refused, pointing to the place', (text, at, what) => {
  expect(() => parseSelector(text)).toThrow(
    expect.objectContaining({ code: 'INVALID_SELECTOR', details: { at, selector: text }, message: expect.stringMatching(what) }),
  )
})

test('what is printed reads as the same selector', () => {
  const value = fc.string({ minLength: 1, maxLength: 12 })
  const word = fc.constantFrom('queue', 'name', 'id', 'error', 'data.a.b', 'header.x', 'text')
  const term = fc.record({
    key: word,
    not: fc.boolean(),
    operator: fc.constantFrom('=' as const, '~' as const),
    values: fc.array(value, { minLength: 1, maxLength: 3 }),
  })
  const fair = term.map((each) => (each.key === 'text' ? { ...each, operator: '~' as const } : each))
  fc.assert(
    fc.property(fc.array(fair, { maxLength: 4 }), (terms) => {
      expect(parseSelector(printSelector({ terms }))).toEqual({ terms })
    }),
  )
})

test('whatever is typed is read or refused, never anything else', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      try {
        matchesSelector(parseSelector(text), mail, now)
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_SELECTOR' })
      }
    }),
  )
})

test('keys are suggested first, then values', () => {
  expect(suggest('sta')).toEqual(['state:'])
  expect(suggest('da')).toEqual(['data.'])
  expect(suggest('state:de')).toEqual(['state:dead'])
  expect(suggest('queue:m', () => ['mail', 'my queue', 'other'])).toEqual(['queue:mail', 'queue:"my queue"'])
})
