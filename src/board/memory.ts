/**
 * Notes about deliveries, kept in the table: read and written only when something was retried, drained or lost.
 *
 * What this process noted itself it does not read again: where a delivery comes back as the very next hand-over, nobody else
 * can have had it in between.
 */

import type { Note } from '../runtime/attempt.ts'
import type { Memory } from '../runtime/binding.ts'
import { decode, encode } from '../wire/codec.ts'
import type { Core } from './core.ts'

/** Longer than anything waits for its next attempt. */
const month = 30 * 86_400_000
/** Own notes remembered at most, each with the stacks of its failures; most deliveries come again elsewhere. What is beyond is read from the table. */
const mostOwn = 250

interface Own {
  readonly note: Note
  readonly revision: number
}

/** The notes about the deliveries of one consumer. */
export function memory(core: Core, stream: string, consumer: string): Memory {
  const key = (sequence: number) => core.names.record('memory', stream, consumer, String(sequence))
  const own = new Map<number, Own>()

  function keep(sequence: number, noted: Own): void {
    own.delete(sequence)
    own.set(sequence, noted)
    const oldest = own.size > mostOwn ? own.keys().next().value : undefined
    if (oldest !== undefined) own.delete(oldest)
  }

  return {
    async recall({ sequence, count }) {
      const mine = own.get(sequence)
      if (mine !== undefined && mine.note.count === count - 1) return mine.note
      own.delete(sequence)
      const found = await core.table.get(key(sequence))
      return found && (decode(found.body) as Note)
    },
    async note({ sequence }, note) {
      const revision = await core.table.put(key(sequence), encode(note), { ttl: month })
      keep(sequence, { note, revision })
    },
    async forget({ sequence }) {
      const mine = own.get(sequence)
      own.delete(sequence)
      if (mine !== undefined) core.table.drop(mine.revision)
      else await core.table.forget(key(sequence))
    },
  }
}
