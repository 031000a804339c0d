/**
 * The waiting rooms of a limit by key: a few deliveries of each key wait at hand, the others are turned away and come again. Pure but
 * for the state of one key.
 */

/** So many of one key wait at hand; they keep it busy until others come back. */
const mostOfKey = 100
/** So many of all keys together; beyond that, one of each key. */
const mostOfAll = 2000
const mostKeys = 8000

const shortest = 1000
const longest = 60_000

/** Whether one more of a key may wait at hand. */
export function hasRoom(ofKey: number, ofAll: number): boolean {
  if (ofAll >= mostOfAll) return ofKey === 0 && ofAll < mostKeys
  return ofKey < mostOfKey
}

/**
 * For how long what finds no room is sent away. Twice as long each time the wait has passed and the room is still full, and half as
 * long when the room runs low: so it comes back about as fast as the key lets it in.
 */
export class Absence {
  #wait = shortest
  #changedAt = Number.NEGATIVE_INFINITY

  /** One is turned away. `random` in [0, 1). Gives ms. */
  full(now: number, random: number): number {
    if (now - this.#changedAt >= this.#wait) {
      if (this.#changedAt > Number.NEGATIVE_INFINITY) this.#wait = Math.min(longest, this.#wait * 2)
      this.#changedAt = now
    }
    return Math.round(this.#wait * (0.5 + random))
  }

  /** So many wait at hand now. */
  left(ofKey: number, now: number): void {
    if (ofKey >= mostOfKey / 4 || now - this.#changedAt < shortest) return
    this.#wait = Math.max(shortest, this.#wait / 2)
    this.#changedAt = now
  }
}
