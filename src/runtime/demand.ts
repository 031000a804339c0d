/**
 * How many deliveries to ask for. Beyond the free slots it follows the measured pace: what is worked off within a tick, so
 * that fast handlers never wait for the broker and slow ones hoard nothing that another worker could do.
 */

/** What is asked for ahead of free slots, at most. */
const mostAhead = 1000

/** What was asked for and is ready on the broker comes within so many ms, or is not waited for. */
const soon = 250

/** Counts what was asked for and has not come. */
export class Demand {
  #outstanding = 0
  #ahead = 0
  #done = 0
  #asked = 0
  /** How many more the broker had ready when the last one came. */
  left = 0

  /** One has come. */
  arrived(): void {
    if (this.#outstanding > 0) this.#outstanding--
  }

  /** So many will not come. */
  lapsed(n: number): void {
    this.#outstanding = Math.max(0, this.#outstanding - n)
  }

  /** None of them will come. */
  reset(): void {
    this.#outstanding = 0
  }

  /** One is done. */
  ended(): void {
    this.#done++
  }

  /** A tick has passed with `held` in hand now. Says whether the consumer is idle: nothing held, and nothing done since the last tick. */
  tick(held: number): boolean {
    const idle = held === 0 && this.#done === 0
    this.#ahead = idle ? 0 : Math.min(mostAhead, Math.max(this.#done, Math.floor(this.#ahead / 2)))
    this.#done = 0
    return idle
  }

  /** How many more to ask for while so many are held of a share, counted as asked for. Nothing before half of what may be held is used up, so that questions are few and the next arrive before the last are done. */
  more(held: number, share: number): number {
    // A burst does not wait for the next tick: what this one has brought so far counts already.
    const room = share + Math.max(this.#ahead, Math.min(mostAhead, this.#done)) - held
    if (room <= 0 || this.#outstanding > room / 2) return 0
    const more = room - this.#outstanding
    this.#outstanding = room
    this.#asked = Date.now()
    return more
  }

  /** Whether one that was asked for is likely to come at once. */
  get expects(): boolean {
    return this.left > 0 && this.#outstanding > 0 && Date.now() - this.#asked < soon
  }
}
