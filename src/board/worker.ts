/**
 * A worker tells that it lives: what it serves, how much it has to do, how late its event loop is. Told into the table every few
 * seconds and forgotten by the broker when it tells no more; so a process that was killed is gone from the list by itself.
 */

import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { atMost } from '../base/deadline.ts'
import type { RunInfo, Style } from '../base/events.ts'
import type { Consumer } from '../runtime/consumer.ts'
import type { Hold, Slots } from '../runtime/gate.ts'
import { runInfo } from '../runtime/telling.ts'
import { decode, encode } from '../wire/codec.ts'
import { keyToken } from '../wire/names.ts'
import { shelf } from '../wire/stored.ts'
import { heedAsked } from './asked.ts'
import type { Core } from './core.ts'

/** What a worker says of one contract it serves. */
export interface Serving {
  readonly service: string
  readonly style: Style
  /** Name of the task, topic or pattern. */
  readonly name: string
  readonly queue?: string
  /** Handlers that run; deliveries that wait for a slot or a gate; of those, at gates. */
  readonly running: number
  readonly waiting: number
  readonly gated: number
  readonly slots: number
  /** At which gates, as far as they say. */
  readonly holds?: readonly Hold[]
}

/** What a worker says of itself. Times in ms since 1970. */
export interface WorkerFact {
  readonly name: string
  readonly host: string
  readonly pid: number
  /** Versions of callboard and Node. */
  readonly version: string
  readonly node: string
  readonly startedAt: number
  readonly seenAt: number
  readonly draining: boolean
  /** The longest its event loop was held since it last told, in ms. */
  readonly lag: number
  /** Whose handler last held it for long, in the last 10 min: for how many ms, and when. `sure`: otherwise others ran as well. */
  readonly held?: { readonly service: string; readonly name: string; readonly ms: number; readonly at: number; readonly sure: boolean }
  /** Bytes. */
  readonly memory: number
  /** Entries of the ledger it has left out. */
  readonly dropped: number
  readonly serves: readonly Serving[]
}

/** How often it tells, and how long that holds, in ms. */
export const beat = 5_000
const holds = 15_000
/** How long the last word may take when the board is closed, in ms. */
const patience = 1_000
/** How long it is remembered who held the event loop, in ms. */
const remembered = 600_000

/** Tells that this process works, as long as it has services. */
export interface Presence {
  /** Something has begun or ended: told within a moment. */
  changed(): void
  close(): Promise<void>
}

let version: string | undefined

/** The version of callboard, read when it is first asked for; `unknown` where that is not to be found. */
export function ownVersion(): string {
  version ??= readVersion()
  return version
}

/** Whoever bundles callboard leaves its package.json behind. */
function readVersion(): string {
  try {
    return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version
  } catch {
    return 'unknown'
  }
}

/** Begins to tell, and to heed what it is asked. */
export function presence(core: Core, dropped: () => number, leave: Parameters<typeof heedAsked>[1]): Presence {
  const key = core.names.record('worker', keyToken(core.worker))
  const startedAt = Math.round(performance.timeOrigin)
  let held: WorkerFact['held']
  let timer: NodeJS.Timeout | undefined
  let due: NodeJS.Timeout | undefined
  let deafen: (() => void) | undefined
  let revision = 0
  let telling: Promise<void> | undefined

  async function tell(): Promise<void> {
    const fact = factOf()
    core.pulse.lag = 0
    try {
      revision = await core.table.put(key, encode(fact), { ttl: holds })
    } catch (error) {
      if (timer !== undefined) core.events.tell('trouble', { what: 'this worker could not tell that it lives; it tries again', error })
    }
  }

  function factOf(): WorkerFact {
    const working = [...core.roster]
    return {
      name: core.worker,
      host: hostname(),
      pid: process.pid,
      version: ownVersion(),
      node: process.versions.node,
      startedAt,
      seenAt: Date.now(),
      draining: working.length > 0 && working.every(({ stage }) => stage === 'draining'),
      lag: core.pulse.lag,
      ...(held && Date.now() - held.at < remembered && { held }),
      memory: process.memoryUsage.rss(),
      dropped: dropped(),
      serves: working.flatMap(({ service, consumers }) => servings(service, consumers)),
    }
  }

  /** One at a time: what is told later must not be overtaken. */
  function tellNow(): void {
    telling = (telling ?? Promise.resolve()).then(tell)
  }

  core.events.on('blocked', ({ ms, by: [first], sure }) => {
    if (first === undefined) return
    held = { service: first.service, name: first.name, ms, at: Date.now(), sure }
    if (timer) soon()
  })

  function* running(): Generator<RunInfo> {
    for (const { consumers } of core.roster)
      for (const { binding, runs } of consumers)
        for (const run of runs) if (run.startedAt > 0 && !run.ended) yield runInfo(binding.label, run)
  }

  function soon(): void {
    due ??= setTimeout(() => {
      due = undefined
      tellNow()
    }, 50).unref()
  }

  function stop(): void {
    core.pulse.stop()
    deafen?.()
    clearInterval(timer)
    timer = undefined
    clearTimeout(due)
    due = undefined
  }

  return {
    changed() {
      if (core.roster.size === 0) {
        stop()
        telling = (telling ?? Promise.resolve()).then(() => core.table.drop(revision))
      } else if (timer === undefined) {
        core.pulse.start(running)
        deafen = heedAsked(core, leave)
        timer = setInterval(tellNow, beat).unref()
      }
      if (core.roster.size > 0) soon()
    },
    async close() {
      stop()
      if (telling) await atMost(patience, telling)
    },
  }
}

/** Lanes of one performer share its slots: they are one to whoever looks. */
function servings(service: string, consumers: readonly Consumer[]): Serving[] {
  const shared = new Map<Slots, Serving>()
  for (const { binding, running, waiting, gated } of consumers) {
    const { style, name, queue } = binding.label
    const before = shared.get(binding.slots)
    shared.set(binding.slots, {
      service,
      style,
      name,
      ...(queue === undefined ? {} : { queue }),
      running: (before?.running ?? 0) + running,
      waiting: (before?.waiting ?? 0) + waiting,
      gated: (before?.gated ?? 0) + gated,
      slots: binding.slots.size,
      holds: before?.holds ?? binding.gates.flatMap((gate) => gate.holds?.() ?? []),
    })
  }
  return [...shared.values()]
}

/** The workers that have told of themselves and not been forgotten. */
export async function workers(core: Core): Promise<WorkerFact[]> {
  const found: WorkerFact[] = []
  for await (const { body, headers } of shelf(core.layout, core.names.table).all(core.names.record('worker', '*'))) {
    if (body.length === 0 || headers.get('Nats-Marker-Reason') !== undefined) continue
    found.push(decode(body) as WorkerFact)
  }
  return found.filter(({ seenAt }) => Date.now() - seenAt < 4 * holds).sort((a, b) => (a.name < b.name ? -1 : 1))
}
