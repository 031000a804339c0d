/** Reading and removing single stored messages, beside all consumers. */

import type { StoredMsg } from '@nats-io/jetstream'
import { Headers } from './envelope.ts'
import { codeOf, type Layout, told } from './streams.ts'

/** A message as it lies in a stream. */
export interface Kept {
  readonly subject: string
  readonly body: Uint8Array
  readonly headers: Headers
  readonly sequence: number
}

/** One stream, seen from beside. */
export interface Shelf {
  /** The message at a place; undefined if there is none, or no stream. */
  at(sequence: number): Promise<Kept | undefined>
  /** The last message of a subject, which may have wildcards. */
  last(subject: string): Promise<Kept | undefined>
  /** All messages of a subject, oldest first. */
  all(subject: string): AsyncIterable<Kept>
  /** Removes one; false if it was not there. */
  remove(sequence: number): Promise<boolean>
  /** Removes all of a subject; gives how many. */
  purge(subject: string): Promise<number>
}

/** Read at once. */
const page = 256
/** No message, stream not found, sequence not found. */
const absent = new Set([10037, 10059, 10043])

/** One stream, seen from beside. */
export function shelf({ manager }: Layout, stream: string): Shelf {
  const missing = (error: unknown) => (absent.has(codeOf(error)) ? undefined : told(error, stream))
  const found = async (query: { seq: number } | { last_by_subj: string }) => {
    const message = await manager.streams.getMessage(stream, query).catch(missing)
    return message ? keptOf(message) : undefined
  }
  return {
    at: (sequence) => found({ seq: sequence }),
    last: (subject) => found({ last_by_subj: subject }),
    async *all(subject) {
      const info = await manager.streams.info(stream).catch(missing)
      let next = info && info.state.messages > 0 ? info.state.first_seq : Number.POSITIVE_INFINITY
      while (info && next <= info.state.last_seq) {
        let read = 0
        const batch = await manager.direct
          .getBatch(stream, { seq: next, batch: page, next_by_subj: subject })
          .catch((error) => told(error, stream))
        for await (const message of batch) {
          read++
          next = message.seq + 1
          yield keptOf(message)
        }
        if (read === 0) return
      }
    },
    remove: async (sequence) => (await manager.streams.deleteMessage(stream, sequence, false).catch(missing)) === true,
    purge: async (subject) => (await manager.streams.purge(stream, { filter: subject }).catch((error) => told(error, stream))).purged,
  }
}

function keptOf(message: StoredMsg): Kept {
  return {
    subject: message.subject,
    body: message.data,
    headers: new Headers(Buffer.from(message.header.toString())),
    sequence: message.seq,
  }
}
