import { callboard, type Handle, task } from 'callboard'
import { expect, inject, test } from 'vitest'
import { namespace } from '../support/namespace.ts'
import { wire } from '../support/proxy.ts'
import { until } from '../support/until.ts'

const job = task<number>('job')

test.each<[string, (handle: Handle) => Promise<unknown>, unknown]>([
  ['where a task is', (handle) => handle.status(), { state: 'enqueued' }],
  ['a task to be called off', (handle) => handle.cancel(), true],
])('%s is asked again when the answer was lost with the connection', async (_, ask, answer) => {
  await using line = await wire(Number(new URL(inject('natsUrl')).port))
  await using board = await callboard({ servers: line.url, namespace: namespace(), log: false })
  const handle = await board.enqueue(job, 1)
  const asked = () => line.said().split('STREAM.MSG.GET').length
  const before = asked()
  line.swallow()
  const answered = ask(handle)
  await until('it was asked', () => asked() > before)
  line.heal()
  line.cut()
  // Sooner than the ten seconds that an answer is waited for.
  expect(await until('it is answered', answered, 8_000)).toEqual(answer)
})
