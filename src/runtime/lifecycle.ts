/**
 * new → starting → running → draining → stopped; a failed start drains what had begun.
 *
 * new        declared, nothing is held on the broker
 * starting   streams and consumers are being declared
 * running    deliveries are taken and answered
 * draining   takes nothing new, lets running handlers finish until the deadline, then interrupts them
 * stopped    nothing runs, nothing is held; it does not start twice
 */

import { fault } from '../base/errors.ts'

const after = {
  new: ['starting', 'stopped'],
  starting: ['running', 'draining', 'stopped'],
  running: ['draining'],
  draining: ['stopped'],
  stopped: [],
} as const satisfies Record<string, readonly string[]>

/** Where something that starts and stops is in its life. */
export type Stage = keyof typeof after

/** A life. It only moves along the arrows of the table. */
export class Lifecycle {
  #stage: Stage = 'new'

  get stage(): Stage {
    return this.#stage
  }

  /** Moves on. Throws BUG for a move that the table does not know. */
  move(to: Stage): void {
    if (!(after[this.#stage] as readonly Stage[]).includes(to)) throw fault('BUG', `A life went from ${this.#stage} to ${to}.`)
    this.#stage = to
  }
}
