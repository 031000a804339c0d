/** Plays one run: a fresh server, one process per role, signals passed between them, everything ended afterwards. */

import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
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

/**
 * Plays one run.
 *
 * compiled   the folder made by `compile`
 * deadline   milliseconds; then its processes are killed and the run counts as failed
 */
export async function play(
  step: Step,
  workload: Workload,
  server: Found,
  durability: Durability,
  compiled: string,
  deadline: number,
): Promise<Played> {
  if (interrupted) throw new Error('interrupted')
  const broker = await server.start(durability)
  const roles = Object.keys(workload.roles)
  const children: ChildProcess[] = []
  const end = () => {
    for (const child of children) child.kill('SIGKILL')
    void broker.stop()
  }
  alive.add(end)
  try {
    if (interrupted) throw new Error('interrupted')
    const orders = roles.map((role) => orderOf(step, role, broker, durability, compiled))
    return summary(await together(orders, children, compiled, deadline), step.n * (workload.weight ?? 1), workload.weight !== null)
  } finally {
    alive.delete(end)
    for (const child of children) child.kill('SIGKILL')
    await broker.stop()
  }
}

function orderOf(step: Step, role: string, broker: Broker, durability: Durability, compiled: string): Order {
  const { workload, system, n } = step
  // Two folders up from what was compiled is the repository.
  const packages = join(compiled, '../../test/bench/peers')
  return { workload, system, role, n, url: broker.url, durability, packages, serverPids: broker.pids }
}

/** Resolves with the reports of all roles, in their order; rejects with the first failure. */
function together(orders: Order[], children: ChildProcess[], compiled: string, deadline: number): Promise<Done[]> {
  return new Promise((resolve, reject) => {
    const reports = new Map<string, Done>()
    const timer = setTimeout(() => reject(new Error(`not finished within ${deadline / 1000} s`)), deadline)
    const fail = (error: Error) => {
      clearTimeout(timer)
      reject(error)
    }
    for (const order of orders) {
      const child = fork(join(compiled, 'test/bench/child.js'), [JSON.stringify(order)], {
        execArgv: ['--enable-source-maps=false'],
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
