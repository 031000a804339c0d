/** One run of the fault machine: a load, faults, healing, and the judgement of what was written down meanwhile. */

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { random } from '../../demos/stage/random.ts'
import { type Board, callboard } from '../../src/index.ts'
import type { QueueLayout } from '../../src/wire/streams.ts'
import { type Brokers, brokers } from './brokers.ts'
import { check, type Judgement, type Rules, story } from './check.ts'
import { atOnce, contracts, type Kept, kept, listeners, ownKinds, room } from './contract.ts'
import { type Common, type Member, member } from './crew.ts'
import { drawn, type FaultKind, kinds, type Stage } from './faults.ts'
import { type Folded, fold } from './fold.ts'
import { historyOf, type Recorder, recorder } from './history.ts'
import { watch } from './member.ts'
import { type Grown, type Process, watchMemory } from './memory.ts'
import { type Observer, observer } from './observer.ts'
import { early, slotsWithin, terms, times } from './slot.ts'

/** What is wanted. */
export interface Wish {
  readonly seed: number
  readonly layout: QueueLayout
  readonly cluster: boolean
  /** How long the load lasts at least. */
  readonly seconds: number
  /** Things to be said at least; 0: as many as the seconds allow. */
  readonly tasks: number
  /** Faults in all. */
  readonly faults: number
  /** Things said per second, by all producers together. */
  readonly rate: number
  /** Whether there are tasks that kill their workers. */
  readonly poison: boolean
  /** Whether a schedule fires meanwhile. What it missed takes its time to be made up for. */
  readonly schedule: boolean
  /** Whether the memory of all processes is watched under load. */
  readonly soak: boolean
  /** Kinds of faults by name; empty: all. */
  readonly only: readonly string[]
}

/** What came of it. */
export interface Outcome extends Judgement {
  readonly seed: number
  readonly layout: QueueLayout
  readonly cluster: boolean
  readonly seconds: number
  /** SIGKILLs, of processes and servers. */
  readonly kills: number
  readonly faults: Readonly<Record<string, number>>
  /** What became of the memory of each process, where it was watched. */
  readonly memory: Readonly<Record<string, Grown>>
  /** The folder of the history. */
  readonly folder: string
  /** The story of the first anomalies. */
  readonly stories: readonly string[]
}

/** Where a run stands, for whoever watches. */
export interface Progress {
  readonly said: number
  readonly done: number
  readonly faults: number
  readonly phase: string
}

/** Short, so that a fault costs seconds; where there is none, it is what it is by default. */
const leaseOf = ({ soak }: Wish) => (soak ? 30_000 : 3_000)
const keepingOf = ({ soak }: Wish): Kept => (soak ? 'soaking' : 'all')
const workers = 4
const producers = 2
/** How long everything may take after it was healed, in ms. */
const patience = 120_000
/** Who looks after schedules looks every five minutes, give or take a fifth, where no connection was lost: so long a time may be missing, in ms. */
const madeUp = 400_000
/** Producers pause when so much lies waiting. */
const mostWaiting = 20_000
/** Results read once more at the end. */
const mostRead = 1_000
const namespace = 'faults'
const upper = namespace.toUpperCase()
const streams = [
  `${upper}_TOPICS`,
  `${upper}_TABLE`,
  `${upper}_DEAD`,
  ...['jobs', 'turns', 'narrow', 'patient'].map((name) => `${upper}_QUEUE_${name}`),
]
/** Streams that never hold more than so much. */
const bounds = new Map(['narrow', 'patient'].map((name) => [`${upper}_QUEUE_${name}`, room]))
/** The schedule that fires meanwhile. */
const schedule = 'slots'
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** The rules for what this machine says. */
export const rulesFor = (layout: QueueLayout, cluster: boolean): Rules => ({
  replicated: cluster,
  held: (as) => as === 'gated',
  placed: (as) => (listeners as readonly string[]).includes(as) || layout === 'log',
  runners: (kind) => (kind === 'event' ? listeners : [ownKinds.includes(kind) ? kind : 'jobs']),
  keyOf: ({ kind, id }) => (kind === 'ordered' ? id.split('@')[1] : undefined),
  atOnce: { gated: atOnce },
  doomed: (kind) => kind === 'bad' || kind === 'poison',
})

