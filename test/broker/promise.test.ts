/** What we promise, as sentences that could be false: each test tries to make one of them so. */

import { type Board, callboard, type EventMap, Reject, task, topic } from 'callboard'
import { describe, expect, inject, test } from 'vitest'
import { broker, gathered, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { namespace } from '../support/namespace.ts'
import { ownBroker } from '../support/outage.ts'
import { wire } from '../support/proxy.ts'
import { until } from '../support/until.ts'
import { type WorkerProcess, work, workerProcess } from '../support/work.ts'

const spoken = topic<number>('spoken')
const chore = task<number>('chore', { retry: { attempts: 3, backoff: 1 } })
const doubled = task<number, number>('doubled', { track: true, retry: { attempts: 3, backoff: 1 } })

const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1)
const open = (servers: string, more = {}) => callboard({ servers, namespace: namespace(), log: false, ...more })

/** How many messages a stream holds. */
async function held(url: string, stream: string): Promise<number> {
  await using raw = await broker(url)
  return (await raw.manager.streams.info(stream)).state.messages
}

/** Resolves when the connection of a board has come back. */
function back(board: Board): Promise<void> {
  const came = latch()
  board.on('connection', ({ state }) => state === 'back' && came.open())
  return came.promise
}

describe.concurrent('a broker that ends, freezes or loses its voice', () => {
  test('nothing acknowledged is lost, and nothing stored twice, over crashes under load', async () => {
    await using own = await ownBroker()
    await using board = await open(own.url)
    const heard = new Set<number>()
    await board
      .service('all')
      .subscribe(spoken, (n) => void heard.add(n))
      .start()
    const acknowledged: number[] = []
    let said = 0
    let over = false
    const publishers = upTo(16).map(async () => {
      while (!over) {
        const n = ++said
        await board.publish(spoken, n)
        acknowledged.push(n)
      }
    })
    for (const crash of [1, 2]) {
      const before = acknowledged.length
      await until(`publishing goes on before crash ${crash}`, () => acknowledged.length > before + 200)
      await own.kill()
      await own.start()
    }
    const before = acknowledged.length
    await until('publishing goes on after the crashes', () => acknowledged.length > before + 200)
    over = true
    await until('everything under way is answered', Promise.all(publishers))
    expect(acknowledged).toHaveLength(said)
    expect(await held(own.url, streams(board).topics)).toBe(said)
    await until('everything is heard', () => heard.size === said)
  })

  test('what is published and enqueued while the broker is away is stored when it is back, once', async () => {
    await using own = await ownBroker()
    await using board = await open(own.url)
    await board.enqueue(chore, 0)
    await own.kill()
    const underWay = [
      ...upTo(20).map((n) => board.publish(spoken, n)),
      ...upTo(20).map((n) => board.enqueue(chore, n)),
      board.enqueue(chore, 99, { unique: 'k' }),
      board.publishMany(spoken, upTo(30)),
    ]
    await own.start()
    await until('everything is answered', Promise.all(underWay))
    expect(await held(own.url, streams(board).topics)).toBe(50)
    expect(await held(own.url, streams(board).queue())).toBe(22)
  })

  test('an answer that was lost with the connection is asked for again: stored once, told truly', async () => {
    await using own = await ownBroker()
    await using line = await wire(own.port)
    await using board = await open(line.url)
    await using beside = await callboard({ servers: own.url, namespace: board.namespace, log: false })
    const ignored: string[] = []
    board.on('ignored', ({ why }) => ignored.push(why))
    const runs: number[] = []
    await board
      .service('worker')
      .perform(doubled, (n) => {
        runs.push(n)
        line.swallow()
        return n * 2
      })
      .start()
    await board.enqueue(chore, 0)
    const handle = await beside.enqueue(doubled, 21)
    await until('it runs', () => runs.length === 1)
    const publish = board.publish(spoken, 1, { id: 'once' })
    const many = board.publishMany(spoken, upTo(10))
    const unique = board.enqueue(chore, 1, { id: 'mine', unique: 'k' })
    await until('the broker has stored everything', async () => {
      const [topics, queue] = await Promise.all([held(own.url, streams(board).topics), held(own.url, streams(board).queue())])
      return topics === 11 && queue === 3
    })
    expect(await until('the result is stored', handle.result())).toBe(42)
    line.heal()
    line.cut()
    expect(await until('the publish is answered', publish)).toMatchObject({ id: 'once', duplicate: true })
    expect((await until('the many are answered', many)).map(({ sequence }) => sequence)).toEqual(upTo(11).slice(-10))
    expect(await until('the one with a key is answered', unique)).toMatchObject({ id: 'mine' })
    await until('the task is acknowledged', async () => (await held(own.url, streams(board).queue())) === 2)
    expect(await held(own.url, streams(board).topics)).toBe(11)
    expect(runs).toEqual([21])
    expect(ignored).toEqual([])
  })

  test('acknowledgements that went down with the broker are told again: nothing runs a second time', async () => {
    await using own = await ownBroker()
    await using board = await open(own.url)
    const runs: number[] = []
    const finished = latch()
    const again = latch()
    board.on('finished', () => runs.length === 100 && finished.open())
    await board
      .service('worker')
      .perform(
        chore,
        (n) => {
          runs.push(n)
          if (n === 101) again.open()
        },
        { lease: '2s' },
      )
      .start()
    await board.enqueueMany(chore, upTo(100))
    await until('all have run', finished.promise)
    await own.kill()
    await own.start()
    await board.enqueue(chore, 101)
    await until('work goes on', again.promise)
    await until('nothing is left', async () => (await held(own.url, streams(board).queue())) === 0)
    expect(runs.sort((a, b) => a - b)).toEqual(upTo(101))
  })

  test('handlers at work while the broker is away are acknowledged when it is back, and do not run again', async () => {
    await using own = await ownBroker()
    await using board = await open(own.url)
    const runs: number[] = []
    const ends = upTo(4).map(() => latch())
    await board
      .service('worker')
      .perform(chore, async (n) => {
        runs.push(n)
        await ends[n - 1]?.promise
      })
      .start()
    await board.enqueueMany(chore, upTo(4))
    await until('all run', () => runs.length === 4)
    await own.kill()
    // One after the other, so that answers are said at every stage of dialling.
    const lost = latch()
    board.on('connection', ({ state }) => state === 'lost' && lost.open())
    ends[0]?.open()
    ends[1]?.open()
    const returned = back(board)
    const starting = own.start()
    ends[2]?.open()
    await starting
    ends[3]?.open()
    await until('the connection is back', returned)
    await until('nothing is left', async () => (await held(own.url, streams(board).queue())) === 0)
    expect(runs.sort()).toEqual([1, 2, 3, 4])
  })

  test('a frozen broker loses nothing, and stores nothing twice', async () => {
    await using own = await ownBroker()
    await using board = await open(own.url)
    const heard: number[] = []
    await board
      .service('all')
      .subscribe(spoken, (n) => void heard.push(n))
      .start()
    await board.publish(spoken, 1)
    await own.freeze()
    const underWay = upTo(20).map((n) => board.publish(spoken, n + 1))
    // Longer than one answer is waited for, so that everything is sent again to a broker that has it in its ears.
    const gaveUp = thrownBy(board.publish(topic<number>('given.up'), 0, { signal: AbortSignal.timeout(3000) }))
    expect(await until('one gives up', gaveUp)).toMatchObject({ code: 'ABORTED', details: { outcome: 'unknown' } })
    own.thaw()
    await until('all are answered', Promise.all(underWay))
    await until('all are heard', () => heard.length === 21)
    expect(heard.sort((a, b) => a - b)).toEqual(upTo(21))
    expect(await held(own.url, streams(board).topics)).toBe(22)
  })

  test('who waits for a result, or for the hour of a task, waits through a crash', async () => {
    await using own = await ownBroker()
    await using board = await open(own.url)
    await using sender = await callboard({ servers: own.url, namespace: board.namespace, log: false })
    const runs: number[] = []
    await board
      .service('worker')
      .perform(doubled, (n) => {
        runs.push(n)
        return n * 2
      })
      .start()
    const later = await sender.enqueue(doubled, 21, { delay: '2s' })
    const result = sender.handle(doubled, later.id).result()
    await own.kill()
    await own.start()
    expect(await until('its result comes', result)).toBe(42)
    expect(runs).toEqual([21])
  })

  test('a stream that is deleted under a running service is set up again, and work goes on', async () => {
    await using own = await ownBroker()
    await using board = await open(own.url)
    const heard: number[] = []
    const done: number[] = []
    await board
      .service('worker')
      .subscribe(spoken, (n) => void heard.push(n))
      .perform(chore, (n) => void done.push(n))
      .start()
    await board.publishMany(spoken, upTo(5))
    await board.enqueueMany(chore, upTo(5))
    await until('all is done', () => heard.length === 5 && done.length === 5)
    await using raw = await broker(own.url)
    await raw.manager.streams.delete(streams(board).topics)
    await raw.manager.streams.delete(streams(board).queue())
    await until('both are there again', Promise.all([board.publish(spoken, 6), board.enqueue(chore, 6)]))
    await until('work goes on', () => heard.includes(6) && done.includes(6))
  })

  test.each(['away', 'frozen'])('a board and its services close in time while the broker is %s', async (how) => {
    await using own = await ownBroker()
    const board = await open(own.url)
    const begun = latch()
    await board
      .service('worker')
      .perform(chore, async (_, { signal }) => {
        begun.open()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      })
      .start()
    await board.enqueue(chore, 1)
    await until('it runs', begun.promise)
    const waiting = thrownBy((await board.enqueue(doubled, 1)).result())
    if (how === 'away') await own.kill()
    else await own.freeze()
    const unsent = thrownBy(board.publish(spoken, 1))
    await until('the board closes', board.close({ drain: 100 }), 40_000)
    expect(['PUBLISH_UNKNOWN', 'CLOSED']).toContain((await until('what was under way is answered', unsent)).code)
    expect(await until('who waits for a result is told', waiting)).toMatchObject({ code: 'CLOSED' })
  })
})

