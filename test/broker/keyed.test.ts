/** Many that ask for the same, and one that runs: unique keys, debounced and throttled tasks. */

import { type Board, queue, task } from 'callboard'
import { queues } from 'callboard/queues'
import { describe, expect, test } from 'vitest'
import { beside, broker, gathered, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index)
const places = [
  ['work', queue('q')],
  ['log', queue('q', { layout: 'log' })],
  ['bounded', queue('q', { limit: { tasks: 1000 }, full: 'wait' })],
] as const

/** A worker that notes what it does, and when the broker gave it. */
async function noting(board: Board, contract: ReturnType<typeof saving>) {
  const seen: { n: number; id: string; at: number }[] = []
  await board
    .service('worker')
    .perform(contract, (n, { id, sentAt }) => {
      seen.push({ n, id, at: sentAt.getTime() })
      return n
    })
    .start()
  return seen
}

const saving = (place: ReturnType<typeof queue>) => task<number, number>('save', { queue: place, track: true, lanes: ['high', 'normal'] })

describe.each(places)('in a queue of the layout %s', (_, place) => {
  const save = saving(place)

  test('of debounced tasks the latest runs, once, and every handle is its handle', async () => {
    await using board = await openBoard()
    await using other = await beside(board)
    const seen = await noting(board, save)
    const debounce = { key: 'document 7/ü', wait: '1h' } as const
    const handles = []
    const dues = []
    for (const n of upTo(10)) {
      handles.push(await (n % 2 ? board : other).enqueue(save, n, { debounce, priority: n % 3 ? 'normal' : 'high' }))
      dues.push((await handles.at(-1)?.status())?.due?.getTime() ?? 0)
    }
    // Each puts it off anew.
    expect(dues).toEqual([...dues].sort((a, b) => a - b))
    expect((dues[9] ?? 0) > (dues[0] ?? 0)).toBe(true)
    const beside7 = await board.enqueue(save, 70, { debounce: { key: 'document 8', wait: 300 } })
    handles.push(await other.enqueue(save, 10, { debounce: { ...debounce, wait: 300 } }))
    expect(handles.map(({ duplicate }) => duplicate)).toEqual([false, ...upTo(10).map(() => true)])
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1)
    expect(await Promise.all(handles.map((each) => each.result({ timeout: '25s' })))).toEqual(upTo(11).map(() => 10))
    expect(await beside7.result({ timeout: '25s' })).toBe(70)
    expect(seen.map(({ n }) => n).sort((a, b) => a - b)).toEqual([10, 70])
    const next = await board.enqueue(save, 11, { debounce })
    expect([next.duplicate, next.id === handles[0]?.id, await next.cancel()]).toEqual([false, false, true])
  })

  test('debounced without end a task runs at its latest', async () => {
    await using board = await openBoard()
    const seen = await noting(board, save)
    const debounce = { key: 'k', wait: '1h', max: '1h' } as const
    const first = await board.enqueue(save, 1, { debounce })
    const due = (await first.status()).due?.getTime() ?? 0
    await board.enqueue(save, 2, { debounce: { key: 'k', wait: '2h', max: '2h' } })
    const longer = (await first.status()).due?.getTime() ?? 0
    expect(longer - due > 3_500_000, `its end was put off by ${longer - due} ms`).toBe(true)
    const last = await board.enqueue(save, 3, { debounce: { key: 'k', wait: 1, max: 1 } })
    expect(last.id).toBe(first.id)
    expect(await first.result({ timeout: '25s' })).toBe(3)
    expect(seen.map(({ n }) => n)).toEqual([3])
  })

  test('many that debounce the same at once come to one run of one of them', async () => {
    await using board = await openBoard()
    await using other = await beside(board)
    const seen = await noting(board, save)
    const handles = await Promise.all(upTo(20).map((n) => (n % 2 ? board : other).enqueue(save, n, { debounce: { key: 'k', wait: '1h' } })))
    expect(handles.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    expect(await handles[0]?.runNow()).toBe(true)
    const [ran] = await Promise.all(handles.map((each) => each.result({ timeout: '25s' })))
    expect(seen.map(({ n }) => n)).toEqual([ran])
  })

  test('of throttled tasks the first runs, the others answer with it, and when its time is over the next is the first', async () => {
    await using board = await openBoard()
    await using other = await beside(board)
    const seen = await noting(board, save)
    const throttle = { key: 'report', per: '1h' } as const
    const brief = { key: 'other', per: '1s' } as const
    const handles = await Promise.all(upTo(20).map((n) => (n % 2 ? board : other).enqueue(save, n, { throttle })))
    const first = handles.filter(({ duplicate }) => !duplicate)
    expect(first).toHaveLength(1)
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1)
    const value = await first[0]?.result({ timeout: '25s' })
    expect(await handles.find(({ duplicate }) => duplicate)?.result({ timeout: '25s' })).toBe(value)
    expect((await board.enqueue(save, 50, { throttle: brief })).duplicate).toBe(false)
    // It has ended long since, and still stands for the others.
    expect((await board.enqueue(save, 51, { throttle })).id).toBe(first[0]?.id)
    await until('the time is over', async () => !(await board.enqueue(save, 52, { throttle: brief })).duplicate)
    await until('it runs', () => seen.length === 3)
    expect(seen.map(({ n }) => n).filter((n) => n !== value)).toEqual([50, 52])
  })

  test('a key is held while the first waits, in any lane or for its time, runs, or waits for its next attempt', async () => {
    await using board = await openBoard()
    await using other = await beside(board)
    const [begun, failed, end] = [latch(), latch(), latch()]
    const retried = task<number, number>('retried', { queue: place, track: true, lanes: ['high', 'normal'], retry: { backoff: 300 } })
    const again = (n: number, options = {}) => other.enqueue(retried, n, { unique: 'k', ...options })
    const first = await board.enqueue(retried, 1, { unique: 'k', delay: 300 })
    const same = async () => {
      const [one, two, three] = [await again(2), await again(3, { priority: 'high' }), await again(4, { delay: '1h' })]
      expect([one, two, three].map(({ id, duplicate }) => [id, duplicate])).toEqual(upTo(3).map(() => [first.id, true]))
    }
    await same()
    await board
      .service('worker')
      .perform(retried, async (n, { attempt }) => {
        if (attempt === 1) {
          begun.open()
          await end.promise
          failed.open()
          throw new Error('once')
        }
        return n
      })
      .start()
    await until('it runs', begun.promise)
    await same()
    end.open()
    await until('it has failed', failed.promise)
    await same()
    expect(await first.result({ timeout: '25s' })).toBe(1)
    await until('the key is free', async () => !(await again(5, { delay: '1h' })).duplicate)
  })
})

