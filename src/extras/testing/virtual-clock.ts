/**
 * A clock that stands still until it is moved, for a fake broker and for the process around it.
 *
 * Moving it runs what is due, in order, and waits after each instant until nothing goes on any more. While nothing is under way, signs
 * of life are not worth an instant each: intervals, and timers that would not keep a process alive, then run once for all they missed,
 * as they do in a process that was asleep.
 */

import type { Clock } from './clock.ts'

interface Timer {
  readonly id: number
  due: number
  /** 0: once. */
  readonly every: number
  housekeeping: boolean
  readonly run: () => void
  /** Of the broker, and not of the process. */
  readonly foreign: boolean
}

/** Of the process as it was before anybody changed it. */
const real = { setInterval: globalThis.setInterval, clearInterval: globalThis.clearInterval, soon: globalThis.setImmediate }

/** So many turns of the event loop without anything arriving mean that nothing goes on. */
const stillness = 6
/** While a handler runs, signs of life and the like are given this often, in ms. */
const beat = 250
/** While nothing is under way, they are given once in so many instants. */
const between = 20
/** The longest that somebody waits for without moving the clock, in ms. */
const moment = 5_000
/** Rather than going on for ever, moving the clock gives up after so many instants. */
const mostInstants = 5_000_000

/** What the clock is told of what goes on around it. */
export interface Surroundings {
  /** Changes whenever something arrives somewhere. */
  arrivals(): number
  /** Nothing is on its way. */
  quiet(): boolean
  /** Somebody works on something, or waits to be answered. */
  busy(): boolean
}

const isMinor = ({ every, housekeeping }: Timer): boolean => housekeeping || every > 0
const isMoment = (timer: Timer): boolean => !timer.foreign && !isMinor(timer)

const alone: Surroundings = { arrivals: () => 0, quiet: () => true, busy: () => false }

/** A clock that is moved by hand. */
export class VirtualClock implements Clock {
  #now: number
  /** When it began. */
  readonly began: number
  readonly #timers = new Map<number, Timer>()
  #last = 0
  #moving: Promise<void> = Promise.resolve()
  #creeping: NodeJS.Timeout | undefined
  around: Surroundings = alone

  /** `from`: where it begins, in ms since 1970. */
  constructor(from: number) {
    this.#now = this.began = from
  }

  now(): number {
    return this.#now
  }

  at(time: number, run: () => void, housekeeping = false): () => void {
    const timer = this.#add(Math.max(0, time - this.#now), 0, housekeeping, run, true)
    return () => void this.#timers.delete(timer.id)
  }

  #add(delay: number, every: number, housekeeping: boolean, run: () => void, foreign = false): Timer {
    const timer: Timer = { id: ++this.#last, due: this.#now + delay, every, housekeeping, run, foreign }
    this.#timers.set(timer.id, timer)
    return timer
  }

  /** Waits until nothing goes on any more; time stands still. */
  async still(): Promise<void> {
    for (let quiet = 0, before = -1; quiet < stillness; ) {
      await new Promise<void>((resolve) => real.soon(resolve))
      const arrivals = this.around.arrivals()
      quiet = arrivals === before && this.around.quiet() ? quiet + 1 : 0
      before = arrivals
    }
  }

  /** Moves on by so many ms, and runs what is due on the way. `until`: stops as soon as that holds. */
  advance(ms: number, until?: () => boolean | Promise<boolean>): Promise<void> {
    const moved = this.#moving.then(() => this.#move(ms, until))
    this.#moving = moved.catch(() => undefined)
    return moved
  }

  async #move(ms: number, until: () => boolean | Promise<boolean> = () => false): Promise<void> {
    const end = this.#now + ms
    await this.still()
    for (let instants = 0; !(await until()); instants++) {
      if (instants === mostInstants) throw new Error(`the clock was moved by ${ms} ms, and ${mostInstants} things were due on the way`)
      const leaping = !this.around.busy()
      const next = this.#next(leaping)
      const to = Math.min(end, next ?? end)
      this.#now = Math.max(this.#now, to)
      const all = !leaping || this.#now >= end || instants % between === 0
      let ran = false
      while (this.#run(all)) {
        ran = true
        await undefined
      }
      if (ran) await this.still()
      if (!ran && this.#now >= end) return
    }
  }

  /**
   * Who asks something of the board and waits a moment for those who may not answer gets that moment: where nothing else goes on and no
   * handler runs, the clock moves to the next timer of this process that is due within a few seconds.
   */
  #creep(): void {
    let before = -1
    let creeping = false
    this.#creeping = real.setInterval(() => {
      const arrivals = this.around.arrivals()
      const still = arrivals === before && this.around.quiet() && !this.around.busy()
      before = arrivals
      if (!still || creeping) return
      const due = Math.min(...[...this.#timers.values()].flatMap((each) => (isMoment(each) ? [each.due] : [])))
      if (due > this.#now + moment) return
      creeping = true
      void this.advance(due - this.#now).finally(() => {
        creeping = false
      })
    }, 2)
  }

  /** When the next thing is due. `leaping`: that is worth an instant. */
  #next(leaping: boolean): number | undefined {
    let soonest: number | undefined
    for (const timer of this.#timers.values()) {
      const { due } = timer
      const minor = isMinor(timer)
      if (leaping && minor) continue
      const instant = minor ? Math.max(due, this.#now + beat) : due
      if (soonest === undefined || instant < soonest) soonest = instant
    }
    return soonest
  }

  /** Runs what has been due for longest; false: nothing is. `all`: signs of life too. */
  #run(all: boolean): boolean {
    let first: Timer | undefined
    for (const timer of this.#timers.values())
      if (
        timer.due <= this.#now &&
        (all || !isMinor(timer)) &&
        (first === undefined || timer.due < first.due || (timer.due === first.due && timer.id < first.id))
      )
        first = timer
    if (first === undefined) return false
    if (first.every > 0) first.due = this.#now + first.every
    else this.#timers.delete(first.id)
    first.run()
    return true
  }

  /** A timer of the process. */
  timer(ms: unknown, repeats: boolean, run: () => void): Handle {
    const delay = Math.max(1, Number(ms) || 1)
    const timer = this.#add(delay, repeats ? delay : 0, false, run)
    const again = () => {
      timer.due = this.#now + delay
      this.#timers.set(timer.id, timer)
    }
    return new Handle(timer, () => void this.#timers.delete(timer.id), again)
  }

  /** Ends a timer of the process by its number. */
  drop(id: number): void {
    this.#timers.delete(id)
  }

  /** Goes on by itself where somebody only waits a moment. */
  begin(): void {
    this.#creep()
  }

  /** Stands still for good, and forgets what was due. */
  end(): void {
    real.clearInterval(this.#creeping)
    this.#timers.clear()
  }
}

/** What `setTimeout` gives back. */
export class Handle {
  readonly #timer: Timer
  readonly close: () => void
  readonly #again: () => void

  constructor(timer: Timer, close: () => void, again: () => void) {
    this.#timer = timer
    this.close = close
    this.#again = again
  }

  ref(): this {
    this.#timer.housekeeping = false
    return this
  }

  unref(): this {
    this.#timer.housekeeping = true
    return this
  }

  hasRef(): boolean {
    return !this.#timer.housekeeping
  }

  refresh(): this {
    this.#again()
    return this
  }

  [Symbol.toPrimitive](): number {
    return this.#timer.id
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
