/** What the broker says when it is asked: depths, ages, workers. Asked once for each scrape, and forgotten after it, so that what is gone is gone. */

import type { Gauge } from 'prom-client'
import { atMost } from '../../base/deadline.ts'
import type { Board, QueueFact, Serving, SubscriptionFact, WorkerFact } from '../../index.ts'
import type { Instruments } from './table.ts'

/** An answer is good for so long, in ms: the gauges of one scrape share it. */
const fresh = 1_000
/** A broker that does not answer within this time, in ms, is not waited for: Prometheus gives up after 10 s. */
const patience = 5_000

interface Facts {
  readonly queues: readonly QueueFact[]
  readonly subscriptions: readonly SubscriptionFact[]
  readonly workers: readonly WorkerFact[]
  readonly dead: number
}

type Labels = Readonly<Record<string, string>>
/** A value with its labels. */
type Sample = readonly [labels: Labels, value: number]

/** Asks when the gauges are collected. */
export function looking(board: Board, to: Instruments): void {
  let asked = 0
  let answer: Promise<Facts | undefined> = Promise.resolve(undefined)
  const look = (): Promise<Facts | undefined> => {
    if (Date.now() - asked < fresh) return answer
    asked = Date.now()
    answer = atMost(
      patience,
      ask(board).catch(() => undefined),
    )
    return answer
  }
  const collect = (gauge: Gauge, samples: (facts: Facts) => readonly Sample[]): void => {
    Object.assign(gauge, {
      async collect() {
        const facts = await look()
        gauge.reset()
        for (const [labels, value] of summed(facts ? samples(facts) : [])) gauge.set(labels, value)
      },
    })
  }
  const old = (since: number | undefined): number => (since === undefined ? 0 : Math.max(0, Date.now() - since) / 1000)

  collect(to.queue_depth, ({ queues }) => queues.flatMap(depths))
  collect(to.oldest_ready_seconds, ({ queues }) =>
    queues.map(({ name, performers }) => [{ queue: name }, Math.max(0, ...performers.map(({ oldest }) => old(oldest)))]),
  )
  collect(to.subscription_depth, ({ subscriptions }) =>
    subscriptions.flatMap(({ service, topic, ...standing }) => states({ service, name: topic }, standing)),
  )
  collect(to.subscription_oldest_seconds, ({ subscriptions }) =>
    subscriptions.map(({ service, topic, oldest }) => [{ service, name: topic }, old(oldest)]),
  )
  collect(to.dead_letters, ({ dead }) => [[{}, dead]])
  collect(to.workers, ({ workers }) => [
    [{ state: 'running' }, workers.filter(({ draining }) => !draining).length],
    [{ state: 'draining' }, workers.filter(({ draining }) => draining).length],
  ])
  collect(to.handlers, ({ workers }) => workers.flatMap(({ serves }) => serves.flatMap(handlers)))
  collect(to.event_loop_lag_seconds, ({ workers }) => [[{}, Math.max(0, ...workers.map(({ lag }) => lag)) / 1000]])
  Object.assign(to.inspected, {
    async collect() {
      to.inspected.set((await look()) === undefined ? 0 : 1)
    },
  })
}

async function ask({ inspect }: Board): Promise<Facts> {
  const [queues, subscriptions, workers, dead] = await Promise.all([
    inspect.queues(),
    inspect.subscriptions(),
    inspect.workers(),
    inspect.dead(),
  ])
  return { queues, subscriptions, workers, dead: dead.count }
}

function depths({ name: queue, performers, scheduled, dead }: QueueFact): Sample[] {
  return [
    ...performers.flatMap(({ lane, ...standing }) => states({ queue, lane }, standing)),
    [{ queue, state: 'scheduled' }, scheduled],
    [{ queue, state: 'dead' }, dead],
  ]
}

/** What was handed over before and is not answered waits for its next attempt. */
const states = (labels: Labels, { waiting, open, again }: { waiting: number; open: number; again: number }): Sample[] => [
  [{ ...labels, state: 'ready' }, waiting],
  [{ ...labels, state: 'running' }, Math.max(0, open - again)],
  [{ ...labels, state: 'retrying' }, again],
]

function handlers({ style, service, name, queue, running, waiting, slots }: Serving): Sample[] {
  const labels = { style, service, name, ...(queue !== undefined && { queue }) }
  return [
    [{ ...labels, state: 'running' }, running],
    [{ ...labels, state: 'waiting' }, waiting],
    [{ ...labels, state: 'slots' }, slots],
  ]
}

/** Several of the same labels as one: tasks of a queue, workers of a service. */
function summed(samples: readonly Sample[]): Sample[] {
  const sums = new Map<string, Sample>()
  for (const [labels, value] of samples) {
    const key = JSON.stringify(labels)
    sums.set(key, [labels, value + (sums.get(key)?.[1] ?? 0)])
  }
  return [...sums.values()]
}
