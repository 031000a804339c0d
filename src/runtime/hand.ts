/** What a consumer has in its hand: deliveries that wait for a slot, stand at a gate, or run. */

import { Queue } from '../base/queue.ts'
import type { Delivery } from '../wire/delivery.ts'
import type { Run } from './run.ts'

/** Runs, from their arrival to their end. */
export class Hand implements Iterable<Run> {
  readonly waiting = new Queue<Run>()
  readonly gated = new Set<Run>()
  readonly running = new Set<Run>()
  readonly #known = new Map<number, Run>()

  get size(): number {
    return this.running.size + this.gated.size + this.waiting.length
  }

  *[Symbol.iterator](): Generator<Run> {
    yield* this.running
    yield* this.gated
    yield* this.waiting
  }

  /** Of what is in hand now, the broker may not know that it handed it over. */
  doubt(): void {
    this.#known.clear()
    for (const run of this) this.#known.set(run.delivery.sequence, run)
  }

  /** A delivery of something that is still in hand since then: the work goes on, by the newest hand-over. False: it is new here. */
  adopt(delivery: Delivery): boolean {
    const run = this.#known.size === 0 ? undefined : this.#known.get(delivery.sequence)
    if (run === undefined || run.ended) return false
    run.delivery = delivery
    return true
  }

  /** A run has ended. */
  drop(run: Run): void {
    this.running.delete(run)
    if (this.#known.size > 0) this.#known.delete(run.delivery.sequence)
  }
}
