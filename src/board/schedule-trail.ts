/**
 * The trail of a schedule: which of its times have come, and how the last one ended. Kept in the table with
 * compare-and-set, so that each time is run by one message only, whoever else made another for it.
 */

import { CallboardError } from '../base/errors.ts'
import type { FailureError } from '../base/obituary.ts'
import { decode, encode } from '../wire/codec.ts'
import { keyToken } from '../wire/names.ts'
import type { Core } from './core.ts'

/** One time that came: which, in the message of which place, and when that was stored. */
export type Came = readonly [time: number, sequence: number, storedAt: number]

/** What is known of the times of a schedule. */
export interface Trail {
  /** Everything due up to here has come or was made up for. ms since 1970. */
  readonly until: number
  readonly came: readonly Came[]
}

/** How a firing ended. `failed`: an attempt did; there will be another. */
export type FiringOutcome = 'succeeded' | 'failed' | 'skipped' | 'dead' | 'expired'

/** The end of a firing, as it is kept. */
export interface Ending {
  readonly outcome: FiringOutcome
  readonly id: string
  /** When it ended, in ms since 1970. */
  readonly at: number
  readonly sequence: number
  readonly error?: FailureError
}

const year = 365 * 86_400_000
const nothing: Trail = { until: 0, came: [] }
/** Two writers that meet try again; so many times at most. */
const mostTries = 50

/** Whose trail: a schedule's, or with a `scope` that of one subscription to what it publishes; and whether it must outlast years. */
export interface TrailOf {
  readonly name: string
  readonly scope?: string | undefined
  readonly lasting?: boolean
}

/** `scope` tells subscriptions apart, each of which gets its own copy of an event. */
const trailKey = (core: Core, name: string, scope?: string): string =>
  core.names.record('trail', keyToken(name), ...(scope === undefined ? [] : [scope]))
const endingKey = (core: Core, name: string): string => core.names.record('ending', keyToken(name))

/** The trail of a schedule. */
export async function readTrail(core: Core, name: string): Promise<Trail> {
  const found = await core.table.get(trailKey(core, name))
  return found === undefined ? nothing : (decode(found.body) as Trail)
}

/** Changes a trail; `change` gives undefined where nothing is to be changed. */
export async function amendTrail(
  core: Core,
  { name, scope, lasting }: TrailOf,
  change: (trail: Trail) => Trail | undefined,
): Promise<void> {
  const key = trailKey(core, name, scope)
  for (let tries = 1; ; tries++) {
    const found = await core.table.get(key)
    const changed = change(found === undefined ? nothing : (decode(found.body) as Trail))
    if (changed === undefined) return
    try {
      await core.table.put(key, encode(changed), { revision: found?.revision ?? 0, ...(lasting ? {} : { ttl: year }) })
      return
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== 'ALREADY_EXISTS' || tries === mostTries) throw error
    }
  }
}

/**
 * Whether this message is the one that runs for this time. The first that asks has it, now and at every later delivery.
 * The last `keep` times are remembered; `swept`: and those not accounted for, up to a thousand.
 */
export async function claim(core: Core, whose: TrailOf, came: Came, keep: number, swept: boolean): Promise<boolean> {
  let ours = true
  await amendTrail(core, whose, (trail) => {
    const before = trail.came.find(([time]) => time === came[0])
    ours = before === undefined || before[1] === came[1]
    return before === undefined ? { ...trail, came: trimmed([...trail.came, came], keep, swept ? trail.until : Infinity) } : undefined
  })
  return ours
}

/** The last `keep`, and of those before them what is not accounted for; at most a thousand. */
export function trimmed(came: readonly Came[], keep: number, until: number): Came[] {
  return came.filter(([time], index) => time > until || index >= came.length - keep).slice(-1000)
}

/** Keeps how a firing ended. */
export async function keepEnding(core: Core, name: string, ending: Ending): Promise<void> {
  await core.table.put(endingKey(core, name), encode(ending), { ttl: year })
}

/** How the last firing ended that did. */
export async function readEnding(core: Core, name: string): Promise<Ending | undefined> {
  const found = await core.table.get(endingKey(core, name))
  return found && (decode(found.body) as Ending)
}

/** Forgets what is known of a schedule. */
export async function forgetTrail(core: Core, name: string): Promise<void> {
  await Promise.all([core.table.forget(trailKey(core, name)), core.table.forget(endingKey(core, name))])
}
