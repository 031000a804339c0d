/**
 * The table: the last value of each key, with compare-and-set, expiry, and news of every change.
 *
 * Results, what is remembered of attempts, limits, pauses: one need, one mechanism. A key is a subject; a value is a
 * message; the broker keeps the last one and tells every change to whoever listens.
 */

import type { Msg } from 'nats'
import { CallboardError, fault } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { type Link, mention } from './connection.ts'
import { type Headers, header, headerBlock } from './envelope.ts'
import type { Names } from './names.ts'
import type { Beside } from './outgoing.ts'
import type { Publisher } from './publisher.ts'
import { headersIn } from './raw.ts'
import { forbiddenSubject, told } from './refusal.ts'

/** A value found in the table. */
export interface Found {
  readonly body: Uint8Array
  readonly headers: Headers
  /** Its revision, for compare-and-set. */
  readonly revision: number
}

/** How a value is put. */
export interface PutOptions {
  /** Forgotten after this many ms; whole seconds, at least one. Default: never. */
  readonly ttl?: number
  /** Only if the key has this revision; 0: only if it has no value. Default: always. */
  readonly revision?: number
  readonly fields?: readonly (readonly [string, string])[]
  /** A body that is to lie beside the value, stored before it. */
  readonly beside?: Beside
}

/** Last value per key. Keys are subjects made by `names.record`. */
export interface Table {
  /** Puts a value; gives its revision. Throws ALREADY_EXISTS where the revision is another one. */
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<number>
  get(key: string): Promise<Found | undefined>
  /** Forgets a value within a second or two. */
  forget(key: string): Promise<void>
  /** Forgets a value by its revision, without waiting for an answer: cheaper, and for what expires by itself if this is lost. */
  drop(revision: number): void
  /** Hears every change of the keys under a live subject. Gives back how to stop. */
  watch(live: string, hear: (body: Uint8Array, headers: Headers, subject: string) => void): () => void
}

const nothing = new Uint8Array(0)
const forgotten = 'Cb-Forgotten'

/** The table of a namespace. `trouble` hears of changes that could not be read, and of listeners that throw. */
export function table(link: Link, names: Names, publisher: Publisher, trouble: (what: string, error: unknown) => void): Table {
  const prefix = `$JS.API.DIRECT.GET.${names.table}.`

  async function put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<number> {
    const id = newId()
    // What it replaces goes by rollup: a server that is killed remembers that, and would bring back what a limit had removed.
    const fields: [string, string][] = [
      [header.id, id],
      [header.rollup, 'sub'],
    ]
    if (options.ttl !== undefined) fields.push([header.ttl, `${Math.max(1, Math.ceil(options.ttl / 1000))}s`])
    if (options.revision !== undefined) fields.push([header.expectedSubjectSequence, String(options.revision)])
    for (const [name, value] of options.fields ?? []) fields.push([name, value])
    try {
      return (
        await publisher.publish({ subject: key, headers: headerBlock(fields), body, ...(options.beside && { beside: options.beside }) })
      ).sequence
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== 'ALREADY_EXISTS') throw error
      // The answer to the first try may have been lost: then what stands in the way is what was put.
      const there = await look(key)
      if (there.get(header.id) === id) return Number(there.get('Nats-Sequence'))
      throw error
    }
  }

  async function look(key: string): Promise<Headers> {
    return headersIn(await ask(link, prefix + key))
  }

  return {
    put,
    async get(key) {
      const message = await ask(link, prefix + key)
      const found = headersIn(message)
      if (found.status === 404 || found.get(forgotten) !== undefined || found.get('Nats-Marker-Reason') !== undefined) return undefined
      if (found.status !== 0) throw fault('BROKER_REFUSED', `Reading ${key} was refused: ${found.status} ${found.statusText}.`)
      return { body: message.data, headers: found, revision: Number(found.get('Nats-Sequence')) }
    },
    async forget(key) {
      await put(key, nothing, { ttl: 1000, fields: [[forgotten, '1']] })
    },
    drop: (revision) => mention(link.nc, `$JS.API.STREAM.MSG.DELETE.${names.table}`, `{"seq":${revision},"no_erase":true}`),
    watch(live, hear) {
      const subscription = link.nc.subscribe(live, {
        callback: (error, message) => {
          if (error) return
          const told = headersIn(message)
          if (told.get(forgotten) !== undefined || told.get('Nats-Marker-Reason') !== undefined) return
          try {
            hear(message.data, told, message.subject)
          } catch (thrown) {
            // Called by the client, which gives the connection up over what it did not expect.
            trouble(`what was told on ${message.subject} could not be heard`, thrown)
          }
        },
      })
      return () => subscription.unsubscribe()
    },
  }
}

/** Reads from a replica that has just been elected may find nobody for a moment: asked a few times. */
async function ask(link: Link, subject: string): Promise<Msg> {
  for (let tries = 1; ; tries++) {
    try {
      return await link.nc.request(subject, nothing, { timeout: 2000 })
    } catch (error) {
      if (forbiddenSubject(error) !== undefined) return told(error, `reading the table`)
      if (link.nc.isClosed()) throw fault('CLOSED', `The board was closed before ${subject} was read.`, { cause: error })
      if (tries === 10) throw fault('CONNECTION_FAILED', `Reading ${subject} got no answer.`, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 100 * tries))
    }
  }
}
