/** `callboard workers`: the processes that run services, as they last told of themselves. */

import type { WorkerView } from '../../extras/admin/index.ts'
import type { Call } from '../cli/call.ts'
import { type Column, table } from '../cli/table.ts'
import { ago, count, many, size, span } from '../cli/words.ts'

const columns = (now: number): readonly Column<WorkerView>[] => [
  { head: 'WORKER', field: 'name' },
  { head: 'SERVICES', field: 'services', text: ({ services }) => services.join(' ') },
  { head: 'RUN', field: 'running', right: true, text: ({ running, slots }) => `${count(running)}/${count(slots)}` },
  { head: 'STAGE', field: 'stage', style: ({ stage }) => (stage === 'draining' ? 'yellow' : undefined), spare: 2 },
  { head: 'UP', field: 'startedAt', text: ({ startedAt }) => span(now - startedAt), spare: 1 },
  {
    head: 'LAG',
    field: 'loopLag',
    right: true,
    text: ({ loopLag }) => span(loopLag),
    style: ({ loopLag }) => (loopLag > 500 ? 'red' : undefined),
    spare: 3,
  },
  { head: 'MEMORY', field: 'memory', right: true, text: ({ memory }) => size(memory), spare: 4 },
  { head: 'SEEN', field: 'seenAt', text: ({ seenAt }) => ago(seenAt, now), spare: 2 },
  { head: 'VERSION', field: 'version', spare: 5 },
]

/** `callboard workers`. */
export async function workers(call: Call): Promise<undefined> {
  const admin = await call.admin()
  const all = await admin.workers()
  call.show(all, () =>
    all.length === 0
      ? ['no workers: callboard start ./app.ts runs services']
      : [...table(columns(Date.now()), all, call.out), call.out.paint('dim', many(all.length, 'worker'))],
  )
}
