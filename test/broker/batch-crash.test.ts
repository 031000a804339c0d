import { pull } from 'callboard/pull'
import { expect, inject, test } from 'vitest'
import { broker, gathered, openBoard, streams } from '../support/board.ts'
import { until } from '../support/until.ts'
import { type Work, type WorkerProcess, work, workerProcess } from '../support/work.ts'

const crew = { lease: '1s', concurrency: 1, batch: 5 } as const

const began = (workers: readonly WorkerProcess[]) =>
  workers.flatMap(({ pid, told }) => told.filter(({ tells }) => tells === 'began').map(({ n }) => ({ pid, n })))

test('a worker that is killed in the middle of a batch loses nothing, and only what it held is run again', async () => {
  await using board = await openBoard()
  const inputs = Array.from({ length: 40 }, (_, n): Work => ({ n, kind: n === 3 ? 'hang' : 'good' }))
  const handles = await board.enqueueMany(work, inputs)
  using doomed = await workerProcess(board, inject('natsUrl'), crew)
  await until('the first worker stands in the middle of its batch', () => began([doomed]).some(({ n }) => n === 3))
  using other = await workerProcess(board, inject('natsUrl'), crew)
  doomed.child.kill('SIGKILL')
  await doomed.gone
  const results = await Promise.all(handles.map((handle) => handle.result({ timeout: '1m' })))
  // Every item has exactly one end, and it was begun a second time only where the killed worker had not ended it.
  expect(results.map((result) => Number(result.split(' ')[0]))).toEqual(inputs.map(({ n }) => n))
  const runs = began([doomed, other])
  const ended = new Set(doomed.told.filter(({ tells }) => tells === 'done').map(({ n }) => n))
  const twice = inputs.filter(({ n }) => runs.filter((run) => run.n === n).length > 1).map(({ n }) => n)
  expect(twice.every((n) => runs.some((run) => run.n === n && run.pid === doomed.pid))).toBe(true)
  expect(twice.filter((n) => !ended.has(n))).toEqual([3])
  await using here = await broker()
  await until('nothing is left in the queue', async () => (await here.manager.streams.info(streams(board).queue())).state.messages === 0)
  expect(await gathered(board.dead.list())).toEqual([])
})

test('an item that kills its process is buried after its attempts, and does not bury its neighbours', async () => {
  await using board = await openBoard()
  const inputs = ([0, 1, 2, 3] as const).map((n): Work => ({ n, kind: n === 2 ? 'poison' : 'good' }))
  const handles = await board.enqueueMany(work, inputs)
  const workers: WorkerProcess[] = []
  const dead = () => gathered(board.dead.list())
  for (let lives = 1; (await dead()).length === 0 && lives <= 5; lives++) {
    const worker = await workerProcess(board, inject('natsUrl'), crew)
    workers.push(worker)
    await until(
      'the worker was killed or the poison is buried',
      async () => worker.child.signalCode !== null || (await dead()).length > 0,
      30_000,
    )
  }
  for (const worker of workers) worker[Symbol.dispose]()
  expect((await dead()).map((letter) => [letter.payload(), letter.reason])).toEqual([[inputs[2], 'exhausted']])
  const good = handles.filter((_, n) => n !== 2)
  expect((await Promise.all(good.map((handle) => handle.result({ timeout: '25s' })))).map((result) => result[0])).toEqual(['0', '1', '3'])
  expect(began(workers).filter(({ n }) => n === 2)).toHaveLength(3)
})

test('what a killed process had pulled and not answered is had by the next one, at one attempt more', async () => {
  await using board = await openBoard()
  const inputs = Array.from({ length: 6 }, (_, n): Work => ({ n, kind: 'good' }))
  const handles = await board.enqueueMany(work, inputs)
  using doomed = await workerProcess(board, inject('natsUrl'), { ...crew, pulls: 4 })
  const first = await until('the first task it took is answered', () => handles[0]?.result({ timeout: '25s' }))
  await using here = await broker()
  await until('its answer was heard', async () => (await here.manager.streams.info(streams(board).queue())).state.messages === 5)
  const held = began([doomed])
    .map(({ n }) => n)
    .filter((n) => n > 0)
  doomed.child.kill('SIGKILL')
  await doomed.gone
  const had: [n: number, attempt: number][] = []
  await until('all others are answered', async () => {
    await using taken = await pull(board, work, { max: 10, wait: '1s', workerLease: crew.lease })
    for (const item of taken) {
      had.push([item.input.n, item.attempt])
      item.ack(`${item.input.n} here`)
    }
    return had.length >= 5
  })
  expect(first).toBe(`0 by ${doomed.pid}`)
  expect(held.length).toBeGreaterThan(0)
  expect(had.sort((a, b) => a[0] - b[0])).toEqual([1, 2, 3, 4, 5].map((n) => [n, held.includes(n) ? 2 : 1]))
  expect(await Promise.all(handles.slice(1).map((handle) => handle.result({ timeout: '25s' })))).toEqual(
    [1, 2, 3, 4, 5].map((n) => `${n} here`),
  )
})
