/** What workers and the last minute of the ledger add to what the broker says. Pure. */

import type { LedgerEntry, WorkerFact } from '../../index.ts'
import type { History } from './history.ts'
import { errorView } from './letters.ts'
import type { Selectable } from './match.ts'
import type { Overview, WorkerView } from './model.ts'
import { type SeriesOptions, seriesOf } from './series.ts'
import { type Beside, known } from './views.ts'

const minute = 60_000

/** What is known beside what the broker says. */
export function besideOf(workers: readonly WorkerFact[], lately: Pick<History, 'counted'>): Beside {
  return {
    servesTopic: (service, topic) =>
      workers.flatMap(({ name: worker, serves }) =>
        serves
          .filter((each) => each.style === 'implicit' && each.service === service && each.name === topic)
          .map((each) => ({ ...each, worker })),
      ),
    servesTask: (task, queue) =>
      workers.flatMap(({ name: worker, serves }) =>
        serves
          .filter((each) => each.style === 'explicit' && each.name === task && each.queue === queue)
          .map((each) => ({ ...each, worker })),
      ),
    rates: (queue) => {
      const { stored, succeeded } = rateOf(lately, { queue })
      return { in: stored, out: succeeded }
    },
  }
}

/** Per second over the last minute. */
export function rateOf({ counted }: Pick<History, 'counted'>, of: Pick<SeriesOptions, 'topic' | 'queue'>): NonNullable<Overview['rates']> {
  const to = Date.now()
  const sum = { stored: 0, succeeded: 0, failed: 0 }
  for (const point of seriesOf(counted, { ...of, from: to - minute, to, step: minute }).points)
    for (const kind of ['stored', 'succeeded', 'failed'] as const) sum[kind] += point[kind]
  const rate = (count: number) => Math.round((count / minute) * 1_000_00) / 100
  return { stored: rate(sum.stored), succeeded: rate(sum.succeeded), failed: rate(sum.failed) }
}

/** A worker for people. */
export function workerView({ lag, draining, serves, ...rest }: WorkerFact): WorkerView {
  return {
    ...rest,
    services: [...new Set(serves.map(({ service }) => service))],
    running: serves.reduce((sum, each) => sum + each.running, 0),
    slots: serves.reduce((sum, each) => sum + each.slots, 0),
    loopLag: lag,
    stage: draining ? 'draining' : 'running',
    serves,
  }
}

/** What a selector sees of one entry: its state is what the entry says. */
export function selectableEntry({ kind, error, after, at, ...entry }: LedgerEntry): Selectable {
  const states: Partial<Record<LedgerEntry['kind'], string>> = {
    stored: entry.due === undefined ? 'ready' : 'scheduled',
    started: 'running',
    progressed: 'running',
    succeeded: 'done',
    failed: after === undefined ? 'dead' : 'retrying',
    snoozed: 'retrying',
    interrupted: 'ready',
    redriven: 'ready',
    buried: entry.reason === 'expired' ? 'expired' : 'dead',
  }
  const { id, style, name, worker, service, queue } = entry
  return {
    id,
    style,
    name,
    worker,
    state: states[kind] ?? kind,
    storedAt: at,
    ...known('service', service),
    ...known('queue', queue),
    ...known('attempt', entry.attempt),
    ...known('ms', entry.ms),
    ...known('reason', entry.reason),
    ...known('parent', entry.parent),
    ...known('error', error && errorView(error)),
  }
}