describe.concurrent('a publisher', () => {
  test('what is under way when the board closes is answered; what comes after is refused', async () => {
    const board = await openBoard()
    const builder = board.service('late').subscribe(spoken, () => undefined)
    const handle = await board.enqueue(doubled, 1)
    await board.enqueue(chore, 0)
    const underWay = [board.publish(spoken, 1), board.enqueue(chore, 1), board.publishMany(spoken, upTo(10))]
    await new Promise((resolve) => setImmediate(resolve))
    const closing = board.close()
    await until('what was under way is answered', Promise.all(underWay))
    await until('the board is closed', closing)
    await board.close()
    for (const refused of [
      () => board.publish(spoken, 2),
      () => board.publishMany(spoken, [2]),
      () => board.enqueue(chore, 2),
      () => board.enqueueMany(doubled, [2]),
      () => board.service('x'),
      () => builder.start(),
      () => board.listen(spoken)[Symbol.asyncIterator]().next(),
      () => handle.status(),
      () => handle.result(),
      () => gathered(board.dead.list()),
    ])
      expect(await until(`${refused} is refused`, thrownBy(refused))).toMatchObject({ code: 'CLOSED' })
  })

  test('no more is under way than was allowed; the rest waits its turn', async () => {
    await using own = await ownBroker()
    await using line = await wire(own.port)
    await using board = await open(line.url, { inFlight: 10 })
    line.swallow()
    const many = upTo(200).map((n) => board.publish(spoken, n))
    const underWay = () => new Set([...line.said().matchAll(/HPUB \S+\.topic\.spoken (\S+)/g)].map(([, reply]) => reply)).size
    await until('some are under way', () => underWay() >= 10)
    expect(underWay()).toBe(10)
    line.heal()
    line.cut()
    await until('all are stored', Promise.all(many))
    expect(underWay()).toBe(200)
  })
})

