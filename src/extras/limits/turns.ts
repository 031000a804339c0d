/**
 * The times of a rate in this process, taken in blocks from the record on the broker that says which time is the next. A beginning asks
 * nobody as long as a time of the block has come.
 */

import { CallboardError, type Run } from '../../index.ts'
import { Line } from './line.ts'
import type { Office } from './office.ts'
import { ahead, behind, type Pace, Times, take } from './pace.ts'
import type { Presence } from './presence.ts'

const mostTries = 50

/** What turns need to know of their limit. */
export interface TurnsTerms {
  readonly office: Office
  readonly presence: Presence
  /** The pace now. */
  pace(): Pace
  trouble(error: unknown): void
}

/** The first time that nobody has taken, by the broker's clock. */
interface Next {
  readonly next: number
}

/** The turns of one limit, or of one key of it. */
export class Turns extends Line {
  readonly #terms: TurnsTerms
  readonly #place: string
  readonly #times = new Times()
  readonly seen = 0
  #revision = 0
  #next: number | undefined
  #taking = false
  #timer: NodeJS.Timeout | undefined
  /** Beginnings since the last block was taken, and when that was. */
  #used = 0
  #takenAt = 0
  #closed = false

  constructor(place: string, terms: TurnsTerms) {
    super()
    this.#place = place
    this.#terms = terms
  }

  get open(): boolean {
    return this.#times.ready(this.#now, this.#terms.pace())
  }

  get idle(): boolean {
    return this.waiting.size === 0 && !this.#taking && !(this.#now < (this.#next ?? 0)) && !this.#times.left(this.#now, this.#terms.pace())
  }

  enter(run: Run): undefined {
    this.waiting.delete(run)
    this.#times.use()
    this.#used++
  }

  seek(): void {
    if (this.#taking || this.#timer !== undefined || this.#closed) return
    if (this.#times.left(this.#now, this.#terms.pace())) this.#arm(this.#times.first as number)
    else void this.#take()
  }

  async tick(): Promise<void> {
    if (this.waiting.size > 0) this.#wake()
  }

  heard(): void {}

  changed(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.waiting.size > 0) this.seek()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.waiting.clear()
    clearTimeout(this.#timer)
  }

  get #now(): number {
    return this.#terms.presence.now
  }

  #arm(at: number): void {
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#wake()
      },
      Math.max(0, Math.min(at - this.#now, 60_000)),
    )
    this.#timer.unref()
  }

  #wake(): void {
    const due = this.#times.due(this.#now, this.#terms.pace())
    if (due > 0) this.ask(due)
    if (this.waiting.size > 0) this.seek()
  }

  /** Takes a block: for those who wait, and for as many as began lately. */
  async #take(): Promise<void> {
    this.#taking = true
    let retryAt: number | undefined
    try {
      if (!this.#terms.presence.there) await this.#terms.presence.renew()
      for (let tries = 0; tries < mostTries && retryAt === undefined; tries++) {
        const now = this.#now
        if (Number.isNaN(now)) return
        const pace = this.#terms.pace()
        const lately = now - this.#takenAt < 10 * ahead ? Math.ceil((this.#used * ahead) / Math.max(1, now - this.#takenAt)) : 0
        const block = take(this.#next, now, Math.max(this.waiting.size, lately), pace)
        if ('retryAt' in block) retryAt = block.retryAt
        else if (await this.#write(behind(block, pace), now, pace)) {
          this.#times.add(block, pace)
          this.#used = 0
          this.#takenAt = now
          break
        }
      }
    } catch (error) {
      // Those who wait are asked with the next tick.
      this.#terms.trouble(error)
      return
    } finally {
      this.#taking = false
    }
    // All who wait for the same time try at times of their own.
    if (retryAt !== undefined) this.#arm(retryAt + Math.random() * 5)
    else this.#wake()
  }

  /** False: somebody else has taken some; what is next was read anew. */
  async #write(next: number, now: number, { interval, burst }: Pace): Promise<boolean> {
    const { records } = this.#terms.office
    try {
      const ttl = Math.max(0, next - now) + burst * interval + 1000
      this.#revision = await records.put(this.#place, { next } satisfies Next, { revision: this.#revision, ttl })
      this.#next = next
      return true
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== 'ALREADY_EXISTS') throw error
      const found = await records.get<Next>(this.#place)
      this.#revision = found?.revision ?? 0
      this.#next = found?.value.next
      return false
    }
  }
}
