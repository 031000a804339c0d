/** One process of a run: opens the system, plays its role, reports what it found and what it cost. Started by `play.ts` only. */

import { cpuOf, memoryOf, now, peakMemory } from './measure.ts'
import type { Client, Durability, System } from './systems/system.ts'
import type { Found, Tools } from './workloads.ts'
import { workloads } from './workloads.ts'

/** What the process is told, as JSON in its only argument. */
export interface Order {
  workload: string
  system: string
  role: string
  n: number
  url: string
  durability: Durability
  packages: string
  serverPids: number[]
}

/** What it sends to its parent. */
export type Report =
  | { kind: 'signal'; name: string; value: number }
  | ({ kind: 'done'; found: Found | undefined; rssMb: number } & Cost)
  | { kind: 'failed'; error: string }

/** What its parent sends. */
export interface Heard {
  name: string
  value: number
}

const tell = (report: Report) => process.send?.(report)

/** What opening and closing the window brought to light. */
interface Cost {
  clientMs: number
  serverMs: number | undefined
  serverMb: number | undefined
}

async function play(order: Order): Promise<void> {
  const workload = workloads[order.workload]
  const role = workload?.roles[order.role]
  if (!workload || !role) throw new Error(`no role ${order.role} in ${order.workload}`)
  const system = (await import(`./systems/${order.system}.js`)) as System
  const cost: Cost = { clientMs: 0, serverMs: undefined, serverMb: undefined }
  const tools = toolsOf(order, cost)
  const client: Client = await system.open({
    url: order.url,
    durability: order.durability,
    packages: order.packages,
    ...(workload.layout ? { shape: workload.layout } : {}),
  })
  if (order.role === Object.keys(workload.roles)[0]) {
    await client.declare(workload.need ?? {})
    tools.signal('declared')
  } else await tools.wait('declared')
  const found = await role(client, order.n, tools)
  tell({ kind: 'done', found, ...cost, rssMb: peakMemory() })
  await client.close()
}

function toolsOf(order: Order, cost: Cost): Tools {
  const heard = new Map<string, number>()
  const waiting = new Map<string, (value: number) => void>()
  process.on('message', ({ name, value }: Heard) => {
    heard.set(name, value)
    waiting.get(name)?.(value)
  })
  let own: NodeJS.CpuUsage = { user: 0, system: 0 }
  let server: number | undefined
  const serverMemory = () => memoryOf(order.serverPids)
  return {
    now,
    signal: (name, value = 0) => void tell({ kind: 'signal', name, value }),
    wait: async (name) => heard.get(name) ?? new Promise<number>((resolve) => waiting.set(name, resolve)),
    open: () => {
      cost.serverMb = serverMemory()
      server = cpuOf(order.serverPids)
      own = process.cpuUsage()
    },
    close: () => {
      const used = process.cpuUsage(own)
      cost.clientMs = (used.user + used.system) / 1000
      const end = cpuOf(order.serverPids)
      if (end !== undefined && server !== undefined) cost.serverMs = end - server
      cost.serverMb = Math.max(cost.serverMb ?? 0, serverMemory() ?? 0) || undefined
    },
    cpu: () => ({ client: cost.clientMs, server: cost.serverMs }),
    serverMemory,
  }
}

// The parent ends this process once it has heard from all: whoever leaves by himself may leave before his last word is out.
process.on('disconnect', () => process.exit(1))
play(JSON.parse(process.argv[2] ?? '') as Order).catch((error: unknown) =>
  tell({ kind: 'failed', error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
)
