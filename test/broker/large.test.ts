import { type Board, type DeadLetter, queue, task, topic } from 'callboard'
import { expect, inject, test } from 'vitest'
import { beside, broker, gathered, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { fiveMegabytes, pieces, scan, sumOf } from '../support/large.ts'
import { program } from '../support/program.ts'
import { until } from '../support/until.ts'

const data = fiveMegabytes()
const input = { data, hang: false }
const none = (board: Board) => until('nothing lies beside any more', async () => (await pieces(board)) === 0)

const buried = async (board: Board) =>
  (await until('it is a dead letter', async () => (await gathered(board.dead.list()))[0])) as DeadLetter

/** The messages of the object stream, touched without callboard. */
async function spoil(board: Board, how: 'missing' | 'damaged'): Promise<void> {
  await using here = await broker()
  const stream = `${board.namespace.toUpperCase()}_OBJECTS`
  const { state } = await here.manager.streams.info(stream)
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await here.manager.streams.getMessage(stream, { seq })
    // Pieces are stored in any order.
    if (!message?.subject.endsWith('.1')) continue
    const bytes = message.data.slice()
    bytes[7] = (bytes[7] as number) ^ 1
    if (how === 'missing') await here.manager.streams.deleteMessage(stream, seq)
    else await here.nc.request(message.subject, bytes)
  }
}

test('5 MB are performed over a limit of 1 MB, and nothing is left beside', async () => {
  await using board = await openBoard()
  const handle = await board.enqueue(scan, input)
  expect(await pieces(board)).toBe(10)
  await using _ = await board
    .service('scanner')
    .perform(scan, ({ data }) => sumOf(data))
    .start()
  expect(await handle.result({ timeout: '25s' })).toBe(sumOf(data))
  await none(board)
})

test('a worker that is killed in the middle of a large task loses nothing, and nothing is left beside', async () => {
  await using board = await openBoard()
  const given = JSON.stringify({ servers: inject('natsUrl'), namespace: board.namespace })
  const handle = await board.enqueue(scan, { data, hang: true })
  await using doomed = program('test/support/large-worker.ts', [given])
  await doomed.says('began 1')
  await using other = program('test/support/large-worker.ts', [given])
  await other.says('ready')
  await doomed.kill()
  expect(await handle.result({ timeout: '25s' })).toBe(sumOf(data))
  expect(other.lines).toContain('began 2')
  await none(board)
  expect(await gathered(board.dead.list())).toEqual([])
})

test('a producer that is killed between body and task, and a worker between task and body, lose nothing and double nothing', async () => {
  await using board = await openBoard()
  const where = { servers: inject('natsUrl'), namespace: board.namespace }
  const start = (file: string, more = {}) => program(`test/support/large-${file}.ts`, [JSON.stringify({ ...where, ...more })])
  await using producer = start('producer')
  expect(await producer.ended).toBe('SIGKILL')
  await using here = await broker()
  const waiting = async () => (await here.manager.streams.info(streams(board).queue())).state.messages
  // Half of it is there, and says by itself when it is to go.
  expect([await pieces(board), await waiting()]).toEqual([10, 0])
  const orphan = await here.manager.streams.getMessage(`${board.namespace.toUpperCase()}_OBJECTS`, { seq: 1 })
  expect(Number.parseInt(orphan?.header.get('Nats-TTL') ?? '', 10)).toBeGreaterThan(0)

  await using doomed = start('worker', { dies: 'takes' })
  await doomed.says('ready')
  const handle = await board.enqueue(scan, input, { id: 'once' })
  expect([handle.duplicate, await doomed.ended, doomed.lines]).toEqual([false, 'SIGKILL', ['ready']])
  await using other = start('worker')
  expect(await handle.result({ timeout: '90s' })).toBe(sumOf(data))
  expect(other.lines.filter((line) => line.startsWith('began'))).toHaveLength(1)
  await until('only what the producer left lies beside', async () => (await pieces(board)) === 10)
  expect([await waiting(), await gathered(board.dead.list())]).toEqual([0, []])
})

