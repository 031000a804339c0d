/** Workers that take a part of their service: some queues, some lanes. */

import { queue, task, topic } from 'callboard'
import { expect, test } from 'vitest'
import { beside, openBoard, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const mail = task<number>('mail', { queue: 'mail', lanes: ['high', 'normal', 'low'] })
const report = task<number>('report', { queue: queue('reports') })
const heard = topic<number>('heard')

/** The same program in each worker; what it takes is said when it starts. */
async function worker(options?: Parameters<ReturnType<Awaited<ReturnType<typeof openBoard>>['service']>['start']>[0], board = openBoard()) {
  const seen: string[] = []
  const office = (await board).service('office')
  await office
    .perform(mail, (n) => void seen.push(`mail ${n}`), { lanes: ['high', 'normal'] })
    .perform(report, (n) => void seen.push(`report ${n}`))
    .subscribe(heard, (n) => void seen.push(`heard ${n}`))
    .start(options)
  return seen
}

test('a worker takes only the queues and lanes it was started for, others take the rest, and each hears events', async () => {
  await using board = await openBoard()
  await using other = await beside(board)
  const reports = await worker({ queues: ['reports'] }, Promise.resolve(board))
  for (const n of [1, 2]) await board.enqueue(report, n)
  for (const priority of ['high', 'normal', 'low'] as const) await board.enqueue(mail, 3, { priority })
  await board.publish(heard, 4)
  await until('reports are made, and the news is heard', () => reports.length === 3)
  expect(reports.sort()).toEqual(['heard 4', 'report 1', 'report 2'])
  const urgent = await worker({ queues: [queue('mail')], lanes: ['high', 'low'] }, Promise.resolve(other))
  await until('the urgent mail is sent', () => urgent.length === 1)
  await using third = await beside(board)
  const rest = await worker({ lanes: ['normal'] }, Promise.resolve(third))
  await until('the other mail is sent', () => rest.length === 1)
  expect([urgent, rest]).toEqual([['mail 3'], ['mail 3']])
  const [queueFact] = (await board.inspect.queues()).filter(({ name }) => name === 'mail')
  expect(queueFact?.performers.find(({ lane }) => lane === 'low')).toMatchObject({ waiting: 1, known: false })
})

test('a worker of no queue only hears events', async () => {
  await using board = await openBoard()
  const seen = await worker({ queues: [] }, Promise.resolve(board))
  await board.enqueue(report, 1)
  await board.publish(heard, 2)
  await until('the news is heard', () => seen.length === 1)
  expect(seen).toEqual(['heard 2'])
})

test('queues where nothing is performed, and lanes that do not exist, are refused before anything begins', async () => {
  await using board = await openBoard()
  const start = (options: object) => thrownBy(worker(options, Promise.resolve(board)))
  const strange = await start({ queues: ['mail', 'male'] })
  expect(strange).toMatchObject({ code: 'INVALID_OPTION' })
  expect(strange.message).toContain(
    'office.start() is to serve male, where office performs nothing. Name queues of its tasks: mail, reports.',
  )
  const all = await start({ queues: 'mail', lanes: ['urgent'], lane: 'high' })
  for (const word of ['queues', 'lanes', 'lane']) expect(all.message).toContain(word)
  expect(await board.inspect.queues()).toEqual([])
})
