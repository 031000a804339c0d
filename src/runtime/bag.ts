/** Runs that are running: put in and taken out at the cost of an array, where a set would hash each of them. */

import type { Run } from './run.ts'

/** A set of runs in no order. Each run is in one bag at most. */
export class Bag implements Iterable<Run> {
  readonly #runs: Run[] = []

  get size(): number {
    return this.#runs.length
  }

  add(run: Run): void {
    run.place = this.#runs.push(run) - 1
  }

  /** Nothing happens to a run that is not in it. */
  delete(run: Run): void {
    if (this.#runs[run.place] !== run) return
    const last = this.#runs.pop() as Run
    if (last === run) return
    this.#runs[run.place] = last
    last.place = run.place
  }

  [Symbol.iterator](): Iterator<Run> {
    return this.#runs[Symbol.iterator]()
  }
}
