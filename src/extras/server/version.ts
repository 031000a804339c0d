/** What a nats-server version means for callboard: whether it is new enough, and what can be built on it. Pure. */

/** The oldest nats-server that callboard works with. 2.13 was never released, so this is the release after 2.12. */
export const oldest = '2.14.0'

/** The release that is fetched when a machine has none. Every test of callboard runs against it. */
export const recommended = '2.15.1'

/** Feature → the first version that has it, and what it gives, in words. */
const since = {
  ttl: ['2.11.0', 'messages that expire one by one'],
  pause: ['2.11.0', 'consumers that can be paused'],
  batches: ['2.12.0', 'batches stored as a whole or not at all'],
  lanes: ['2.12.0', 'consumers with priorities'],
  delays: ['2.12.0', 'one message sent later by the broker'],
  schedules: ['2.14.0', 'messages sent repeatedly by the broker (cron, intervals)'],
  ingest: ['2.14.0', 'fast, non-atomic batches'],
  reset: ['2.14.0', 'consumers that can be rewound'],
  consumerLimit: ['2.15.0', 'at most 1000 consumers per stream unless configured otherwise'],
} as const satisfies Record<string, readonly [string, string]>

/** The name of something a server can do. */
export type Feature = keyof typeof since

/** What a server can do, by name. */
export type Features = Readonly<Record<Feature, boolean>>

/**
 * The version inside a text such as `nats-server: v2.15.1` or `2.14.0-RC.2`, as `2.15.1` or `2.14.0-RC.2`.
 * Undefined if there is none.
 */
export function versionIn(text: string): string | undefined {
  const found = /(?:^|[^\d.])v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)/.exec(text)
  return found?.[1]
}

/** Negative if `a` is older than `b`, positive if newer, 0 if they are equal. A pre-release is older than its release. */
export function compare(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)]
  for (let index = 0; index < 3; index++) {
    const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  if (left.label === right.label) return 0
  if (left.label === '') return 1
  if (right.label === '') return -1
  return left.label.localeCompare(right.label, 'en', { numeric: true })
}

/** True if callboard can work with this version. Pre-releases of the oldest one are not enough. */
export function newEnough(version: string): boolean {
  return compare(version, oldest) >= 0
}

/** What a server of this version can do. */
export function features(version: string): Features {
  return Object.fromEntries(Object.entries(since).map(([name, [first]]) => [name, compare(version, first) >= 0])) as Features
}

/** What a server of this version can and cannot do, as lines for people: `schedules: … (yes)`. */
export function told(version: string): readonly string[] {
  const has = features(version)
  return Object.entries(since).map(([name, [first, words]]) => `${name}: ${words} (${has[name as Feature] ? 'yes' : `no, since ${first}`})`)
}

function parts(version: string): { numbers: readonly number[]; label: string } {
  const dash = version.indexOf('-')
  const numbers = (dash < 0 ? version : version.slice(0, dash)).split('.').map(Number)
  return { numbers, label: dash < 0 ? '' : version.slice(dash + 1) }
}
