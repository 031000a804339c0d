import { task } from 'callboard'
import { expect, test, vi } from 'vitest'
import { broker, openBoard } from '../support/board.ts'
import { until } from '../support/until.ts'

const job = task<number>('job')

test('a worker whose clock is ahead brings on nothing before its time', async () => {
  await using board = await openBoard()
  await using beside = await broker()
  const later = await board.enqueue(job, 1, { delay: '1h' })
  const swept: unknown[] = []
  beside.nc.subscribe(`${board.namespace}.live.sweep`, { callback: () => void swept.push(1) })
  await beside.nc.flush()
  const done: number[] = []
  const troubles: string[] = []
  board.on('trouble', ({ what }) => troubles.push(what))
  const now = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => now() + 2 * 3_600_000)
  try {
    await board
      .service('worker')
      .perform(job, (n) => void done.push(n))
      .start()
    await until('it has looked for what is overdue', () => swept.length > 0)
    await board.enqueue(job, 2)
    await until('the other one has run', () => done.length > 0)
  } finally {
    vi.restoreAllMocks()
  }
  expect([done, troubles]).toEqual([[2], []])
  expect((await later.status()).state).toBe('scheduled')
})
