/** What a board knows of its broker's durability. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callboard, type Durability, type Logger } from 'callboard'
import { type Server, startServer } from 'callboard/server'
import { describe, expect, test } from 'vitest'
import { latch, openBoard, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

/** A server with a configuration of its own. */
async function serverWith(config: string): Promise<Server & { readonly monitor: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'callboard-test-'))
  const file = join(folder, 'nats-server.conf')
  await writeFile(file, config)
  const monitors: string[] = []
  const onLine = (line: string) => monitors.push(...(/Starting http monitor on (\S+)/.exec(line)?.slice(1) ?? []))
  const server = await startServer({ config: file, port: 0, store: 'memory', onLine })
  await rm(folder, { recursive: true })
  const monitor = config.includes('http:') ? await until('the monitor listens', () => monitors[0] ?? '') : ''
  return { ...server, monitor: `http://${monitor}` }
}

const levelOf = ({ level, replicas, sync }: Durability) => ({ level, replicas, sync })

describe.concurrent('durability', () => {
  test('the configuration that comes with callboard lets a board ask for it', async () => {
    await using board = await openBoard()
    expect(levelOf(await board.durability())).toEqual({ level: 'D1', replicas: 1, sync: 10_000 })
  })

  test('a server that tells its monitor alone is asked there', async () => {
    await using server = await serverWith('jetstream { sync_interval: always }\nlisten: 127.0.0.1:-1\nhttp: 127.0.0.1:-1')
    await using unaware = await callboard({ servers: server.url, log: false })
    expect(levelOf(await unaware.durability())).toEqual({ level: 'unknown', replicas: 1, sync: 'unknown' })
    await using board = await callboard({ servers: server.url, log: false, monitor: server.monitor })
    expect(levelOf(await board.durability())).toEqual({ level: 'D2', replicas: 1, sync: 'always' })
  })

  test('a monitor that does not answer is not guessed', async () => {
    await using board = await openBoard({ monitor: 'http://127.0.0.1:1' })
    expect(levelOf(await board.durability())).toEqual({ level: 'unknown', replicas: 1, sync: 'unknown' })
  })

  test('a monitor that is no address is refused with the other options', async () => {
    const { code, message } = await thrownBy(openBoard({ monitor: 'ftp://x' }))
    expect([code, message]).toEqual(['INVALID_OPTION', expect.stringContaining('monitor is "ftp://x"')])
  })

  test('it is told in one line when a board opens, to whoever listens or logs that much', async () => {
    const lines: unknown[] = []
    const logged = latch()
    const silent = () => undefined
    const log = {
      trace: silent,
      debug: silent,
      warn: silent,
      error: silent,
      child: () => log,
      info: (...line: unknown[]) => logged.open(void lines.push(...line)),
    } as unknown as Logger
    await using board = await openBoard({ log })
    const heard = latch<Durability>()
    board.on('durability', heard.open)
    expect(levelOf(await until('it is told', heard.promise))).toEqual({ level: 'D1', replicas: 1, sync: 10_000 })
    await until('it is logged', logged.promise)
    expect(lines).toEqual([
      { durability: 'D1', replicas: 1, sync: 10_000 },
      expect.stringMatching(/^durability D1: one copy, synced every 10 s; /),
    ])
  })
})
