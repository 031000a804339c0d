/**
 * A worker's sign of life, and the broker's time.
 *
 * The sign is a record that the broker forgets when it is not renewed: by the broker's clock, so that nobody's own clock decides who
 * is dead. A worker counts itself as there only until what it last sent would have been forgotten, and comes back under another name
 * when it was.
 */

import { performance } from 'node:perf_hooks'
import { CallboardError, type Records } from '../../index.ts'

/** Renewed so many times within a lease. */
const renewals = 4

/** A worker's sign of life. */
export class Presence {
  readonly #records: Records
  readonly #worker: string
  readonly #lease: number
  readonly #trouble: (error: unknown) => void
  #lives = 0
  #revision = 0
  #until = Number.NEGATIVE_INFINITY
  #renewing: Promise<void> | undefined
  readonly #timer: NodeJS.Timeout
  #offsets: { offset: number; error: number }[] = []
  #offset = Number.NaN
  /** Who hears when it came back under another name (true), and when it is there again (false). */
  readonly #heard = new Set<(renamed: boolean) => void>()

  constructor(records: Records, worker: string, lease: number, trouble: (error: unknown) => void) {
    this.#records = records
    this.#worker = worker
    this.#lease = lease
    this.#trouble = trouble
    this.#timer = setInterval(() => void this.renew(), lease / renewals)
    this.#timer.unref()
  }

  /** How this worker is called in claims; another name after it was forgotten. */
  get name(): string {
    return `${this.#worker}#${this.#lives}`
  }

  /** Whether the broker still knows of it. */
  get there(): boolean {
    return performance.now() < this.#until
  }

  /** The broker's time, in ms since 1970; NaN before the first sign. */
  get now(): number {
    return performance.now() + this.#offset
  }

  /** Hears of changes. Gives how to stop. */
  hear(listener: (renamed: boolean) => void): () => void {
    this.#heard.add(listener)
    return () => this.#heard.delete(listener)
  }

  #tell(renamed: boolean): void {
    for (const listener of this.#heard) listener(renamed)
  }

  /** Renews the sign. Never throws. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined
    })
    return this.#renewing
  }

  async #renew(): Promise<void> {
    const was = this.there
    try {
      const sent = performance.now()
      const place = presencePlace(this.#records, this.name)
      this.#revision = await this.#records.put(place, 1, { ttl: this.#lease, revision: this.#revision })
      const answered = performance.now()
      this.#until = sent + this.#lease
      const storedAt = (await this.#records.get(place))?.storedAt
      // It was stored between the question and the answer.
      if (storedAt !== undefined) this.#measured(storedAt - (sent + answered) / 2, (answered - sent) / 2)
      if (!was) this.#tell(false)
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== 'ALREADY_EXISTS') return this.#trouble(error)
      this.#lives++
      this.#revision = 0
      this.#until = Number.NEGATIVE_INFINITY
      this.#tell(true)
      await this.#renew()
    }
  }

  #measured(offset: number, error: number): void {
    if (Number.isNaN(offset)) return
    this.#offsets = [...this.#offsets.slice(-7), { offset, error }]
    this.#offset = this.#offsets.reduce((a, b) => (b.error < a.error ? b : a)).offset
  }

  /** Gives the sign up at once. */
  close(): void {
    clearInterval(this.#timer)
    if (this.#revision > 0) this.#records.drop(this.#revision)
    this.#until = Number.NEGATIVE_INFINITY
  }
}

/** Where the sign of a worker is kept. */
export const presencePlace = (records: Records, name: string): string => records.place('limit', 'here', name)
