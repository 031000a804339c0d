/** `callboard workers`: the processes that run services, as they last told of themselves. */

import type { WorkerFact } from '../../index.ts'
import type { Call } from '../cli/call.ts'
import { type Column, table } from '../cli/table.ts'
import { ago, count, many, size, span } from '../cli/words.ts'

const sum = (worker: WorkerFact, of: (serving: WorkerFact['serves'][number]) => number) =>
  worker.serves.reduce((total, each) => total + of(each), 0)

const columns = (now: number): readonly Column<WorkerFact>[] => [
  { head: 'WORKER', field: 'name' },
  { head: 'SERVICES', field: 'serves', text: ({ serves }) => [...new Set(serves.map(({ service }) => service))].join(' ') },
  {
    head: 'RUN',
    field: 'serves',
    right: true,
    text: (worker) => `${count(sum(worker, ({ running }) => running))}/${count(sum(worker, ({ slots }) => slots))}`,
  },
  {
    head: 'STAGE',
    field: 'draining',
    text: ({ draining }) => (draining ? 'draining' : 'running'),
    style: ({ draining }) => (draining ? 'yellow' : undefined),
    spare: 2,
  },
  { head: 'UP', field: 'startedAt', text: ({ startedAt }) => span(now - startedAt), spare: 1 },
  { head: 'LAG', field: 'lag', right: true, text: ({ lag }) => span(lag), style: ({ lag }) => (lag > 500 ? 'red' : undefined), spare: 3 },
  { head: 'MEMORY', field: 'memory', right: true, text: ({ memory }) => size(memory), spare: 4 },
  { head: 'SEEN', field: 'seenAt', text: ({ seenAt }) => ago(seenAt, now), spare: 2 },
  { head: 'VERSION', field: 'version', spare: 5 },
]

/** `callboard workers`. */
export async function workers(call: Call): Promise<undefined> {
  const board = await call.board()
  const all = await board.inspect.workers()
  call.show(all, () =>
    all.length === 0
      ? ['no workers: callboard start ./app.ts runs services']
      : [...table(columns(Date.now()), all, call.out), call.out.paint('dim', many(all.length, 'worker'))],
  )
}
