/**
 * What readers have fallen over, or might: bodies, and texts in the place of names, ids, keys and headers. `test/corpus` keeps it. Each
 * run also tries what is a little different; what that finds goes into the corpus, so that it is tried for ever.
 */

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { checkedId } from '../../src/base/ids.ts'
import { letterIn } from '../../src/board/letter.ts'
import { definitionOf } from '../../src/board/schedule-definition.ts'
import { CallboardError } from '../../src/index.ts'
import { referenceIn } from '../../src/wire/body.ts'
import { decode, type Encoding, encode, sealedBy } from '../../src/wire/codec.ts'
import { checkedHeaders, Headers, headerBlock, idOf } from '../../src/wire/envelope.ts'
import { checkedName, keyToken, names, token, topicOf, untoken } from '../../src/wire/names.ts'
import { performerIn, subscriptionIn, taskIn } from '../../src/wire/names-read.ts'

interface Kept {
  readonly is: string
  readonly hex?: string
  readonly json?: string
  readonly encoding?: string
  /** Repeats `then`, or the whole. */
  readonly times?: number
  readonly then?: string
  readonly comes: string
}

const corpus = (name: string): unknown => JSON.parse(readFileSync(new URL(`../corpus/${name}.json`, import.meta.url), 'utf8'))
const kept = corpus('bodies') as readonly Kept[]
const texts = corpus('texts') as readonly string[]
const encodingOf = ({ json, encoding }: Kept): Encoding => (json !== undefined || encoding === 'json' ? 'json' : 'msgpack')

function bytesOf({ hex = '', json, times = 1, then }: Kept): Buffer {
  const one = json === undefined ? Buffer.from(hex, 'hex') : Buffer.from(json)
  return then === undefined ? Buffer.concat(Array(times).fill(one)) : Buffer.concat([one, Buffer.alloc(times, Buffer.from(then, 'hex'))])
}

afterAll(() => {
  for (const prototype of [Object.prototype, Array.prototype, Function.prototype])
    expect(Reflect.ownKeys(prototype)).not.toContain('polluted')
})

/** What comes of a body: `value`, or the code of what is thrown. Anything else that is thrown goes through. */
function outcome(bytes: Uint8Array, encoding: Encoding): string {
  try {
    const value = decode(bytes, encoding)
    expect((value as { polluted?: unknown } | null)?.polluted).toBeUndefined()
    return 'value'
  } catch (error) {
    if (error instanceof CallboardError) return error.code
    throw error
  }
}

test.each(kept)('a body that is $is comes to what it should', (each) => {
  const said = outcome(bytesOf(each), encodingOf(each))
  if (each.comes === 'any') expect(['value', 'DECODE']).toContain(said)
  else expect(said).toBe(each.comes)
})

const seeds = kept.filter(({ times = 1 }) => times < 1000).map(bytesOf)
/** A kept body with a few of its bytes changed, taken away, or joined with those of another. */
const changed = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.constantFrom(...seeds),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    fc.nat(),
    fc.boolean(),
  )
  .map(([one, other, changes, cut, joined]) => {
    const bytes = Buffer.concat(joined ? [one.subarray(0, cut % (one.length + 1)), other] : [one])
    for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte
    return bytes
  })

test('a body a little different from a kept one is read or refused, and nothing else comes of it', () => {
  fc.assert(
    fc.property(changed, fc.constantFrom<Encoding>('msgpack', 'json'), (bytes, encoding) => {
      expect(['value', 'DECODE', 'SEALED']).toContain(outcome(bytes, encoding))
      sealedBy(bytes)
    }),
    { numRuns: 3000 },
  )
})

test('what was read of a changed body can be sent again, or is refused with a reason', () => {
  fc.assert(
    fc.property(changed, (bytes) => {
      let value: unknown
      try {
        value = decode(bytes)
      } catch {
        return
      }
      try {
        encode(value)
      } catch (error) {
        expect(error).toBeInstanceOf(CallboardError)
      }
    }),
    { numRuns: 2000 },
  )
})

/** A kept text, two of them, or any other. */
const text = fc.oneof(
  fc.constantFrom(...texts),
  fc.tuple(fc.constantFrom(...texts), fc.constantFrom(...texts)).map((both) => both.join('')),
  fc.string({ unit: 'binary', maxLength: 300 }),
)
const refusable = (act: () => unknown): void => {
  try {
    act()
  } catch (error) {
    if (!(error instanceof CallboardError)) throw error
    expect(error.message).not.toMatch(/[\u0000-\u001f\u007f\u200b\u2028\u202e]/)
    expect(error.message.isWellFormed()).toBe(true)
  }
}

test('a name, an id, a key and a header are taken whole or refused in one printable line', () => {
  fc.assert(
    fc.property(text, (given) => {
      refusable(() => {
        const name = checkedName('topic', given)
        expect(name).toMatch(/^[\w-]+(\.[\w-]+)*$/)
        expect(untoken(token(name))).toBe(name)
      })
      refusable(() => expect(checkedId(given)).toMatch(/^[\w\-:./]{1,128}$/))
      refusable(() => expect(keyToken(given)).toMatch(/^[\w%=-]+$/))
      refusable(() => {
        const block = new Headers(headerBlock(checkedHeaders({ 'X-Text': given })))
        expect([...block]).toEqual([['X-Text', given]])
      })
      refusable(() => {
        const block = new Headers(headerBlock(checkedHeaders({ [given]: 'x' })))
        expect(Object.entries(block.user)).toEqual([[given, 'x']])
      })
    }),
    { numRuns: 3000 },
  )
})

const place = names('callboard')
const field = fc.constantFrom(
  'Nats-Msg-Id',
  'Cb-Id',
  'Cb-Schedule',
  'Cb-Dead',
  'Cb-Object',
  'Cb-Retry',
  'Cb-Expires',
  'Cb-Key',
  'Cb-Topic',
  'X',
)
const json = fc.json({ maxDepth: 3 })
/** Headers as somebody may have written them who means no good. */
const block = fc
  .array(
    fc.tuple(
      field,
      fc.oneof(
        text,
        json,
        json.map((inner) => `{"name":"x","error":{"message":"y"},"back":"z","times":${inner}}`),
      ),
    ),
    { maxLength: 6 },
  )
  .map((fields) => new Headers(Buffer.from(`NATS/1.0\r\n${fields.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n`)))

test('headers and subjects of somebody else never make a reader throw', () => {
  fc.assert(
    fc.property(block, text, (headers, subject) => {
      idOf(headers, 1)
      definitionOf(headers)
      referenceIn(headers)
      const letter = letterIn(place, { sequence: 1, headers, body: Buffer.from('c1', 'hex') })
      if (letter) expect(() => letter.payload()).toThrow(CallboardError)
      for (const read of [taskIn, topicOf, performerIn, subscriptionIn]) read(subject)
      expect(Object.getPrototypeOf(headers.user)).toBeNull()
    }),
    { numRuns: 3000 },
  )
})
