/**
 * The places of a limit in this process: how many are held, in use, and wanted; and the book on the broker by which workers agree.
 * A beginning asks nobody as long as a held place is free.
 */

import { performance } from 'node:perf_hooks'
import { CallboardError, type Run } from '../../index.ts'
import { Line } from './line.ts'
import type { Office } from './office.ts'
import type { Presence } from './presence.ts'
import { allot, type Book, type Need, nextClaim, wanting, written } from './share.ts'

/** Whoever has held on for so many ms gives way to who has nothing. */
const quantum = 100
/** A book that nobody writes is forgotten after this long, in ms; whoever still has a claim in it writes it anew before. */
const kept = 3_600_000
/** Tries to write a book that others write too. */
const mostTries = 50

/** What places need to know of their limit. */
export interface PlacesTerms {
  readonly office: Office
  readonly presence: Presence
  /** The limit now. */
  limit(): number
  /** Handlers that this process may run at once. */
  slots(): number
  trouble(error: unknown): void
}

/** The places of one limit, or of one key of it. */
export class Places extends Line {
  readonly #terms: PlacesTerms
  readonly #place: string
  #book: Book = {}
  /** For compare-and-set; 0: there is no book. */
  #revision = 0
  /** News up to here are old. */
  #seen: number
  #held = 0
  #inUse = 0
  #peak = 0
  #since = 0
  #writtenAt = 0
  #readAt = 0
  #writing: Promise<void> | undefined
  #dirty = false
  #settling = false
  /** Others want more than they hold. */
  #wanted = false
  /** More is held than the limit allows: so many of one's own may be in use. */
  #cap = Number.POSITIVE_INFINITY

  constructor(place: string, terms: PlacesTerms, seen: number) {
    super()
    this.#place = place
    this.#terms = terms
    this.#seen = seen
  }

  get open(): boolean {
    return this.#held > this.#inUse && this.#inUse < this.#cap && this.#terms.presence.there
  }

  get idle(): boolean {
    return this.#held + this.#inUse + this.waiting.size === 0 && this.#book[this.#me] === undefined && this.#writing === undefined
  }

  get seen(): number {
    return this.#seen
  }