test.each(['missing', 'damaged'] as const)('a body that is %s makes a dead letter with the reason, and no crash', async (how) => {
  await using board = await openBoard()
  const handle = await board.enqueue(scan, input)
  await spoil(board, how)
  let calls = 0
  await using _ = await board
    .service('scanner')
    .perform(scan, () => ++calls)
    .start()
  expect(await thrownBy(handle.result({ timeout: '25s' }))).toMatchObject({ code: 'TASK_FAILED' })
  const [letter] = await gathered(board.dead.list())
  expect(letter).toMatchObject({ reason: 'unreadable', error: { code: 'BODY_LOST' }, beside: expect.any(Number) })
  expect(letter?.error.message).toMatch(how === 'missing' ? /Piece 2 of 10 .* is missing/ : /digest differs/)
  expect(calls).toBe(0)
  await board.dead.discard({})
  await none(board)
})

test('cancelling a waiting task removes what lies beside, now or later', async () => {
  await using board = await openBoard()
  for (const options of [{}, { delay: '1h' }] as const) {
    const handle = await board.enqueue(scan, input, options)
    expect(await pieces(board)).toBe(10)
    expect(await handle.cancel()).toBe(true)
    expect(await pieces(board)).toBe(0)
  }
})

test('purging a queue removes what lies beside its tasks', async () => {
  await using board = await openBoard()
  await board.enqueueMany(scan, [input, input])
  expect(await pieces(board)).toBe(20)
  expect(await board.queues.purge('default')).toBe(2)
  expect(await pieces(board)).toBe(0)
})

test('a dead letter keeps its body, redriving gives it back to the task, discarding removes it', async () => {
  await using board = await openBoard()
  const fragile = task<Uint8Array>('fragile', { large: 'store', retry: { attempts: 1 } })
  let broken = true
  const sums: number[] = []
  await using _ = await board
    .service('worker')
    .perform(fragile, (bytes) => {
      if (broken) throw new Error('broken')
      sums.push(sumOf(bytes))
    })
    .start()
  await board.enqueue(fragile, data)
  const letter = await buried(board)
  expect(letter).toMatchObject({ reason: 'exhausted', beside: expect.any(Number), history: [{ attempt: 1 }] })
  expect(() => letter.payload()).toThrow(/lies beside/)
  expect(Buffer.compare((await board.dead.show(letter.sequence)).payload() as Uint8Array, data)).toBe(0)
  expect(await pieces(board)).toBe(10)

  broken = false
  expect(await board.dead.redrive(letter.sequence)).toBe(1)
  await until('it is performed', () => sums.length === 1)
  expect(sums).toEqual([sumOf(data)])
  await none(board)

  broken = true
  await board.enqueue(fragile, data)
  await buried(board)
  expect(await pieces(board)).toBe(10)
  expect(await board.dead.discard({})).toBe(1)
  expect(await pieces(board)).toBe(0)
})

test('a dead letter redriven with another payload leaves nothing of the first', async () => {
  await using board = await openBoard()
  const picky = task<Uint8Array, number>('picky', { large: 'store', track: true, retry: { attempts: 1 } })
  await using _ = await board
    .service('worker')
    .perform(picky, (bytes) => {
      if (bytes[0] === data[0]) throw new Error('not this one')
      return sumOf(bytes)
    })
    .start()
  const handle = await board.enqueue(picky, data)
  const letter = await buried(board)
  const another = data.slice()
  another[0] = (data[0] as number) ^ 255
  await board.dead.redriveEdited(letter.sequence, picky, another)
  expect(await handle.result({ timeout: '25s' })).toBe(sumOf(another))
  await none(board)
})

