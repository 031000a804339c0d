import { jetstream } from '@nats-io/jetstream'
import { task } from 'callboard'
import { expect, test } from 'vitest'
import { broker, gathered, openBoard, streams } from '../support/board.ts'
import { until } from '../support/until.ts'

const job = task<number>('job')

test('a task that stayed in its queue, where nobody is handed it, is put there again, and its unique key comes free', async () => {
  await using board = await openBoard()
  await using beside = await broker()
  const stream = streams(board).queue()
  const service = () =>
    board
      .service('worker')
      .perform(job, (n, { id }) => {
        done.push(n)
        ids.push(id)
      })
      .start()
  const done: number[] = []
  const ids: string[] = []
  const troubles: string[] = []
  board.on('trouble', ({ what }) => troubles.push(what))
  await (await service()).stop()
  // What a stopped broker leaves: the consumer has answered everything up to here, and one of it is still there.
  const [consumer] = await gathered(beside.manager.consumers.list(stream))
  const { name, config } = consumer as NonNullable<typeof consumer>
  const elsewhere = `${board.namespace}.task.default.elsewhere`
  await beside.manager.consumers.update(stream, name, { filter_subject: elsewhere })
  const { id } = await board.enqueue(job, 1, { unique: 'key' })
  await beside.nc.request(elsewhere, '')
  await (await (await jetstream(beside.nc).consumers.get(stream, name)).next())?.ackAck()
  await beside.manager.consumers.update(stream, name, { filter_subject: config.filter_subject as string })
  expect(await board.enqueue(job, 2, { unique: 'key' })).toMatchObject({ duplicate: true })
  await using _running = await service()
  await until('it has run, and is gone', async () => (await beside.manager.streams.info(stream)).state.messages === 0)
  expect(done).toEqual([1])
  expect(ids).toEqual([id])
  await board.enqueue(job, 3, { unique: 'key' })
  await until('the next one runs', () => done.length > 1)
  expect(done).toEqual([1, 3])
  expect(troubles).toContain('tasks stayed in their queue, where nobody is handed them (1); they were put there again')
})
