/** Reading and removing single stored messages, beside all consumers. */

import type { StoredMsg } from '@nats-io/jetstream'
import { Headers } from './envelope.ts'
import { codeOf, told } from './refusal.ts'
import type { Layout } from './streams.ts'

/** A message as it lies in a stream. */
export interface Kept {
  readonly subject: string
  readonly body: Uint8Array
  readonly headers: Headers
  readonly sequence: number
  /** ms since 1970. */
  readonly storedAt: number
}

/** One stream, seen from beside. */
export interface Shelf {
  /** The message at a place; undefined if there is none, or no stream. */
  at(sequence: number): Promise<Kept | undefined>
  /** The last message of a subject, which may have wildcards. */
  last(subject: string): Promise<Kept | undefined>
  /** The first message of a subject at or behind a place. */
  next(subject: string, sequence: number): Promise<Kept | undefined>
  /** All messages of a subject, oldest first, from a place on. */
  all(subject: string, from?: number): AsyncIterable<Kept>
  /** The messages of a subject that were stored at or after an instant, oldest first. */
  since(subject: string, time: number): AsyncIterable<Kept>
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
  const found = async (query: { seq: number } | { last_by_subj: string } | { seq: number; next_by_subj: string }) => {
    const message = await manager.streams.getMessage(stream, query).catch(missing)
    return message ? keptOf(message) : undefined
  }

  /** All of a subject from a place or an instant on, page by page. */
  async function* read(subject: string, from: { seq: number } | { start_time: Date }): AsyncGenerator<Kept> {
    const info = await manager.streams.info(stream).catch(missing)
    let next: typeof from | undefined = info && info.state.messages > 0 ? from : undefined
    while (info && next !== undefined) {
      let last = 0
      const batch = await manager.direct
        .getBatch(stream, { ...next, batch: page, next_by_subj: subject })
        .catch((error) => told(error, stream))
      try {
        for await (const message of batch) {
          last = message.seq
          // What is stored while we read may come of what the reader does: it would have no end.
          if (last > info.state.last_seq) return
          yield keptOf(message)
        }
      } catch (error) {
        // Nothing was stored since.
        if (!/not found/i.test((error as Error).message)) throw error
      }
      next = last === 0 || last >= info.state.last_seq ? undefined : { seq: last + 1 }
    }
  }

  return {
    at: (sequence) => found({ seq: sequence }),
    last: (subject) => found({ last_by_subj: subject }),
    next: (subject, sequence) => found({ seq: sequence, next_by_subj: subject }),
    all: (subject, from = 1) => read(subject, { seq: Math.max(1, from) }),
    since: (subject, time) => read(subject, { start_time: new Date(time) }),
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
    storedAt: message.time.getTime(),
  }
}
