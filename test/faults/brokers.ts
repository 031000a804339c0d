/** The broker of the fault machine: one server, or three as a cluster whose links can be made to lose everything. */

import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Server, startServer } from '../../src/extras/server/index.ts'
import { type Wire, wire } from './link.ts'

/** One server. */
export interface Node {
  readonly name: string
  /** Where clients connect. It stays the same. */
  readonly port: number
  readonly running: boolean
  readonly pid: number
  /** Ends it; resolves when it has ended. */
  end(signal: 'SIGKILL' | 'SIGTERM' | 'SIGUSR2'): Promise<void>
  /** Starts it again; resolves when it answers. */
  start(): Promise<void>
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Takes it apart from the other servers. Clients reach it still. */
  isolate(): void
  reunite(): void
}

/** All servers of a run. */
export interface Brokers extends AsyncDisposable {
  readonly nodes: readonly Node[]
}

/** Small enough to be filled in a moment, large enough for what is said. */
const storage = '256MB'

/** Starts the servers, with their stores in a folder. `sync`: how often they sync. */
export async function brokers(folder: string, count: 1 | 3, sync: '10s' | 'always'): Promise<Brokers> {
  const routes = await Promise.all(Array.from({ length: count }, freePort))
  const wires: Wire[][] = await Promise.all(
    routes.map((_, from) => Promise.all(routes.map((port, to) => (from === to ? (undefined as never) : wire(() => port))))),
  )
  const nodes = await Promise.all(
    routes.map(async (port, index) => {
      const name = `n${index + 1}`
      const peers = (wires[index] as Wire[]).filter((each) => each !== undefined)
      const mine = [...peers, ...wires.flatMap((row, from) => (from === index ? [] : [row[index] as Wire]))]
      return node(join(folder, name), name, settings(sync) + (count === 1 ? '' : cluster(port, peers)), mine)
    }),
  )
  return {
    nodes,
    async [Symbol.asyncDispose]() {
      for (const each of nodes) each.signal('SIGCONT')
      await Promise.all(nodes.map((each) => each.end('SIGKILL')))
      await Promise.all(wires.flat().map((each) => each?.close()))
    },
  }
}

/** Every server reaches every other one through a wire of its own, and hears of no other way. */
const cluster = (port: number, peers: readonly Wire[]) => `
cluster {
  name: faults
  listen: 127.0.0.1:${port}
  no_advertise: true
  pool_size: -1
  routes: [ ${peers.map((peer) => `"nats://127.0.0.1:${peer.port}"`).join(', ')} ]
}`

const settings = (sync: string) => `
listen: 127.0.0.1:-1
jetstream { max_file_store: ${storage}, max_memory_store: 16MB, sync_interval: ${sync} }
max_payload: 1MB
ping_interval: "10s"
ping_max: 2
`

async function node(folder: string, name: string, settings: string, wires: readonly Wire[]): Promise<Node> {
  await mkdir(folder, { recursive: true })
  const config = join(folder, 'nats-server.conf')
  await writeFile(config, settings)
  const begin = (port: number) => startServer({ config, port, store: join(folder, 'store'), name, ready: '60s' })
  let server: Server = await begin(0)
  let running = true
  const { port } = server
  return {
    name,
    port,
    get running() {
      return running
    },
    get pid() {
      return server.pid
    },
    async end(signal) {
      if (!running) return
      running = false
      server.kill(signal)
      await server.exited
    },
    async start() {
      server = await begin(port)
      running = true
    },
    signal: (signal) => server.kill(signal),
    isolate: () => {
      for (const each of wires) each.lose('both')
    },
    reunite: () => {
      for (const each of wires) each.heal()
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
