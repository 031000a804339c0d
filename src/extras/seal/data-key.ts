/** Data keys: made and wrapped once for many messages, unwrapped once for many more, and forgotten after their time. */

import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { fault } from '../../base/errors.ts'
import { CallboardError, Snooze } from '../../index.ts'
import type { Keys } from './keyring.ts'

/** A data key with what travels of it. */
export interface DataKey {
  readonly id: string
  readonly key: KeyObject
  readonly wrapped: Uint8Array
}

/** Where data keys come from. */
export interface DataKeys {
  /** One to seal with. A promise where another one must be made and `Keys` makes promises. */
  current(): DataKey | Promise<DataKey>
  /** That of a sealed body. Throws UNKNOWN_KEY or WRONG_KEY; a Snooze where it could not be asked for just now. */
  opened(wrapped: Uint8Array, id: string): KeyObject | Promise<KeyObject>
}

/** Messages under one data key at most: far below 2^32, the bound for random nonces. source: NIST SP 800-38D, 8.3 */
const mostUses = 2 ** 20
/** Unwrapped keys that are remembered at most. */
const mostKept = 1000
/** When it is asked again, in ms, where keys could not be asked for. */
const patience = 2000

/** `reuse`: ms that a data key is used for; 0: each message has its own. */
export function dataKeys(keys: Keys, reuse: number): DataKeys {
  let made: { readonly next: DataKey | Promise<DataKey>; readonly id: string; readonly until: number; uses: number } | undefined
  const kept = new Map<string, { readonly key: KeyObject; readonly until: number }>()

  function fresh(id: string): DataKey | Promise<DataKey> {
    const bytes = randomBytes(32)
    const dressed = (wrapped: Uint8Array): DataKey => {
      if (wrapped instanceof Uint8Array && wrapped.length < 2 ** 16) return { id, key: createSecretKey(bytes), wrapped }
      throw fault('INVALID_ARGUMENT', `What wrap() gave for the key ${id} is not bytes, or more than 64 KiB.`)
    }
    const wrapped = keys.wrap(bytes, id)
    return wrapped instanceof Promise ? wrapped.then(dressed) : dressed(wrapped)
  }

  function remember(name: string, key: KeyObject): KeyObject {
    if (reuse === 0) return key
    kept.set(name, { key, until: Date.now() + reuse })
    const oldest = kept.size > mostKept ? kept.keys().next().value : undefined
    if (oldest !== undefined) kept.delete(oldest)
    return key
  }

  return {
    current() {
      const id = keys.primary
      if (made?.id === id && made.until > Date.now() && made.uses < mostUses) {
        made.uses++
        return made.next
      }
      const next = fresh(id)
      const mine = { next, id, until: Date.now() + reuse, uses: 1 }
      made = mine
      if (!(next instanceof Promise)) return next
      // A key that could not be wrapped is not waited for again.
      return next.catch((error: unknown) => {
        if (made === mine) made = undefined
        throw error
      })
    },
    opened(wrapped, id) {
      const name = `${id} ${Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.length).toString('base64')}`
      const before = kept.get(name)
      if (before !== undefined && before.until > Date.now()) return before.key
      const found = (bytes: Uint8Array | undefined): KeyObject => {
        if (bytes === undefined) throw fault('UNKNOWN_KEY', `A body is sealed with the key ${id}, which is not there.`)
        if (bytes.length !== 32) throw fault('WRONG_KEY', `What the key ${id} unwraps is no data key.`)
        return remember(name, createSecretKey(bytes))
      }
      const later = (error: unknown): never => {
        throw error instanceof CallboardError ? error : new Snooze(patience, { cause: error })
      }
      try {
        const bytes = keys.unwrap(wrapped, id)
        return bytes instanceof Promise ? bytes.then(found, later) : found(bytes)
      } catch (error) {
        return later(error)
      }
    },
  }
}
