/** Counts what became of every task, and which chest each hunt has brought. */

import type { Report } from '../stage/report.ts'
import type { Score } from '../stage/score.ts'

/** Counts hunts. */
export class Count {
  readonly #enqueued = new Set<string>()
  readonly #done = new Map<string, number>()
  readonly #cancelled = new Set<string>()
  readonly #found = new Map<string, number[]>()
  #published = 0
  #buried = 0
  #retried = 0

  hear({ what, id, style, duplicate, attempt = 1, end }: Report): void {
    if (what === 'stored' && !duplicate) style === 'explicit' ? this.#enqueued.add(id) : this.#published++
    if (what === 'started' && attempt > 1) this.#retried++
    if (what === 'finished' && end === 'returned') this.#done.set(id, (this.#done.get(id) ?? 0) + 1)
    if (what === 'buried') this.#buried++
  }

  found(hunt: string, chest: number): void {
    this.#found.set(hunt, [...(this.#found.get(hunt) ?? []), chest])
  }

  cancelled(id: string): void {
    this.#cancelled.add(id)
  }

  /** Whether a task was done or called off. */
  ended(id: string): boolean {
    return this.#done.has(id) || this.#cancelled.has(id)
  }

  /** How many of these tasks did not have to be done. */
  spared(ids: readonly string[]): number {
    return ids.filter((id) => this.#cancelled.has(id)).length
  }

  /** chest: where the treasure lies; hunts: how many there should have been */
  score(name: string, chest: number, hunts: number): Score {
    const finds = [...this.#found.values()].flat()
    const lost = [...this.#enqueued].filter((id) => !this.ended(id)).length - this.#buried
    const duplicates = [...this.#done.values()].reduce((sum, times) => sum + times - 1, 0) + finds.length - this.#found.size
    return {
      name,
      published: this.#published,
      delivered: finds.length,
      enqueued: this.#enqueued.size,
      // One that was called off in mid-run may still have come to its end, which nobody uses.
      succeeded: [...this.#done.keys()].filter((id) => !this.#cancelled.has(id)).length,
      dead: this.#buried,
      retried: this.#retried,
      duplicates,
      lost,
      ok:
        this.#found.size === hunts &&
        finds.every((each) => each === chest) &&
        this.#cancelled.size > 0 &&
        duplicates === 0 &&
        lost === 0 &&
        this.#buried === 0,
      explained: [],
    }
  }
}
