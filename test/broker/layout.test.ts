/** What callboard keeps on the broker: declared again and again, told where it differs; and every way of not getting there. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server as NetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BoardOptions, callboard, task, topic } from 'callboard'
import { type Server, startServer } from 'callboard/server'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { beside, broker, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { namespace } from '../support/namespace.ts'
import { until } from '../support/until.ts'

const spoken = topic<number>('spoken')
const chore = task<number>('chore')

/** Everything a board declares: streams, a queue, a consumer on either side. */
async function declareAll(options: BoardOptions) {
  const board = await openBoard(options)
  const drift: string[] = []
  board.on('drift', ({ sentences }) => drift.push(...sentences))
  const service = await board
    .service('worker')
    .subscribe(spoken, () => undefined)
    .perform(chore, () => undefined)
    .start()
  return { board, drift, service, [Symbol.asyncDispose]: () => board.close() }
}

describe('what is declared', () => {
  test('declaring twice changes nothing and tells of no difference', async () => {
    const name = namespace()
    await using raw = await broker()
    const shape = async () => {
      const all = []
      for await (const { config } of raw.manager.streams.list()) if (config.name.startsWith(name.toUpperCase())) all.push(config)
      return all
    }
    await using first = await declareAll({ namespace: name })
    const before = await shape()
    await using second = await declareAll({ namespace: name, onDrift: 'refuse' })
    expect(before).toHaveLength(4)
    expect(await shape()).toEqual(before)
    expect([...first.drift, ...second.drift]).toEqual([])
  })

  test('many boards may declare the same at the same moment', async () => {
    const name = namespace()
    const boards = await Promise.all(Array.from({ length: 5 }, () => declareAll({ namespace: name, onDrift: 'refuse' })))
    await Promise.all(boards.map(({ board }) => board.close()))
  })

  test('a difference is told in words, and the broker left as it is', async () => {
    await using raw = await broker()
    await using first = await declareAll({})
    const before = (await raw.manager.streams.info(streams(first.board).topics)).config
    await using second = await beside(first.board, { retention: '1d', dedupe: '30s' })
    const told: string[] = []
    second.on('drift', ({ sentences }) => told.push(...sentences))
    await until('the difference is told', () => told.length > 0)
    expect(told).toContain(`stream ${streams(first.board).topics}: max_age is 604800000 ms, the code says 86400000 ms`)
    expect(told).toContain(`stream ${streams(first.board).dead}: duplicate_window is 120000 ms, the code says 30000 ms`)
    expect((await raw.manager.streams.info(streams(first.board).topics)).config).toEqual(before)
  })

  test('a difference is refused where that was asked for, and nothing is changed', async () => {
    await using raw = await broker()
    await using first = await openBoard()
    const error = await thrownBy(beside(first, { retention: '1d', onDrift: 'refuse' }))
    expect(error).toMatchObject({ code: 'CONFIG_CONFLICT', details: { drift: [{ field: 'max_age' }] } })
    expect(error.message).toContain('max_age is 604800000 ms, the code says 86400000 ms')
    expect((await raw.manager.streams.info(streams(first).topics)).config.max_age).toBe(604_800_000_000_000)
  })

  test('a difference is made good where that was asked for, and is one no more', async () => {
    await using raw = await broker()
    await using first = await openBoard()
    await using second = await beside(first, { retention: '1d', onDrift: 'update' })
    expect((await raw.manager.streams.info(streams(first).topics)).config.max_age).toBe(86_400_000_000_000)
    await second.publish(spoken, 1)
    await using third = await beside(first, { retention: '1d', onDrift: 'refuse' })
    expect(third.namespace).toBe(first.namespace)
  })

  test.each(['tell', 'update'] as const)('a stream that cannot be what it must be is refused, even when told to %s', async (onDrift) => {
    await using raw = await broker()
    const name = namespace()
    await raw.manager.streams.add({ name: `${name.toUpperCase()}_TOPICS`, subjects: [`${name}.topic.>`], retention: 'workqueue' })
    const error = await thrownBy(openBoard({ namespace: name, onDrift }))
    expect(error).toMatchObject({ code: 'CONFIG_CONFLICT' })
    expect(error.message).toMatch(/retention is "workqueue", the code says "limits"/)
  })

  test('an upgrade that adds a subject to a stream of ours adds it, keeps what is stored, and says nothing', async () => {
    await using raw = await broker()
    await using first = await openBoard()
    await first.enqueue(chore, 1)
    const { queue } = streams(first)
    const { config } = await raw.manager.streams.info(queue())
    const older = { ...config, subjects: config.subjects.filter((subject) => !subject.includes('.schedule.')) }
    await raw.manager.streams.update(queue(), older)
    await using second = await beside(first)
    const told: string[] = []
    second.on('drift', ({ sentences }) => told.push(...sentences))
    await second.enqueue(chore, 2)
    const after = await raw.manager.streams.info(queue())
    expect(after.config.subjects).toEqual(config.subjects)
    expect([after.state.messages, told]).toEqual([2, []])
  })

  test('subjects are not added where every difference is to be refused, nor taken away', async () => {
    await using raw = await broker()
    await using first = await openBoard()
    await first.enqueue(chore, 1)
    const name = streams(first).queue()
    const { config } = await raw.manager.streams.info(name)
    await raw.manager.streams.update(name, { ...config, subjects: config.subjects.slice(0, 2) })
    await using strict = await beside(first, { onDrift: 'refuse' })
    expect(await thrownBy(strict.enqueue(chore, 2))).toMatchObject({ code: 'CONFIG_CONFLICT' })
    const more = [...config.subjects, `${first.namespace}.of.tomorrow`]
    await raw.manager.streams.update(name, { ...config, subjects: more })
    await using older = await beside(first, { onDrift: 'update' })
    expect(await thrownBy(older.enqueue(chore, 2))).toMatchObject({ code: 'CONFIG_CONFLICT' })
    expect((await raw.manager.streams.info(name)).config.subjects).toEqual(more)
  })

  test('a consumer made by other code with a shorter lease is prolonged by what the broker says, so nothing runs twice', async () => {
    await using raw = await broker()
    await using first = await openBoard()
    await (
      await first
        .service('worker')
        .subscribe(spoken, () => undefined, { lease: '1s' })
        .start()
    ).stop()
    const runs: number[] = []
    const [begun, end] = [latch(), latch()]
    const told: string[] = []
    first.on('drift', ({ sentences }) => told.push(...sentences))
    await first
      .service('worker')
      .subscribe(spoken, async (n) => {
        runs.push(n)
        begun.open()
        await end.promise
      })
      .start()
    expect(told).toEqual([`consumer worker@spoken of ${streams(first).topics}: ack_wait is 1000 ms, the code says 30000 ms`])
    await first.publish(spoken, 1)
    await until('it runs', begun.promise)
    // A delivery to somebody who never answers marks the time: it comes again when a lease of one second is over.
    const info = await raw.manager.consumers.add(streams(first).topics, {
      durable_name: 'clock',
      ack_policy: 'explicit',
      ack_wait: 1_000_000_000,
    })
    const subscription = raw.nc.subscribe('inbox.clock')
    raw.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${info.stream_name}.clock`, '{"batch":3,"expires":20000000000}', { reply: 'inbox.clock' })
    let ticks = 0
    for await (const _ of subscription) if (++ticks === 3) break
    expect(runs).toEqual([1])
    end.open()
  })

  test('boards of different namespaces never meet', async () => {
    await using one = await openBoard()
    await using two = await openBoard()
    const heard: string[] = []
    for (const [board, name] of [
      [one, 'one'],
      [two, 'two'],
    ] as const)
      await board
        .service('worker')
        .subscribe(spoken, (n) => void heard.push(`${name} heard ${n}`))
        .perform(chore, (n) => void heard.push(`${name} did ${n}`))
        .start()
    await one.publish(spoken, 1)
    await one.enqueue(chore, 1)
    await two.publish(spoken, 2)
    await two.enqueue(chore, 2)
    await until('everything has happened', () => heard.length === 4)
    expect(heard.sort()).toEqual(['one did 1', 'one heard 1', 'two did 2', 'two heard 2'])
  })
})

describe('settings of the environment', () => {
  afterEach(() => vi.unstubAllEnvs())

  test.each(['NATS_URL', 'CALLBOARD_URL'])('%s says where the broker is, and CALLBOARD_NAMESPACE where on it', async (name) => {
    const space = namespace()
    vi.stubEnv(name, inject('natsUrl'))
    vi.stubEnv('CALLBOARD_NAMESPACE', space)
    await using board = await callboard({ log: false })
    expect(board.namespace).toBe(space)
    expect((await board.publish(spoken, 1)).sequence).toBe(1)
  })

  test('CALLBOARD_URL comes before NATS_URL, and the code before both', async () => {
    vi.stubEnv('NATS_URL', 'nats://127.0.0.1:1')
    vi.stubEnv('CALLBOARD_URL', inject('natsUrl'))
    vi.stubEnv('CALLBOARD_NAMESPACE', namespace())
    await (await callboard({ log: false })).close()
    vi.stubEnv('CALLBOARD_URL', 'nats://127.0.0.1:1')
    const space = namespace()
    await using board = await callboard({ log: false, servers: inject('natsUrl'), namespace: space })
    expect(board.namespace).toBe(space)
  })

  test('a wrong address in the environment is told without its secrets', async () => {
    vi.stubEnv('NATS_URL', 'nats://ann:CANARY@host:99999')
    expect(everything(await thrownBy(callboard({ log: false })))).not.toContain('CANARY')
  })
})

/** All that an error may show to anybody. */
function everything(error: Error): string {
  const { code, what, why, fix, details, cause, message, stack } = error as Error & Record<string, unknown>
  const inner = cause instanceof Error ? everything(cause) : ''
  return JSON.stringify([code, what, why, fix, details, message, stack, inner, { ...error }, { ...(cause as object) }])
}

describe('no way to the broker', () => {
  let folder = ''
  let server: Server
  const sockets: Socket[] = []
  const pretenders: NetServer[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'callboard-test-'))
    const config = join(folder, 'accounts.conf')
    await writeFile(
      config,
      `listen: 127.0.0.1:4222
jetstream { store_dir: x }
accounts {
  ON { jetstream: enabled, users: [
    { user: ann, password: "CANARY,/p@ss" }
    { user: mute, password: m, permissions: { publish: { deny: ["*.topic.forbidden"] }, subscribe: { deny: ["*.desk.>"] } } }
  ] }
  OFF { users: [ { user: bob, password: CANARY } ] }
}
`,
    )
    server = await startServer({ config, port: 0, store: 'memory' })
  })
  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
    for (const pretender of pretenders.splice(0)) pretender.close()
  })

  /** Something that listens and greets like a nats-server; what it is told is answered with PONG. */
  async function pretend(greeting: string): Promise<string> {
    const pretender = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.on('data', (data) => data.includes('PING') && socket.write('PONG\r\n'))
      socket.write(greeting)
    })
    pretenders.push(pretender)
    const port = await new Promise<number>((resolve) => {
      pretender.listen(0, '127.0.0.1', () => resolve((pretender.address() as { port: number }).port))
    })
    return `nats://127.0.0.1:${port}`
  }

  const at = (credentials: string): string => server.url.replace('//', `//${credentials}@`)
  const open = (servers: string, more: BoardOptions = {}) => openBoard({ servers, ...more })

  test('a server that is too old is told by its version', async () => {
    const url = await pretend(
      'INFO {"server_id":"X","version":"2.9.10","proto":1,"headers":true,"max_payload":1048576,"jetstream":true}\r\n',
    )
    const error = await thrownBy(open(url))
    expect(error).toMatchObject({ code: 'UNSUPPORTED_SERVER' })
    expect(error.message).toContain(`${url} is nats-server 2.9.10; callboard needs 2.14.0`)
  })

  test('something that is no nats-server is a connection that failed', async () => {
    expect(await thrownBy(open(await pretend('HTTP/1.1 400 Bad Request\r\n\r\n')))).toMatchObject({ code: 'CONNECTION_FAILED' })
  })

  test('nobody listening is a connection that failed, with the address and what to do', async () => {
    const error = await thrownBy(open('nats://ann:CANARY@127.0.0.1:1'))
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED' })
    expect(error.message).toContain('nats://127.0.0.1:1')
    expect(everything(error)).not.toContain('CANARY')
  })

  test('an account without JetStream is told so', async () => {
    expect(await thrownBy(open(at('bob:CANARY')))).toMatchObject({ code: 'JETSTREAM_OFF' })
  })

  test.each([
    ['none', () => server.url],
    ['wrong ones', () => at('ann:CANARY')],
    ['an unknown token', () => at('CANARY')],
  ])('credentials: %s are refused, and not shown', async (_, url) => {
    const error = await thrownBy(open(url()))
    expect(error).toMatchObject({ code: 'AUTH' })
    expect(everything(error)).not.toContain('CANARY')
  })

  test('credentials in the address and in options are taken, whatever characters they have', async () => {
    await (await open(at(`ann:${encodeURIComponent('CANARY,/p@ss')}`))).close()
    await (await open(server.url, { user: 'ann', password: 'CANARY,/p@ss' })).close()
  })

  test('a name without a password is a token', async () => {
    const config = join(folder, 'token.conf')
    await writeFile(config, 'listen: 127.0.0.1:4222\njetstream { store_dir: x }\nauthorization { token: "t0ken" }\n')
    await using guarded = await startServer({ config, port: 0, store: 'memory' })
    await using board = await open(guarded.url.replace('//', '//t0ken@'))
    expect((await board.publish(spoken, 1)).sequence).toBe(1)
  })

  test('what the credentials do not allow is refused at once, and what they do allow goes on', async () => {
    await using board = await open(at('mute:m'))
    const troubles: string[] = []
    board.on('trouble', ({ error }) => troubles.push(String(error)))
    const forbidden = board.publish(topic<number>('forbidden'), 1)
    expect(await until('it is refused', thrownBy(forbidden))).toMatchObject({ code: 'PERMISSION' })
    expect((await board.publish(spoken, 1)).sequence).toBe(1)
    await board
      .service('worker')
      .perform(chore, () => undefined)
      .start()
    await until('what the listening connection may not do is told', () => troubles.some((trouble) => trouble.includes('desk')))
  })

  test('credentials in a file that is not there are told with its path', async () => {
    const error = await thrownBy(open(server.url, { credentials: '/nowhere/x.creds' }))
    expect(error).toMatchObject({ code: 'AUTH' })
    expect(error.message).toContain('/nowhere/x.creds')
  })

  test.each([
    'nats://ann:CANARY@host:99999',
    'nats://ann:CAN/ARY@host:4222',
    'ann:CANARY@host:99999',
    'nats://ann:CAN,ARY@host:4222',
    'http://ann:CANARY@host:4222',
    'nats://ann:CANARY@',
    'nats://ann:CANARY%zz@host:4222',
    'nats://CANARY@host:0',
  ])('the wrong address %s is refused without its secrets', async (servers) => {
    const error = await thrownBy(open(servers))
    expect(error).toMatchObject({ code: 'INVALID_URL' })
    expect(everything(error).replaceAll('callboard-test', '')).not.toMatch(/CANARY|CAN\/|CAN,|ARY@|"CAN|ann:/)
  })
})
