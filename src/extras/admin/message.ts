/** Tasks, events, their runs and dead letters, as the admin answers with them; units as in `model.ts`. */

import type { Lane, Reason, Style } from '../../index.ts'

/** Where a message is in its life, as the views call it. `waiting` and `done` are of events, per subscription; all others are of tasks too. */
export type MessageState =
  | 'ready'
  | 'scheduled'
  | 'running'
  | 'retrying'
  | 'done'
  | 'dead'
  | 'cancelled'
  | 'expired'
  | 'skipped'
  | 'unknown'

/** An error for people: no stack, no payload. */
export interface ErrorView {
  readonly name: string
  readonly message: string
  readonly code?: string
  /** Equal for errors that look alike. */
  readonly fingerprint: string
}

/** A sentence with a code, and what to do about it. */
export interface Because {
  /** Stable, for programs, as `no-worker`. */
  readonly code: string
  /** What is so. */
  readonly text: string
  /** What to do, as a command of the CLI where there is one. */
  readonly fix?: string
}

/** A task, or an event, in a list. */
export interface MessageView {
  readonly id: string
  readonly style: Style
  readonly name: string
  readonly state: MessageState
  readonly queue?: string
  readonly lane?: Lane
  readonly key?: string
  readonly attempt?: number
  readonly storedAt?: number
  /** When it is due, or will be tried again. */
  readonly due?: number
  readonly endedAt?: number
  /** ms from being stored to the first start. */
  readonly wait?: number
  /** ms its newest run took. */
  readonly ms?: number
  readonly service?: string
  readonly worker?: string
  readonly error?: ErrorView
  readonly reason?: Reason
  /** Who caused it: the id of what a handler was working on. */
  readonly parent?: string
  /** Its place in the stream it waits in, or among the dead letters. */
  readonly sequence?: number
  /** The payload, where it was asked for and can be read. */
  readonly data?: unknown
  /** By which key the payload is sealed, if it is. */
  readonly sealed?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** One page of a list. `cursor` goes on where it ended; undefined: that was all. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly cursor?: string
  /** What was searched, where that was not everything. */
  readonly note?: string
}

/** One run of a handler. */
export interface AttemptView {
  readonly attempt: number
  readonly service: string
  readonly worker: string
  readonly startedAt: number
  readonly endedAt?: number
  readonly ms?: number
  readonly state: 'running' | 'succeeded' | 'failed' | 'snoozed' | 'interrupted' | 'cancelled' | 'skipped' | 'lost'
  readonly error?: ErrorView
  /** When it was to be tried again. */
  readonly nextAt?: number
}

/** Everything about one task, or about one event. */
export interface MessageDetail extends MessageView {
  /** Who stored it. */
  readonly sender?: string
  readonly attempts: readonly AttemptView[]
  readonly progress?: unknown
  readonly bytes?: number
  readonly encoding?: string
  readonly deadLetters: readonly DeadView[]
  /** What its handlers published and enqueued. */
  readonly caused: readonly MessageView[]
  /** What happened, oldest first. */
  readonly timeline: readonly TraceEntry[]
  readonly why: readonly Because[]
}

/** One thing that happened, as the ledger tells it. */
export interface TraceEntry {
  /** Its place in the ledger: later entries of one worker have greater places. Resumes a tail. */
  readonly place: string
  readonly at: number
  readonly kind: EntryKind
  readonly style: Style
  readonly id: string
  readonly name: string
  /** Who told it. */
  readonly worker: string
  readonly service?: string | undefined
  readonly attempt?: number
  readonly ms?: number
  /** ms until it is tried again. */
  readonly after?: number
  readonly error?: ErrorView
  readonly reason?: Reason
  readonly parent?: string
  readonly queue?: string | undefined
  readonly sequence?: number
  readonly due?: number
  /** How far it is, where that is a number. */
  readonly progress?: number
  readonly selector?: string
  /** What was done and by whom, for entries of kind `audit`. */
  readonly text?: string
  readonly count?: number
}

/** What can happen. */
export type EntryKind =
  | 'stored'
  | 'started'
  | 'progressed'
  | 'succeeded'
  | 'failed'
  | 'snoozed'
  | 'interrupted'
  | 'cancelled'
  | 'skipped'
  | 'buried'
  | 'ignored'
  | 'redriven'
  | 'discarded'
  | 'audit'
  /** Entries that a worker left out under pressure; `count` says how many. */
  | 'dropped'

/** What an event or task led to: a tree from what was said to every effect. */
export interface Trace {
  readonly message: MessageView
  /** `subscribed`: who ran because it listens; `named`: who ran because it was asked. */
  readonly runs: readonly TraceRun[]
}

/** One who ran, or will. */
export interface TraceRun {
  readonly because: 'subscribed' | 'named'
  readonly service: string
  readonly worker?: string
  readonly state: MessageState
  readonly attempt?: number
  readonly ms?: number
  readonly error?: ErrorView
  /** What it published and enqueued. */
  readonly caused: readonly Trace[]
  /** More than are shown. */
  readonly more?: number
}

/** A dead letter. */
export interface DeadView {
  readonly sequence: number
  readonly id: string
  readonly style: Style
  readonly name: string
  readonly queue?: string
  readonly service: string
  readonly worker: string
  readonly reason: Reason
  readonly attempts: number
  readonly at: number
  readonly error: ErrorView & { readonly stack?: string }
  readonly bytes: number
  readonly headers: Readonly<Record<string, string>>
  readonly history: readonly {
    readonly at: number
    readonly attempt: number
    readonly ms: number
    readonly worker: string
    readonly error: ErrorView
  }[]
  /** The payload, where it can be read. */
  readonly data?: unknown
  /** By which key the payload is sealed, if it is. */
  readonly sealed?: string
}

/** Dead letters whose errors look alike. */
export interface DeadGroupView {
  readonly fingerprint: string
  readonly name: string
  readonly reason: Reason
  readonly count: number
  readonly first: number
  readonly last: number
  readonly error: ErrorView
}
