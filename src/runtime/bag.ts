/** Runs that are running: put in and taken out at the cost of an array, where a set would hash each of them. */

import type { Run } from './run.ts'

/** A set of runs in no order. Each run is in one bag at most. */
export class Bag implements Iterable<Run> {
  readonly #runs: Run[] = []
  #tell = () => {}

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
    if (last !== run) {
      this.#runs[run.place] = last
      last.place = run.place
    }
    if (this.#runs.length === 0) this.#tell()
  }

  /** Resolves when nothing is in it. The last one who asked is told. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#tell = resolve
      if (this.#runs.length === 0) resolve()
    })
  }

  [Symbol.iterator](): Iterator<Run> {
    return this.#runs[Symbol.iterator]()
  }
}
