/** `callboard queues`: where tasks wait, and why. */

import { setTimeout as after } from 'node:timers/promises'
import { duration } from '../../base/duration.ts'
import { fault } from '../../base/errors.ts'
import { gateInShort } from '../../extras/admin/held.ts'
import type { LaneView, QueueView } from '../../extras/admin/index.ts'
import type { Call } from '../cli/call.ts'
import { counting } from '../cli/progress.ts'
import { durationOf } from '../cli/said.ts'
import { type Column, table } from '../cli/table.ts'
import { ago, count, many, span } from '../cli/words.ts'
import { pausedState } from './subs.ts'

const blockedWords: Readonly<Record<QueueView['blocked'], string>> = {
  none: '',
  'no-worker': 'no worker',
  paused: 'paused',
  gate: 'a gate',
  busy: 'all busy',
  scheduled: 'its time',
  broker: 'the broker',
}

const rate = (value: number | undefined) => value?.toFixed(1) ?? ''

/** How a queue is shown. */
export const queueColumns = (now: number): readonly Column<QueueView>[] => [
  { head: 'QUEUE', field: 'name', text: ({ name }) => `■ ${name}`, style: () => 'yellow' },
  { head: 'READY', field: 'ready', right: true, text: ({ ready }) => count(ready) },
  { head: 'RUN', field: 'running', right: true, text: ({ running }) => count(running) },
  { head: 'SCHED', field: 'scheduled', right: true, text: ({ scheduled }) => count(scheduled), spare: 2 },
  { head: 'RETRY', field: 'retrying', right: true, text: ({ retrying }) => count(retrying), spare: 2 },
  { head: 'DEAD', field: 'dead', right: true, text: ({ dead }) => count(dead), style: ({ dead }) => (dead > 0 ? 'red' : undefined) },
  { head: 'OLDEST', field: 'oldest', text: ({ oldest }) => ago(oldest, now), spare: 1 },
  { head: 'IN/s', field: 'inRate', right: true, text: ({ inRate }) => rate(inRate), spare: 3 },
  { head: 'OUT/s', field: 'outRate', right: true, text: ({ outRate }) => rate(outRate), spare: 3 },
  {
    head: 'EMPTY IN',
    field: 'emptyIn',
    right: true,
    text: ({ emptyIn, ready }) => (ready === 0 ? '' : emptyIn === undefined ? '?' : span(emptyIn)),
    spare: 4,
  },
  { head: 'WORKERS', field: 'workers', right: true, text: ({ workers }) => count(workers.length), spare: 3 },
  {
    head: 'WAITS FOR',
    field: 'blocked',
    text: ({ blocked, paused, pausedUntil, holds: [most] }) =>
      paused ? pausedState(pausedUntil, now) : blocked === 'gate' && most ? gateInShort(most) : blockedWords[blocked],
    style: ({ blocked }) => (blocked === 'no-worker' ? 'red' : 'yellow'),
  },
]

const laneColumns = (now: number): readonly Column<LaneView>[] => [
  { head: 'TASK', field: 'task', text: ({ task }) => `■ ${task}`, style: () => 'yellow' },
  { head: 'LANE', field: 'lane' },
  { head: 'WAITING', field: 'waiting', right: true, text: ({ waiting }) => count(waiting) },
  { head: 'OPEN', field: 'open', right: true, text: ({ open }) => count(open) },
  { head: 'RETRIED', field: 'again', right: true, text: ({ again }) => count(again) },
  { head: 'OLDEST', field: 'oldest', text: ({ oldest }) => ago(oldest, now), spare: 1 },
  { head: 'ASKING', field: 'asking', right: true, text: ({ asking }) => count(asking), spare: 2 },
]

/** `callboard queues [name]`. */
export async function queues(call: Call): Promise<undefined> {
  const [name] = call.args
  const admin = await call.admin()
  const now = Date.now()
  if (name !== undefined) {
    const one = await admin.queue(name)
    return call.show(one, () => [
      ...table(queueColumns(now), [one], call.out),
      ...(one.lanes.length > 0 ? ['', ...table(laneColumns(now), one.lanes, call.out)] : []),
    ])
  }
  const all = await admin.queues()
  call.show(all, () =>
    all.length === 0
      ? ['no queues: no task has been enqueued, and nobody performs any']
      : [...table(queueColumns(now), all, call.out), call.out.paint('dim', summary(all))],
  )
}