describe.concurrent('a worker', () => {
  test('restarts in a loop cost no attempt, and nothing is lost or done twice', async () => {
    await using board = await openBoard()
    const attempts: number[] = []
    const done: number[] = []
    await board.enqueueMany(chore, upTo(120))
    for (let round = 0; done.length < 120; round++) {
      const some = latch()
      const before = done.length
      const service = await board
        .service('worker')
        .perform(
          chore,
          async (n, { attempt }) => {
            attempts.push(attempt)
            await new Promise((resolve) => setImmediate(resolve))
            done.push(n)
            if (done.length >= Math.min(120, before + 15)) some.open()
          },
          { concurrency: 4, lease: '30s' },
        )
        .start()
      await until(`round ${round} does its part`, some.promise)
      await service.stop()
    }
    expect(done.sort((a, b) => a - b)).toEqual(upTo(120))
    expect(new Set(attempts)).toEqual(new Set([1]))
  })

  test('a process that is killed at work: the task runs again elsewhere, and the others are unharmed', async () => {
    await using board = await openBoard()
    const natsUrl = inject('natsUrl')
    using first = await workerProcess(board, natsUrl, { lease: '1s', concurrency: 2 })
    const hanging = await board.enqueue(work, { n: 0, kind: 'hang' })
    await until('the first worker hangs', () => first.told.some(({ tells, n }) => tells === 'began' && n === 0))
    using second = await workerProcess(board, natsUrl, { lease: '1s', concurrency: 2 })
    const others = await board.enqueueMany(
      work,
      upTo(20).map((n) => ({ n, kind: 'good' as const })),
    )
    await until('the others are done', Promise.all(others.map((each) => each.result())))
    await until('they are acknowledged', async () => (await held(natsUrl, streams(board).queue())) === 1)
    first.child.kill('SIGKILL')
    await first.gone
    expect(await until('it runs elsewhere', hanging.result())).toBe(`0 by ${second.pid}`)
    const runs = [...first.told, ...second.told].filter(({ tells }) => tells === 'began')
    expect(runs.filter(({ n }) => n === 0).map(({ attempt }) => attempt)).toEqual([1, 2])
    expect(
      runs
        .filter(({ n }) => n > 0)
        .map(({ n, attempt }) => `${n} ${attempt}`)
        .sort(),
    ).toEqual(
      upTo(20)
        .map((n) => `${n} 1`)
        .sort(),
    )
  })

  test('a frozen process loses its task to another, and what it says when it thaws changes nothing', async () => {
    await using board = await openBoard()
    const natsUrl = inject('natsUrl')
    using first = await workerProcess(board, natsUrl, { lease: '1s', concurrency: 1 })
    const task = await board.enqueue(work, { n: 0, kind: 'hang' })
    await until('the first worker hangs', () => first.told.some(({ tells }) => tells === 'began'))
    first.child.kill('SIGSTOP')
    using second = await workerProcess(board, natsUrl, { lease: '1s', concurrency: 1 })
    expect(await until('it runs elsewhere', task.result())).toBe(`0 by ${second.pid}`)
    first.child.kill('SIGCONT')
    const next = await board.enqueue(work, { n: 1, kind: 'good' })
    await until('work goes on', next.result())
    expect(await board.handle(work, task.id).result()).toBe(`0 by ${second.pid}`)
  })

  test('a task that kills its process is given up after its attempts, without another run', async () => {
    await using board = await openBoard()
    const natsUrl = inject('natsUrl')
    const workers: WorkerProcess[] = []
    let over = false
    const ended = latch()
    const poison = await board.enqueue(work, { n: 0, kind: 'poison' })
    const good = await board.enqueue(work, { n: 1, kind: 'good' })
    const watching = (async () => {
      while (!over) {
        const worker = await workerProcess(board, natsUrl, { lease: '1s', concurrency: 1 })
        workers.push(worker)
        await Promise.race([worker.gone, ended.promise])
      }
    })()
    const error = await until('it is given up', thrownBy(poison.result()), 180_000)
    await until('the good one is done', good.result())
    over = true
    ended.open()
    await watching
    for (const worker of workers) worker[Symbol.dispose]()
    expect(error).toMatchObject({ code: 'TASK_FAILED', details: { obituary: { reason: 'exhausted', attempts: 3 } } })
    const runs = workers.flatMap(({ told }) => told).filter(({ tells, n }) => tells === 'began' && n === 0)
    expect(runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
  })

  test('a task is acknowledged only when its result is stored', async () => {
    await using board = await openBoard()
    await using raw = await broker()
    const story: string[] = []
    await board
      .service('worker')
      .perform(doubled, (n) => n * 2)
      .start()
    const live = raw.nc.subscribe(`${board.namespace}.live.result.>`)
    const acks = raw.nc.subscribe(`$JS.ACK.${streams(board).queue()}.>`)
    const record = async (what: string, heard: AsyncIterable<unknown>) => {
      for await (const _ of heard) {
        story.push(what)
        return
      }
    }
    const both = Promise.all([record('result', live), record('ack', acks)])
    await raw.nc.flush()
    await board.enqueue(doubled, 1)
    await until('both happen', both)
    expect(story).toEqual(['result', 'ack'])
  })

  test('nothing is ever nothing: each task ends as a success or as a dead letter', async () => {
    await using board = await openBoard()
    const finished: EventMap['finished'][] = []
    board.on('finished', (info) => finished.push(info))
    const ok: number[] = []
    await board
      .service('worker')
      .perform(chore, (n, { attempt }) => {
        if (n % 5 === 0) throw new Reject('every fifth')
        if (n % 3 === 0 && attempt < 3) throw new Error('every third, twice')
        if (n % 7 === 0) throw new Error('every seventh, always')
        ok.push(n)
      })
      .start()
    await board.enqueueMany(chore, upTo(105))
    await until('the queue is empty', async () => (await held(inject('natsUrl'), streams(board).queue())) === 0)
    const dead = (await gathered(board.dead.list())).map((letter) => letter.payload() as number)
    expect([...ok, ...dead].sort((a, b) => a - b)).toEqual(upTo(105))
    expect(dead.sort((a, b) => a - b)).toEqual(upTo(105).filter((n) => n % 5 === 0 || n % 7 === 0))
  })
})
