/** Notes about deliveries, kept in the table: read and written only when something was retried, drained or lost. */

import type { Note } from '../runtime/attempt.ts'
import type { Memory } from '../runtime/binding.ts'
import { decode, encode } from '../wire/codec.ts'
import type { Core } from './core.ts'

/** Longer than anything waits for its next attempt. */
const month = 30 * 86_400_000

/** The notes about the deliveries of one consumer. */
export function memory(core: Core, stream: string, consumer: string): Memory {
  const key = (sequence: number) => core.names.record('memory', stream, consumer, String(sequence))
  return {
    async recall({ sequence }) {
      const found = await core.table.get(key(sequence))
      return found && (decode(found.body) as Note)
    },
    async note({ sequence }, note) {
      await core.table.put(key(sequence), encode(note), { ttl: month })
    },
    forget: ({ sequence }) => core.table.forget(key(sequence)),
  }
}
