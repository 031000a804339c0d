/**
 * What the admin answers with: plain data, ready for JSON. Times are ms since 1970, spans are ms, a rate is per second;
 * what is not known is undefined and thus not in the JSON.
 */

import type { FiringOutcome, Hold, Lane, Standing, Style, Times } from '../../index.ts'
import type { Because, ErrorView } from './message.ts'

export type * from './message.ts'

/** Why nothing is taken from a queue or a subscription right now. */
export type Blocked = 'none' | 'no-worker' | 'paused' | 'gate' | 'busy' | 'scheduled' | 'broker'

/** What waits at one gate, for one key of it, in all workers, as they last told. */
export interface HoldView extends Hold {
  /** Name of the task or topic. */
  readonly name: string
}

/** A topic. */
export interface TopicView {
  readonly name: string
  /** It has a stream of its own. */
  readonly own: boolean
  readonly stored: number
  readonly oldest?: number
  /** Events per second over the last minute, as far as the ledger tells. */
  readonly rate?: number
  readonly subscriptions: readonly SubscriptionView[]
}

/** A service's place in a topic. */
export interface SubscriptionView extends Standing {
  readonly service: string
  readonly topic: string
  readonly pattern: boolean
  readonly own: boolean
  readonly pausedUntil?: number
  readonly created: number
  readonly lastDelivery?: number
  /** When the oldest event was stored that it has not been handed. */
  readonly oldest?: number
  /** Names of the workers that serve it. */
  readonly workers: readonly string[]
  readonly blocked: Blocked
  /** In hand of its workers, and at a gate; by gate and key, most first, as far as gates say. */
  readonly gated: number
  readonly holds: readonly HoldView[]
  readonly lastError?: ErrorView
}

/** Tasks of one kind and lane. */
export interface LaneView extends Standing {
  readonly task: string
  readonly lane: Lane
  /** Of a task with an order or turns by key: which part of the keys, of how many. `single`: one at a time, in order. */
  readonly strand?: { readonly index: number; readonly of: number; readonly single: boolean }
  readonly pausedUntil?: number
  readonly oldest?: number
  readonly workers: readonly string[]
}

/** A queue. */
export interface QueueView {
  readonly name: string
  readonly layout: 'work' | 'log'
  readonly bytes: number
  /** What it may hold at most, and what counts against that: tasks, bytes, and the age (ms) at which they expire; 0: no limit of that kind. */
  readonly limit?: { readonly tasks: number; readonly bytes: number; readonly age: number }
  readonly held?: { readonly tasks: number; readonly bytes: number }
  /** It has a limit and has reached it: what comes is refused, or waits. */
  readonly full?: boolean
  /** Not handed to a worker yet. */
  readonly ready: number
  /** Handlers that run; of workers that tell, otherwise what is open and was never handed over before. */
  readonly running: number
  /** Wait for their time. */
  readonly scheduled: number
  /** Handed over before and not ended: they wait for the next attempt. */
  readonly retrying: number
  readonly dead: number
  /** When the oldest was stored that has not ended. */
  readonly oldest?: number
  readonly inRate?: number
  readonly outRate?: number
  /** ms until it is empty at this pace. Undefined: never, or not known. */
  readonly emptyIn?: number
  readonly workers: readonly string[]
  /** Handlers its workers may run at a time. */
  readonly slots?: number
  readonly paused: boolean
  readonly pausedUntil?: number
  readonly blocked: Blocked
  /** In hand of its workers, and at a gate; by gate and key, most first, as far as gates say. */
  readonly gated: number
  readonly holds: readonly HoldView[]
  readonly lanes: readonly LaneView[]
}

/** A schedule. */
export interface ScheduleView {
  readonly name: string
  readonly kind: 'task' | 'topic'
  readonly contract: string
  readonly queue?: string
  readonly lane?: Lane
  readonly when: string
  /** As it was said. */
  readonly times: Times
  readonly zone?: string
  readonly paused: boolean
  readonly pausedUntil?: number
  readonly next?: number
  readonly last?: number
  readonly outcome?: FiringOutcome
  readonly error?: ErrorView
  readonly state: string
  readonly metadata: Readonly<Record<string, string>>
}

/** What a worker serves. */
export interface ServingView {
  readonly service: string
  readonly style: Style
  readonly name: string
  readonly queue?: string
  readonly running: number
  /** Deliveries in hand that wait for a slot or a gate; of those, at gates, and at which. */
  readonly waiting: number
  readonly gated: number
  readonly holds?: readonly Hold[]
  readonly slots: number
}

/** One process of a service, as it last told of itself. */
export interface WorkerView {
  readonly name: string
  readonly services: readonly string[]
  readonly host: string
  readonly pid: number
  /** Version of callboard. */
  readonly version: string
  readonly node: string
  readonly startedAt: number
  readonly seenAt: number
  readonly running: number
  readonly slots: number
  /** The longest the event loop was held since it last told, in ms. */
  readonly loopLag: number
  /** The handler that last held it for 250 ms or longer, in the last 10 min. Not `sure`: others ran as well. */
  readonly held?: { readonly service: string; readonly name: string; readonly ms: number; readonly at: number; readonly sure: boolean }
  /** Bytes. */
  readonly memory: number
  readonly stage: 'running' | 'draining'
  readonly serves: readonly ServingView[]
  /** Entries of the ledger it had to leave out since it started. */
  readonly dropped: number
}

/** One thing looked at, and what is to be said of it. */
export interface HealthCheck {
  readonly name: string
  readonly ok: boolean
  readonly text: string
  readonly fix?: string
}

/** How the board and its broker are. */
export interface Health {
  readonly ok: boolean
  readonly namespace: string
  readonly broker: {
    readonly server: string
    readonly version: string
    readonly cluster?: string
    readonly rtt: number
    readonly maxPayload: number
    readonly streams: number
    readonly consumers: number
    readonly storage: number
    readonly storageLimit: number
  }
  readonly checks: readonly HealthCheck[]
}

/** Everything at a glance. */
export interface Overview {
  readonly at: number
  readonly namespace: string
  readonly topics: number
  readonly subscriptions: number
  readonly queues: number
  readonly ready: number
  readonly running: number
  readonly scheduled: number
  readonly retrying: number
  readonly dead: number
  readonly lagging: number
  readonly schedules: number
  readonly workers: number
  /** Per second over the last minute. */
  readonly rates?: { readonly stored: number; readonly succeeded: number; readonly failed: number }
  /** What needs somebody. */
  readonly attention: readonly Because[]
}

/** Numbers over time. One point per step; `at` is where the step begins. */
export interface Series {
  readonly step: number
  readonly points: readonly SeriesPoint[]
}

/** One step. Counts in it, and spans in ms. */
export interface SeriesPoint {
  readonly at: number
  readonly stored: number
  readonly succeeded: number
  readonly failed: number
  readonly buried: number
  readonly runP50?: number
  readonly runP95?: number
  readonly runP99?: number
}

/** What became of something done to many. */
export interface BulkReport {
  readonly action: string
  readonly selector: string
  /** How many match. */
  readonly matched: number
  readonly done: number
  /** Those that were refused, at most the first 100 of them, and why. */
  readonly refused: readonly { readonly id: string; readonly what: string; readonly code: string }[]
  readonly refusals: number
  readonly dryRun: boolean
  readonly stopped: boolean
}

/** What somebody did. */
export interface AuditView {
  readonly at: number
  readonly who: string
  readonly what: string
  readonly selector?: string
  readonly count?: number
}