function summary(all: readonly QueueView[]): string {
  const sum = (of: (queue: QueueView) => number) => all.reduce((total, each) => total + of(each), 0)
  const dead = sum((each) => each.dead)
  return [
    many(all.length, 'queue'),
    `${count(sum(({ ready }) => ready))} ready`,
    ...(dead > 0 ? [`${count(dead)} dead (callboard dead groups)`] : []),
    ...(all.some(({ blocked }) => blocked === 'no-worker') ? ['no worker: callboard start ./app.ts serves it?'] : []),
  ].join(' · ')
}

/** `callboard queues pause <queue>`. */
export async function pause(call: Call): Promise<undefined> {
  const [name = ''] = call.args
  const time = durationOf(call, 'for')
  const admin = await call.admin()
  await admin.pauseQueue(name, time === undefined ? undefined : new Date(Date.now() + duration(time, 'for')))
  return told(call, name, `is paused${time === undefined ? '' : ` for ${time}`}: workers get nothing, enqueueing goes on`)
}

/** `callboard queues resume <queue>`. */
export async function resume(call: Call): Promise<undefined> {
  const [name = ''] = call.args
  const admin = await call.admin()
  await admin.resumeQueue(name)
  return told(call, name, 'goes on')
}

async function told(call: Call, name: string, what: string): Promise<undefined> {
  const view = await (await call.admin()).queue(name)
  return call.show(view, () => [`■ ${name}  ${what}`])
}

/** `callboard queues purge <queue>`. */
export async function purge(call: Call): Promise<number> {
  const [name = ''] = call.args
  const view = await (await call.admin()).queue(name)
  const [task, lane, delayed] = [call.flag('task'), call.flag('priority'), call.on('delayed')]
  const lanes = view.lanes.filter((each) => (task ?? each.task) === each.task && (lane ?? each.lane) === each.lane)
  const seen = lanes.reduce((sum, { waiting }) => sum + waiting, 0) + (delayed ? view.scheduled : 0)
  if (call.on('dryRun')) {
    call.show({ queue: name, waiting: seen, removed: 0 }, () => [
      `${many(seen, 'task')} would be removed from ${name}, and what is added until then`,
    ])
    return 0
  }
  if (!(await call.sure(`Remove ${many(seen, 'waiting task')} from ${name} for good?`))) return 0
  const removed = await (await call.admin()).purgeQueue(name, {
    ...(task === undefined ? {} : { task }),
    ...(lane === undefined ? {} : { lane: lane as LaneView['lane'] }),
    ...(delayed ? { delayed } : {}),
  })
  call.show({ queue: name, removed }, () => [`■ ${name}  ${many(removed, 'task')} removed`])
  return 0
}

/** Between two looks at a queue that drains, in ms. */
const looking = 200

/** `callboard queues drain <queue>`. */
export async function drain(call: Call): Promise<undefined> {
  const [name = ''] = call.args
  const timeout = durationOf(call, 'timeout')
  const until = timeout === undefined ? Number.POSITIVE_INFINITY : Date.now() + duration(timeout, 'timeout')
  const admin = await call.admin()
  await admin.queue(name)
  const progress = counting(call.err, 'left')
  for (;;) {
    // What workers say of themselves is seconds old; the broker knows what is not acknowledged.
    const { performers = [] } = (await admin.board.inspect.queues()).find((each) => each.name === name) ?? {}
    const left = performers.reduce((sum, { waiting, open }) => sum + waiting + open, 0)
    if (left === 0) break
    progress.to(left)
    if (Date.now() > until) throw fault('TIMED_OUT', `${name} is not done: ${many(left, 'task')} wait or run.`)
    call.signal.throwIfAborted()
    await after(looking, undefined, { signal: call.signal })
  }
  progress.end()
  return call.show({ queue: name, drained: true }, () => [`■ ${name}  nothing waits or runs`])
}
