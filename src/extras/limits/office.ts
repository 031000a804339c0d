/** What all limits of one board share: signs of life, who is gone, and one limiter for each name. */

import type { GateContext, Records } from '../../index.ts'
import { Presence, presencePlace } from './presence.ts'

/** Something with a name that several gates share, in this process. */
export interface Shared {
  /** Called when the last of them closes. */
  close(): Promise<void>
}

/** A worker that was asked for is not asked for again for so many ms. */
const certain = 500

const offices = new WeakMap<Records, Office>()

/** What all limits of one board share. */
export class Office {
  readonly records: Records
  readonly #worker: string
  readonly #trouble: GateContext['trouble']
  readonly #presences = new Map<number, Presence>()
  readonly #shared = new Map<string, { readonly it: Shared; users: number }>()
  readonly #gone = new Map<string, { gone: boolean; at: number }>()

  private constructor({ records, worker, trouble }: GateContext) {
    this.records = records
    this.#worker = worker
    this.#trouble = trouble
  }

  /** The office of the board that a gate belongs to. */
  static of(context: GateContext): Office {
    const office = offices.get(context.records) ?? new Office(context)
    offices.set(context.records, office)
    return office
  }

  /** The sign of life with this lease, in ms. One worker may have several. */
  presence(lease: number): Presence {
    let presence = this.#presences.get(lease)
    if (presence === undefined) {
      presence = new Presence(this.records, `${this.#worker}~${lease}`, lease, (error) =>
        this.#trouble('a sign of life of the limits was not stored; nothing new begins until it is', error),
      )
      this.#presences.set(lease, presence)
    }
    return presence
  }

  /** Whether a holder is known to be gone. */
  gone(holder: string): boolean {
    return this.#gone.get(holder)?.gone === true
  }

  /** Looks whether a holder is gone, unless that was done just now. True: it is. */
  async look(holder: string, now: number): Promise<boolean> {
    const known = this.#gone.get(holder)
    if (known !== undefined && (known.gone || now - known.at < certain)) return known.gone
    const found = { gone: false, at: now }
    this.#gone.set(holder, found)
    found.gone = (await this.records.get(presencePlace(this.records, holder))) === undefined
    return found.gone
  }

  /** The limiter of a name: the one that is there, or a new one. Gives it, and how to leave it. */
  share<T extends Shared>(name: string, make: () => T): { readonly it: T; readonly leave: () => Promise<void> } {
    const entry = this.#shared.get(name) ?? { it: make(), users: 0 }
    this.#shared.set(name, entry)
    entry.users++
    return {
      it: entry.it as T,
      leave: async () => {
        if (--entry.users > 0) return
        this.#shared.delete(name)
        await entry.it.close()
        if (this.#shared.size > 0) return
        for (const presence of this.#presences.values()) presence.close()
        this.#presences.clear()
        offices.delete(this.records)
      },
    }
  }
}