test('an event reaches every service, lives as long as its topic keeps it, and a dead letter has a copy of its own', async () => {
  await using board = await openBoard()
  const scanned = topic<Uint8Array>('scanned', { large: 'store', retention: { age: '1h' } })
  const sums = latch<number>()
  await using _good = await board
    .service('good')
    .subscribe(scanned, (bytes) => sums.open(sumOf(bytes)))
    .start()
  let broken = true
  const healed = latch<number>()
  await using _bad = await board
    .service('bad')
    .subscribe(
      scanned,
      (bytes) => {
        if (broken) throw new Error('broken')
        healed.open(sumOf(bytes))
      },
      { retry: { attempts: 1 } },
    )
    .start()
  await board.publish(scanned, data)
  expect(await until('the good one has it', sums.promise)).toBe(sumOf(data))
  await until('the bad one has given it up', async () => (await gathered(board.dead.list())).length === 1)
  expect(await pieces(board)).toBe(20)
  await using here = await broker()
  const stream = `${board.namespace.toUpperCase()}_OBJECTS`
  const ttls = await Promise.all(
    [1, 20].map(async (seq) => (await here.manager.streams.getMessage(stream, { seq }))?.header.get('Nats-TTL')),
  )
  expect(ttls).toEqual([`${2 * 3600}s`, `${365 * 86_400}s`])
  for await (const { event } of board.listen(scanned, { from: 'all' })) {
    expect(sumOf(event)).toBe(sumOf(data))
    break
  }
  broken = false
  expect(await board.dead.redrive({})).toBe(1)
  expect(await until('it was handled the second time', healed.promise)).toBe(sumOf(data))
})

test('many at once may be large or small, and a number says from where on they lie beside', async () => {
  await using board = await openBoard()
  const mixed = task<Uint8Array, number>('mixed', { large: 1000, track: true })
  const told = topic<Uint8Array>('told', { large: 1000 })
  const sizes = [10, 1000, 2000, 900_000, 3_000_000]
  const all = sizes.map((size) => data.slice(0, size))
  const handles = await board.enqueueMany(mixed, all)
  expect(await pieces(board)).toBe(1 + 1 + 2 + 6)
  await using _ = await board
    .service('worker')
    .perform(mixed, (bytes) => sumOf(bytes))
    .start()
  expect(await Promise.all(handles.map((handle) => handle.result({ timeout: '25s' })))).toEqual(all.map(sumOf))
  await none(board)
  await board.publishMany(told, all)
  const heard: number[] = []
  for await (const { event } of board.listen(told, { from: 'all' })) if (heard.push(event.length) === sizes.length) break
  expect(heard).toEqual(sizes)
})

test('what was stored before, or is refused, leaves nothing beside', async () => {
  await using board = await openBoard()
  const bounded = task<Uint8Array>('bounded', { large: 'store', queue: queue('narrow', { limit: { tasks: 1 } }) })
  await board.enqueue(bounded, data)
  expect((await thrownBy(board.enqueue(bounded, data))).code).toBe('QUEUE_FULL')
  expect((await thrownBy(board.enqueueMany(bounded, [data, data]))).code).toBe('QUEUE_FULL')
  expect(await pieces(board)).toBe(10)
  const first = await board.enqueue(scan, input, { id: 'scan-1' })
  expect(await board.enqueue(scan, input, { id: 'scan-1' })).toMatchObject({ sequence: first.sequence, duplicate: true })
  await board.enqueue(scan, input, { id: 'scan-2', unique: 'one' })
  expect(await board.enqueue(scan, input, { unique: 'one' })).toMatchObject({ id: 'scan-2', duplicate: true })
  expect(await pieces(board)).toBe(30)
})

test('a log keeps no body of what is done', async () => {
  await using board = await openBoard()
  const logged = task<Uint8Array, number>('logged', { large: 'store', track: true, queue: queue('log', { layout: 'log' }) })
  const handle = await board.enqueue(logged, data)
  await using _ = await board
    .service('worker')
    .perform(logged, (bytes) => sumOf(bytes))
    .start()
  expect(await handle.result({ timeout: '25s' })).toBe(sumOf(data))
  await none(board)
})

