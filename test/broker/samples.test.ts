/** The sample configurations, started as they are. */

import { createServer } from 'node:net'
import { callboard, task } from 'callboard'
import { type Server, startServer } from 'callboard/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { latch, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const job = task<number>('job')
const secret = { CALLBOARD_PASSWORD: 'app-s3cret', CALLBOARD_ADMIN_PASSWORD: 'admin-s3cret' }

/** Starts a server on a sample, with these variables in its environment: on loopback, whatever the sample says. */
async function started(config: string, variables: Readonly<Record<string, string>>, name: string): Promise<Server> {
  Object.assign(process.env, variables)
  return startServer({ config, port: 0, store: 'memory', name, args: ['-a', '127.0.0.1', '-m', '-1'] })
}

/** Ports nobody uses just now. */
async function freePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(
    Array.from({ length: count }, async () => {
      const probe = createServer()
      await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
      return probe
    }),
  )
  const ports = probes.map((probe) => (probe.address() as { port: number }).port)
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))))
  return ports
}

/** One task, there and back. */
async function works(servers: readonly string[]): Promise<void> {
  await using board = await callboard({ servers, user: 'callboard', password: secret.CALLBOARD_PASSWORD, log: false })
  const done = latch<number>()
  await board
    .service('worker')
    .perform(job, (n) => done.open(n))
    .start()
  await board.enqueue(job, 7)
  expect(await until('it is done', done.promise)).toBe(7)
}

const levelOf = async (servers: readonly string[]) => {
  await using board = await callboard({ servers, user: 'callboard', password: secret.CALLBOARD_PASSWORD, log: false })
  const { level, replicas, sync } = await board.durability()
  return { level, replicas, sync }
}

let before: NodeJS.ProcessEnv
beforeAll(() => {
  before = { ...process.env }
})
afterAll(() => {
  process.env = before
})

describe('the sample configuration', () => {
  test('for one server keeps a board, loses nothing to a power cut, and lets nobody in without a name', async () => {
    await using server = await started('docs/samples/single.conf', secret, 'one')
    await works([server.url])
    expect(await levelOf([server.url])).toEqual({ level: 'D2', replicas: 1, sync: 'always' })
    expect((await thrownBy(callboard({ servers: server.url }))).code).toBe('AUTH')
  })

  test('for three servers keeps a board with three copies, over the loss of one of them', async () => {
    const ports = await freePorts(3)
    const routes = JSON.stringify(ports.map((port) => `nats://127.0.0.1:${port}`))
    const servers: Server[] = []
    try {
      for (const [index, name] of ['a', 'b', 'c'].entries())
        servers.push(
          await started(
            'docs/samples/cluster.conf',
            { ...secret, CALLBOARD_NODE: name, CALLBOARD_ROUTES: routes, CALLBOARD_CLUSTER_LISTEN: `"127.0.0.1:${ports[index]}"` },
            name,
          ),
        )
      const urls = servers.map(({ url }) => url)
      const told = until('the cluster has found itself', () => levelOf(urls), 180_000)
      expect(await told).toEqual({ level: 'D4', replicas: 3, sync: 'always' })
      servers[0]?.kill('SIGKILL')
      await servers[0]?.exited
      await until('it works with two', () => works(urls).then(() => true), 180_000)
    } finally {
      await Promise.all(servers.map((server) => server.stop()))
    }
  })
})
