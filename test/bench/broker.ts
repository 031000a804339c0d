/** Starts the server a run needs, on loopback, on a free port, with a temporary store; knows how every kind is asked for durability. */

import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect as connectNats } from 'nats'
import { findServer, startServer } from '../../src/extras/server/index.ts'
import type { Durability } from './systems/system.ts'

export type Kind = 'nats' | 'cluster' | 'redis' | 'postgres' | 'rabbitmq'

export interface Broker {
  url: string
  /** Processes whose trees are measured as the server. */
  pids: number[]
  stop(): Promise<void>
}

/** A kind of server as found on this machine. */
export interface Found {
  version: string
  start(durability: Durability): Promise<Broker>
}

/** Looks for a server of this kind; undefined when the machine has none. A nats-server is found or fetched as `callboard/server` does. */
export async function find(kind: Kind, root: string): Promise<Found | undefined> {
  return { nats: () => nats(root), cluster, redis, postgres, rabbitmq }[kind]()
}

async function nats(root: string): Promise<Found> {
  const { version } = await findServer()
  return {
    version,
    start: (durability) =>
      within('nats', async (folder) => {
        const config = join(folder, 'nats-server.conf')
        const text = readFileSync(join(root, 'nats-server.conf'), 'utf8')
        writeFileSync(config, durability === 'always' ? text.replace(/sync_interval: \S+/, 'sync_interval: always') : text)
        const server = await startServer({ config, port: 0, store: 'memory' })
        return {
          url: server.url,
          pids: [server.pid],
          stop: async () => {
            // The store is thrown away: nothing has to end in good order.
            server.kill('SIGKILL')
            await server.exited
            remove(folder)
          },
        }
      }),
  }
}

/** Three servers that keep three copies of everything. */
async function cluster(): Promise<Found> {
  const { version } = await findServer()
  return {
    version,
    start: (durability) =>
      within('cluster', async (folder) => {
        const routes = [await freePort(), await freePort(), await freePort()]
        const servers = await Promise.all(
          routes.map((port, index) => {
            const config = join(folder, `n${index}.conf`)
            const others = routes.filter((other) => other !== port).map((other) => `"nats://127.0.0.1:${other}"`)
            const sync = durability === 'always' ? 'always' : '2m'
            writeFileSync(
              config,
              `listen: 127.0.0.1:-1
              jetstream { max_file_store: 8GB, max_memory_store: 256MB, sync_interval: ${sync} }
              cluster { name: bench, listen: 127.0.0.1:${port}, no_advertise: true, routes: [ ${others.join(', ')} ] }`,
            )
            return startServer({ config, port: 0, store: join(folder, `n${index}`), name: `n${index}`, ready: '60s' })
          }),
        )
        await led(servers[0]?.url as string)
        return {
          url: servers[0]?.url as string,
          pids: servers.map(({ pid }) => pid),
          stop: async () => {
            for (const server of servers) server.kill('SIGKILL')
            await Promise.all(servers.map(({ exited }) => exited))
            remove(folder)
          },
        }
      }),
  }
}

/** Resolves when the servers have chosen who leads them: before, no stream can be declared. */
async function led(url: string): Promise<void> {
  const nc = await connectNats({ servers: url })
  const manager = await jetstreamManager(nc, { checkAPI: false })
  const until = Date.now() + 60_000
  for (let chosen = false; !chosen; ) {
    chosen = await manager.streams.add({ name: 'LED', subjects: ['led'], num_replicas: 3 }).then(
      () => true,
      () => false,
    )
    if (!chosen && Date.now() > until) throw new Error('the cluster chose no leader within 60 s')
  }
  await manager.streams.delete('LED')
  await nc.close()
}

function redis(): Found | undefined {
  const version = versionOf('redis-server', ['--version'])
  if (version === undefined) return undefined
  return {
    version,
    start: (durability) =>
      within('redis', async (folder) => {
        const port = await freePort()
        const sync = durability === 'always' ? 'always' : 'everysec'
        const place = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
        const server = start('redis-server', [...place, '--appendonly', 'yes', '--appendfsync', sync, '--maxmemory-policy', 'noeviction'])
        await listening(server, port)
        return broker(`redis://127.0.0.1:${port}`, [server], folder)
      }),
  }
}

function postgres(): Found | undefined {
  const folders = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').map((v) => `/usr/lib/postgresql/${v}/bin/`) : ['']
  for (const bin of folders.reverse()) {
    const version = versionOf(`${bin}postgres`, ['--version'])
    if (version === undefined || versionOf(`${bin}initdb`, ['--version']) === undefined) continue
    return {
      version,
      start: (durability) =>
        within('postgres', async (folder) => {
          const data = join(folder, 'data')
          const user = unprivileged('postgres')
          if (user.uid !== undefined) chownSync(folder, user.uid, user.gid ?? user.uid)
          execFileSync(`${bin}initdb`, ['-D', data, '-A', 'trust', '-U', 'bench', '--no-sync'], { ...user, cwd: folder, stdio: 'ignore' })
          const port = await freePort()
          const settings = {
            port,
            listen_addresses: '127.0.0.1',
            unix_socket_directories: folder,
            synchronous_commit: durability === 'always' ? 'on' : 'off',
            shared_buffers: '256MB',
            max_wal_size: '2GB',
          }
          const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
          const server = start(`${bin}postgres`, ['-D', data, ...flags], { ...user, cwd: folder })
          await listening(server, port)
          return broker(`postgres://bench@127.0.0.1:${port}/postgres`, [server], folder, 'SIGQUIT')
        }),
    }
  }
  return undefined
}

