/**
 * What the fault machine does to its processes and brokers, as a table: each fault says how likely it is, to whom it is done, and
 * does it. Whatever it does is undone when it resolves, and is written down with its span.
 */

import type { Random } from '../../demos/stage/random.ts'
import type { Brokers, Node } from './brokers.ts'
import type { Member } from './crew.ts'
import { slowDisk } from './disk.ts'
import { now, type Recorder } from './history.ts'

/** Where faults happen. */
export interface Stage {
  readonly brokers: Brokers
  readonly crew: readonly Member[]
  readonly record: Recorder
  readonly lease: number
  /** Resolves when all streams answer. */
  answers(): Promise<void>
  /** Asks the broker itself for something. */
  ask(subject: string): Promise<unknown>
  /** The streams whose leaders may be asked to step down. */
  readonly streams: readonly string[]
  /** Fills the disk of the broker, and makes room again after so many ms. */
  fill(ms: number): Promise<void>
}

/** One kind of fault. */
export interface FaultKind {
  readonly name: string
  readonly weight: number
  readonly to: 'worker' | 'producer' | 'anybody' | 'broker'
  /** Only with one server, or only with a cluster. */
  readonly only?: 'single' | 'cluster'
  /** Only where it is asked for by name: it needs what not every machine has. */
  readonly named?: true
  /** Whether a process or server is killed. */
  readonly kills: boolean
  readonly do: (stage: Stage, random: Random, target: Member) => Promise<void>
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Does something, and writes down from when until when it lasted. */
async function lasting(record: Recorder, what: string, whom: string, work: () => Promise<unknown>): Promise<void> {
  const from = now()
  try {
    await work()
  } finally {
    record.write('fault', what, whom, String(now()), from)
  }
}

/** Ends a process, and lets another take its place after a while. The end itself is written down when it comes. */
async function replaced(target: Member, signal: NodeJS.Signals, random: Random): Promise<void> {
  const { ended } = target
  target.signal(signal)
  await ended
  await pause(random.whole(0, 800))
  target.start()
}

function toNode(
  name: string,
  what: string,
  work: (stage: Stage, random: Random, node: Node) => Promise<void>,
): Pick<FaultKind, 'name' | 'to' | 'do'> {
  return {
    name,
    to: 'broker',
    do: (stage, random) => {
      const { nodes } = stage.brokers
      const node = nodes[random.whole(0, nodes.length - 1)] as Node
      return lasting(stage.record, what, node.name, () => work(stage, random, node))
    },
  }
}

const restarted = (signal: 'SIGKILL' | 'SIGTERM' | 'SIGUSR2') => async (stage: Stage, random: Random, node: Node) => {
  await node.end(signal)
  await pause(random.whole(0, 2000))
  await node.start()
  await stage.answers()
}

function toWire(name: string, work: (target: Member, random: Random) => Promise<void>): Pick<FaultKind, 'name' | 'to' | 'do' | 'kills'> {
  return {
    name,
    to: 'anybody',
    kills: false,
    do: (stage, random, target) => lasting(stage.record, name, target.by, () => work(target, random)),
  }
}

const losing = (loss: 'deaf' | 'mute' | 'both') => async (target: Member, random: Random) => {
  for (const wire of target.wires) wire.lose(loss)
  await pause(random.whole(300, 4000))
  for (const wire of target.wires) wire.heal()
  // Until the client has dialled again.
  await pause(1000)
}

/** Everything that may be done. */
export const kinds: readonly FaultKind[] = [
  { name: 'killed', weight: 6, to: 'anybody', kills: true, do: (_, random, target) => replaced(target, 'SIGKILL', random) },
  {
    name: 'asked to end',
    weight: 3,
    to: 'worker',
    kills: false,
    do: (stage, random, target) => lasting(stage.record, 'asked to end', target.by, () => replaced(target, 'SIGTERM', random)),
  },
  {
    name: 'frozen',
    weight: 3,
    to: 'anybody',
    kills: false,
    do: (stage, random, target) =>
      lasting(stage.record, 'frozen', target.by, async () => {
        target.signal('SIGSTOP')
        await pause(random.whole(200, 2 * stage.lease))
        target.signal('SIGCONT')
        await pause(300)
      }),
  },
  {
    name: 'blocked',
    weight: 2,
    to: 'worker',
    kills: false,
    do: (stage, random, target) =>
      lasting(stage.record, 'blocked', target.by, async () => {
        const ms = random.whole(200, 2 * stage.lease)
        target.tell({ order: 'block', ms })
        await pause(ms + 500)
      }),
  },
  {
    name: 'clock wrong',
    weight: 2,
    to: 'worker',
    kills: false,
    do: (stage, random, target) =>
      lasting(stage.record, 'clock wrong', target.by, async () => {
        target.tell({ order: 'clock', ms: random.whole(-60, 60) * 60_000 })
        await pause(random.whole(1000, 15_000))
        target.tell({ order: 'clock', ms: 0 })
      }),
  },
  {
    ...toWire('cut', async ({ wires }) => {
      for (const wire of wires) wire.cut()
      await pause(1000)
    }),
    weight: 2,
  },
  { ...toWire('deaf', losing('deaf')), weight: 3 },
  { ...toWire('mute', losing('mute')), weight: 2 },
  { ...toWire('unreachable', losing('both')), weight: 1 },
  { ...toNode('broker killed', 'broker killed', restarted('SIGKILL')), weight: 4, kills: true },
  { ...toNode('broker stopped', 'broker stopped', restarted('SIGTERM')), weight: 2, kills: false },
  { ...toNode('lame duck', 'broker stopped', restarted('SIGUSR2')), weight: 1, kills: false, only: 'cluster' },
  {
    ...toNode('broker frozen', 'broker frozen', async (stage, random, node) => {
      node.signal('SIGSTOP')
      await pause(random.whole(200, 5000))
      node.signal('SIGCONT')
      await stage.answers()
    }),
    weight: 2,
    kills: false,
  },
  {
    ...toNode('broker stutters', 'broker slow', async (stage, random, node) => {
      const end = Date.now() + random.whole(1000, 6000)
      while (Date.now() < end) {
        node.signal('SIGSTOP')
        await pause(random.whole(50, 300))
        node.signal('SIGCONT')
        await pause(random.whole(10, 50))
      }
      await stage.answers()
    }),
    weight: 2,
    kills: false,
  },
  {
    ...toNode('disk slow', 'broker slow', async (stage, random, node) => {
      const quick = await slowDisk(node.pid, random.whole(50, 400))
      await pause(random.whole(1000, 6000))
      await quick()
      await stage.answers()
    }),
    weight: 2,
    kills: false,
    named: true,
  },
  {
    ...toNode('broker cut off', 'broker cut off', async (stage, random, node) => {
      node.isolate()
      await pause(random.whole(1000, 8000))
      node.reunite()
      await stage.answers()
    }),
    weight: 3,
    kills: false,
    only: 'cluster',
  },
  {
    ...toNode('all brokers killed', 'broker killed', async (stage, random) => {
      const { nodes } = stage.brokers
      await Promise.all(nodes.map((node) => node.end('SIGKILL')))
      await pause(random.whole(0, 1000))
      await Promise.all(nodes.map((node) => node.start()))
      await stage.answers()
    }),
    weight: 1,
    kills: true,
    only: 'cluster',
  },
  {
    ...toNode('leader stepped down', 'leader stepped down', async (stage, random) => {
      const stream = stage.streams[random.whole(0, stage.streams.length - 1)]
      await stage.ask(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`).catch(() => undefined)
      await stage.answers()
    }),
    weight: 3,
    kills: false,
    only: 'cluster',
  },
  {
    ...toNode('broker full', 'broker full', (stage, random) => stage.fill(random.whole(500, 3000))),
    weight: 1,
    kills: false,
    only: 'single',
  },
]

/** Draws one. */
export function drawn(random: Random, allowed: readonly FaultKind[]): FaultKind {
  let left = random.whole(
    1,
    allowed.reduce((sum, { weight }) => sum + weight, 0),
  )
  const found = allowed.find(({ weight }) => {
    left -= weight
    return left <= 0
  })
  return found as FaultKind
}
