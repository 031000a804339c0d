/** `callboard bench`: what this machine does with a broker of its own, thrown away at the end. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Board } from '../../index.ts'
import type { Call } from '../cli/call.ts'
import { type Column, table } from '../cli/table.ts'
import { UsageError } from '../cli/usage.ts'
import { count } from '../cli/words.ts'

/** What was measured. */
interface Row {
  readonly workload: string
  readonly messages: number
  /** Messages per second. */
  readonly rate: number
  /** Time on the processor in this process per message, in microseconds; the broker has its own. */
  readonly cpu: number
}

const columns: readonly Column<Row>[] = [
  { head: 'WORKLOAD', field: 'workload' },
  { head: 'MESSAGES', field: 'messages', right: true, text: ({ messages }) => count(messages) },
  { head: 'PER SECOND', field: 'rate', right: true, text: ({ rate }) => count(rate) },
  { head: 'CPU µs EACH', field: 'cpu', right: true, text: ({ cpu }) => cpu.toFixed(1) },
]

/** `callboard bench`. */
export async function bench(call: Call): Promise<undefined> {
  const messages = call.number('messages', 1) ?? 10_000
  const size = call.number('size') ?? 200
  if (messages > 1_000_000 || size > 900_000)
    throw new UsageError('That is more than this bench is for.', 'At most 1000000 messages of 900000 bytes.')
  const sync = call.flag('sync') ?? '10s'
  const [{ callboard }, { packagedConfig, startServer }] = await Promise.all([
    import('../../index.ts'),
    import('../../extras/server/index.ts'),
  ])
  const folder = await mkdtemp(join(tmpdir(), 'callboard-bench-'))
  try {
    const config = join(folder, 'nats-server.conf')
    await writeFile(config, (await readFile(packagedConfig, 'utf8')).replace(/sync_interval: \S+/, `sync_interval: ${sync}`))
    await using server = await startServer({ config, port: 0, store: join(folder, 'store'), signal: call.signal })
    await using board = await callboard({ servers: server.url, namespace: 'bench', log: false })
    const rows = await measured(call, board, messages, 'x'.repeat(size))
    const { sentence } = await board.durability()
    call.show({ server: server.version, node: process.versions.node, size, sync, rows }, () => [
      ...table(columns, rows, call.out),
      call.out.paint('dim', `nats-server ${server.version}, node ${process.versions.node}, ${size} bytes each; ${sentence}`),
    ])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Everything, one after the other: what each fills the next empties. */
async function measured(call: Call, board: Board, messages: number, body: string): Promise<Row[]> {
  const { task, topic } = await import('../../index.ts')
  const work = task<string>('bench.work')
  const news = topic<string>('bench.news')
  const rows: Row[] = []
  const time = async (workload: string, messages: number, job: () => Promise<unknown>) => {
    call.signal.throwIfAborted()
    call.err.tty && call.err.raw(`\r\u001b[2K${workload} …`)
    const [begun, cpu] = [performance.now(), process.cpuUsage()]
    await job()
    const { user, system } = process.cpuUsage(cpu)
    rows.push({ workload, messages, rate: Math.round((messages * 1000) / (performance.now() - begun)), cpu: (user + system) / messages })
  }
  const few = Math.max(1, Math.round(messages / 20))
  const all = <T>(what: () => T) => Array.from({ length: messages }, what)
  await time('enqueue, one after the other', few, async () => {
    for (let index = 0; index < few; index++) await board.enqueue(work, body)
  })
  await time('enqueue, many at once', messages, () => Promise.all(all(() => board.enqueue(work, body))))
  await time('enqueueMany', messages, () =>
    board.enqueueMany(
      work,
      all(() => body),
    ),
  )
  await time('perform, 100 at a time', few + 2 * messages, () =>
    heard(few + 2 * messages, (done) => board.service('bench').perform(work, done, { concurrency: 100 })),
  )
  await time('publishMany', messages, () =>
    board.publishMany(
      news,
      all(() => body),
    ),
  )
  await time('subscribe, 100 at a time', messages, () =>
    heard(messages, (done) => board.service('bench-news').subscribe(news, done, { concurrency: 100, from: 'all' })),
  )
  call.err.tty && call.err.raw('\r\u001b[2K')
  return rows
}

/** Runs a service until it has handled so many. */
async function heard(most: number, begin: (done: () => void) => ReturnType<Board['service']>): Promise<void> {
  let left = most
  let over: () => void = () => undefined
  const ended = new Promise<void>((resolve) => {
    over = resolve
  })
  const service = await begin(() => {
    left--
    if (left === 0) over()
  }).start()
  await ended
  await service.stop({ drain: 0 })
}
