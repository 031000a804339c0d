import { callboard, type Handle, task } from 'callboard'
import { expect, test } from 'vitest'
import { thrownBy } from '../support/board.ts'
import { smallBroker } from '../support/small-broker.ts'
import { until } from '../support/until.ts'

const job = task<number>('job')

test('a delayed task that was due while the broker had no room runs when there is room again', async () => {
  await using small = await smallBroker()
  await using board = await callboard({ servers: small.url, log: false })
  const done: number[] = []
  const troubles: string[] = []
  board.on('trouble', ({ what }) => troubles.push(what))
  await board
    .service('worker')
    .perform(job, (n) => void done.push(n))
    .start()
  /** A delayed task, and the broker is full before it is due; where the machine is too slow for that, another one that is due later. */
  async function overtaken(wait: number): Promise<readonly [Handle, due: number]> {
    const later = await board.enqueue(job, 1, { delay: wait })
    const due = (await later.status()).due?.getTime() ?? 0
    await small.fill()
    if (Date.now() < due) return [later, due]
    await small.empty()
    await until('it has run', () => done.length > 0)
    done.length = 0
    return overtaken(2 * wait)
  }

  const [later, due] = await overtaken(1_500)
  await until('it is due', () => Date.now() > due + 500)
  expect((await thrownBy(board.enqueue(job, 2))).code).toBe('STORAGE_FULL')
  await small.empty()
  await until('it runs', () => done.length > 0, 30_000)
  expect(done).toEqual([1])
  expect(troubles).toContain('delayed tasks were overdue (1); they were put in their queues')
  expect(await later.status()).toEqual({ state: 'succeeded' })
})
