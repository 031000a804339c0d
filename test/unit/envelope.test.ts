import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkedHeaders, Headers, header, headerBlock, headerJson, mostHeaderBytes } from '../../src/wire/envelope.ts'

const read = (fields: readonly (readonly [string, string])[]) => new Headers(headerBlock(fields))
const _text = (block: Uint8Array) => Buffer.from(block).toString()
const raw = (block: string) => new Headers(Buffer.from(block))

const names = fc
  .string({ unit: fc.constantFrom(..."ABCxyz019!#$%&'*+-.^_`|~"), minLength: 1, maxLength: 20 })
  .filter((name) => !/^(nats-|cb-)|^content-type$/i.test(name))
const values = fc
  .string({ unit: 'binary', maxLength: 60 })
  .filter((value) => value.trim() === value && !/[\u0000-\u001f\u007f]/.test(value))
const userHeaders = fc
  .uniqueArray(fc.tuple(names, values), { selector: ([name]) => name.toLowerCase(), maxLength: 10 })
  .map((fields) => Object.fromEntries(fields))

test('what a user may send arrives as it was sent', () => {
  fc.assert(
    fc.property(userHeaders, (sent) => {
      const got = read([[header.id, 'x'], ...checkedHeaders(sent), [header.retry, '{}']])
      expect({ ...got.user }).toEqual(sent)
      for (const [name, value] of Object.entries(sent)) expect(got.get(name)).toBe(value)
      expect([got.id, got.status, got.plain]).toEqual(['x', 0, false])
    }),
    { numRuns: 300 },
  )
})

test('whatever a user sends, nothing is added to the headers but what was sent', () => {
  const odd = fc.dictionary(
    fc.string({ unit: 'binary' }),
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a\r\nNats-Msg-Id: y', 'a\nb', '\r\n\r\nPUB x 0')),
  )
  fc.assert(
    fc.property(odd, (sent) => {
      let fields: [string, string][]
      try {
        fields = checkedHeaders(sent)
      } catch (error) {
        expect(['INVALID_HEADER', 'RESERVED_HEADER']).toContain((error as { code: string }).code)
        return
      }
      expect([...read(fields)].map(([name]) => name)).toEqual(Object.keys(sent))
    }),
    { numRuns: 500 },
  )
})

describe('refused is', () => {
  test.each<[string, unknown, string]>([
    ['what is no object', 'a: b', 'INVALID_HEADER'],
    ['null', null, 'INVALID_HEADER'],
    ['a list', [['a', 'b']], 'INVALID_HEADER'],
    ['a line break in a value', { a: 'b\r\nNats-Msg-Id: x' }, 'INVALID_HEADER'],
    ['a line feed in a value', { a: 'b\nc' }, 'INVALID_HEADER'],
    ['a null in a value', { a: 'b\0' }, 'INVALID_HEADER'],
    ['a tab in a value', { a: 'b\tc' }, 'INVALID_HEADER'],
    ['a lone surrogate in a value', { a: '\udc00' }, 'INVALID_HEADER'],
    ['a number', { a: 1 }, 'INVALID_HEADER'],
    ['undefined', { a: undefined }, 'INVALID_HEADER'],
    ['a blank around a value', { a: ' b' }, 'INVALID_HEADER'],
    ['an empty name', { '': 'b' }, 'INVALID_HEADER'],
    ['a blank in a name', { 'a b': 'c' }, 'INVALID_HEADER'],
    ['a colon in a name', { 'a:b': 'c' }, 'INVALID_HEADER'],
    ['a line break in a name', { 'a\r\nb': 'c' }, 'INVALID_HEADER'],
    ['a name that is not ASCII', { größe: 'c' }, 'INVALID_HEADER'],
    ['a name that is too long', { ['a'.repeat(129)]: 'c' }, 'INVALID_HEADER'],
    ['one name in two cases', { 'X-A': '1', 'x-a': '2' }, 'INVALID_HEADER'],
    ['a name of the broker', { 'Nats-TTL': '1s' }, 'RESERVED_HEADER'],
    ['a name of the broker in another case', { 'nATS-rollup': 'all' }, 'RESERVED_HEADER'],
    ['a name of callboard', { 'Cb-Id': 'x' }, 'RESERVED_HEADER'],
    ['a name of callboard in another case', { 'cb-anything': 'x' }, 'RESERVED_HEADER'],
    ['the type of the body', { 'content-TYPE': 'text/html' }, 'RESERVED_HEADER'],
  ])('%s', (_, given, code) => {
    expect(() => checkedHeaders(given)).toThrow(expect.objectContaining({ code }))
  })

  test('more than the broker should carry', () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`x-${index}`, 'y']))
    expect(() => headerBlock(checkedHeaders(many))).toThrow(expect.objectContaining({ code: 'HEADERS_TOO_LARGE' }))
  })

  test('one byte too many, counted in bytes', () => {
    const rest = headerBlock([['a', '']]).length
    const fits = 'é'.repeat((mostHeaderBytes - rest) / 2)
    expect(headerBlock([['a', fits]])).toHaveLength(mostHeaderBytes - ((mostHeaderBytes - rest) % 2))
    expect(() => headerBlock([['a', `${fits}éx`]])).toThrow(expect.objectContaining({ code: 'HEADERS_TOO_LARGE' }))
  })
})

