import { topic } from 'callboard'
import { expect, test } from 'vitest'
import { gathered, openBoard, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const said = topic<{ n: number }>('said')
const kept = topic<{ n: number }>('kept', { retention: { messages: 100 } })

test.each([said, kept])('a dead letter is not redriven to a service that has left $name, and stays', async (subject) => {
  await using board = await openBoard()
  const service = await board
    .service('brief')
    .subscribe(
      subject,
      () => {
        throw new Error('no')
      },
      { retry: { attempts: 1 } },
    )
    .start()
  await board.publish(subject, { n: 1 })
  await until('it is a dead letter', async () => (await gathered(board.dead.list())).length === 1)
  await service.stop()
  await board.subscription('brief', subject).leave()
  expect((await thrownBy(board.dead.redrive({}))).code).toBe('NOT_FOUND')
  expect(await gathered(board.dead.list())).toHaveLength(1)
  expect(await board.dead.discard({})).toBe(1)
})
