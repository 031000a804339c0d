/**
 * A worker's sign of life, and the broker's time.
 *
 * The sign is a record that the broker forgets when it is not renewed. A worker counts itself as there only until what it last sent
 * would have been forgotten, and comes back under another name when it was. The record says for how long it holds, so that others know
 * it for over even where the broker does not forget it.
 */

import { performance } from 'node:perf_hooks'
import { atMost } from '../../base/deadline.ts'
import { CallboardError, type Records } from '../../index.ts'

/** Renewed so many times within a lease. */
const renewals = 4

/** A worker's sign of life. */
export class Presence {
  readonly #records: Records
  readonly #worker: string
  /** For how long a sign holds, in ms. */
  readonly lease: number
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
    this.lease = lease
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

  /** Renews the sign. Never throws. What is not answered within the lease is not waited for. */
  renew(): Promise<void> {
    this.#renewing ??= atMost(this.lease, this.#renew()).finally(() => {
      this.#renewing = undefined
    })
    return this.#renewing
  }

  async #renew(): Promise<void> {
    const { name, there: was } = this
    const place = presencePlace(this.#records, name)
    try {
      const sent = performance.now()
      const revision = await this.#records.put(place, this.lease, { ttl: this.lease, revision: this.#revision })
      const answered = performance.now()
      if (name !== this.name) return
      this.#revision = Math.max(this.#revision, revision)
      this.#until = Math.max(this.#until, sent + this.lease)
      const measured = this.#measure(place, sent, answered)
      if (Number.isNaN(this.#offset)) await measured
      if (!was) this.#tell(false)
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== 'ALREADY_EXISTS') return this.#trouble(error)
      if (name === this.name) await this.#met(place)
    }
  }

  /** Another sign than the last one that was answered: one's own that was not, or none, where it was forgotten. */
  async #met(place: string): Promise<void> {
    const own = this.there ? await this.#records.get(place).catch(() => undefined) : undefined
    if (own !== undefined) this.#revision = own.revision
    else {
      this.#lives++
      this.#revision = 0
      this.#until = Number.NEGATIVE_INFINITY
      this.#tell(true)
    }
    await this.#renew()
  }

  async #measure(place: string, sent: number, answered: number): Promise<void> {
    const storedAt = (await this.#records.get(place).catch(() => undefined))?.storedAt
    // It was stored between the question and the answer.
    if (storedAt !== undefined) this.#measured(storedAt - (sent + answered) / 2, (answered - sent) / 2)
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