test('a debounced task is one message on the broker, and a throttled one leaves a mark that expires', async () => {
  await using board = await openBoard()
  await using raw = await broker()
  const save = saving(queue('q'))
  for (const n of upTo(5)) await board.enqueue(save, n, { debounce: { key: 'k', wait: '1h' } })
  const state = async () => (await raw.manager.streams.info(streams(board).queue('q'))).state.messages
  expect(await state()).toBe(1)
  for (const n of upTo(5)) await board.enqueue(save, n, { throttle: { key: 'k', per: '1h' } })
  expect(await state()).toBe(3)
  expect(await queues(board).status('q')).toMatchObject({ waiting: 1, delayed: 1 })
  expect(await gathered(board.schedules.list())).toEqual([])
  await board.enqueue(save, 5, { throttle: { key: 'brief', per: '1s' } })
  await until('the mark of the brief one has gone', async () => (await state()) === 4)
})

test('a throttled task that finds a full queue leaves no mark', async () => {
  await using board = await openBoard()
  const place = queue('few', { limit: { tasks: 1 } })
  const save = saving(place)
  const filler = await board.enqueue(save, 1)
  const throttle = { key: 'k', per: '1h' } as const
  expect(await thrownBy(board.enqueue(save, 2, { throttle }))).toMatchObject({ code: 'QUEUE_FULL' })
  await filler.cancel()
  expect((await board.enqueue(save, 3, { throttle })).duplicate).toBe(false)
})

test('a handler that is retried debounces and throttles the same thing once', async () => {
  await using board = await openBoard()
  const save = saving(queue('q'))
  const parent = task<number>('parent', { retry: { attempts: 3, backoff: 1 } })
  const seen = await noting(board, save)
  const said: boolean[] = []
  const done = latch()
  await board
    .service('parent')
    .perform(parent, async (n, ctx) => {
      said.push((await ctx.enqueue(save, n, { debounce: { key: 'd', wait: 300 } })).duplicate)
      said.push((await ctx.enqueue(save, n, { throttle: { key: 't', per: '1m' } })).duplicate)
      if (ctx.attempt < 3) throw new Error('again')
      done.open()
    })
    .start()
  await board.enqueue(parent, 7)
  await until('it has ended', done.promise)
  await until('both have run', () => seen.length === 2)
  expect([said, seen.map(({ n }) => n)]).toEqual([upTo(6).map(() => false), [7, 7]])
})

test.each([
  [{ debounce: { key: 'k', wait: 1 }, delay: 1 }, /debounce and delay/],
  [{ debounce: { key: 'k', wait: 1 }, unique: 'k', id: 'i' }, /debounce and id and unique/],
  [{ debounce: { key: 'k', wait: 1 }, throttle: { key: 'k', per: '1s' } }, /debounce and throttle/],
  [{ throttle: { key: 'k', per: '1s' }, unique: 'k' }, /throttle and unique/],
  [{ debounce: { key: 'k', wait: 100, max: 50 } }, /max is less than its wait/],
  [{ debounce: { key: 'k' } }, /key and a time/],
  [{ throttle: { key: 'k', per: 10 } }, /at least 1000 ms/],
  [{ throttle: { key: '', per: '1s' } }, /text that is not empty/],
])('%j is refused before anything is stored', async (options, why) => {
  await using board = await openBoard()
  const error = await thrownBy(board.enqueue(saving(queue('q')), 1, options as never))
  expect([error.code, error.message]).toEqual(['INVALID_OPTION', expect.stringMatching(why)])
})