test('what is called off while a worker holds it is not taken for damaged', async () => {
  await using board = await openBoard()
  const one = latch()
  const handles = await board.enqueueMany(scan, [input, input])
  const seen: number[] = []
  await using worker = await board
    .service('scanner')
    .perform(
      scan,
      async ({ data }) => {
        seen.push(data.length)
        await one.promise
        return 0
      },
      { concurrency: 1 },
    )
    .start()
  await until('the first one runs', () => seen.length === 1)
  expect(await handles[1]?.cancel()).toBe(true)
  one.open()
  await handles[0]?.result({ timeout: '25s' })
  await none(board)
  await worker.stop()
  expect(seen).toHaveLength(1)
  expect(await gathered(board.dead.list())).toEqual([])
  await using here = await broker()
  expect((await here.manager.streams.info(streams(board).queue())).state.messages).toBe(0)
})

test('without the choice it is refused with both numbers, and so is what is too large even beside', async () => {
  await using board = await openBoard()
  const refused = await thrownBy(board.enqueue(task<Uint8Array>('plain'), data))
  expect(refused).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', details: { limit: 1_048_576 - 4096 } })
  const huge = await thrownBy(board.enqueue(scan, { data: new Uint8Array(100 * 1024 * 1024), hang: false }))
  expect(huge).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', details: { limit: 104_857_600 } })
  expect(() => topic('numbered', { large: 'store', retention: { messages: 10 } })).toThrow(/keeps its events by number or size alone/)
  expect(() => task('wrong', { large: 0 })).toThrow(/large/)
})

test('a large result lies beside its end, is fetched by whoever waits for it, and expires with it', async () => {
  const draw = task<number, Uint8Array>('draw', { track: true, large: 'store', keep: '30s' })
  await using board = await openBoard()
  await using other = await beside(board)
  await using third = await beside(board)
  const perform = (n: number) => fiveMegabytes(n)
  await using _one = await board.service('painter').perform(draw, perform).start()
  await using _two = await other.service('painter').perform(draw, perform).start()
  const handles = await board.enqueueMany(draw, [1, 2, 3])
  for (const [index, handle] of handles.entries()) {
    const found = await third.handle(draw, handle.id).result({ timeout: '25s' })
    expect(Buffer.compare(found, fiveMegabytes(index + 1))).toBe(0)
    expect(Buffer.compare(await handle.result({ timeout: '25s' }), found)).toBe(0)
    expect(await handle.status()).toEqual({ state: 'succeeded' })
  }
  await using here = await broker()
  const stream = `${board.namespace.toUpperCase()}_OBJECTS`
  const { state } = await here.manager.streams.info(stream)
  expect(state.messages).toBe(30)
  // They outlive their end by the time it takes to fetch them.
  expect((await here.manager.streams.getMessage(stream, { seq: state.first_seq }))?.header.get('Nats-TTL')).toBe('40s')
  await here.manager.streams.purge(stream)
  const lost = await thrownBy((handles[0] as (typeof handles)[0]).result({ timeout: '25s' }))
  expect(lost).toMatchObject({ code: 'RESULT_LOST' })
  expect(lost.message).toMatch(/succeeded, but its result of 5,?000,?\d{3} bytes is not there any more/)
})

test('a large result that may not lie beside is refused with both numbers, and its task has succeeded', async () => {
  const draw = task<number, Uint8Array>('draw', { track: true })
  await using board = await openBoard()
  await using _ = await board
    .service('painter')
    .perform(draw, () => data)
    .start()
  const handle = await board.enqueue(draw, 1)
  const lost = await thrownBy(handle.result({ timeout: '25s' }))
  expect(lost).toMatchObject({ code: 'RESULT_LOST' })
  expect(lost.message).toMatch(/The message has 5000\d{3} bytes with its headers, the broker takes 1048576/)
  expect((await handle.status()).state).toBe('succeeded')
})
