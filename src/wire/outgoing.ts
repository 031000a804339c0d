/** A message on its way to the broker, and whether the broker takes one of its size. */

import { fault } from '../base/errors.ts'
import { type Head, headSize } from './frames.ts'

/** Where a body lies. Size in bytes; the digest is SHA-256 in base64url. */
export interface Reference {
  readonly id: string
  readonly size: number
  readonly pieces: number
  readonly digest: string
}

/** A body on its way to the place beside its message. */
export interface Beside extends Reference {
  readonly body: Uint8Array
  /** Bytes of one piece. */
  readonly piece: number
  /** How long it is kept if nobody removes it, in ms. */
  readonly ttl: number
}

/** A message to store. The headers must carry its id. */
export interface Outgoing {
  readonly subject: string
  readonly headers: Head
  readonly body: Uint8Array
  /** A body that is to be stored beside it, before it; the headers refer to it. */
  readonly beside?: Beside
}

/** How many bytes of a message count against the limit of the broker. */
export const sizeOf = (message: Outgoing): number => headSize(message.headers) + message.body.length

/** What a place in a batch adds to the headers of a message, at most. */
const batchHeaders = 110

/** Refuses what is larger than the broker takes, of one message or of a batch. */
export function overweight(message: Outgoing, batch: readonly Outgoing[] | undefined, limit: number): Error | undefined {
  if (batch === undefined) return sizeOf(message) > limit ? tooLarge(sizeOf(message), limit) : undefined
  const most = limit - batchHeaders
  for (const each of batch) if (sizeOf(each) > most) return tooLarge(sizeOf(each), limit)
  return undefined
}

/** The error for a message that the broker would not take. */
export function tooLarge(size: number, limit: number): Error {
  return fault('PAYLOAD_TOO_LARGE', `The message has ${size} bytes with its headers, the broker takes ${limit}.`, {
    details: { size, limit },
  })
}
