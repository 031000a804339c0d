/** What a gate asks: one limit, or one key of it, in this process. */

import type { Run } from '../../index.ts'
import { Absence } from './room.ts'

/** Asks a run anew. */
export type Again = (run: Run) => void

/** Those who wait at a limit, or at one key of it, and whether one may begin. */
export abstract class Line {
  readonly waiting = new Map<Run, Again>()
  readonly absence = new Absence()

  /** Whether one may begin now. */
  abstract get open(): boolean
  /** Nobody waits, nothing is held. */
  abstract get idle(): boolean
  /** News up to this revision are old. */
  abstract readonly seen: number
  /** One begins. Gives what is called when it has ended, if that matters. */
  abstract enter(run: Run): (() => void) | undefined
  /** Sees to it that those who wait are asked anew when one may begin. */
  abstract seek(): void
  /** Once a second. Never throws. */
  abstract tick(): Promise<void>
  /** News of the record of this line. */
  abstract heard(record: { readonly value: unknown; readonly revision: number }): void
  /** What is allowed, or how this worker is called, is another now. */
  abstract changed(renamed: boolean): void
  /** Gives everything back. Never throws. */
  abstract close(): Promise<void>

  /** One has to wait. */
  wait(run: Run, again: Again): void {
    this.waiting.set(run, again)
    this.seek()
  }

  /** Asks so many anew, the first first. */
  protected ask(count: number): void {
    const woken: [Run, Again][] = []
    for (const waiter of this.waiting) {
      if (woken.length === count) break
      woken.push(waiter)
    }
    for (const [run] of woken) this.waiting.delete(run)
    for (const [run, again] of woken) again(run)
  }
}
