/** How a stream is declared: what the broker adds, what it does not take, and what only a real one does. Pure. */

import { cannot, refuse } from './refused.ts'
import { overlaps } from './subject.ts'

/** A stream as it is declared. Durations in ns, −1 and 0: without limit. */
export interface StreamConfig {
  name: string
  subjects: string[]
  retention: 'limits' | 'workqueue'
  storage: 'file' | 'memory'
  discard: 'old' | 'new'
  max_consumers: number
  max_msgs: number
  max_bytes: number
  max_age: number
  max_msgs_per_subject: number
  max_msg_size: number
  duplicate_window: number
  num_replicas: number
  allow_direct: boolean
  allow_rollup_hdrs: boolean
  deny_delete: boolean
  deny_purge: boolean
  discard_new_per_subject?: boolean
  allow_msg_ttl?: boolean
  allow_atomic?: boolean
  allow_msg_schedules?: boolean
  republish?: { src: string; dest: string }
  metadata?: Record<string, string>
  description?: string
}

const twoMinutes = 120_000_000_000

/** Fields the broker knows; those with a value do what is said of them here or nowhere else. */
const idle: Readonly<Record<string, readonly unknown[]>> = {
  compression: ['none', ''],
  mirror_direct: [false],
  sealed: [false],
  no_ack: [false],
  consumer_limits: [],
  first_seq: [0],
  persist_mode: ['', 'default'],
  template_owner: [''],
}
/** Fields the broker knows and a fake one does not do. */
const foreign = ['mirror', 'sources', 'placement', 'subject_transform', 'subject_delete_marker_ttl', 'allow_msg_counter', 'allow_batched']

const defaults = {
  subjects: [] as string[],
  retention: 'limits',
  max_consumers: -1,
  max_msgs: -1,
  max_bytes: -1,
  max_age: 0,
  max_msgs_per_subject: -1,
  max_msg_size: -1,
  discard: 'old',
  storage: 'file',
  num_replicas: 1,
  duplicate_window: 0,
  compression: 'none',
  allow_direct: false,
  mirror_direct: false,
  sealed: false,
  deny_delete: false,
  deny_purge: false,
  allow_rollup_hdrs: false,
  allow_msg_ttl: false,
  consumer_limits: {},
} as const

const more = [
  'name',
  'description',
  'discard_new_per_subject',
  'allow_msg_ttl',
  'allow_atomic',
  'allow_msg_schedules',
  'republish',
  'metadata',
]

/** A stream as the broker keeps it. */
export function streamConfig(given: Record<string, unknown>): StreamConfig {
  for (const [field, value] of Object.entries(given)) {
    const nothing = value === undefined || value === null || value === false || value === 0 || value === ''
    if (field in idle && !nothing && Object.keys(Object(value)).length > 0 && !(idle[field] ?? []).includes(value))
      throw cannot(`streams with ${field}`)
    if (foreign.includes(field) && !nothing) throw cannot(`streams with ${field}`)
    if (!(field in defaults) && !(field in idle) && !more.includes(field) && !foreign.includes(field))
      throw refuse(400, 10025, `invalid JSON: json: unknown field "${field}"`)
  }
  const config = { ...defaults, ...withoutNothing(given) } as unknown as StreamConfig
  if (config.retention === ('interest' as string)) throw cannot('streams with interest retention')
  if (config.num_replicas > 1) throw refuse(500, 10074, 'replicas > 1 not supported in non-clustered mode')
  for (const field of ['max_consumers', 'max_msgs', 'max_bytes', 'max_msgs_per_subject', 'max_msg_size'] as const)
    if (config[field] === 0) config[field] = -1
  if (config.subjects.length === 0) config.subjects = [config.name]
  if (config.duplicate_window === 0) config.duplicate_window = config.max_age > 0 ? Math.min(config.max_age, twoMinutes) : twoMinutes
  if (config.allow_msg_schedules) config.allow_rollup_hdrs = true
  checkStream(config)
  return config
}

const withoutNothing = (given: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null))

function checkStream(config: StreamConfig): void {
  if (config.max_age > 0 && config.duplicate_window > config.max_age)
    throw refuse(500, 10052, 'duplicates window can not be larger then max age')
  if (config.allow_msg_schedules && config.discard === 'new') throw refuse(500, 10052, 'message scheduling cannot use discard new')
  if (config.discard_new_per_subject && (config.discard !== 'new' || config.max_msgs_per_subject <= 0))
    throw refuse(500, 10052, 'discard new per subject requires discard new policy to be set')
  for (const [index, subject] of config.subjects.entries())
    if (config.subjects.some((other, at) => at > index && overlaps(subject, other)))
      throw refuse(500, 10052, `subject "${subject}" overlaps with another`)
}

/** Refuses a change that the broker does not make. */
export function checkUpdate(before: StreamConfig, now: StreamConfig): void {
  if (before.retention !== now.retention)
    throw refuse(500, 10052, 'stream configuration update can not change retention policy to/from workqueue')
  if (before.storage !== now.storage) throw refuse(500, 10052, 'stream configuration update can not change storage type')
  if (before.allow_msg_schedules && !now.allow_msg_schedules)
    throw refuse(500, 10052, 'stream configuration update can not disable message schedules')
}

/** Whether two declarations say the same. */
export const sameConfig = (a: object, b: object): boolean => JSON.stringify(plain(a)) === JSON.stringify(plain(b))

/** In one order, without what the broker writes there itself. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([name, each]) => !name.startsWith('_nats.') && each !== undefined && each !== false)
  return Object.fromEntries(
    entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, plain(each)] as const)
      .filter(([name, each]) => !(name === 'metadata' && Object.keys(Object(each)).length === 0)),
  )
}

/** What the broker writes into the metadata of what it keeps. */
export const signed = (metadata: Record<string, string> | undefined): Record<string, string> => ({
  ...metadata,
  '_nats.level': '5',
  '_nats.ver': version,
})

/** The version of the real broker whose ways are followed here. */
export const version = '2.15.1'
