/**
 * Whether the event loop moves, and which handler held it where it did not.
 *
 * How long the call of a handler took until it first gave the loop back is known exactly. That one held it later is told by a timer that
 * fires late, at least by what it is late beyond its pace. Such a one is seen first when the loop moves again, if it ends there: it is
 * named first then, and all that run are named with it.
 */

import type { Events, Label, RunInfo } from '../base/events.ts'
import type { Run } from './run.ts'
import { runInfo } from './telling.ts'

/** How often it is looked, in ms. */
const every = 250
/** The loop may be held for so long, in ms, before it is told. */
const tooLong = 250
/** So many are named at most. */
const most = 10

/** Feels the pulse of this process. */
export class Pulse {
  /** The longest the loop was held, in ms; whoever reads it sets it back. */
  lag = 0
  readonly #events: Events
  #timer: NodeJS.Timeout | undefined
  #seen = 0
  #holder: { readonly ms: number; readonly sure: boolean; readonly label: Label; readonly run: Run } | undefined

  constructor(events: Events) {
    this.#events = events
  }

  /** Begins to look, if it does not yet. `running`: what runs now. */
  start(running: () => Iterable<RunInfo>): void {
    let due = performance.now() + every
    this.moves(Date.now())
    this.#holder = undefined
    this.#timer ??= setInterval(() => {
      this.#look(Math.round(performance.now() - due), running)
      due = performance.now() + every
      this.moves(Date.now())
    }, every).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** It moves now: ms since 1970, which its callers know anyway. A clock that jumps names nobody, as long as the loop was not late. */
  moves(now: number): void {
    this.#seen = now
  }

  /** A run has given the loop back, now. `called`: when it was called, where that was in the same turn. */
  gave(label: Label, run: Run, now: number, called?: number): void {
    const ms = now - (called ?? this.#seen)
    this.#seen = now
    const sure = called !== undefined
    if (ms >= tooLong && (sure || this.#holder === undefined)) this.#holder = { ms, sure, label, run }
  }

  #look(late: number, running: () => Iterable<RunInfo>): void {
    const holder = this.#holder
    this.#holder = undefined
    const sure = holder?.sure === true
    // It was late by less than it was held, by what was left of the pace.
    const held = sure ? Math.min(holder.ms, late + every) : late
    this.lag = Math.max(this.lag, late, held)
    if (held < tooLong) return
    const named = holder === undefined ? [] : [runInfo(holder.label, holder.run)]
    this.#events.tell('blocked', { ms: held, by: sure ? named : [...named, ...running()].slice(0, most), sure })
  }
}
