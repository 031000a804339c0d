/**
 * A page of the ledger that is being written: bytes in columns from the first entry on, so that nothing is kept per entry but its bytes.
 */

import { encode } from '../wire/codec.ts'
import { codes, type EntryKind, type EntryLabel, type EntryMore } from './ledger-entry.ts'

/** The longest id that is kept. */
const longestId = 200
const lineEnd = 10

/** Bytes that grow. */
export class Column {
  #bytes = Buffer.allocUnsafe(256)
  #at = 0

  /** A whole number of 0 or more, seven bits a byte, the lowest first; all bytes of a number but the last have the eighth bit set. */
  put(number: number): void {
    if (this.#at + 8 > this.#bytes.length) this.#grow(8)
    let rest = number
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#at++] = rest
  }

  /** Ids are short and ASCII, most of them: written here, which costs less than a call that leaves JavaScript. */
  text(text: string): void {
    if (this.#at + 3 * text.length > this.#bytes.length) this.#grow(3 * text.length)
    const bytes = this.#bytes
    let at = this.#at
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) {
        at = this.#at + bytes.write(text, this.#at)
        break
      }
      bytes[at++] = code
    }
    this.#at = at
  }

  #grow(more: number): void {
    this.#bytes = Buffer.concat([this.#bytes], 4 * this.#bytes.length + more)
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }
}

/** A label that is on the page, and its place there. */
interface Known extends Required<EntryLabel> {
  readonly at: number
}

/** A page that is being written. */
export class Page {
  readonly #labels: (string | 0 | 1)[][] = []
  /** By service and name, which are enough to tell most apart. */
  readonly #known = new Map<string, Map<string, Known[]>>()
  readonly #parents: string[] = []
  readonly #parentAt = new Map<string, number>()
  readonly #kinds = new Column()
  readonly #times = new Column()
  readonly #about = new Column()
  readonly #attempts = new Column()
  readonly #numbers = new Column()
  readonly #causes = new Column()
  readonly #ids = new Column()
  readonly #more: [number, EntryMore][] = []
  #first = 0
  #last: Known | undefined
  /** About how many bytes it takes. */
  size = 0
  /** How many entries it has. */
  length = 0

  /** Adds an entry. `number` is the place of what was stored, otherwise the ms of a run. */
  add(
    kind: EntryKind,
    at: number,
    about: EntryLabel,
    id: string,
    attempt: number,
    number: number,
    parent?: string,
    more?: EntryMore,
  ): void {
    if (this.length === 0) this.#first = at
    else this.#ids.put(lineEnd)
    this.length++
    this.#kinds.put(codes[kind])
    // A clock that goes back would make a negative number; the order of entries is their order here.
    this.#times.put(Math.max(0, at - this.#first))
    this.#about.put(this.#labelled(about))
    this.#ids.text(id.length > longestId ? id.slice(0, longestId) : id)
    this.#attempts.put(attempt)
    this.#numbers.put(Math.max(0, Math.round(number)))
    this.#causes.put(parent === undefined ? 0 : this.#caused(parent))
    this.size += id.length + 8
    if (more !== undefined) {
      this.#more.push([this.length - 1, more])
      this.size += 100 + (more.error?.message.length ?? 0)
    }
  }

  #labelled(about: EntryLabel): number {
    const { style, name, service = '', queue = '' } = about
    const last = this.#last
    // Most entries are about the same as the one before.
    if (last !== undefined && last.name === name && last.service === service && last.queue === queue && last.style === style) return last.at
    const byName = this.#known.get(service) ?? new Map<string, Known[]>()
    const alike = byName.get(name) ?? []
    let known = alike.find((each) => each.queue === queue && each.style === style)
    if (known === undefined) {
      known = { style, name, service, queue, at: this.#labels.push([style === 'implicit' ? 0 : 1, name, service, queue]) - 1 }
      this.#known.set(service, byName.set(name, [...alike, known]))
      this.size += name.length + service.length + queue.length + 10
    }
    this.#last = known
    return known.at
  }

  #caused(parent: string): number {
    let at = this.#parentAt.get(parent)
    if (at === undefined) {
      at = this.#parents.push(parent)
      this.#parentAt.set(parent, at)
      this.size += parent.length
    }
    return at
  }

  /** The page as it is stored. `dropped`: entries that were left out before it. */
  bytes(worker: string, dropped: number): Uint8Array {
    return encode({
      v: 1,
      worker,
      at: this.#first,
      kinds: this.#kinds.bytes,
      times: this.#times.bytes,
      labels: this.#labels,
      about: this.#about.bytes,
      ids: this.#ids.bytes,
      attempts: this.#attempts.bytes,
      numbers: this.#numbers.bytes,
      ...(this.#parents.length === 0 ? {} : { parents: this.#parents, causes: this.#causes.bytes }),
      ...(this.#more.length === 0 ? {} : { more: this.#more }),
      ...(dropped === 0 ? {} : { dropped }),
    })
  }
}
