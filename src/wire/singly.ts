/**
 * Stores many messages one by one, as many under way as there is room for, where that is faster than in batches.
 *
 * The broker keeps each batch in a store of its own until it is complete, and then writes all of it once more. A server on its own that
 * does not sync each message stores single ones faster; one that does, or that has to hear its followers, stores
 * batches faster. The first is measured here, the second is known.
 */

import type { Outgoing } from './outgoing.ts'
import type { Stored } from './receipt.ts'

/** So many are sent first, to see how long they take. */
const probe = 256
/** One message takes longer than this only where each is synced, in ms: without that it takes a tenth of it. */
const unsynced = 0.1
/** How long what was seen holds, in ms. */
const holds = 60_000

/** Sends one message; exactly one of the two hears how it ended. */
export type Begin = (message: Outgoing, stored: (stored: Stored) => void, failed: (error: unknown) => void) => void

/** Messages, each made when its turn comes, once and in order. */
export interface Sequel<Each extends Outgoing> {
  readonly count: number
  at(index: number): Each
}

/** Hears where a message is stored. */
export type Hearing<Each extends Outgoing> = (index: number, message: Each, place: Stored) => void

/** Where one by one is the faster way. `room`: how many may be under way. */
export class Singly {
  readonly #begin: Begin
  readonly #room: number
  #faster = false
  #seen = Number.NEGATIVE_INFINITY

  constructor(begin: Begin, room: number) {
    this.#begin = begin
    this.#room = room
  }

  /**
   * Stores the messages, or as many of them as it takes to see that batches are faster here: gives how many, from the first on. Throws what the first
   * of them threw that was refused, when nothing is under way any more; nothing is begun after it.
   */
  async store<Each extends Outgoing>(messages: Sequel<Each>, stored: Hearing<Each>): Promise<number> {
    const { count } = messages
    if (performance.now() - this.#seen > holds) {
      // What its caller has still to do in this turn is not the broker's time.
      await undefined
      const since = performance.now()
      const first = Math.min(probe, count)
      await this.#run(messages, 0, first, stored)
      this.#seen = performance.now()
      this.#faster = this.#seen - since < first * unsynced
      if (this.#faster) await this.#run(messages, first, count, stored)
      return this.#faster ? count : first
    }
    if (this.#faster) await this.#run(messages, 0, count, stored)
    return this.#faster ? count : 0
  }

  #run<Each extends Outgoing>(messages: Sequel<Each>, from: number, to: number, stored: Hearing<Each>): Promise<void> {
    return new Promise((resolve, reject) => {
      let next = from
      let underWay = 0
      let failure: { readonly error: unknown } | undefined
      const fail = (error: unknown) => {
        failure ??= { error }
        ended()
      }
      const ended = () => {
        underWay--
        // The next leave in as few writes as possible, while the broker still works at the others.
        if (underWay <= this.#room / 2) more()
      }
      const more = () => {
        while (underWay < this.#room && next < to && failure === undefined) {
          const index = next++
          underWay++
          let message: Each
          try {
            message = messages.at(index)
          } catch (error) {
            underWay--
            failure = { error }
            break
          }
          this.#begin(
            message,
            (place) => {
              stored(index, message, place)
              ended()
            },
            fail,
          )
        }
        if (underWay > 0) return
        if (failure !== undefined) reject(failure.error)
        else if (next >= to) resolve()
      }
      more()
    })
  }
}
