/**
 * Bodies that are too large for a message: stored beside it in pieces, with a digest; the message carries a reference and no body.
 *
 * Pieces are stored before the message that points to them, so whoever sees the message finds them. Each has a time to live,
 * chosen by who stores it to be longer than that message can live: what a crash leaves behind goes by itself.
 * source: claim check, a pattern of enterprise integration; here ticket and luggage are kept by the same broker
 */

import { createHash } from 'node:crypto'
import { fault } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { type Headers, header, headerBlock } from './envelope.ts'
import type { Names } from './names.ts'
import type { Beside, Outgoing, Reference } from './outgoing.ts'
import type { Publisher } from './publisher.ts'
import { type Shelf, shelf } from './stored.ts'
import type { Layout } from './streams.ts'

/** The largest body that is kept beside, in bytes: sender and worker hold it in memory as a whole. */
export const mostBeside = 100 * 1024 * 1024

const pieceSize = 512 * 1024
/** Pieces under way at a time, far below what the broker buffers for one client. */
const atOnce = 8

/** A body to be stored beside. `limit`: what the broker takes as one message; it also tells of a piece in base64, so two fit. */
export function beside(body: Uint8Array, limit: number, ttl: number): Beside {
  const piece = Math.min(pieceSize, Math.floor(limit / 2))
  return { id: newId(), size: body.length, pieces: Math.ceil(body.length / piece), digest: digestOf(body), body, piece, ttl }
}

/** What the message says of it. */
export const referenceField = ({ id, size, pieces, digest }: Reference): [string, string] => [
  header.object,
  `${id} ${size} ${pieces} ${digest}`,
]

/** Whether the body of a message lies beside it. */
export const isBeside = (headers: Headers): boolean => !headers.plain && headers.get(header.object) !== undefined

/** Where the body of a message lies; undefined: in the message, or nobody can tell. */
export function referenceIn(headers: Headers): Reference | undefined {
  const text = headers.plain ? undefined : headers.get(header.object)
  if (text === undefined) return undefined
  const [, id, size, pieces, digest] = /^([0-9A-Z]{26}) (\d{1,9}) (\d{1,6}) ([\w-]{43})$/.exec(text) ?? []
  return id === undefined || digest === undefined || Number(size) > mostBeside
    ? undefined
    : { id, size: Number(size), pieces: Number(pieces), digest }
}

/** A publisher that stores what lies beside a message before the message. `declare` sees to their stream; undefined: it is there. */
export function besides(publisher: Publisher, names: Names, declare: () => Promise<void> | undefined): Publisher {
  async function put({ id, pieces, piece, body, ttl }: Beside, signal: AbortSignal | undefined): Promise<void> {
    await declare()
    // Another one for each time it is stored: a body that was removed meanwhile is not taken for one that is there.
    const time = newId()
    await several(pieces, async (n) => {
      const fields: [string, string][] = [
        [header.id, `${time}.${n}`],
        [header.ttl, `${Math.ceil(ttl / 1000)}s`],
      ]
      const at = n * piece
      await publisher.publish({ subject: names.object(id, n), headers: headerBlock(fields), body: body.subarray(at, at + piece) }, signal)
    })
  }

  async function first<T>(messages: readonly Outgoing[], signal: AbortSignal | undefined, then: () => Promise<T>): Promise<T> {
    for (const { beside } of messages) if (beside !== undefined) await put(beside, signal)
    return then()
  }

  return {
    publish: (message, signal, as) =>
      message.beside === undefined
        ? publisher.publish(message, signal, as)
        : first([message], signal, () => publisher.publish(message, signal, as)),
    publishBatch: (messages, signal) =>
      messages.every((each) => each.beside === undefined)
        ? publisher.publishBatch(messages, signal)
        : first(messages, signal, () => publisher.publishBatch(messages, signal)),
    // Who sends so many at once has looked that none of them lies beside.
    publishEach: publisher.publishEach,
    get pending() {
      return publisher.pending
    },
    close: () => publisher.close(),
  }
}

/** Reads a body. Throws BODY_LOST where it is not there as it was stored, and other errors where it cannot be read just now. */
export async function fetchBody(layout: Layout, names: Names, { id, size, pieces, digest }: Reference): Promise<Uint8Array> {
  const kept = shelf(layout, names.objects)
  const found: Uint8Array[] = new Array(pieces)
  await several(pieces, async (n) => {
    const piece = await pieceAt(layout, kept, names.objects, names.object(id, n))
    if (piece === undefined)
      throw fault('BODY_LOST', `Piece ${n + 1} of ${pieces} of the body ${id} is missing.`, {
        details: { id, size, pieces, missing: n + 1 },
      })
    found[n] = piece
  })
  const body = Buffer.concat(found)
  if (body.length === size && digestOf(body) === digest) return body
  throw fault('BODY_LOST', `The body ${id} is not what was stored: ${body.length} of ${size} bytes, and its digest differs.`, {
    details: { id, size, pieces, found: body.length },
  })
}

/** A copy of the stream may lag behind; only its leader can say that something is not there. */
async function pieceAt({ manager }: Layout, kept: Shelf, stream: string, subject: string): Promise<Uint8Array | undefined> {
  const near = await manager.direct.getMessage(stream, { last_by_subj: subject }).catch(() => null)
  return near?.data ?? (await kept.last(subject))?.body
}

/** Removes a body. */
export async function removeBody(layout: Layout, names: Names, { id }: Pick<Reference, 'id'>): Promise<void> {
  await shelf(layout, names.objects).purge(names.object(id, '*'))
}

const digestOf = (body: Uint8Array): string => createHash('sha256').update(body).digest('base64url')

async function several(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0
  const turn = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, turn))
}
