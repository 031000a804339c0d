/** `callboard workers`: the processes that run services, as they last told of themselves. */

import { fault } from '../../base/errors.ts'
import type { ServingView, WorkerView } from '../../extras/admin/index.ts'
import type { Duration } from '../../index.ts'
import type { Call } from '../cli/call.ts'
import { durationOf } from '../cli/said.ts'
import { type Column, table } from '../cli/table.ts'
import { UsageError } from '../cli/usage.ts'
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

const served = (): readonly Column<ServingView>[] => [
  { head: 'SERVICE', field: 'service' },
  { head: 'WHAT', field: 'name', text: ({ style, name }) => `${style === 'implicit' ? '┄┄▷' : '■'} ${name}` },
  { head: 'QUEUE', field: 'queue', spare: 1 },
  { head: 'RUN', field: 'running', right: true, text: ({ running, slots }) => `${count(running)}/${count(slots)}` },
  { head: 'WAITS', field: 'waiting', right: true, text: ({ waiting }) => count(waiting) },
  { head: 'AT A GATE', field: 'holds', text: ({ holds = [] }) => holds.map(({ gate }) => gate).join(' '), spare: 2 },
]

/** `callboard workers [name]`. */
export async function workers(call: Call): Promise<undefined> {
  const admin = await call.admin()
  const all = await admin.workers()
  if (call.args.length > 0) {
    const one = named(all, call)
    return call.show(one, () => [...table(columns(Date.now()), [one], call.out), '', ...table(served(), one.serves, call.out)])
  }
  call.show(all, () =>
    all.length === 0
      ? ['no workers: callboard start ./app.ts runs services']
      : [...table(columns(Date.now()), all, call.out), call.out.paint('dim', many(all.length, 'worker'))],
  )
}

/** A worker by its name, or by a part of it that no other has. Throws NOT_FOUND, or UsageError where several are meant. */
function named(all: readonly WorkerView[], { args: [said = ''] }: Call): WorkerView {
  const meant = all.filter(({ name }) => name === said)
  const found = meant.length > 0 ? meant : all.filter(({ name }) => name.includes(said))
  const [one, ...others] = found
  if (one === undefined)
    throw fault('NOT_FOUND', `There is no worker ${said}.`, {
      fix: all.length === 0 ? 'No worker has told of itself lately.' : `There are ${all.map(({ name }) => name).join(', ')}.`,
    })
  if (others.length > 0)
    throw new UsageError(
      `${many(found.length, 'worker')} are called like ${said}.`,
      `Name one: ${found.map(({ name }) => name).join(', ')}.`,
    )
  return one
}

/** How long handlers may finish, unless it is said otherwise. */
const patience = '25s'

/** `callboard workers drain <worker>`. */
export const drain = (call: Call): Promise<number> => left(call, durationOf(call, 'for') ?? patience)

/** `callboard workers stop <worker>`. */
export const stop = (call: Call): Promise<number> => left(call, 0)

async function left(call: Call, time: Duration): Promise<number> {
  const admin = await call.admin()
  const worker = named(await admin.workers(), call)
  const { name, running, services } = worker
  const how = time === 0 ? 'interrupts what runs and hands it back' : `lets what runs finish for up to ${time}`
  if (call.on('dryRun')) {
    call.show({ ...worker, asked: false }, () => [`${name} would stop ${services.join(', ')}: it ${how} (${many(running, 'handler')})`])
    return 0
  }
  if (!(await call.sure(`Let ${name} stop ${services.join(', ')}, with ${many(running, 'running handler')}?`))) return 0
  const leaving = await admin.stopWorker(name, time)
  call.show({ worker: name, ...leaving, asked: true }, () => [`${name} takes nothing more of ${leaving.services.join(', ')}, and ${how}`])
  return 0
}
