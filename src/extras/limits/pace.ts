/**
 * A rate as times at which something may begin. Pure.
 *
 * The times of a limit lie at least one interval apart; workers take them in blocks, so that most beginnings ask nobody. After a pause,
 * times of the past may be taken too, as many as the burst allows. A time is good for a while; then it is lost, so that nobody can
 * save times up. Source of the idea: the generic cell rate algorithm (ITU-T I.371).
 */

/** A rate. Times in ms. */
export interface Pace {
  /** Between two beginnings. */
  readonly interval: number
  /** At once, after a pause. */
  readonly burst: number
}

/** A taken block: `count` times, from `first`, an interval apart. */
export interface Block {
  readonly first: number
  readonly count: number
}

/** Timers are this late at times; a time stays good for longer than that, in ms. */
const late = 10

/** So far ahead times are taken, in ms: what a worker that ends takes with it. */
export const ahead = 100

/** The pace of `count` within `per` ms. */
export const paceOf = (count: number, per: number, burst: number): Pace => ({ interval: per / count, burst })

/** How long after its time a beginning is still made, in ms. */
export const grace = ({ interval, burst }: Pace): number => (burst - 1) * interval + Math.max(interval, late)

/** At most so many beginnings lie in any window of this length, where clocks agree. */
export const most = (pace: Pace, window: number): number => Math.ceil((window + grace(pace)) / pace.interval)

/**
 * Takes a block, or says when to try again.
 *
 * next     the first time that nobody has taken; undefined: none was taken yet
 * wanted   how many could be used
 */
export function take(next: number | undefined, now: number, wanted: number, pace: Pace): Block | { readonly retryAt: number } {
  // What lies further ahead was taken at another pace, or by a clock that is right no more.
  const known = next !== undefined && next > now + ahead + pace.interval ? now : (next ?? Number.NEGATIVE_INFINITY)
  const first = Math.max(known, now - (pace.burst - 1) * pace.interval)
  if (first > now + ahead) return { retryAt: first - ahead }
  const reach = Math.floor((now + ahead - first) / pace.interval) + 1
  return { first, count: Math.max(1, Math.min(wanted, reach)) }
}

/** The first time behind a block. */
export const behind = (block: Block, pace: Pace): number => block.first + block.count * pace.interval

/** Times that were taken, oldest first. */
export class Times {
  #times: number[] = []

  add({ first, count }: Block, { interval }: Pace): void {
    for (let i = 0; i < count; i++) this.#times.push(first + i * interval)
  }

  /** Whether any is left; those that came too long ago are lost. */
  left(now: number, pace: Pace): boolean {
    const good = now - grace(pace)
    while (this.#times.length > 0 && (this.#times[0] as number) < good) this.#times.shift()
    return this.#times.length > 0
  }

  /** Whether one has come. */
  ready(now: number, pace: Pace): boolean {
    return this.left(now, pace) && (this.#times[0] as number) <= now
  }

  /** How many have come. */
  due(now: number, pace: Pace): number {
    if (!this.left(now, pace)) return 0
    const until = this.#times.findIndex((time) => time > now)
    return until < 0 ? this.#times.length : until
  }

  /** Uses the oldest. */
  use(): void {
    this.#times.shift()
  }

  /** The oldest. */
  get first(): number | undefined {
    return this.#times[0]
  }
}
