/** What a consumer has in its hand: deliveries that wait for a slot, stand at a gate, or run. */

import { Queue } from '../base/queue.ts'
import type { Delivery } from '../wire/delivery.ts'
import { Bag } from './bag.ts'
import type { Run } from './run.ts'

/** So many may stand aside; beyond that they take room as all others, and less is asked for. */
const mostAside = 10_000

/** Runs, from their arrival to their end. */
export class Hand implements Iterable<Run> {
  readonly waiting = new Queue<Run>()
  /** What stands at a gate, and whether it does so aside. */
  readonly gated = new Map<Run, boolean>()
  readonly running = new Bag()
  readonly #known = new Map<number, Run>()
  #aside = 0

  get size(): number {
    return this.running.size + this.gated.size + this.waiting.length
  }

  /** What takes room: all of it, without a measure of what stands aside. */
  get held(): number {
    return this.size - Math.min(this.#aside, mostAside)
  }

  /** It stands at a gate now. */
  stand(run: Run, aside: boolean): void {
    this.gated.set(run, aside)
    if (aside) this.#aside++
  }

  /** It stands at a gate no more. False: it did not. */
  unstand(run: Run): boolean {
    if (this.gated.get(run) === true) this.#aside--
    return this.gated.delete(run)
  }

  /** Everything that stood at a gate. */
  unstandAll(): Run[] {
    const stood = [...this.gated.keys()]
    for (const run of stood) this.unstand(run)
    return stood
  }

  *[Symbol.iterator](): Generator<Run> {
    yield* this.running
    yield* this.gated.keys()
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
