/** The table as users have it: the last value of each key, with compare-and-set, expiry, and news of every change. */

import { decode, encode } from '../wire/codec.ts'
import { keyToken, type Names } from '../wire/names.ts'
import { shelf } from '../wire/stored.ts'
import type { Layout } from '../wire/streams.ts'
import type { Table } from '../wire/table.ts'

/** A value as it was put. */
export interface Record<Value = unknown> {
  /** Its key, as `Records.place` writes it. */
  readonly place: string
  /** Decoded when it is asked for. */
  readonly value: Value
  /** For compare-and-set; higher after each change. */
  readonly revision: number
  /** When the broker stored it, by the broker's clock, in ms since 1970. */
  readonly storedAt: number
}

/** How a value is put. */
export interface RecordOptions {
  /** Forgotten after so many ms. Default: never. Edge: whole seconds, at least one; up to 250 ms late. */
  readonly ttl?: number
  /** Only if the value has this revision; 0: only if there is none. Default: always. */
  readonly revision?: number
}

/**
 * Values that all processes of a namespace share. A key is a list of texts; the first says whose it is, so choose one that nobody else
 * has. All of it may throw what the broker throws.
 */
export interface Records {
  /** A key as one text. Long texts are hashed, so there is no way back. */
  place(...key: readonly string[]): string
  /** Puts a value; gives its revision. Throws ALREADY_EXISTS where it has another one than asked for. */
  put(place: string, value: unknown, options?: RecordOptions): Promise<number>
  get<Value>(place: string): Promise<Record<Value> | undefined>
  /** Removes the value of a revision, if it still is the value, without waiting for an answer. Nobody hears of it. */
  drop(revision: number): void
  /** Forgets a value, whatever it is. */
  forget(place: string): Promise<void>
  /** Hears of every value put under a key that is longer, while the connection lasts: what was missed meanwhile is read with `get`. Gives how to stop. */
  watch<Value>(place: string, hear: (record: Record<Value>) => void): () => void
  /** All values under a key that is longer, oldest first. */
  list<Value>(place: string): AsyncIterable<Record<Value>>
}

/** The records of a board. */
export function recordsOf(names: Names, table: Table, layout: Layout): Records {
  const live = names.live('own')
  return {
    place: (...key) => key.map(keyToken).join('.'),
    put: (place, value, options) => table.put(names.record('own', place), encode(value), options),
    async get<Value>(place: string) {
      const found = await table.get(names.record('own', place))
      return found && record<Value>(place, found.body, found.revision, () => found.headers.get('Nats-Time-Stamp'))
    },
    drop: (revision) => table.drop(revision),
    forget: (place) => table.forget(names.record('own', place)),
    watch: <Value>(place: string, hear: (record: Record<Value>) => void) =>
      table.watch(names.live('own', place, '>'), (body, headers, subject) =>
        hear(record(subject.slice(live.length + 1), body, Number(headers.get('Nats-Sequence')), () => headers.get('Nats-Time-Stamp'))),
      ),
    async *list<Value>(place: string) {
      const above = names.record('own').length + 1
      for await (const kept of shelf(layout, names.table).all(names.record('own', place, '>')))
        if (kept.body.length > 0)
          yield { place: kept.subject.slice(above), value: decode(kept.body) as Value, revision: kept.sequence, storedAt: kept.storedAt }
    },
  }
}

function record<Value>(place: string, body: Uint8Array, revision: number, time: () => string | undefined): Record<Value> {
  return {
    place,
    revision,
    get value() {
      return decode(body) as Value
    },
    get storedAt() {
      return Date.parse(time() ?? '')
    },
  }
}
