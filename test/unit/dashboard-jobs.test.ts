import type { Admin, BulkReport } from 'callboard/admin'
import { expect, test } from 'vitest'
import { jobs } from '../../src/tools/dashboard/jobs.ts'
import { asker } from '../../src/tools/dashboard/questions.ts'
import { latch, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

type Redrive = Admin['redrive']

/** An admin that can do this one thing. */
const able = (redrive: Redrive): Admin => ({ redrive }) as unknown as Admin

const report = (done: number, matched: number): BulkReport => ({
  action: 'redrive',
  selector: '',
  matched,
  done,
  refused: [],
  refusals: 0,
  dryRun: false,
  stopped: done < matched,
})

test('a job tells how far it is, and when it is stopped it says how many were done', async () => {
  const stopped = latch()
  const admin = able(async (_, { signal, progress } = {}) => {
    progress?.(3, 10)
    signal?.addEventListener('abort', () => stopped.open())
    await stopped.promise
    return report(4, 10)
  })
  let told = 0
  const work = jobs(admin, () => told++)
  const { id } = work.start('redrive', 'queue:mail', undefined)
  expect(work.list()).toMatchObject([{ id, state: 'running', done: 3, matched: 10 }])
  expect(work.stop(id)).toBe(true)
  await until('the job has ended', () => work.list()[0]?.state !== 'running')
  expect(work.list()).toMatchObject([{ state: 'stopped', report: { done: 4, matched: 10 } }])
  expect([work.stop(id), work.stop('none'), told]).toEqual([false, false, 2])
})

test('a job that throws has failed, and says why', async () => {
  const work = jobs(
    able(async () => {
      throw new Error('the broker went away')
    }),
    () => undefined,
  )
  work.start('redrive', '', undefined)
  await until('the job has ended', () => work.list()[0]?.state !== 'running')
  expect(work.list()).toMatchObject([{ state: 'failed', error: 'the broker went away' }])
})

test('of jobs that have ended only the newest are remembered', async () => {
  const work = jobs(
    able(async () => report(1, 1)),
    () => undefined,
  )
  for (let started = 0; started < 60; started++) work.start('redrive', String(started), undefined)
  await until('most are forgotten', () => work.list().length === 20)
  expect(work.list()[0]?.selector).toBe('59')
})

test('who asks the same at the same time is answered once, and after a change anew', async () => {
  let asked = 0
  const admin = { queues: async () => [++asked] } as unknown as Admin
  const ask = asker(admin)
  const answers = await Promise.all([ask.ask('queues', {}, 1), ask.ask('queues', {}, 1), ask.ask('queues', {}, 2)])
  expect(answers).toEqual([[1], [1], [2]])
  expect(ask.ask('constructor', {}, 1)).toBeUndefined()
})

test('questions are bounded: what is too much is refused before anybody is asked', async () => {
  const ask = asker({} as Admin)
  const wrong = { limit: '100000', q: 'x'.repeat(5_000), style: 'both', more: '1' }
  const { message } = await thrownBy(() => ask.ask('messages', wrong, 1) ?? Promise.resolve())
  for (const name of ['limit', 'q', 'style', 'more']) expect(message).toContain(name)
})
