import { callboard, task } from 'callboard'
import { expect, test } from 'vitest'
import { thrownBy } from '../support/board.ts'
import { smallBroker } from '../support/small-broker.ts'
import { until } from '../support/until.ts'

const job = task<number>('job')

test('a delayed task that was due while the broker had no room runs when there is room again', { timeout: 60_000 }, async () => {
  await using small = await smallBroker()
  await using board = await callboard({ servers: small.url, log: false })
  const done: number[] = []
  const troubles: string[] = []
  board.on('trouble', ({ what }) => troubles.push(what))
  await board
    .service('worker')
    .perform(job, (n) => void done.push(n))
    .start()
  const later = await board.enqueue(job, 1, { delay: '1.5s' })
  const { due } = await later.status()
  await small.fill()
  await until('it is due', () => Date.now() > Number(due) + 500)
  expect((await thrownBy(board.enqueue(job, 2))).code).toBe('STORAGE_FULL')
  await small.empty()
  await until('it runs', () => done.length > 0, 30_000)
  expect(done).toEqual([1])
  expect(troubles).toContain('delayed tasks were overdue (1); they were put in their queues')
  expect(await later.status()).toEqual({ state: 'succeeded' })
})