function rabbitmq(): Found | undefined {
  const lib = '/usr/lib/rabbitmq/lib'
  const home = existsSync(lib) ? readdirSync(lib).find((name) => name.startsWith('rabbitmq_server-')) : undefined
  if (home === undefined) return undefined
  return {
    version: home.slice('rabbitmq_server-'.length),
    // Both kinds of queue sync before they confirm, so there is only one level.
    start: () =>
      within('rabbitmq', async (folder) => {
        const [port, epmdPort, distPort] = [await freePort(), await freePort(), await freePort()]
        const user = unprivileged('rabbitmq')
        if (user.uid !== undefined) chownSync(folder, user.uid, user.gid ?? user.uid)
        const env = {
          ...process.env,
          HOME: folder,
          ERL_EPMD_PORT: `${epmdPort}`,
          ERL_EPMD_ADDRESS: '127.0.0.1',
          RABBITMQ_NODENAME: `bench-${port}@localhost`,
          RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
          RABBITMQ_NODE_PORT: `${port}`,
          RABBITMQ_DIST_PORT: `${distPort}`,
          RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
          RABBITMQ_LOG_BASE: join(folder, 'log'),
          RABBITMQ_LOGS: '-',
          RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
          RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
          RABBITMQ_CONF_ENV_FILE: join(folder, 'env'),
        }
        // Started here, in front: left to itself the node leaves it behind as a daemon nobody stops.
        const epmd = start('epmd', ['-port', `${epmdPort}`, '-address', '127.0.0.1'], { ...user, cwd: folder, env })
        await listening(epmd, epmdPort)
        const server = start(join(lib, home, 'sbin', 'rabbitmq-server'), [], { ...user, cwd: folder, env })
        await listening(server, port)
        return broker(`amqp://guest:guest@127.0.0.1:${port}`, [server, epmd], folder)
      }),
  }
}

/** Postgres and RabbitMQ refuse root, or should: when we are root they run as the user their package made. */
function unprivileged(name: string): Pick<SpawnOptions, 'uid' | 'gid'> {
  if (process.getuid?.() !== 0) return {}
  const line = readFileSync('/etc/passwd', 'latin1').split('\n')
  const [, , uid, gid] = (
    line.find((entry) => entry.startsWith(`${name}:`)) ??
    line.find((entry) => entry.startsWith('nobody:')) ??
    ''
  ).split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

/** Starts a server in a temporary folder, which goes with it: also with one that does not start. */
async function within(kind: string, begin: (folder: string) => Promise<Broker>): Promise<Broker> {
  const folder = mkdtempSync(join(tmpdir(), `callboard-bench-${kind}-`))
  try {
    return await begin(folder)
  } catch (error) {
    remove(folder)
    throw error
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

function versionOf(program: string, args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).match(/\d+\.\d+(\.\d+)?/)?.[0]
  } catch {
    return undefined
  }
}

/** In a group of its own, so that Ctrl-C reaches the bench first and the bench ends it. */
function start(program: string, args: string[], options: SpawnOptions = {}): ChildProcess {
  const child = spawn(program, args, { stdio: 'ignore', detached: true, ...options })
  child.on('error', () => {})
  return child
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function listening(server: ChildProcess, port: number, seconds = 60): Promise<void> {
  const until = Date.now() + seconds * 1000
  while (!(await accepts(port))) {
    if (server.exitCode !== null || server.pid === undefined) throw new Error(`${server.spawnfile} ended before it listened`)
    if (Date.now() > until) throw new Error(`${server.spawnfile} did not listen within ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(socket.destroy() !== undefined))
    socket.once('error', () => resolve(false))
  })
}

function broker(url: string, servers: ChildProcess[], folder: string, signal: NodeJS.Signals = 'SIGKILL'): Broker {
  const ended = servers.map((server) => new Promise<void>((resolve) => server.once('exit', () => resolve())))
  return {
    url,
    pids: servers.map((server) => server.pid ?? 0),
    stop: async () => {
      for (const server of servers) stopTree(server, signal)
      await Promise.all(ended)
      remove(folder)
    },
  }
}

/** The whole group that was started here: rabbitmq-server is a script around the process that matters. */
function stopTree(server: ChildProcess, signal: NodeJS.Signals): void {
  if (server.pid === undefined || server.exitCode !== null) return
  try {
    process.kill(-server.pid, signal)
  } catch {
    server.kill(signal)
  }
}
