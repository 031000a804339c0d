/**
 * A worker process, for tests that end it in every way there is. It tells its parent what it does, and ends with it.
 *
 * argv     JSON: where the broker is, the namespace, the lease, how many at once
 * tells    { tells: 'ready' }, { tells: 'began', n, attempt }, { tells: 'done', n }
 */

import { callboard, type Duration } from 'callboard'
import { work } from './work.ts'

const { servers, namespace, lease, concurrency } = JSON.parse(process.argv[2] ?? '{}') as {
  servers: string
  namespace: string
  lease: Duration
  concurrency: number
}

process.once('disconnect', () => process.exit())

const board = await callboard({ servers, namespace, log: false })
await board
  .service('workers')
  .perform(
    work,
    async ({ n, kind }, { attempt }) => {
      process.send?.({ tells: 'began', n, attempt })
      if (kind === 'poison') process.kill(process.pid, 'SIGKILL')
      if (kind === 'hang' && attempt === 1) await new Promise(() => undefined)
      process.send?.({ tells: 'done', n })
      return `${n} by ${process.pid}`
    },
    { lease, concurrency },
  )
  .start()
process.send?.({ tells: 'ready' })
