import { type Board, Reject, task } from 'callboard'
import { type TestBoard, testBoard } from 'callboard/testing'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'

// The time is that of the clock under test; a busy machine takes more of its own.
vi.setConfig({ testTimeout: 300_000 })

/** One history: what is asked for, what goes wrong with each, and when connections are lost and workers die. */
interface History {
  readonly seed: number
  readonly works: readonly Work[]
  /** After so many arrivals on the lines something is lost. */
  readonly faults: readonly { readonly after: number; readonly what: 'cut sender' | 'cut worker' | 'cut all' | 'restart' | 'crash' }[]
}

type Work = 'good' | 'fails once' | 'fails always' | 'rejected'

const attempts = 3
const chore = task<{ work: Work }>('chore', { retry: { attempts, backoff: '1s' }, timeout: '10s' })

const history: fc.Arbitrary<History> = fc.record({
  seed: fc.nat(),
  works: fc.array(fc.constantFrom<Work>('good', 'good', 'fails once', 'fails always', 'rejected'), { minLength: 1, maxLength: 6 }),
  faults: fc.array(
    fc.record({
      after: fc.integer({ min: 1, max: 60 }),
      what: fc.constantFrom('cut sender' as const, 'cut worker' as const, 'cut all' as const, 'restart' as const, 'crash' as const),
    }),
    { maxLength: 3 },
  ),
})

/** What came of each task: how often it was run, how often it ended well, and its dead letters. */
interface Came {
  runs: number
  ended: number
  dead: number
}

/** A sender and two workers, which live through one history after another. A worker that dies is followed by another one. */
interface World extends AsyncDisposable {
  readonly board: TestBoard
  readonly workers: Board[]
  /** By id; those of earlier histories too. */
  readonly came: Map<string, Came>
  rounds: number
  /** Nothing has gone wrong in it so far. */
  whole: boolean
}

async function world(): Promise<World> {
  const board = await testBoard({ board: { ledger: 'off' } })
  const made: World = { board, workers: [], came: new Map(), rounds: 0, whole: true, [Symbol.asyncDispose]: () => board.close() }
  await hire(made)
  await hire(made)
  return made
}

async function hire({ board, workers, came }: World): Promise<void> {
  const worker = await board.until(board.beside({ ledger: 'off' }))
  workers.push(worker)
  const service = worker.service('worker').perform(
    chore,
    async ({ work }, ctx) => {
      const mine = came.get(ctx.id) as Came
      mine.runs++
      await ctx.progress(work)
      if (work === 'rejected') throw new Reject('never')
      if (work === 'fails always' || (work === 'fails once' && ctx.attempt === 1)) throw new Error('not yet')
      mine.ended++
    },
    { concurrency: 2, lanes: ['normal'], lease: '1s' },
  )
  await board.until(service.start())
}

/** Dead letters by the id of their task. */
function deadIn({ board }: World): Map<string, number> {
  const subjects = board.broker.streams.get('TEST_DEAD')?.store.subjects() ?? []
  return new Map(subjects.map(([subject, count]) => [subject.split('.').at(-1) ?? '', count]))
}

async function live(here: World, { seed, works, faults }: History): Promise<Came[]> {
  const { board, workers, came } = here
  const { broker } = board
  const round = ++here.rounds
  if (faults.length > 0) here.whole = false
  const ids = works.map((_, n) => `${round}-${n}`)
  for (const id of ids) came.set(id, { runs: 0, ended: 0, dead: 0 })
  broker.reseed(seed)
  const [first] = workers
  let dies = false
  for (const { after, what } of faults)
    broker.wire.after(after, () => {
      if (what === 'cut sender') board.cut()
      else if (what === 'cut worker') board.cut(first)
      else if (what === 'cut all') broker.cut()
      else if (what === 'restart') broker.restart()
      else {
        dies = true
        board.crash(first)
      }
    })
  const asked = Promise.all(works.map((work, n) => board.enqueue(chore, { work }, { id: ids[n] as string })))
  await board.until(asked)
  const queue = () => broker.streams.get('TEST_QUEUE_default')?.store.count
  await board.until(() => queue() === 0 && broker.running.length === 0, '10m')
  broker.wire.calm()
  // Who was cut off comes back before the next history begins.
  await board.advance('10s')
  if (dies) {
    workers.shift()
    await hire(here)
  }
  const dead = deadIn(here)
  return ids.map((id) => ({ ...(came.get(id) as Came), dead: dead.get(id) ?? 0 }))
}

const runs = Number(process.env.INTERLEAVINGS ?? 100)
/** Whoever died is remembered by the process as long as his world is. */
const mostRounds = 100

/** What must hold of a history, whatever the order in which things arrived. `whole`: nothing has gone wrong before it either. */
function check({ works, faults }: History, came: readonly Came[], whole: boolean): void {
  // Over a restart the broker forgets ids of what is done: a task of which the sender was not told is then stored again.
  const restarts = faults.filter(({ what }) => what === 'restart').length
  for (const [n, work] of works.entries()) {
    const { runs, ended, dead } = came[n] as Came
    const good = work === 'good' || work === 'fails once'
    expect({ n, work, dead }).toSatisfy(() => (good ? dead === 0 : dead >= 1 && dead <= 1 + restarts))
    expect({ n, work, ended }).toSatisfy(() => ended > 0 === good)
    const needed = { good: 1, 'fails once': 2, 'fails always': attempts, rejected: 1 }[work]
    if (whole) expect({ n, work, runs }).toEqual({ n, work, runs: needed })
  }
}

/** Lives through histories, one after another in a world, until one does not hold; that one is tried again in a world of its own. */
async function hold(histories: fc.Arbitrary<History>): Promise<void> {
  let current: World | undefined
  const end = async () => {
    await current?.[Symbol.asyncDispose]()
    current = undefined
  }
  const property = fc.asyncProperty(histories, async (drawn) => {
    if (current !== undefined && current.rounds >= mostRounds) await end()
    current ??= await world()
    try {
      const came = await live(current, drawn)
      check(drawn, came, current.whole)
    } catch (error) {
      await end()
      throw error
    }
  })
  try {
    await fc.assert(property, { numRuns: runs, seed: Number(process.env.INTERLEAVINGS_SEED ?? 1) })
  } finally {
    await end()
  }
}

test('in whatever order things arrive: each task ends, in as many runs as it needs, and the dead are as many as should', () =>
  hold(history.map((drawn) => ({ ...drawn, faults: [] }))))

test('whatever is cut, restarted and killed in whatever order: each task ends, well or as one dead letter', () => hold(history))