/** Runs. `compiled` is the folder of what children run; `tell` hears where it stands, about twice a second. */
export async function machine(wish: Wish, compiled: string, tell: (progress: Progress) => void): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'callboard-faults-'))
  const record = recorder(folder, 'machine')
  const unwatch = watch(record, 'machine held up', 'machine')
  const began = Date.now()
  const done: Record<string, number> = {}
  let killed = 0
  let memory: Outcome['memory'] = {}
  {
    await using servers = await brokers(folder, wish.cluster ? 3 : 1, wish.only.includes('disk slow') ? 'always' : '10s')
    const ports = servers.nodes.map(({ port }) => port)
    const urls = ports.map((port) => `nats://127.0.0.1:${port}`)
    const lease = leaseOf(wish)
    const board = await opened(urls, wish)
    const seen = await observer(ports, streams, bounds, record)
    const crew = await staffed(wish, compiled, ports, folder, record)
    const stage: Stage = { ...seen, brokers: servers, crew, record, lease, streams }
    const report = (phase: string) => tell({ ...total(crew), faults: Object.values(done).reduce((a, b) => a + b, 0), phase })
    const ticking = setInterval(() => {
      report('under load')
      const { said, done } = total(crew)
      for (const each of crew) if (each.role === 'producer') each.tell({ order: said - done > mostWaiting ? 'hold' : 'go' })
    }, 500)
    await Promise.all(crew.map(({ ready }) => ready))
    const since = wish.schedule ? await firing(board, wish.layout) : undefined
    const watched = wish.soak ? watchMemory(() => held(crew, servers), join(folder, 'memory.tsv')) : () => ({})
    await inject(stage, wish, done, (kind) => {
      if (kind.kills) killed += kind.name === 'all brokers killed' ? servers.nodes.length : 1
    })
    clearInterval(ticking)
    memory = watched()
    await Promise.all(crew.filter(({ role }) => role === 'producer').map((each) => each.retire()))
    if (since !== undefined) await fired(board, since, folder, record, () => report('waiting for the schedule'))
    await settled(seen, record, () => report('settling'))
    await Promise.all(crew.map((each) => each.retire()))
    await closing(board, wish, folder, record)
    await seen.close()
  }
  unwatch()
  record.close()
  const folded = fold(historyOf(folder))
  const judgement = check(folded, rulesFor(wish.layout, wish.cluster))
  const seconds = Math.round((Date.now() - began) / 1000)
  const { seed, layout, cluster } = wish
  return { ...judgement, seed, layout, cluster, seconds, kills: killed, faults: done, memory, folder, stories: stories(folded, judgement) }
}

async function opened(servers: readonly string[], wish: Wish): Promise<Board> {
  const { layout } = wish
  const { retention, ledger } = kept[keepingOf(wish)]
  for (let tries = 0; ; tries++) {
    try {
      const board = await callboard({ servers, namespace, log: false, retention, ledger: { age: ledger } })
      const { ordered, narrow, patient } = contracts(layout)
      await board.declare(ordered, narrow, patient)
      // The streams are there before anybody is hurt; what is made under faults is made again by whoever needs it.
      await board
        .service('jobs')
        .perform(contracts(layout).job, () => undefined)
        .start()
        .then((service) => service.stop())
      for (const name of listeners)
        await board
          .service(name)
          .subscribe(contracts(layout).event, () => undefined, { lease: leaseOf(wish) })
          .start()
          .then((service) => service.stop())
      return board
    } catch (error) {
      if (tries === 50) throw error
      await pause(200)
    }
  }
}

function staffed(wish: Wish, compiled: string, ports: readonly number[], folder: string, record: Recorder): Promise<Member[]> {
  const common: Common = { namespace, layout: wish.layout, keeping: keepingOf(wish), folder, lease: leaseOf(wish) }
  const to = ports.map((port) => () => port)
  const make = (role: Member['role'], count: number) =>
    Array.from({ length: count }, (_, index) =>
      member(`${role[0]}${index + 1}`, role, compiled, to, common, { rate: wish.rate / producers, poison: wish.poison }, record),
    )
  return Promise.all([...make('worker', workers), ...make('producer', producers)])
}

function* held(crew: readonly Member[], { nodes }: Brokers): Generator<Process> {
  for (const { by, pid, count } of crew) if (pid !== undefined) yield { name: by, pid, heap: count.heap }
  for (const { name, pid } of nodes) yield { name, pid, heap: undefined }
}

const total = (crew: readonly Member[]) => ({
  said: crew.reduce((sum, { count }) => sum + count.said, 0),
  done: crew.reduce((sum, { count }) => sum + count.done, 0),
})

