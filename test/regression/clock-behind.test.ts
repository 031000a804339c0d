import { task } from 'callboard'
import { expect, test, vi } from 'vitest'
import { openBoard } from '../support/board.ts'
import { until } from '../support/until.ts'

const job = task<number>('job')

test('a worker whose clock is behind runs what a schedule fires at once, and what is spread no later than its part', async () => {
  await using board = await openBoard()
  await board.schedules.set('at-once', { cron: '* * * * * *' }, job, 1)
  await board.schedules.set('spread', { cron: '* * * * * *' }, job, 2, { spread: '50ms' })
  const done: number[] = []
  const now = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => now() - 1_800_000)
  try {
    await board
      .service('worker')
      .perform(job, (n) => void done.push(n))
      .start()
    await until('the first has run', () => done.includes(1), 30_000)
    expect(done).toContain(1)
  } finally {
    vi.restoreAllMocks()
  }
  await until('and the second, where the clock is right again', () => done.includes(2), 30_000)
  await board.schedules.remove('at-once')
  await board.schedules.remove('spread')
})
