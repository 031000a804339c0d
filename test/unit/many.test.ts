import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batches, type Prepared } from '../../src/board/many.ts'
import { encode, inspectedAll } from '../../src/wire/codec.ts'

const message = (id: number, bytes: number, part = 'mail'): Prepared => ({
  id: String(id),
  subject: `ns.task.${part}.a.normal._`,
  headers: String(id),
  body: new Uint8Array(bytes),
})

test('batches are cut by count and by bytes, in order, and nothing is left out', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300), { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (sizes, most) => {
      const cut = [...batches({ count: sizes.length, at: (index) => message(index, sizes[index] as number) }, 0, most, 400)]
      expect(cut.flatMap(({ messages }) => messages.map(({ id }) => Number(id)))).toEqual(sizes.map((_, index) => index))
      for (const { from, messages } of cut) {
        expect(Number(messages[0]?.id)).toBe(from)
        expect(messages.length).toBeLessThanOrEqual(most)
        if (messages.length > 1) expect(messages.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThanOrEqual(400)
      }
    }),
  )
})

test('a batch is there before the next one is made', () => {
  const made: number[] = []
  const at = (index: number) => {
    made.push(index)
    return message(index, 1)
  }
  const cutting = batches({ count: 10, at }, 0, 3)
  cutting.next()
  expect(made).toEqual([0, 1, 2, 3])
})

test('what can be sent as it is, is written the same without another look, and never has more bytes than was foretold', () => {
  const values = fc.array(fc.jsonValue({ maxDepth: 5 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(values, fc.constantFrom('msgpack' as const, 'json' as const), (some, encoding) => {
      let found: ReturnType<typeof inspectedAll>
      try {
        found = inspectedAll(some, encoding)
      } catch {
        for (const value of some.slice(0, 1)) if (some.length === 1) expect(() => encode(value, encoding)).toThrow()
        return
      }
      for (const value of some) {
        const bytes = encode(value, encoding)
        expect(bytes.length).toBeLessThanOrEqual(found.weight)
        if (found.plain) expect(encode(value, encoding, true)).toEqual(bytes)
      }
    }),
  )
})

test.each([
  ['undefined', [1, undefined], { plain: true, weight: Number.POSITIVE_INFINITY }],
  ['a property that is undefined', [{ a: undefined }], { plain: false }],
  ['-0', [[-0]], { plain: false }],
  ['text', ['ok'], { plain: true }],
])('%s is seen beforehand', (_what, values, found) => {
  expect(inspectedAll(values, 'msgpack')).toMatchObject(found)
})

test('what cannot be sent is refused beforehand', () => {
  expect(() => inspectedAll([1, { a: new Map() }], 'msgpack')).toThrow('$.a is a Map')
})
