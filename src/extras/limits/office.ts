/** What all limits of one board share: signs of life, who is gone, and one limiter for each name. */

import { CallboardError, type GateContext, type Records } from '../../index.ts'
import { Presence, presencePlace } from './presence.ts'

/** Something with a name that several gates share, in this process. */
export interface Shared {
  /** Called when the last of them closes. */
  close(): Promise<void>
}

/** A worker that was asked for is not asked for again for so many ms. */
const certain = 500
/** A sign of life that has not changed for its lease, and this many ms more, is over, whether the broker has forgotten it or not. */
const grace = 1000
/** What a sign says that others have ended. */
const over = 0

/** What is known of a holder: which sign it gave, since when it is the same one, and when that was asked. Times of this process. */
interface Sighting {
  readonly revision: number
  readonly since: number
  readonly at: number
  readonly gone: boolean
}

const offices = new WeakMap<Records, Office>()

/** What all limits of one board share. */
export class Office {
  readonly records: Records
  readonly #worker: string
  readonly #trouble: GateContext['trouble']
  readonly #presences = new Map<number, Presence>()
  readonly #shared = new Map<string, { readonly it: Shared; users: number }>()
  readonly #sightings = new Map<string, Sighting>()

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
    return this.#sightings.get(holder)?.gone === true
  }

  /** Looks whether a holder is gone, unless that was done just now. `lease`: of its sign, where that does not say. True: it is. */
  async look(holder: string, now: number, lease: number): Promise<boolean> {
    const known = this.#sightings.get(holder)
    if (known !== undefined && (known.gone || now - known.at < certain)) return known.gone
    this.#sightings.set(holder, { revision: 0, since: now, gone: false, ...known, at: now })
    const sign = await this.records.get<number>(presencePlace(this.records, holder))
    const seen = sighting(known, sign, now, lease)
    const gone = seen.gone && (sign === undefined || sign.value === over || (await this.#end(holder, sign.revision, lease)))
    this.#sightings.set(holder, { ...seen, gone })
    return gone
  }

  /** Ends a sign that the broker keeps, so that whoever gave it learns that it is over when it renews it. False: it was renewed meanwhile. */
  async #end(holder: string, revision: number, lease: number): Promise<boolean> {
    try {
      await this.records.put(presencePlace(this.records, holder), over, { revision, ttl: lease })
      return true
    } catch (error) {
      if (error instanceof CallboardError && error.code === 'ALREADY_EXISTS') return false
      throw error
    }
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

/**
 * What a look says. Pure. Who lives renews its sign several times within its lease, so one that stays the same for longer is over: no
 * clock but one's own is asked, and only for how much time has passed.
 */
export function sighting(
  known: Sighting | undefined,
  sign: { readonly revision: number; readonly value: number } | undefined,
  now: number,
  lease: number,
): Sighting {
  if (sign === undefined) return { revision: 0, since: now, at: now, gone: true }
  const { revision, value } = sign
  const since = known?.revision === revision ? known.since : now
  return { revision, since, at: now, gone: value === over || now - since > Math.max(value, lease) + grace }
}
