import { task, topic } from 'callboard'
import { concurrency, limits, perKey, rate } from 'callboard/limits'
import { describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { beside, broker, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { limited, runsOf } from '../support/limited.ts'
import { program } from '../support/program.ts'
import { until } from '../support/until.ts'

const nothing = () => undefined

/** Counts what runs, and lets it end when it is told to. */
function stage() {
  const running: { readonly what: unknown; readonly end: () => void }[] = []
  return {
    running,
    async handle(what: unknown) {
      const over = latch()
      const one = { what, end: () => over.open() }
      running.push(one)
      await over.promise
      running.splice(running.indexOf(one), 1)
    },
    endAll: () => running.forEach(({ end }) => void end()),
  }
}

describe('limits', () => {
  const one = task<number>('one', { retry: { attempts: 1 } })
  const other = task<number>('other', { retry: { attempts: 1 } })
  const news = topic<number>('news')

  test('bindings that give one name share the limit, whatever they are and whatever service', async () => {
    await using board = await openBoard()
    await using second = await beside(board)
    const { running, handle, endAll } = stage()
    const gates = [concurrency(2, { name: 'shared' })]
    await board.service('a').perform(one, handle, { gates }).subscribe(news, handle, { gates }).start()
    await second.service('b').perform(other, handle, { gates }).start()
    for (let n = 0; n < 4; n++) await Promise.all([board.enqueue(one, n), board.enqueue(other, n), board.publish(news, n)])
    let [most, ended] = [0, 0]
    await until('all twelve have ended', () => {
      most = Math.max(most, running.length)
      if (running.length > 0) {
        ended++
        running[0]?.end()
      }
      return ended >= 12 && running.length === 0
    })
    expect(most).toBe(2)
    expect(await limits(board).get('shared')).toMatchObject({ declared: { concurrency: 2 }, set: {}, keyed: false })
    endAll()
  })

  test('the lanes of a task have one limit together', async () => {
    await using board = await openBoard()
    const laned = task<number>('laned', { lanes: ['high', 'normal', 'low'] })
    const { running, handle, endAll } = stage()
    await board
      .service('s')
      .perform(laned, handle, { gates: [concurrency(1)] })
      .start()
    for (const priority of ['low', 'normal', 'high'] as const) await board.enqueue(laned, 1, { priority })
    let most = 0
    let ended = 0
    board.on('finished', () => void ended++)
    await until('all have ended', () => {
      most = Math.max(most, running.length)
      endAll()
      return ended === 3
    })
    expect(most).toBe(1)
  })

  test('a limit is changed while it holds, up and down, to nothing and back to what the code says', async () => {
    await using board = await openBoard()
    const { running, handle, endAll } = stage()
    await board
      .service('s')
      .perform(one, handle, { gates: [concurrency(1)] })
      .start()
    let finished = 0
    board.on('finished', () => void finished++)
    const { set, get, list } = limits(board)
    await board.enqueueMany(one, [1, 2, 3, 4, 5, 6, 7, 8])
    await until('one runs', () => running.length === 1)
    await set('s:one', { concurrency: 3 })
    await until('three run', () => running.length === 3)
    expect(await get('s:one')).toMatchObject({ declared: { concurrency: 1 }, set: { concurrency: 3 }, usedBy: ['s:one'] })
    expect(Object.values((await get('s:one')).holders)).toEqual([{ held: 3, wants: expect.any(Number) }])
    await set('s:one', { concurrency: 0 })
    endAll()
    await until('none runs', () => running.length === 0)
    await set('s:one', { concurrency: null })
    await until('one runs again', () => running.length === 1)
    expect((await list()).map(({ name }) => name)).toEqual(['s:one'])
    let most = 0
    await until('all have ended', () => {
      most = Math.max(most, running.length)
      endAll()
      return finished === 8
    })
    expect(most).toBe(1)
    expect(await thrownBy(() => get('nothing'))).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a service that stops frees its places at once', async () => {
    await using board = await openBoard()
    await using second = await beside(board)
    const { running, handle, endAll } = stage()
    const gates = [concurrency(1, { name: 'shared', lease: '1h' })]
    const first = await board.service('a').perform(one, handle, { gates }).start()
    await second.service('b').perform(other, handle, { gates }).start()
    await board.enqueue(one, 1)
    await until('one runs', () => running.length === 1)
    await board.enqueue(other, 2)
    const stopped = first.stop()
    endAll()
    await stopped
    await until('the other runs', () => running[0]?.what === 2)
    endAll()
  })

  test('each key has its own limit, and what has no key has none', async () => {
    await using board = await openBoard()
    const keyed = task<{ key?: string; n: number }>('keyed')
    const { running, handle, endAll } = stage()
    await board
      .service('s')
      .perform(keyed, handle, { gates: [perKey((input: { key?: string }) => input.key, { concurrency: 2 })] })
      .start()
    const keys = ['a', 'a', 'a', 'b', 'b', 'b', undefined, undefined, undefined]
    await board.enqueueMany(
      keyed,
      keys.map((key, n) => (key === undefined ? { n } : { key, n })),
    )
    await until('two of each key and all without run', () => running.length === 7)
    expect(running.map(({ what }) => (what as { key?: string }).key ?? '-').sort()).toEqual(['-', '-', '-', 'a', 'a', 'b', 'b'])
    endAll()
    await until('the rest runs', () => running.length === 2)
    endAll()
  })

  test('a key is found in input with an asynchronous schema, and what cannot be read is buried without a gate', async () => {
    await using board = await openBoard()
    await using raw = await broker()
    const checked = task('checked', { input: z.object({ key: z.string() }).refine(async () => true) })
    const { running, handle, endAll } = stage()
    const buried: string[] = []
    board.on('buried', ({ obituary }) => buried.push(obituary.reason))
    await board
      .service('s')
      .perform(checked, handle, { gates: [perKey(({ key }: { key: string }) => key, { concurrency: 1 })] })
      .start()
    await board.enqueueMany(checked, [{ key: 'a' }, { key: 'a' }, { key: 'b' }])
    await until('one of each key runs', () => running.length === 2)
    raw.nc.publish(`${board.namespace}.task.default.checked.normal.-`, Buffer.from([0xc1]))
    await until('it is buried', () => buried.length === 1)
    expect([buried, running.map(({ what }) => (what as { key: string }).key).sort()]).toEqual([['unreadable'], ['a', 'b']])
    endAll()
    await until('the third runs', () => running.length === 1)
    endAll()
  })

  test('a function of a key that throws costs no attempt', async () => {
    await using board = await openBoard()
    const told: string[] = []
    board.on('trouble', ({ what }) => told.push(what))
    let calls = 0
    const attempts: number[] = []
    const keyOf = () => {
      if (calls++ === 0) throw new Error('no key')
      return 'a'
    }
    await board
      .service('s')
      .perform(one, (_, { attempt }) => void attempts.push(attempt), { gates: [perKey(keyOf, { concurrency: 1 })] })
      .start()
    await board.enqueue(one, 1)
    await until('it has run', () => attempts.length > 0)
    expect([attempts, told]).toEqual([[1], [expect.stringContaining('a gate failed')]])
  })

  test('a rate by key lets each key begin, and what is over it comes later', async () => {
    await using board = await openBoard()
    const keyed = task<string>('keyed')
    const ran: string[] = []
    await board
      .service('s')
      .perform(keyed, (key) => void ran.push(key), {
        gates: [perKey((key: string) => key, { rate: { count: 1, per: '1d' } })],
      })
      .start()
    await board.enqueueMany(keyed, ['a', 'a', 'a', 'b', 'c'])
    await until('one of each key has run', () => ran.length === 3)
    await limits(board).set('s:keyed', { rate: { count: 1000, per: '1s', burst: 10 } })
    await until('the others run', () => ran.length === 5)
    expect(ran.slice(0, 3).sort()).toEqual(['a', 'b', 'c'])
  })

  test('a worker that was frozen for longer than its lease begins nothing until its places are its own again', async () => {
    await using board = await openBoard()
    const given = (slots: number) =>
      JSON.stringify({ servers: inject('natsUrl'), namespace: board.namespace, slots, concurrency: 1, lease: '2s' })
    await using frozen = program('test/support/limited-worker.ts', [given(5)])
    await frozen.says('ready')
    await board.enqueueMany(
      limited,
      // More than are done while the other process starts, however long that takes.
      Array.from({ length: 5000 }, (_, n) => ({ n, key: 'k', ms: 10 })),
    )
    await until('it works', () => frozen.lines.length > 20)
    await using awake = program('test/support/limited-worker.ts', [given(5)])
    await awake.says('ready')
    process.kill(frozen.pid, 'SIGSTOP')
    const seen = awake.lines.length
    await until('the other has its place', () => awake.lines.length > seen + 20, 180_000)
    process.kill(frozen.pid, 'SIGCONT')
    const thawed = frozen.lines.length
    await until('it works again', () => frozen.lines.length > thawed + 20, 180_000)
    const [mine, others] = [runsOf(frozen.lines.slice(thawed + 2)), runsOf(awake.lines)]
    const overlaps = mine.filter(({ began }) => others.some((run) => run.began < began && began < run.ended))
    expect([overlaps, mine.length > 5]).toEqual([[], true])
  })

  test.each<[string, () => unknown, string]>([
    ['no places', () => concurrency(0), 'INVALID_OPTION'],
    ['half a place', () => concurrency(1.5), 'INVALID_OPTION'],
    ['a rate of nothing', () => rate(0, '1s'), 'INVALID_OPTION'],
    ['no time', () => rate(1, 0), 'INVALID_OPTION'],
    ['longer than a day', () => rate(1, '2d'), 'INVALID_OPTION'],
    ['a burst above the count', () => rate(3, '1s', { burst: 4 }), 'INVALID_OPTION'],
    ['a lease of nothing', () => concurrency(1, { lease: 0 }), 'INVALID_OPTION'],
    ['a name that is empty', () => concurrency(1, { name: '' }), 'INVALID_OPTION'],
    ['an unknown option', () => concurrency(1, { nam: 'x' } as never), 'UNKNOWN_OPTION'],
    ['no function for a key', () => perKey('key' as never, { concurrency: 1 }), 'INVALID_ARGUMENT'],
    ['no limit for a key', () => perKey(nothing, {}), 'INVALID_OPTION'],
    ['a limit by key that is none', () => perKey(nothing, { concurrency: -1 }), 'INVALID_OPTION'],
  ])('%s is refused', async (_, make, code) => {
    expect(await thrownBy(make)).toMatchObject({ code })
  })

  test('nothing is left on the broker of a key that nobody uses any more', async () => {
    await using board = await openBoard()
    await using raw = await broker()
    const keyed = task<string>('keyed')
    let ran = 0
    await board
      .service('s')
      .perform(keyed, () => void ran++, { gates: [perKey((key: string) => key, { concurrency: 1 })] })
      .start()
    await board.enqueueMany(
      keyed,
      Array.from({ length: 50 }, (_, n) => `key-${n}`),
    )
    await until('all have run', () => ran === 50)
    const filter = `${board.namespace}.table.own.limit.concurrency%20by%20key.>`
    await until('their records are gone', async () => {
      const { state } = await raw.manager.streams.info(streams(board).table, { subjects_filter: filter })
      return Object.keys(state.subjects ?? {}).length === 0
    })
  })
})
