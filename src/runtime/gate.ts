/**
 * Leave to run: slots of this process, and gates before them. A run is asked in where a slot is free, and takes the slot in the
 * same turn, so that a limit is used when it is counted and waiting holds nothing: no slot, and no attempt.
 */

import type { Run } from './run.ts'

/**
 * What a gate says to a run.
 *
 * now       it may begin
 * wait      not yet, and what is behind it will not be let in before it: nothing more is asked for while it waits
 * aside     not yet, but others may pass: it waits beside, and takes no room
 * a number  not yet, and not here: it is handed back, and comes again after so many ms, here or elsewhere. Costs no attempt.
 */
export type Leave = 'now' | 'wait' | 'aside' | number

/** Deliveries that a gate has wait, for whoever asks why. */
export interface Hold {
  /** What the gate is called. */
  readonly gate: string
  /** What it allows, in words: `40 within 1s`. Undefined: it does not say. */
  readonly allows?: string
  /** Whose they are, where it allows so much to each key. */
  readonly key?: string
  readonly waiting: number
}

/** Gives leave to run. It decides at once; what takes time is done between the questions. */
export interface Gate {
  /**
   * Whether a run may begin now. Asked when a slot is free. After `wait` and `aside` the gate calls `again` when asking anew makes
   * sense: later, not before it has answered. If all gates say `now`, `enter` follows in the same turn. What it throws is told
   * as `trouble`, and the delivery is handed back for a second.
   */
  ask(run: Run, again: (run: Run) => void): Leave
  /** It begins. Gives what is called once when it has ended. Must not throw. */
  enter(run: Run): (() => void) | undefined
  /** It will not begin here: it was handed back. Called on all gates, asked or not. */
  forget?(run: Run): void
  /** Who waits at it, for operators: each key by itself, those with the most first, a few at most. */
  holds?(): readonly Hold[]
  /** A consumer of this gate has drained: nothing of it begins any more. Called once for each consumer that shares it. */
  close?(): Promise<void>
}

/** Every so many slots, a lower rank comes first. So a busy high rank leaves a share to the others: 1 in 8. */
const turnOfOthers = 8

/** One who shares slots: takes some as long as it gets any and has something to run. */
type Fill = () => void

/**
 * Handler slots of this process, shared by consumers of different rank. A free slot goes to the highest rank that has
 * something waiting, or is about to have; every eighth goes to a lower one, in turn and from the lowest up, so that nobody starves. Those of one rank have it in turn.
 */
export class Slots {
  readonly size: number
  #free: number
  #turn = 0
  #fromBehind = false
  #held = false
  #ranked = false
  readonly #sharers = new Map<Fill, { readonly rank: number; readonly expects: () => boolean }>()
  /** Those of each rank, the highest first; in each, who took a slot last is last. */
  #ranks: Fill[][] = []

  constructor(size: number) {
    this.size = size
    this.#free = size
  }

  /** Whether some that share them rank higher than others. */
  get ranked(): boolean {
    return this.#ranked
  }

  /** Joins in. `expects` says whether its next delivery is on its way: lower ranks leave the slot to it. */
  join(fill: Fill, expects: () => boolean = () => false, rank = 0): void {
    this.#sharers.set(fill, { rank, expects })
    const ranks = new Set([...this.#sharers.values()].map((each) => each.rank).sort((a, b) => a - b))
    this.#ranks = [...ranks].map((rank) => [...this.#sharers].flatMap(([each, its]) => (its.rank === rank ? each : [])))
    this.#ranked = ranks.size > 1
  }

  /** As long as they are held nobody gets one. */
  hold(on: boolean): void {
    if (this.#held === on) return
    this.#held = on
    if (!on) for (const fill of this.#ranks.flat()) fill()
  }

  /** How many deliveries one that runs so many may hold. Equal sharers hold little beyond what they run, so that together they hoard nothing that others could do. */
  share(running: number): number {
    return this.#sharers.size > 1 && !this.#ranked ? running + Math.min(2, Math.max(1, this.#free)) : this.size
  }

  /** Whether there is one to take. */
  offers(taker?: Fill): boolean {
    return !this.#held && this.#free > 0 && (this.#fromBehind || !this.#expectedBefore(taker))
  }

  take(taker?: Fill): boolean {
    if (!this.offers(taker)) return false
    this.#free--
    if (taker && this.#sharers.size > 1) {
      const peers = this.#ranks.find((each) => each.includes(taker)) ?? []
      peers.push(...peers.splice(0, peers.indexOf(taker) + 1))
    }
    return true
  }

  give(): void {
    this.#free++
    this.#fromBehind = this.#ranked && ++this.#turn % turnOfOthers === 0
    // The usual case makes no copy.
    const order = this.#sharers.size === 1 ? this.#sharers.keys() : this.#inTurn()
    for (const fill of order) if (this.#free > 0) fill()
    this.#fromBehind = false
  }

  #inTurn(): Fill[] {
    if (!this.#fromBehind) return this.#ranks.flat()
    const [highest = [], ...lower] = this.#ranks
    const first = (this.#turn / turnOfOthers - 1) % lower.length
    lower.reverse()
    return [...lower.slice(first), ...lower.slice(0, first), highest].flat()
  }

  #expectedBefore(taker: Fill | undefined): boolean {
    const own = this.#ranked && taker ? this.#sharers.get(taker)?.rank : undefined
    if (own === undefined) return false
    for (const { rank, expects } of this.#sharers.values()) if (rank < own && expects()) return true
    return false
  }
}
