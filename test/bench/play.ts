/** Plays one run: a fresh server, one process per role, signals passed between them, everything ended afterwards. */

import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Broker, Found } from './broker.ts'
import type { Heard, Order, Report } from './child.ts'
import type { Step } from './plan.ts'
import type { Durability } from './systems/system.ts'
import type { Workload } from './workloads.ts'

/** What one run found and cost. CPU is in microseconds per message, memory in MB at its peak. */
export interface Played {
  found: Record<string, number>
  cpuClient: number | null
  cpuServer: number | null
  rss: number
  rssServer: number | null
}

type Done = Extract<Report, { kind: 'done' }>

/** What is running now, to be ended when the user interrupts. */
const alive = new Set<() => void>()

let interrupted = false

/** Ends everything that is running; nothing begins afterwards. */
export function interrupt(): void {
  interrupted = true
  for (const end of alive) end()
}

/** What all runs have in common. */
export interface Stage {
  durability: Durability
  /** The folder made by `compile`. */
  compiled: string
  /** Milliseconds; then the processes of a run are killed and it counts as failed. */
  deadline: number
  /** A folder that gets a CPU profile of every process; the figures are then not worth much. */
  profile?: string
}

/** Plays one run. */
export async function play(step: Step, workload: Workload, server: Found, stage: Stage): Promise<Played> {
  if (interrupted) throw new Error('interrupted')
  const broker = await server.start(stage.durability)
  const roles = Object.keys(workload.roles)
  const children: ChildProcess[] = []
  const end = () => {
    for (const child of children) child.kill('SIGKILL')
    void broker.stop()
  }
  alive.add(end)
  try {
    if (interrupted) throw new Error('interrupted')
    const orders = roles.map((role) => orderOf(step, role, broker, stage))
    return summary(await together(orders, children, stage), step.n * (workload.weight ?? 1), workload.weight !== null)
  } finally {
    alive.delete(end)
    if (stage.profile !== undefined) await Promise.all(children.map(leave))
    for (const child of children) child.kill('SIGKILL')
    await broker.stop()
  }
}

/** Lets a process end by itself, so that it can write its profile. */
function leave(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || !child.connected) return Promise.resolve()
  const left = once(child, 'exit', { signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
  child.disconnect()
  return left
}

function orderOf(step: Step, role: string, broker: Broker, { durability, compiled }: Stage): Order {
  const { workload, system, n } = step
  // Two folders up from what was compiled is the repository.
  const packages = join(compiled, '../../test/bench/peers')
  return { workload, system, role, n, url: broker.url, durability, packages, serverPids: broker.pids }
}

/** Resolves with the reports of all roles, in their order; rejects with the first failure. */
function together(orders: Order[], children: ChildProcess[], { compiled, deadline, profile }: Stage): Promise<Done[]> {
  return new Promise((resolve, reject) => {
    const reports = new Map<string, Done>()
    const timer = setTimeout(() => reject(new Error(`not finished within ${deadline / 1000} s`)), deadline)
    const fail = (error: Error) => {
      clearTimeout(timer)
      reject(error)
    }
    for (const order of orders) {
      const name = `${order.workload}.${order.system}.${order.role}.${process.hrtime.bigint()}.cpuprofile`
      const child = fork(join(compiled, 'test/bench/child.js'), [JSON.stringify(order)], {
        execArgv: profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${name}`],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      children.push(child)
      child.on('message', (report: Report) => {
        if (report.kind === 'failed') return fail(new Error(`${order.role}: ${report.error}`))
        if (report.kind === 'signal') {
          const heard: Heard = { name: report.name, value: report.value }
          for (const other of children) if (other !== child && other.connected) other.send(heard)
          return
        }
        reports.set(order.role, report)
        if (reports.size < orders.length) return
        clearTimeout(timer)
        resolve(orders.map(({ role }) => reports.get(role) as Done))
      })
      child.once('exit', (code) => {
        if (!reports.has(order.role)) fail(new Error(`${order.role} ended with ${code} before it reported`))
      })
    }
  })
}

function summary(reports: Done[], messages: number, perMessage: boolean): Played {
  const [first] = reports
  if (!first?.found) throw new Error('the first role reported nothing')
  const clients = reports.reduce((sum, report) => sum + report.clientMs, 0)
  return {
    found: first.found,
    cpuClient: perMessage ? (clients * 1000) / messages : null,
    cpuServer: perMessage && first.serverMs !== undefined ? (first.serverMs * 1000) / messages : null,
    rss: first.rssMb,
    rssServer: first.serverMb ?? null,
  }
}
