/**
 * A clock that stands still until it is moved, for a fake broker and for the whole process: while it is set, `Date`, `performance.now`,
 * `setTimeout`, `setInterval` and `AbortSignal.timeout` go by it. `setImmediate` and promises go on as ever: they are order, not time.
 *
 * Moving it runs what is due, in order, and waits after each instant until nothing goes on any more. While nothing is under way, signs
 * of life are not worth an instant each: intervals, and timers that would not keep a process alive, then run once for all they missed,
 * as they do in a process that was asleep.
 */

import { createRequire, syncBuiltinESMExports } from 'node:module'
import { performance as performanceNow } from 'node:perf_hooks'
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

/** What is put in place of, and put back. */
const ours = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  Date: globalThis.Date,
}
const real = {
  ...ours,
  now: performanceNow.now,
  timeout: AbortSignal.timeout,
  soon: globalThis.setImmediate,
}
const promises = createRequire(import.meta.url)('node:timers/promises') as Record<string, unknown>
const realAfter = promises.setTimeout

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

let inForce: VirtualClock | undefined

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
  readonly #began: number
  readonly #timers = new Map<number, Timer>()
  #last = 0
  #moving: Promise<void> = Promise.resolve()
  #creeping: NodeJS.Timeout | undefined
  around: Surroundings = alone

  /** `from`: where it begins, in ms since 1970. */
  constructor(from: number) {
    this.#now = this.#began = from
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

  /** Has the whole process go by this clock. Throws where another one is in force. */
  set(): void {
    if (inForce !== undefined) throw new Error('another virtual clock is in force in this process; close its test board first')
    inForce = this
    const timeout = (run: (...given: unknown[]) => void, ms = 1, ...given: unknown[]) => this.#handle(ms, 0, () => run(...given))
    const interval = (run: (...given: unknown[]) => void, ms = 1, ...given: unknown[]) =>
      this.#handle(ms, Math.max(1, Number(ms) || 1), () => run(...given))
    const clear = (timer: unknown) => this.#clear(timer)
    Object.assign(globalThis, {
      setTimeout: timeout,
      setInterval: interval,
      clearTimeout: clear,
      clearInterval: clear,
      Date: datesOf(this),
    })
    performanceNow.now = () => this.#now - this.#began + 1
    AbortSignal.timeout = (ms) => {
      const late = new AbortController()
      this.#handle(ms, 0, () => late.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))).unref()
      return late.signal
    }
    promises.setTimeout = (ms: number, value: unknown, options?: { signal?: AbortSignal }) => this.#after(ms, value, options?.signal)
    syncBuiltinESMExports()
    this.#creep()
  }

  /** Gives the process its own clock back. */
  unset(): void {
    if (inForce !== this) return
    inForce = undefined
    real.clearInterval(this.#creeping)
    Object.assign(globalThis, ours)
    performanceNow.now = real.now
    AbortSignal.timeout = real.timeout
    promises.setTimeout = realAfter
    syncBuiltinESMExports()
    this.#timers.clear()
  }

  #handle(ms: unknown, every: number, run: () => void): Handle {
    const timer = this.#add(Math.max(1, Number(ms) || 1), every, false, run)
    return new Handle(
      timer,
      () => void this.#timers.delete(timer.id),
      () => {
        timer.due = this.#now + Math.max(1, Number(ms) || 1)
        this.#timers.set(timer.id, timer)
      },
    )
  }

  #clear(timer: unknown): void {
    if (timer instanceof Handle) timer.close()
    else if (typeof timer === 'number' || typeof timer === 'string') this.#timers.delete(Number(timer))
    // One that was made before this clock was set.
    else real.clearTimeout(timer as NodeJS.Timeout)
  }

  #after(ms: number, value: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const handle = this.#handle(ms, 0, () => resolve(value))
      signal?.addEventListener('abort', () => {
        handle.close()
        reject(signal.reason)
      })
    })
  }
}

/** What `setTimeout` gives back. */
class Handle {
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

/** `Date` by another clock; what is made of something else than now is a date as ever. */
function datesOf(clock: Clock): DateConstructor {
  return new Proxy(real.Date, {
    construct: (target, given, asked) => Reflect.construct(target, given.length === 0 ? [clock.now()] : given, asked),
    apply: () => new real.Date(clock.now()).toString(),
    get: (target, name) => (name === 'now' ? () => clock.now() : Reflect.get(target, name)),
  })
}
