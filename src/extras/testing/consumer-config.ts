/** How a consumer is declared: what the broker adds, what it does not take, and what only a real one does. Pure. */

import { cannot, refuse } from './refused.ts'
import type { StreamConfig } from './stream-config.ts'
import { overlaps } from './subject.ts'

/** A consumer as it is declared. Durations in ns. */
export interface ConsumerConfig {
  name: string
  durable_name?: string
  deliver_policy: 'all' | 'new' | 'last' | 'by_start_sequence' | 'by_start_time'
  opt_start_seq?: number
  opt_start_time?: string
  ack_policy: 'explicit' | 'none'
  ack_wait: number
  max_deliver: number
  filter_subject?: string
  filter_subjects?: string[]
  replay_policy: 'instant'
  max_waiting: number
  max_ack_pending: number
  num_replicas: number
  inactive_threshold?: number
  metadata?: Record<string, string>
  pause_until?: string
}

const settable = [
  'name',
  'durable_name',
  'description',
  'deliver_policy',
  'opt_start_seq',
  'opt_start_time',
  'ack_policy',
  'ack_wait',
  'max_deliver',
  'filter_subject',
  'filter_subjects',
  'replay_policy',
  'max_waiting',
  'max_ack_pending',
  'num_replicas',
  'inactive_threshold',
  'metadata',
  'pause_until',
  'mem_storage',
]

/** A consumer as the broker keeps it. */
export function consumerConfig(name: string, given: Record<string, unknown>): ConsumerConfig {
  for (const [field, value] of Object.entries(given))
    if (!settable.includes(field) && value !== undefined && value !== false && value !== 0) throw cannot(`consumers with ${field}`)
  const explicit = given.ack_policy === 'explicit'
  const config = {
    deliver_policy: 'all',
    ack_policy: 'none',
    max_deliver: -1,
    replay_policy: 'instant',
    max_waiting: 512,
    max_ack_pending: explicit ? 1000 : -1,
    num_replicas: 0,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== '')),
    ack_wait: explicit ? Number(given.ack_wait ?? 0) || 30_000_000_000 : 0,
    name,
  } as ConsumerConfig
  if (config.ack_policy === ('all' as string)) throw cannot('consumers with ack_policy all')
  if (config.replay_policy !== 'instant') throw cannot('consumers with replay_policy original')
  if (config.deliver_policy === ('last_per_subject' as string)) throw cannot('consumers with deliver_policy last_per_subject')
  if (explicit && config.max_deliver > 0) throw cannot('consumers with max_deliver')
  if (config.filter_subjects?.length === 0) delete config.filter_subjects
  return config
}

/** What a consumer hands over; empty: everything. */
export const filtersOf = ({ filter_subject, filter_subjects }: ConsumerConfig): readonly string[] =>
  filter_subjects ?? (filter_subject === undefined ? [] : [filter_subject])

/** Refuses a consumer that the broker does not take on this stream, beside these others. */
export function checkConsumer(config: ConsumerConfig, { retention }: StreamConfig, others: Iterable<ConsumerConfig>): void {
  const filters = filtersOf(config)
  if (filters.some((filter, index) => filters.some((other, at) => at > index && overlaps(filter, other))))
    throw refuse(400, 10138, 'consumer subject filters cannot overlap')
  if (retention !== 'workqueue') return
  if (config.ack_policy !== 'explicit') throw refuse(400, 10084, 'consumer in pull mode requires explicit ack policy on workqueue stream')
  for (const other of others) {
    const theirs = filtersOf(other)
    if (filters.length === 0 || theirs.length === 0)
      throw refuse(400, 10099, 'multiple non-filtered consumers not allowed on workqueue stream')
    if (filters.some((filter) => theirs.some((their) => overlaps(filter, their))))
      throw refuse(400, 10100, 'filtered consumer not unique on workqueue stream')
  }
  if (config.deliver_policy !== 'all') throw refuse(400, 10101, 'consumer must be deliver all on workqueue stream')
}
