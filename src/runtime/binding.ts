/**
 * The hinge of callboard: what the runtime is told about one consumer. Both ways to invoke make one of these; the runtime
 * consumes it and knows no more. What differs between them is handed down here as functions.
 */

import type { Label } from '../base/events.ts'
import type { Obituary } from '../base/obituary.ts'
import type { Delivery } from '../wire/delivery.ts'
import type { Source } from '../wire/source.ts'
import type { Note } from './attempt.ts'
import type { Gate, Slots } from './gate.ts'
import type { Run, Terms } from './run.ts'
import type { Outcome, Policy } from './verdict.ts'

/** Where notes about deliveries are kept. */
export interface Memory {
  recall(delivery: Delivery): Promise<Note | undefined>
  note(delivery: Delivery, note: Note): Promise<void>
  forget(delivery: Delivery): Promise<void>
}

/** What the runtime is told about one consumer. */
export interface Binding {
  readonly label: Label
  readonly source: Source
  /** Nobody is told of its runs: they are the first half of what another binding tells. Absent: all is told. */
  readonly silent?: true
  /** Handler slots of this process, which several bindings may share. */
  readonly slots: Slots
  /** Lower ones get free slots first. Absent: 0. */
  readonly rank?: number
  readonly policy: Policy
  readonly gates: readonly Gate[]
  readonly memory: Memory
  /** What this delivery says for itself. */
  terms(delivery: Delivery): Terms
  /** The input of the handler, decoded and checked. What it throws makes the delivery unreadable; a Snooze means not now, a Skip that it is not wanted any more. */
  read(delivery: Delivery): unknown
  /** Runs the user's handler. */
  handle(input: unknown, run: Run): unknown
  /** What gathers runs before the handler is called, if anything does. It leaves their marks, and is told when a drain begins. */
  readonly gathers?: { flush(): void }
  /** Whether anything is to be done before this run is acknowledged. */
  ends(run: Run): boolean
  /** Called before an acknowledgement where `ends` says so; the delivery is acknowledged when it resolves. */
  ended(run: Run, outcome: Outcome): Promise<void>
  /** Called when the broker has been told that it is done, where `ends` says so. Must not throw: nothing can be taken back. */
  left?(run: Run): void | Promise<void>
  /** Keeps what was given up. The delivery is dropped when it resolves, and tried again if it rejects. */
  bury(run: Run, obituary: Obituary): Promise<void>
}
