/**
 * The lines between clients and a fake broker: what goes either way arrives a turn of the event loop later, in the order it was sent
 * on its line. Between lines the order is by turns, or, with a seed, any.
 */

/** A number from 0 up to 1; the same ones in the same order for the same seed. */
export type Random = () => number

/** Numbers from a seed. source: mulberry32, by Tommy Ettinger */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const { setImmediate: soon } = globalThis

/** One direction of a line. */
export class Way {
  readonly waiting: (() => void)[] = []
  readonly #wire: Wire
  #cut = false

  constructor(wire: Wire) {
    this.#wire = wire
  }

  /** Has something arrive at the other end. */
  send(arrive: () => void): void {
    if (this.#cut) return
    this.waiting.push(arrive)
    this.#wire.busy(this)
  }

  /** What is on its way is lost, and what is sent later too. */
  cut(): void {
    this.#cut = true
    this.waiting.length = 0
  }
}

/** All lines of a broker. */
export class Wire {
  #random: Random | undefined
  readonly #plans: { readonly at: number; readonly run: () => void }[] = []
  #ways = new Set<Way>()
  #turning = false
  /** How often something has arrived. */
  arrivals = 0

  /** `random`: what arrives in which turn is drawn. */
  constructor(random: Random | undefined) {
    this.#random = random
  }

  /** From now on other numbers are drawn. */
  draw(random: Random): void {
    this.#random = random
  }

  /** Forgets what was planned and has not come. */
  calm(): void {
    this.#plans.length = 0
  }

  /** Does something when so much more has arrived. */
  after(arrivals: number, run: () => void): void {
    this.#plans.push({ at: this.arrivals + arrivals, run })
  }

  get quiet(): boolean {
    return this.#ways.size === 0
  }

  busy(way: Way): void {
    this.#ways.add(way)
    if (this.#turning) return
    this.#turning = true
    soon(() => this.#turn())
  }

  /** What is planned for now comes first: then what arrives may find nobody. */
  #arrive(what: (() => void) | undefined): void {
    if (what === undefined) return
    this.arrivals++
    for (const plan of this.#plans.filter(({ at }) => at <= this.arrivals)) {
      this.#plans.splice(this.#plans.indexOf(plan), 1)
      plan.run()
    }
    what()
  }

  #turn(): void {
    this.#turning = false
    const ways = [...this.#ways]
    if (this.#random !== undefined) shuffle(ways, this.#random)
    for (const way of ways) {
      const most = this.#random === undefined ? way.waiting.length : Math.floor(this.#random() * (way.waiting.length + 1))
      for (let i = 0; i < most; i++) {
        this.#arrive(way.waiting.shift())
      }
      if (way.waiting.length === 0) this.#ways.delete(way)
    }
    const [left] = this.#ways
    if (left !== undefined) this.busy(left)
  }
}

function shuffle(all: unknown[], random: Random): void {
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[all[i], all[j]] = [all[j], all[i]]
  }
}
