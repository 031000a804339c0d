/** `callboard queues`: where tasks wait, and why. */

import type { LaneView, QueueView } from '../../extras/admin/index.ts'
import type { Call } from '../cli/call.ts'
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

const columns = (now: number): readonly Column<QueueView>[] => [
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
    text: ({ blocked, paused, pausedUntil }) => (paused ? pausedState(pausedUntil, now) : blockedWords[blocked]),
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
      ...table(columns(now), [one], call.out),
      ...(one.lanes.length > 0 ? ['', ...table(laneColumns(now), one.lanes, call.out)] : []),
    ])
  }
  const all = await admin.queues()
  call.show(all, () =>
    all.length === 0
      ? ['no queues: no task has been enqueued, and nobody performs any']
      : [...table(columns(now), all, call.out), call.out.paint('dim', summary(all))],
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
