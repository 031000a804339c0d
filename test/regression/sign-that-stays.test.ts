import { type GateContext, type Records, task } from 'callboard'
import { concurrency } from 'callboard/limits'
import { expect, test } from 'vitest'
import { linePlace } from '../../src/extras/limits/limiter.ts'
import { Office } from '../../src/extras/limits/office.ts'
import { Presence, presencePlace } from '../../src/extras/limits/presence.ts'
import type { Book } from '../../src/extras/limits/share.ts'
import { openBoard } from '../support/board.ts'
import { until } from '../support/until.ts'

const job = task<number>('job')
const lease = 2_000

test('who is dead holds no place and keeps no turn, though the broker never forgets its sign of life', async () => {
  await using board = await openBoard()
  const { records } = board
  const book: Book = {
    'holds~2000#0': { held: 1, wants: 5, turn: 1 },
    'waits~2000#0': { held: 0, wants: 5, turn: 2 },
  }
  const place = linePlace(records, 'shared', { kind: 'concurrency', keyed: false }, '')
  await records.put(place, book)
  for (const holder of Object.keys(book)) await records.put(presencePlace(records, holder), lease)
  const done: number[] = []
  await board
    .service('worker')
    .perform(job, (n) => void done.push(n), { gates: [concurrency(1, { name: 'shared', lease })] })
    .start()
  await board.enqueue(job, 1)
  await until('it runs', () => done.length > 0)
  expect(Object.keys((await records.get<Book>(place))?.value ?? {}).filter((holder) => holder in book)).toEqual([])
})

test('who renews its sign is not taken for dead, though its lease is longer than that of who looks', async () => {
  await using board = await openBoard()
  const { records } = board
  const place = linePlace(records, 'shared', { kind: 'concurrency', keyed: false }, '')
  const other = new Presence(records, 'other~20000', 20_000, () => undefined)
  await other.renew()
  await records.put(place, { [other.name]: { held: 1, wants: 1, turn: 1 } } satisfies Book)
  const done: number[] = []
  await board
    .service('worker')
    .perform(job, (n) => void done.push(n), { gates: [concurrency(1, { name: 'shared', lease })] })
    .start()
  await board.enqueue(job, 1)
  const looks = records.get
  let asked = 0
  records.get = (at) => {
    if (at === presencePlace(records, other.name)) asked++
    return looks(at)
  }
  // One look each second: longer than the lease of who looks, and its grace.
  await until('it was looked after often enough', () => asked >= 5)
  expect(done).toEqual([])
  other.close()
  await until('its place is free', () => done.length > 0)
})

test('who was taken for dead and lives comes back under another name', async () => {
  await using board = await openBoard()
  const { records } = board
  let away = false
  // Away, nothing is stored; and the broker keeps a sign for longer than it says.
  const cut: Records = {
    ...records,
    put: (place, value, { revision = 0 } = {}) => (away ? Promise.reject(new Error('away')) : records.put(place, value, { revision })),
  }
  const presence = new Presence(cut, 'worker', lease, () => undefined)
  await presence.renew()
  const before = presence.name
  away = true
  await until('it is over by its own count', () => !presence.there)
  const office = Office.of({ records, worker: 'other', trouble: () => undefined } as unknown as GateContext)
  await until('it is taken for dead', () => office.look(before, performance.now(), lease))
  away = false
  await until('it is there again', () => presence.there)
  expect(presence.name).not.toBe(before)
  presence.close()
})

test('an answer that never comes stops no sign of life', async () => {
  await using board = await openBoard()
  const troubles: unknown[] = []
  let puts = 0
  // The second renewal is stored, and its answer is never heard.
  const deaf: Records = {
    ...board.records,
    put: async (...given) => {
      const revision = await board.records.put(...given)
      return ++puts === 2 ? new Promise(() => undefined) : revision
    },
  }
  const presence = new Presence(deaf, 'worker', lease, (error) => void troubles.push(error))
  await presence.renew()
  expect(presence.there).toBe(true)
  await until('the next renewals are under way', () => puts > 3)
  await until('it is there again', () => presence.there)
  expect(troubles).toEqual([])
  presence.close()
})
