/**
 * A worker process, for tests that end it in every way there is. It tells its parent what it does, and ends with it.
 *
 * argv     JSON: where the broker is, the namespace, the lease, how many at once; with `batch`, how many in one call; with `pulls`, how many it takes itself, of which it answers the first and holds the others
 * hears    'hear': to ask the broker something, whose answer comes behind all that it has sent before, and to tell of it
 * tells    { tells: 'ready' }, { tells: 'began', n, attempt }, { tells: 'done', n }, { tells: 'heard' }
 */

import { type BatchPerformer, callboard, type Duration } from 'callboard'
import { pull } from 'callboard/pull'
import { type Work, work } from './work.ts'

const { servers, namespace, lease, concurrency, batch, pulls } = JSON.parse(process.argv[2] ?? '{}') as {
  servers: string
  namespace: string
  lease: Duration
  concurrency: number
  batch?: number
  pulls?: number
}

process.once('disconnect', () => process.exit())

const board = await callboard({ servers, namespace, log: false })
process.on('message', () => void board.inspect.broker().then(() => process.send?.({ tells: 'heard' })))

async function run({ n, kind }: Work, attempt: number): Promise<string> {
  process.send?.({ tells: 'began', n, attempt })
  if (kind === 'poison') process.kill(process.pid, 'SIGKILL')
  if (kind === 'hang' && attempt === 1) await new Promise(() => undefined)
  process.send?.({ tells: 'done', n })
  return `${n} by ${process.pid}`
}

if (pulls !== undefined) {
  const taken = await pull(board, work, { max: pulls, workerLease: lease })
  for (const { input, attempt } of taken) process.send?.({ tells: 'began', n: input.n, attempt })
  for (const item of [...taken].slice(0, 1)) item.ack(await run(item.input, item.attempt))
  await new Promise(() => undefined)
}

const workers = board.service('workers')
if (batch === undefined) workers.perform(work, (each, { attempt }) => run(each, attempt), { lease, concurrency })
else {
  const handler: BatchPerformer<Work, string> = async (items) => {
    for (const item of items) item.done(await run(item.input, item.attempt))
  }
  workers.perform(work, handler, { lease, concurrency, batch: { size: batch, within: 300 } })
}
await workers.start()
process.send?.({ tells: 'ready' })
