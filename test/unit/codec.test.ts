import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { decode, deepest, type Encoding, encode } from '../../src/wire/codec.ts'

/** Names that mean something to JavaScript, beside any others. */
const awkward = ['constructor', 'prototype', 'toString', 'toJSON', 'hasOwnProperty', 'length', 'size', 'then', 'valueOf', '']
const key = fc.oneof(fc.string(), fc.constantFrom(...awkward), fc.string({ unit: 'binary' })).filter((name) => name !== '__proto__')

/** Everything that can be sent, built of some leaves. */
function sendable(...leaves: fc.Arbitrary<unknown>[]): fc.Arbitrary<unknown> {
  return fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      ...leaves,
      fc.array(tie('value'), { maxLength: 20 }),
      fc.dictionary(key, tie('value'), { maxKeys: 20 }),
    ),
  })).value
}

const text = fc.string({ unit: 'binary', maxLength: 300 })
const json = sendable(
  fc.constant(null),
  fc.boolean(),
  text,
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
)
const anything = sendable(fc.constantFrom(null, -0, NaN, Infinity), fc.boolean(), text, fc.integer(), fc.double(), fc.uint8Array())

/** The same for bytes of any class. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
}

afterAll(() => {
  expect(Reflect.ownKeys(Object.prototype)).not.toContain('polluted')
  expect(Reflect.ownKeys(Array.prototype)).not.toContain('polluted')
})

test.each<[Encoding, fc.Arbitrary<unknown>]>([
  ['msgpack', anything],
  ['json', json],
])('what is sent as %s arrives as it was', (encoding, values) => {
  const arrives = fc.property(values, (value) => {
    expect(plain(decode(encode(value, encoding), encoding))).toEqual(plain(value))
  })
  fc.assert(arrives, { numRuns: 500 })
})

test('JSON is the JSON that everybody writes', () => {
  const value = { to: 'änn@example.org', tries: [1, 2.5, null, true], nested: { empty: {} } }
  expect(Buffer.from(encode(value, 'json')).toString()).toBe(JSON.stringify(value))
})

test('a property that is undefined is left out, however deep it is', () => {
  const value = { a: undefined, b: [{ c: undefined, d: 1 }], e: { f: undefined } }
  for (const encoding of ['msgpack', 'json'] as const) {
    expect(JSON.stringify(decode(encode(value, encoding), encoding))).toBe('{"b":[{"d":1}],"e":{}}')
  }
  expect('a' in value).toBe(true)
})

test('-0 stays -0, beside bytes and text that look like it', () => {
  const value = [-0, { a: -0, b: undefined, c: 0 }, Uint8Array.of(0xd3, 0, 0, 0, 0, 0, 0, 0, 0), '\u00d3\0\0\0\0\0\0\0\0']
  const [first, second, third, fourth] = decode(encode(value)) as [number, { a: number; c: number }, Uint8Array, string]
  expect([Object.is(first, -0), Object.is(second.a, -0), Object.is(second.c, 0), 'b' in second]).toEqual([true, true, true, false])
  expect([[...third], fourth]).toEqual([[0xd3, 0, 0, 0, 0, 0, 0, 0, 0], value[3]])
})

test('an empty body is undefined', () => {
  expect([decode(new Uint8Array(0)), decode(new Uint8Array(0), 'json')]).toEqual([undefined, undefined])
})

test(`${deepest} levels can be sent and read, one more cannot`, () => {
  for (const encoding of ['msgpack', 'json'] as const) {
    expect(plain(decode(encode(nested(deepest), encoding), encoding))).toEqual(nested(deepest))
    expect(() => encode(nested(deepest + 1), encoding)).toThrow(expect.objectContaining({ code: 'TOO_DEEP' }))
  }
})

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

function circular(): object {
  const value = { a: { b: [] as unknown[] } }
  value.a.b.push(value.a)
  return value
}

const throwing = () => {
  throw new Error('not today')
}
const revoked = Proxy.revocable({}, {})
revoked.revoke()

class Mail {
  to = 'ann'
}

const refused: [string, unknown, string][] = [
  ['undefined', undefined, '$ is undefined.'],
  ['undefined in an array', { a: [1, undefined] }, '$.a[1] is undefined.'],
  ['a hole in an array', { a: new Array(2) }, '$.a[0] is undefined.'],
  ['a function', { a: [{ f: () => 1 }] }, '$.a[0].f is a function.'],
  ['a symbol', { a: Symbol('x') }, '$.a is a symbol.'],
  ['a BigInt', { a: 1n }, '$.a is 1n.'],
  ['a Map', { a: new Map([[1, 2]]) }, '$.a is a Map, not a plain object.'],
  ['a Set', [new Set()], '$[0] is a Set, not a plain object.'],
  ['a Date', { at: new Date(0) }, '$.at is a Date, not a plain object.'],
  ['a RegExp', { a: /x/ }, '$.a is a RegExp, not a plain object.'],
  ['an Error', { a: new Error('x') }, '$.a is a Error, not a plain object.'],
  ['an instance of a class', { mail: new Mail() }, '$.mail is a Mail, not a plain object.'],
  ['an object with a prototype of its own', { a: Object.create({ b: 1 }) }, '$.a is a Object, not a plain object.'],
  ['a boxed number', { a: Object(1) }, '$.a is a Number, not a plain object.'],
  ['a promise', { a: Promise.resolve(1) }, '$.a is a Promise, not a plain object.'],
  ['an array of floats', { a: new Float64Array(2) }, '$.a is a Float64Array, not a plain object.'],
  ['a circle', circular(), '$.a.b[0] is circular.'],
  ['a getter that throws', { a: Object.defineProperty({}, 'b', { get: throwing, enumerable: true }) }, '$.a.b throws when it is read.'],
  ['an array that throws', { a: Object.defineProperty([1], '0', { get: throwing }) }, '$.a throws when it is read.'],
  ['a proxy that throws', { a: new Proxy({}, { ownKeys: throwing }) }, '$.a throws when it is read.'],
  ['a proxy that hides what it is', { a: new Proxy({}, { getPrototypeOf: throwing }) }, '$.a throws when it is read.'],
  ['a proxy that was revoked', { a: revoked.proxy }, '$.a throws when it is read.'],
  ['a toJSON', { a: { toJSON: () => 1 } }, '$.a.toJSON is a function.'],
  ['a lone surrogate', { a: 'x\ud800' }, '$.a has a lone surrogate, which is no text.'],
  ['a lone surrogate in a name', { a: { '\udc00': 1 } }, '$.a has a property whose name has a lone surrogate, which is no text.'],
  ['a property named __proto__', JSON.parse('{"a":{"__proto__":{"polluted":true}}}'), '$.a has a property named __proto__.'],
]

describe.each<Encoding>(['msgpack', 'json'])('as %s', (encoding) => {
  test.each(refused)('%s is refused with its path', (_, value, what) => {
    expect(() => encode(value, encoding)).toThrow(expect.objectContaining({ code: 'NOT_SERIALIZABLE', what }))
  })

  test('what throws when it is read is the cause', () => {
    const thrown = expect.objectContaining({ cause: new Error('not today') })
    expect(() => encode(new Proxy({}, { ownKeys: throwing }), encoding)).toThrow(thrown)
    expect(() => encode({ a: Object.defineProperty({}, 'b', { get: throwing, enumerable: true }) }, encoding)).toThrow(thrown)
  })

  test('20,000 levels are refused, and the stack survives them', () => {
    expect(() => encode(nested(20_000), encoding)).toThrow(expect.objectContaining({ code: 'TOO_DEEP' }))
  })

  test('the same object twice is no circle', () => {
    const shared = { b: 1 }
    expect(decode(encode({ a: shared, c: [shared, shared] }, encoding), encoding)).toEqual({ a: { b: 1 }, c: [{ b: 1 }, { b: 1 }] })
  })

  test('an object without prototype is a plain object', () => {
    expect(decode(encode(Object.assign(Object.create(null), { toJSON: 'x' }), encoding), encoding)).toEqual({ toJSON: 'x' })
  })

  test('whatever is given, it is bytes that can be read again, or an error with a code', () => {
    const odd = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true })
    const code = fc.property(odd, (value) => {
      let bytes: Uint8Array
      try {
        bytes = encode(value, encoding)
      } catch (error) {
        expect(['NOT_SERIALIZABLE', 'TOO_DEEP']).toContain((error as { code: string }).code)
        return
      }
      expect(() => decode(bytes, encoding)).not.toThrow()
    })
    fc.assert(code, { numRuns: 500 })
  })

  test('whatever bytes come, they are a value or DECODE', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => valueOrDecode(bytes, encoding)),
      { numRuns: 2000 },
    )
  })

  test('a body with one byte changed is a value or DECODE', () => {
    const changed = fc.tuple(json, fc.nat(), fc.nat({ max: 255 })).map(([value, at, byte]) => {
      const bytes = Uint8Array.from(encode(value, encoding))
      bytes[at % bytes.length] = byte
      return bytes
    })
    fc.assert(
      fc.property(changed, (bytes) => valueOrDecode(bytes, encoding)),
      { numRuns: 1000 },
    )
  })

  test('a body cut off anywhere is a value or DECODE', () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = encode(value, encoding)
        for (let length = 0; length < bytes.length; length++) valueOrDecode(bytes.subarray(0, length), encoding)
      }),
    )
  })
})

function valueOrDecode(bytes: Uint8Array, encoding: Encoding): void {
  try {
    decode(bytes, encoding)
  } catch (error) {
    expect(error).toMatchObject({ name: 'MessageError', code: 'DECODE' })
  }
}

test('MessagePack that is cut off anywhere is never read as something else', () => {
  fc.assert(
    fc.property(anything, (value) => {
      const bytes = encode(value)
      for (let length = 1; length < bytes.length; length++)
        expect(() => decode(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'DECODE' }))
    }),
  )
})

test.each<[string, unknown, string]>([
  ['NaN', { a: NaN }, '$.a is NaN, which JSON cannot say.'],
  ['infinity', [Infinity], '$[0] is Infinity, which JSON cannot say.'],
  ['negative infinity', -Infinity, '$ is -Infinity, which JSON cannot say.'],
  ['-0', { a: { b: -0 } }, '$.a.b is -0, which JSON cannot say.'],
  ['bytes', { a: Buffer.from('x') }, '$.a is binary, which JSON cannot carry.'],
  ['a hidden toJSON', { a: Object.defineProperty({ b: 1 }, 'toJSON', { value: () => 2 }) }, '$.a has a method toJSON.'],
  ['an array with a toJSON', { a: Object.assign([1], { toJSON: () => 2 }) }, '$.a has a method toJSON.'],
])('JSON refuses %s, which it would change silently', (_, value, what) => {
  expect(() => encode(value, 'json')).toThrow(expect.objectContaining({ code: 'NOT_SERIALIZABLE', what }))
})

const bytes = (...parts: (number | number[] | string)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part].flat()))))
const fourBillion = [0xee, 0x6b, 0x28, 0x00]

test.each<[string, Uint8Array]>([
  ['100,000 arrays in each other', Buffer.alloc(100_000, 0x91)],
  ['100,000 maps in each other', Buffer.alloc(100_000, 0x81)],
  ['an array that says it has 4 billion items', bytes(0xdd, fourBillion)],
  ['a map that says it has 4 billion entries', bytes(0xdf, fourBillion)],
  ['bytes that say they are 4 billion', bytes(0xc6, fourBillion, 'x')],
  ['text that says it is 4 billion long', bytes(0xdb, fourBillion, 'x')],
  ['a million arrays that each say they are long', bytes(...Array.from({ length: 1000 }, () => [0xdc, 0xff, 0xff]))],
  ['a reserved byte', bytes(0xc1)],
  ['a reserved byte deep inside', bytes(0x92, 0x01, 0x81, 0xa1, 'a', 0xc1)],
  ['a pointer of msgpackr', bytes(0xd6, 0x70, [0, 0, 0, 1])],
  ['an error of msgpackr', bytes(0xd4, 0x65, 0x00)],
  ['a regular expression of msgpackr', bytes(0xd4, 0x78, 0x00)],
  ['a record of msgpackr', bytes(0xd4, 0x72, 0x40, 0x91, 0xa1, 'a', 0x01)],
  ['a timestamp', bytes(0xd6, 0xff, [0, 0, 0, 1])],
  ['an extension with a length', bytes(0xc7, 0x01, 0x05, 0x00)],
  ['a second value behind the first', bytes(0x01, 0x02)],
  ['an array cut short', bytes(0x93, 0x01, 0x02)],
  ['a map without its last value', bytes(0x81, 0xa1, 'a')],
  ['a number cut short', bytes(0xcb, 0x40)],
  ['a length cut short', bytes(0xdd, 0x00)],
])('%s is DECODE', (_, body) => {
  expect(() => decode(body)).toThrow(expect.objectContaining({ code: 'DECODE' }))
})

test.each<[string, Uint8Array]>([
  ['bytes that are not UTF-8', bytes(0x22, 0xff, 0xfe, 0x22)],
  ['200,000 arrays in each other', Buffer.from('['.repeat(200_000))],
  ['200,000 arrays in each other, all closed', Buffer.from('['.repeat(200_000) + ']'.repeat(200_000))],
  ['200,000 objects in each other', Buffer.from('{"a":'.repeat(200_000))],
  ['something unfinished', Buffer.from('{"a":')],
  ['two values', Buffer.from('1 2')],
  ['no JSON', Buffer.from('hello')],
])('%s as JSON is DECODE', (_, body) => {
  expect(() => decode(body, 'json')).toThrow(expect.objectContaining({ code: 'DECODE' }))
})

test('brackets within text are no levels', () => {
  const value = { a: `${'['.repeat(500)}\\"${'{'.repeat(500)}` }
  expect(decode(encode(value, 'json'), 'json')).toEqual(value)
})

test('a byte order mark is skipped, and the last of equal names wins', () => {
  expect(decode(Buffer.from('\ufeff{"a":1,"a":2}'), 'json')).toEqual({ a: 2 })
})

test('__proto__ in a body is a name like no other: it changes no prototype', () => {
  const inner = bytes(0x81, 0xa8, 'polluted', 0xc3)
  const read = [
    decode(bytes(0x81, 0xa9, '__proto__', [...inner])),
    decode(Buffer.from('{"__proto__":{"polluted":true},"a":{"__proto__":{"polluted":true}}}'), 'json'),
  ] as Record<string, unknown>[]
  for (const value of read) {
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(value.polluted).toBeUndefined()
  }
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})