  enter(run: Run): () => void {
    this.waiting.delete(run)
    this.#inUse++
    if (this.#inUse > this.#peak) this.#peak = this.#inUse
    return this.#leave
  }

  readonly #leave = (): void => {
    this.#inUse--
    if (this.#wanted || this.#cap !== Number.POSITIVE_INFINITY) this.#look(false)
    this.#wake()
  }

  seek(): void {
    this.#look(false)
  }

  #wake(): void {
    if (this.waiting.size > 0 && this.open) this.ask(Math.min(this.#held, this.#cap) - this.#inUse)
  }

  heard(record: { readonly value: unknown; readonly revision: number }): void {
    if (record.revision <= this.#seen) return
    this.#read(record.value as Book, record.revision)
    this.#look(false)
    this.#wake()
  }

  async tick(): Promise<void> {
    try {
      this.#wake()
      const now = performance.now()
      if (this.waiting.size > 0 && !this.open) {
        if (now - this.#readAt > 2000 && this.#writing === undefined) await this.#reread()
        const { office, presence } = this.#terms
        const holders = Object.keys(this.#book).filter((holder) => holder !== this.#me)
        const looks = await Promise.all(holders.map((holder) => office.look(holder, now, presence.lease)))
        if (looks.includes(true)) await this.#write(false)
      }
      this.#look(true)
      this.#peak = this.#inUse
      if (this.#held > 0 && now - this.#writtenAt > kept / 2) await this.#write(false)
    } catch (error) {
      this.#terms.trouble(error)
    }
  }

  changed(renamed: boolean): void {
    if (renamed) this.#held = 0
    this.#measure()
    this.#look(false)
    this.#wake()
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    this.waiting.clear()
    this.#peak = 0
    await this.#writing
    if (this.#book[this.#me] !== undefined) await this.#write(true)
  }

  get #me(): string {
    return this.#terms.presence.name
  }

  #need(settling: boolean): Need {
    const busy = this.#inUse + this.waiting.size
    // What is idle is kept for a while, unless somebody else has use for it.
    const idle = this.#wanted ? 0 : settling ? this.#peak : this.#held
    return {
      inUse: this.#inUse,
      wants: Math.min(this.#terms.slots(), Math.max(idle, busy)),
      yields: performance.now() - this.#since > quantum,
    }
  }

  /** Writes where something would come of it. `settling`: also where less is needed. */
  #look(settling: boolean): void {
    const before = this.#book[this.#me]
    const next = nextClaim(this.#book, this.#me, this.#terms.limit(), this.#need(settling))
    const [held, wants] = [next?.held ?? 0, next?.wants ?? 0]
    const asks = this.waiting.size > 0 && !this.open && (held > this.#held || wants > (before?.wants ?? 0))
    const owns = this.#inUse > this.#held
    const gives = held < this.#held && (settling || this.#wanted || this.#cap !== Number.POSITIVE_INFINITY)
    const yields = this.#held > 0 && before !== undefined && next !== undefined && next.turn !== before.turn
    if (asks || owns || gives || yields || (settling && before !== undefined && next === undefined)) void this.#write(settling)
  }

  #write(settling: boolean): Promise<void> {
    this.#dirty = true
    this.#settling = settling
    this.#writing ??= this.#writeAll()
      .catch((error: unknown) => this.#terms.trouble(error))
      .finally(() => {
        this.#writing = undefined
        this.#wake()
      })
    return this.#writing
  }

  async #writeAll(): Promise<void> {
    if (!this.#terms.presence.there) await this.#terms.presence.renew()
    for (let tries = 0; this.#dirty && tries < mostTries; tries++) {
      this.#dirty = false
      if (!(await this.#writeOnce())) this.#dirty = true
    }
  }

  /** False: somebody else wrote before; it is read anew and decided again. */
  async #writeOnce(): Promise<boolean> {
    const { office, presence } = this.#terms
    if (!presence.there) return true
    const claim = nextClaim(this.#book, this.#me, this.#terms.limit(), this.#need(this.#settling))
    const book = written(this.#book, this.#me, claim, (holder) => office.gone(holder))
    // What is given back is not used any more while it is being written.
    this.#held = Math.min(this.#held, claim?.held ?? 0)
    const empty = Object.keys(book).length === 0
    if (empty && this.#revision === 0) return true
    try {
      const name = this.#me
      const revision = await office.records.put(this.#place, book, { revision: this.#revision, ttl: empty ? 1000 : kept })
      this.#writtenAt = performance.now()
      if (name !== this.#me) return false
      if (revision > this.#seen) this.#read(book, revision)
      return true
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== 'ALREADY_EXISTS') throw error
      await this.#reread()
      return false
    }
  }

  async #reread(): Promise<void> {
    const found = await this.#terms.office.records.get<Book>(this.#place)
    if (found === undefined) this.#read({}, 0)
    // A copy of the table may lag behind what this line has read; how far other lines have come says nothing of it.
    else if (found.revision >= this.#revision) this.#read(found.value, found.revision)
  }

  #read(book: Book, revision: number): void {
    const [before, now] = [this.#book[this.#me], book[this.#me]]
    if (before?.turn !== now?.turn || (this.#held === 0 && (now?.held ?? 0) > 0)) this.#since = performance.now()
    this.#book = book
    this.#revision = revision
    this.#seen = Math.max(this.#seen, revision)
    this.#held = now?.held ?? 0
    this.#readAt = performance.now()
    this.#measure()
  }

  /** What is asked with every run is worked out once for each book. */
  #measure(): void {
    const claims = Object.entries(this.#book).map(([holder, claim]) => ({ holder, ...claim }))
    const limit = this.#terms.limit()
    this.#wanted = wanting(this.#book, this.#me)
    const over = claims.reduce((sum, { held }) => sum + held, 0) > limit
    this.#cap = over ? (allot(limit, claims).get(this.#me) ?? 0) : Number.POSITIVE_INFINITY
  }
}