/** Does all faults, spread over the load, and resolves when they are over and enough was said. */
async function inject(stage: Stage, wish: Wish, done: Record<string, number>, did: (kind: FaultKind) => void): Promise<void> {
  const chance = random(wish.seed)
  const allowed = kinds.filter(
    ({ name, only, named }) =>
      (only ?? (wish.cluster ? 'cluster' : 'single')) === (wish.cluster ? 'cluster' : 'single') &&
      (wish.only.length === 0 ? named === undefined : wish.only.includes(name)),
  )
  const began = Date.now()
  const share = () =>
    Math.min((Date.now() - began) / (wish.seconds * 1000 || 1), wish.tasks === 0 ? 1 : total(stage.crew).said / wish.tasks)
  const busy = new Set<unknown>()
  const under: Promise<void>[] = []
  for (let n = 0; n < wish.faults; n++) {
    const kind = drawn(chance, allowed)
    const targets = kind.to === 'broker' ? [stage.brokers] : stage.crew.filter(({ role }) => kind.to === 'anybody' || role === kind.to)
    const target = targets[chance.whole(0, targets.length - 1)] as Member
    // The first tenth of the load and the last are left in peace.
    const due = 0.1 + (0.8 * (n + chance.whole(0, 100) / 100)) / wish.faults
    while (share() < due || busy.has(target)) await pause(20)
    busy.add(target)
    done[kind.name] = (done[kind.name] ?? 0) + 1
    did(kind)
    under.push(kind.do(stage, chance, target).finally(() => busy.delete(target)))
  }
  await Promise.all(under)
  while (share() < 1) await pause(20)
}

/** Sets the schedule; gives since when it fires. */
async function firing(board: Board, layout: QueueLayout): Promise<number> {
  await board.schedules.set(schedule, times, contracts(layout).slot, null, terms)
  // A schedule does not fire within the first moments.
  return Date.now() + 1000
}

/** Waits until every time of the schedule up to now has come, ends the schedule, and writes down which times there were. */
async function fired(board: Board, since: number, folder: string, record: Recorder, tell: () => void): Promise<void> {
  const until = Date.now()
  const due = [...slotsWithin(since, until)]
  const end = until + madeUp
  for (let missing = due.length; missing > 0 && Date.now() < end; ) {
    await pause(3000)
    tell()
    const came = new Set<string>()
    for (const { op, what, id } of historyOf(folder)) if (op === 'begin' && what === 'slot') came.add(id)
    missing = due.filter(({ id }) => !came.has(id)).length
  }
  await board.schedules.remove(schedule)
  // Those before and behind may have come.
  for (const { id, time } of slotsWithin(since - 20_000, Date.now() + 10_000)) {
    record.write('say', 'slot', id, String(time - early), time)
    if (due.some((each) => each.id === id)) record.write('ok', '', id, '', time)
  }
}

/** Waits until nothing is left to be done; writes down what is left when that takes too long. */
async function settled(seen: Observer, record: Recorder, tell: () => void): Promise<void> {
  const end = Date.now() + patience
  let quiet = 0
  let left: Readonly<Record<string, number>> = {}
  while (Date.now() < end && quiet < 3) {
    await pause(300)
    tell()
    left = await seen.left().catch((error: unknown) => ({ [`the broker did not answer: ${error}`]: 1 }))
    quiet = Object.keys(left).length === 0 ? quiet + 1 : 0
  }
  for (const [what, count] of Object.entries(left))
    record.write('stuck', `${what}: ${count} were left ${patience / 1000} s after everything was healed`, '')
}

/** Writes down how everything has ended: dead letters, and the results of tracked tasks, or some of them where there are many. */
async function closing(board: Board, wish: Wish, folder: string, record: Recorder): Promise<void> {
  const { tracked } = contracts(wish.layout)
  // Where results are kept for minutes, only the newest can be read; those who wait for them have read them all.
  const since = wish.soak ? Date.now() - 60_000 : 0
  for await (const letter of board.dead.list({})) {
    const { id } = letter.payload() as { id: string }
    record.write('dead', letter.style === 'implicit' ? letter.service : ownKinds.includes(letter.name) ? letter.name : 'jobs', id)
  }
  const { items } = fold(historyOf(folder))
  const acknowledged = [...items.values()].filter(({ kind, answer, answered }) => kind === 'tracked' && answer === 'ok' && answered > since)
  for (let from = 0; from < acknowledged.length; from += Math.ceil(acknowledged.length / mostRead)) {
    const { id } = acknowledged[from] as { id: string }
    const result = await board
      .handle(tracked, id)
      .result({ timeout: '5s' })
      .catch((error: unknown) => error)
    if (typeof result === 'string') record.write('result', '', id, result)
    else record.write('stuck', `the result of ${id} could not be read at the end: ${result}`, '')
  }
  await board.close()
}

function stories(folded: Folded, { anomalies }: Judgement): string[] {
  return anomalies.slice(0, 5).map((anomaly) => [`${anomaly.rule}: ${anomaly.sentence}`, ...story(folded, anomaly)].join('\n'))
}
