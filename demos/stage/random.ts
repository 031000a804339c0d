/** Chance that can be repeated: the same seed, the same demo. */

/** Draws numbers and choices. */
export interface Random {
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number
  /** The same things in another order. */
  shuffled<T>(things: readonly T[]): T[]
}

/** A source of chance for a seed. source: mulberry32, Tommy Ettinger, public domain */
export function random(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    whole: (least, most) => least + Math.floor(next() * (most - least + 1)),
    shuffled(things) {
      const rest = [...things]
      return things.map(() => rest.splice(Math.floor(next() * rest.length), 1)[0] as (typeof things)[number])
    },
  }
}
