/**
 * Every metric there is. No label ever holds an id, a key or an address: what there are many of is counted, not named.
 *
 * told    by what this process does: of several processes they are added up
 * looked  by asking the broker: every process that is asked answers the same, so that one of them should be, or the largest be taken
 */

import type { Counter, Gauge, Histogram } from 'prom-client'

/** A metric: what it counts, by which labels, and where it comes from. */
export interface Metric {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly from: 'told' | 'looked'
  readonly labels: readonly string[]
  readonly help: string
}

const told = <K extends Metric['kind']>(kind: K, labels: readonly string[], help: string) => ({ kind, from: 'told', labels, help }) as const
const looked = (labels: readonly string[], help: string) => ({ kind: 'gauge', from: 'looked', labels, help }) as const

const task = ['service', 'name', 'queue'] as const
const event = ['service', 'name'] as const

/** Name, without its prefix → metric. */
export const table = {
  messages_published_total: told(
    'counter',
    ['style', 'name', 'queue', 'outcome'],
    'Events published and tasks enqueued; outcome: stored or duplicate.',
  ),
  tasks_total: told(
    'counter',
    [...task, 'outcome'],
    'Runs of tasks that ended; outcome: succeeded, retried, dead, snoozed, interrupted, cancelled or skipped.',
  ),
  task_wait_seconds: told('histogram', task, 'From when a task was stored, or fell due, to its first run.'),
  task_run_seconds: told('histogram', task, 'How long runs of tasks took.'),
  events_total: told('counter', [...event, 'outcome'], 'Runs of subscribers that ended; outcome as for tasks.'),
  event_wait_seconds: told('histogram', event, 'From when an event was stored to the first run of a subscriber.'),
  event_run_seconds: told('histogram', event, 'How long runs of subscribers took.'),
  buried_total: told('counter', ['style', ...task, 'outcome'], 'Dead letters made; outcome: why it was given up.'),
  blocked_seconds_total: told(
    'counter',
    event,
    'Time the event loop stood still for 250 ms or longer, by the handler that held it or is the first suspect; empty: no handler.',
  ),
  troubles_total: told('counter', event, 'What went wrong and heals by itself.'),
  storage_refusals_total: told('counter', [], 'Messages the broker had no room for.'),
  ledger_dropped_total: told('counter', [], 'Entries of the ledger this process has left out.'),
  connection_losses_total: told('counter', [], 'How often the connection was lost.'),
  connected: told('gauge', [], '1 while the connection stands.'),
  build_info: told('gauge', ['version', 'node'], '1; versions of callboard and Node.'),
  queue_depth: looked(
    ['queue', 'lane', 'state'],
    'Tasks in a queue; state: ready, running, retrying, scheduled or dead. The last two know no lane.',
  ),
  oldest_ready_seconds: looked(['queue'], 'Age of the oldest task of a queue that has not ended.'),
  subscription_depth: looked(['service', 'name', 'state'], 'Events for a subscription; state: ready, running or retrying.'),
  subscription_oldest_seconds: looked(['service', 'name'], 'Age of the oldest event a subscription was not handed yet.'),
  dead_letters: looked([], 'Dead letters that are kept.'),
  workers: looked(['state'], 'Processes that run services; state: running or draining.'),
  handlers: looked(
    ['style', ...task, 'state'],
    'Handlers of all workers; state: running, waiting (for a slot or a gate) or slots (how many may run).',
  ),
  event_loop_lag_seconds: looked([], 'The longest an event loop was held, of all workers as they last told.'),
  inspected: looked([], '1 where the broker answered when it was asked for these gauges, 0 where it did not.'),
} as const satisfies Readonly<Record<string, Metric>>

/** A metric's name, without its prefix. */
export type MetricName = keyof typeof table

/** What counts. */
export type Instruments = {
  readonly [N in MetricName]: (typeof table)[N]['kind'] extends 'counter'
    ? Counter
    : (typeof table)[N]['kind'] extends 'histogram'
      ? Histogram
      : Gauge
}
