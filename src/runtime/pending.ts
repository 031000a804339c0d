/** Work that goes on beside the handlers, and that a drain waits for. */

/** Counts what goes on. */
export class Pending {
  readonly #works = new Set<Promise<void>>()
  readonly #failed: (error: unknown) => void

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  add(work: Promise<void>): void {
    const tracked = work.catch(this.#failed).finally(() => this.#works.delete(tracked))
    this.#works.add(tracked)
  }

  /** Resolves when nothing goes on, what began meanwhile included. */
  async over(): Promise<void> {
    while (this.#works.size > 0) await Promise.all(this.#works)
  }
}