test('names that mean something to JavaScript are names like any other', () => {
  const sent = { constructor: 'a', toString: 'b', ['__proto__']: 'c' }
  const { user } = read(checkedHeaders(sent))
  expect(Object.getPrototypeOf(user)).toBeNull()
  expect(Object.entries(user)).toEqual(Object.entries(sent))
})

test('headers read by name', () => {
  const headers = read([
    [header.id, 'abc'],
    ['X-Empty', ''],
    ['X-Colons', 'a: b: c'],
    ['X-Key-Longer', '1'],
    ['X-Key', '2'],
  ])
  expect([headers.get('X-Empty'), headers.get('X-Colons'), headers.get('X-Key'), headers.get('X-Nothing')]).toEqual([
    '',
    'a: b: c',
    '2',
    undefined,
  ])
  expect([...headers]).toEqual([
    ['Nats-Msg-Id', 'abc'],
    ['X-Empty', ''],
    ['X-Colons', 'a: b: c'],
    ['X-Key-Longer', '1'],
    ['X-Key', '2'],
  ])
})

test.each<[string, [string, string][], string | undefined]>([
  ['that of the message', [[header.id, 'a']], 'a'],
  [
    'its own where the broker took the other',
    [
      [header.id, 'a'],
      [header.ownId, 'b'],
    ],
    'b',
  ],
  ['none', [['X-A', 'a']], undefined],
])('the id is %s', (_, fields, id) => {
  expect(read(fields).id).toBe(id)
})

test.each<[string, Headers, boolean]>([
  ['only an id', read([[header.id, 'a']]), true],
  [
    'an id and more',
    read([
      [header.id, 'a'],
      ['X-A', 'b'],
    ]),
    false,
  ],
  ['only something else', read([['X-A', 'b']]), false],
  [
    'an id behind something else',
    read([
      ['X-A', 'b'],
      [header.id, 'a'],
    ]),
    false,
  ],
  [
    'an id and its place in a batch',
    read([
      [header.id, 'a'],
      [header.batchId, 'b'],
      [header.batchSequence, '7'],
      [header.batchCommit, '1'],
    ]),
    true,
  ],
  [
    'an id, its place in a batch and more',
    read([
      [header.id, 'a'],
      [header.batchId, 'b'],
      ['X-A', 'b'],
    ]),
    false,
  ],
  ['nothing', new Headers(undefined), false],
  ['a word of the broker', raw('NATS/1.0 100 Idle Heartbeat\r\n\r\n'), false],
])('plain is %s: %s', (_, headers, plain) => {
  expect(headers.plain).toBe(plain)
})

test('headers end where they end, whatever lies behind', () => {
  const block = headerBlock([[header.id, 'a']])
  const headers = new Headers(Buffer.concat([block, Buffer.from('X-Body: b\r\n\r\n')]), block.length)
  expect([headers.plain, [...headers]]).toEqual([true, [[header.id, 'a']]])
})

test.each<[string, string, number, string]>([
  ['a heartbeat', 'NATS/1.0 100 Idle Heartbeat\r\n\r\n', 100, 'Idle Heartbeat'],
  ['nobody there', 'NATS/1.0 503\r\n\r\n', 503, ''],
  ['a pull that ended', 'NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 3\r\n\r\n', 408, 'Request Timeout'],
  ['a message', 'NATS/1.0\r\nA: 503\r\n\r\n', 0, ''],
])('the broker says: %s', (_, block, status, statusText) => {
  expect([raw(block).status, raw(block).statusText]).toEqual([status, statusText])
})

test('a word of the broker may have headers too', () => {
  expect(raw('NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 3\r\n\r\n').get('Nats-Pending-Messages')).toBe('3')
})

test('nothing that can be sent as headers makes reading them throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, begins) => {
      const headers = new Headers(begins ? Buffer.concat([Buffer.from('NATS/1.0\r\n'), bytes]) : bytes)
      expect([typeof headers.status, typeof headers.plain, Object.getPrototypeOf(headers.user)]).toEqual(['number', 'boolean', null])
      expect(() => [headers.id, [...headers]]).not.toThrow()
    }),
  )
})

test('JSON in a header is one line of ASCII, and the same when it is read', () => {
  const value = fc.record({ message: fc.string({ unit: 'binary' }), list: fc.array(fc.string()) })
  fc.assert(
    fc.property(value, (given) => {
      const json = headerJson(given)
      expect(json).toMatch(/^[\u0020-\u007e]*$/)
      expect(JSON.parse(read([['Cb-Dead', json]]).get('Cb-Dead') ?? '')).toEqual(given)
    }),
  )
})
