/** Atomic batches on their way: gathered by their id until the last message has come. */

import type { Clock } from './clock.ts'
import { type Fields, fieldOf } from './header.ts'
import { refuse } from './refused.ts'
import type { Arrival } from './store.ts'

/** Most messages of one batch. */
const most = 1000
/** Batches on their way to one stream at most. */
const mostOpen = 50
/** A batch that nobody goes on with is given up after so long, in ms. */
const patience = 10_000

/** The batches of one stream. */
export class Batches {
  readonly #clock: Clock
  readonly #open = new Map<string, { readonly members: Arrival[]; until: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Adds a message to its batch. Gives all of them when it was the last; throws what the broker refuses. */
  add(id: string, arrival: Arrival, fields: Fields): readonly Arrival[] | undefined {
    const now = this.#clock.now()
    for (const [other, { until }] of this.#open) if (until <= now) this.#open.delete(other)
    const sequence = Number(fieldOf(fields, 'Nats-Batch-Sequence'))
    const commit = fieldOf(fields, 'Nats-Batch-Commit')
    if (id.length > 64) throw refuse(400, 10179, 'atomic publish batch ID is invalid')
    if (!(sequence >= 1)) throw refuse(400, 10175, 'atomic publish sequence is missing')
    const members = sequence === 1 ? this.#begin(id, now) : this.#open.get(id)
    if (members === undefined || members.members.length !== sequence - 1) {
      this.#open.delete(id)
      throw refuse(400, 10176, 'atomic publish batch is incomplete')
    }
    if (sequence > most) {
      this.#open.delete(id)
      throw refuse(400, 10199, `atomic publish batch is too large: ${most}`)
    }
    members.until = now + patience
    if (commit !== 'eob') members.members.push(arrival)
    if (commit === undefined) return undefined
    this.#open.delete(id)
    return members.members
  }

  #begin(id: string, now: number) {
    if (this.#open.size >= mostOpen) throw refuse(429, 10210, 'too many inflight atomic publish batches')
    const members = { members: [] as Arrival[], until: now + patience }
    this.#open.set(id, members)
    return members
  }

  clear(): void {
    this.#open.clear()
  }
}
