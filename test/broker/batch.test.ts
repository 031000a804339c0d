import { Reject, task, topic } from 'callboard'
import { expect, test } from 'vitest'
import { gathered, openBoard, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const square = task<number, number>('square', { track: true, retry: { attempts: 2, backoff: 1 } })
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

test('a batch handler gets many tasks at once, and each has its own result', async () => {
  await using board = await openBoard()
  const sizes: number[] = []
  const handles = await board.enqueueMany(square, numbers(300))
  await using _ = await board
    .service('squares')
    .perform(
      square,
      (items) => {
        sizes.push(items.length)
        return items.map(({ input }) => input * input)
      },
      { batch: { size: 100, within: '10s' } },
    )
    .start()
  const results = await Promise.all(handles.map((handle) => handle.result({ timeout: '25s' })))
  expect(results).toEqual(numbers(300).map((n) => n * n))
  expect(sizes).toEqual([100, 100, 100])
})

test('each item of a batch has its own attempts, its own end and its own dead letter', async () => {
  await using board = await openBoard()
  const attempts: [input: number, attempt: number][] = []
  await using _ = await board
    .service('squares')
    .perform(
      square,
      (items) => {
        for (const item of items) {
          attempts.push([item.input, item.attempt])
          if (item.input === 1 && item.attempt === 1) item.fail(new Error('not yet'))
          else if (item.input === 2) item.fail(new Reject('never'))
          else item.done(item.input)
        }
      },
      { batch: { size: 4, within: 100 } },
    )
    .start()
  const handles = await board.enqueueMany(square, numbers(4))
  const ends = await Promise.allSettled(handles.map((handle) => handle.result({ timeout: '25s' })))
  expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : end.reason.code))).toEqual([0, 1, 'TASK_FAILED', 3])
  expect(attempts.filter(([input]) => input === 1)).toEqual([
    [1, 1],
    [1, 2],
  ])
  expect((await gathered(board.dead.list())).map((letter) => [letter.payload(), letter.reason, letter.attempts])).toEqual([
    [2, 'rejected', 1],
  ])
})

test('events come in batches too, and what is said of one holds for one', async () => {
  await using board = await openBoard()
  const happened = topic<{ n: number }>('it.happened')
  const seen: number[] = []
  await using _ = await board
    .service('writer')
    .subscribe(
      happened,
      (items) => {
        for (const item of items) {
          if (item.event.n === 3 && item.attempt === 1) item.fail(new Error('once more'))
          else seen.push(item.event.n)
        }
      },
      { batch: { size: 10, within: 50 }, retry: { backoff: 1 }, filter: ({ n }) => n !== 5 },
    )
    .start()
  await board.publishMany(
    happened,
    numbers(30).map((n) => ({ n })),
  )
  await until('all but one are seen', () => seen.length === 29)
  expect([...seen].sort((a, b) => a - b)).toEqual(numbers(30).filter((n) => n !== 5))
})

test('an item can do what a single task can: enqueue once over its attempts, and tell its progress', async () => {
  await using board = await openBoard()
  const follow = task<number>('follow')
  const ids: string[] = []
  await using _ = await board
    .service('squares')
    .perform(
      square,
      async (items) => {
        for (const item of items) ids.push((await item.enqueue(follow, item.input)).id)
        if (items[0]?.attempt === 1) throw new Error('after it was enqueued')
        return items.map(({ input }) => input)
      },
      { batch: { size: 2, within: 50 } },
    )
    .start()
  const handles = await board.enqueueMany(square, [1, 2])
  await Promise.all(handles.map((handle) => handle.result({ timeout: '25s' })))
  expect(new Set(ids).size).toBe(2)
  expect(ids).toHaveLength(4)
})

test('a batch of no size, or of too many, is refused before anything begins', async () => {
  await using board = await openBoard()
  const start = (batch: unknown) =>
    board
      .service('squares')
      .perform(square, () => [], { batch: batch as { size: number } })
      .start()
  expect((await thrownBy(start({ within: 10 }))).message).toContain('size is null: it must be a whole number from 1 to 1000')
  expect((await thrownBy(start({ size: 0, within: 'soon' }))).message).toMatch(/size is 0.*within is "soon"/)
  expect((await thrownBy(start({ size: 10, wihtin: 10 }))).message).toContain('did you mean within')
})
