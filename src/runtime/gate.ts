/**
 * Leave to run: slots of this process, and a chain of gates before them. A gate is asked before a handler slot is taken,
 * so that waiting holds no slot; the lease is prolonged meanwhile, and no attempt is used.
 */

import type { Run } from './run.ts'

/** Gives leave to run, at once or later. */
export interface Gate {
  /**
   * Resolves when the run may begin, with a function that is called once when it has ended.
   * Rejects only when the signal aborts: the service is stopping, and the delivery is handed back.
   */
  enter(run: Run, signal: AbortSignal): Promise<() => void>
}

/**
 * Passes all gates in order. If one does not open, those passed before are left again. As soon as the signal aborts
 * nothing is waited for, whatever the gate does with the signal.
 */
export async function pass(gates: readonly Gate[], run: Run, signal: AbortSignal): Promise<() => void> {
  const leaves: (() => void)[] = []
  const leaveAll = () => {
    let leave = leaves.pop()
    try {
      for (; leave !== undefined; leave = leaves.pop()) leave()
    } finally {
      if (leave !== undefined) leaveAll()
    }
  }
  try {
    for (const gate of gates) leaves.push(await opened(gate, run, signal))
  } catch (error) {
    leaveAll()
    throw error
  }
  return leaveAll
}

function opened(gate: Gate, run: Run, signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    gate
      .enter(run, signal)
      .then((leave) => (signal.aborted ? leave() : resolve(leave)))
      .catch(reject)
      .finally(() => signal.removeEventListener('abort', abort))
  })
}

/** Every so many slots, the lowest rank comes first. So a busy high rank leaves a share to the others: 1 in 8. */
const turnOfTheLast = 8

/** One who shares slots: takes some as long as it gets any and has something to run. */
type Fill = () => void

/**
 * Handler slots of this process, shared by consumers of different rank. A free slot goes to the highest rank that has
 * something waiting, or is about to have; every eighth goes the other way round, so that nobody starves.
 */
export class Slots {
  readonly size: number
  #free: number
  #turn = 0
  #fromBehind = false
  readonly #sharers = new Map<Fill, () => boolean>()

  constructor(size: number) {
    this.size = size
    this.#free = size
  }

  /** Whether more than one shares them. */
  get shared(): boolean {
    return this.#sharers.size > 1
  }

  /** Joins in; earlier ones rank higher. `expects` says whether its next delivery is on its way: lower ranks leave the slot to it. */
  join(fill: Fill, expects: () => boolean = () => false): void {
    this.#sharers.set(fill, expects)
  }

  take(taker?: Fill): boolean {
    if (this.#free === 0 || (!this.#fromBehind && this.#expectedBefore(taker))) return false
    this.#free--
    return true
  }

  give(): void {
    this.#free++
    if (!this.shared) {
      for (const fill of this.#sharers.keys()) fill()
      return
    }
    this.#fromBehind = ++this.#turn % turnOfTheLast === 0
    const order = [...this.#sharers.keys()]
    if (this.#fromBehind) order.reverse()
    for (const fill of order) if (this.#free > 0) fill()
    this.#fromBehind = false
  }

  #expectedBefore(taker: Fill | undefined): boolean {
    if (!this.shared) return false
    for (const [fill, expects] of this.#sharers) {
      if (fill === taker) return false
      if (expects()) return true
    }
    return false
  }
}
