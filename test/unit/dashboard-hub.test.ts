import type { Admin, TraceEntry } from 'callboard/admin'
import { expect, test } from 'vitest'
import { hub } from '../../src/tools/dashboard/hub.ts'
import { latch } from '../support/board.ts'
import { until } from '../support/until.ts'

const entry = (index: number): TraceEntry => ({
  place: `1.${index}`,
  at: index,
  kind: 'stored',
  style: 'implicit',
  id: `${'i'.repeat(180)}${index}`,
  name: 't',
  worker: 'w',
})

/** An admin on whose board things happen as fast as they are heard. */
function busy() {
  const told = { entries: 0, ended: latch() }
  const admin = {
    board: { on: () => () => undefined },
    overview: async () => ({ at: 0 }),
    async *tail({ signal }: { signal: AbortSignal }) {
      while (!signal.aborted) {
        for (let each = 0; each < 200; each++) yield entry(told.entries++)
        await new Promise((resolve) => setImmediate(resolve))
      }
      told.ended.open()
    },
  }
  return { admin: admin as unknown as Admin, told }
}

const hello = () => ({ namespace: 'n', role: 'reader' as const, version: '1', login: false })

test('for who does not read, no more waits than there is room for', async () => {
  const { admin, told } = busy()
  const ear = hub(admin)
  const { body } = ear.open(hello, new AbortController().signal)
  await until('very much has happened', () => told.entries > 200_000, 30_000)
  const version = ear.version
  await until('much was told since', () => ear.version > version + 10)
  ear.close()
  let waiting = 0
  let text = ''
  for await (const chunk of body ?? []) {
    waiting += chunk.length
    if (text.length < 200) text += Buffer.from(chunk).toString()
  }
  // One telling more than there was room for.
  expect(waiting).toBeLessThan(2 * 256 * 1024)
  expect(waiting).toBeGreaterThan(64 * 1024)
  expect(text).toMatch(/^event: hello\ndata: \{"namespace":"n"/)
})

test('nobody listens: nothing is read', async () => {
  const { admin, told } = busy()
  const ear = hub(admin)
  const away = new AbortController()
  expect(told.entries).toBe(0)
  ear.open(hello, away.signal)
  await until('it is read', () => told.entries > 0)
  away.abort()
  await until('it is read no more', told.ended.promise)
  ear.close()
})
