/** What a process remembers of the ends of its tasks, with a table that the test holds. */

import { expect, test } from 'vitest'
import { Events } from '../../src/base/events.ts'
import { newId } from '../../src/base/ids.ts'
import { results } from '../../src/board/result.ts'
import { encode } from '../../src/wire/codec.ts'
import { names } from '../../src/wire/names.ts'
import type { Table } from '../../src/wire/table.ts'
import { FakeLink } from '../support/fake-link.ts'

/** Ends that are told, and asked for: by the id that is asked for. */
function desk() {
  const stored = new Map<string, Uint8Array>()
  const asked: string[] = []
  let tell: (body: Uint8Array, headers: never, subject: string) => void = () => undefined
  const table = {
    get: async (key: string) => {
      asked.push(key)
      const body = stored.get(key)
      return body && { body, headers: new Map(), revision: 1 }
    },
    watch: (_: string, hear: typeof tell) => {
      tell = hear
      return () => undefined
    },
  } as unknown as Table
  const known = names('unit')
  const ends = results(
    new FakeLink(),
    known,
    table,
    new Events(),
    () => undefined,
    async () => undefined,
  )
  ends.listen()
  const end = (value: unknown, buffer = encode({ state: 'succeeded', value, at: 0 })) => {
    const id = newId()
    const subject = known.record('result', id.slice(10, 20), id)
    stored.set(subject, buffer)
    tell(buffer, undefined as never, subject)
    return id
  }
  return { ends, end, asked }
}

test('an end that came before it was asked for is not asked of the broker, unless it is large: that is read again and not kept', async () => {
  const { ends, end, asked } = desk()
  const small = end('small')
  const large = end('x'.repeat(2000))
  expect(await ends.wait(small)).toMatchObject({ value: 'small' })
  expect(asked).toEqual([])
  expect(await ends.wait(large)).toMatchObject({ value: 'x'.repeat(2000) })
  expect(asked).toHaveLength(1)
})

test('bytes in an end do not keep alive what they came in', async () => {
  const { ends, end } = desk()
  const body = encode({ state: 'succeeded', value: Uint8Array.of(1, 2, 3), at: 0 })
  const chunk = new Uint8Array(65_536)
  chunk.set(body, 100)
  const id = end(undefined, chunk.subarray(100, 100 + body.length))
  const { value } = (await ends.wait(id)) as unknown as { value: Uint8Array }
  expect([...value]).toEqual([1, 2, 3])
  expect(value.buffer.byteLength).toBeLessThan(200)
})
