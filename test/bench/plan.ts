/** Decides which runs happen in which order. Pure: starts nothing, looks at nothing. */

import type { Durability } from './systems/system.ts'
import type { Workload } from './workloads.ts'

/** What was asked for on the command line. */
export interface Wish {
  /** Names of workloads; a trailing `*` stands for any ending. Empty: all but the layouts. */
  only: string[]
  /** Names of systems. Empty: all that take part. */
  systems: string[]
  peers: boolean
  runs: number
  scale: number
  full: boolean
  durability: Durability
  /** Runs of a smoke test go side by side: it asks whether they work, not how fast. Else 1. */
  lanes: number
}

/** One run of one system. */
export interface Step {
  workload: string
  system: string
  run: number
  n: number
}

export interface Peer {
  /** The server it needs. */
  server: 'redis' | 'postgres' | 'rabbitmq'
  /** How Debian and its relatives install that server. */
  install: string
  /** Workloads it has no means for. */
  without?: readonly string[]
}

/** Who is measured beside ours, by package name; `amqplib` twice, because its queues come in two kinds. */
export const peers: Readonly<Record<string, Peer>> = {
  bullmq: { server: 'redis', install: 'apt-get install redis-server' },
  'pg-boss': { server: 'postgres', install: 'apt-get install postgresql' },
  'graphile-worker': { server: 'postgres', install: 'apt-get install postgresql' },
  // RabbitMQ delays by a plugin that the distribution does not carry.
  amqplib: { server: 'rabbitmq', install: 'apt-get install rabbitmq-server', without: ['herd'] },
  'amqplib-quorum': { server: 'rabbitmq', install: 'apt-get install rabbitmq-server', without: ['herd'] },
}

const clients = ['stock', 'tuned', 'callboard']
const layouts = ['work-queue', 'log']
/** Ours with something switched off or on: measured where they are asked for by name. */
const variants = [
  'without-ledger',
  'with-metrics',
  'with-traces',
  'with-traces-off',
  'ordered',
  'single-file',
  'fair',
  'sealed',
  'checked',
  'log-queue',
  'partitions',
  'replicated',
  'replicated-partitions',
]

/** Ours that need three servers. */
export const replicated: readonly string[] = ['replicated', 'replicated-partitions']

/** What the others are compared with. */
export const baselineOf = (workload: Workload): string => (workload.layout ? 'work-queue' : workload.alone ? 'callboard' : 'stock')

/** The runs of all workloads, repetitions interleaved: A B C, A B C, so that a slow minute hurts everybody alike. */
export function plan(workloads: Readonly<Record<string, Workload>>, wish: Wish): Step[] {
  const steps: Step[] = []
  for (const [name, workload] of Object.entries(workloads)) {
    if (!wanted(name, workload, wish.only)) continue
    const systems = systemsFor(name, workload, wish)
    for (let run = 1; run <= wish.runs; run++) {
      for (const system of systems) steps.push({ workload: name, system, run, n: countOf(workload, wish) })
    }
  }
  return steps
}

/** Complaints about names nobody has, each with the names there are. */
export function unknown(workloads: Readonly<Record<string, Workload>>, wish: Wish): string[] {
  const names = Object.keys(workloads)
  const systems = [...clients, ...variants, ...layouts, ...Object.keys(peers)]
  return [
    ...wish.only.filter((wanted) => !names.some((name) => matches(name, wanted))).map((name) => `no workload ${name}: ${names.join(', ')}`),
    ...wish.systems.filter((name) => !systems.includes(name)).map((name) => `no system ${name}: ${systems.join(', ')}`),
  ]
}

/** How many messages a run sends: scaled, and fewer where every one is synced, unless only a fixed number says anything. */
export function countOf(workload: Workload, wish: Pick<Wish, 'scale' | 'full' | 'durability'>): number {
  const whole = wish.full ? (workload.full ?? workload.count) : workload.count
  const base = wish.durability === 'always' ? (workload.synced ?? Math.ceil(whole / 4)) : whole
  return Math.max(workload.least ?? 10, Math.round(base * wish.scale))
}

function systemsFor(name: string, workload: Workload, wish: Wish): string[] {
  const ours = [...clients, ...variants.filter((variant) => wish.systems.includes(variant))]
  const there = workload.layout ? layouts : workload.alone ? ['callboard'] : ours
  const beside = wish.peers && workload.peers ? Object.keys(peers).filter((peer) => !peers[peer]?.without?.includes(name)) : []
  return [...there, ...beside].filter((system) => wish.systems.length === 0 || wish.systems.includes(system))
}

function wanted(name: string, workload: Workload, only: string[]): boolean {
  return only.length === 0 ? !workload.layout : only.some((pattern) => matches(name, pattern))
}

function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}
