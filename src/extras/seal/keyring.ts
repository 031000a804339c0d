/**
 * Keys that wrap keys. Each message is sealed with a data key of its own or of its few minutes; what travels with it is that key,
 * wrapped by one of these, and the id of the one that wrapped it.
 * source: envelope encryption, as key services do it; the format of what is wrapped is ours
 */

import { createCipheriv, createDecipheriv, createSecretKey, KeyObject, randomBytes } from 'node:crypto'
import { fault } from '../../base/errors.ts'
import { anything, type ReadersOf, readOptions, text } from '../../base/options.ts'

/** Who wraps data keys: a keyring in this process, or a key service somewhere else. */
export interface Keys {
  /** The id of the key that wraps what is new. Asked for each data key. Edge: 1 to 64 of `A-Z a-z 0-9 _ . : / -`. */
  readonly primary: string
  /** A data key (32 bytes), wrapped by the key of this id. At most 64 KiB. */
  wrap(dataKey: Uint8Array, id: string): Uint8Array | Promise<Uint8Array>
  /** The data key again. Undefined: there is no key of this id. What it throws has the message looked at again 2 s later. */
  unwrap(wrapped: Uint8Array, id: string): Uint8Array | undefined | Promise<Uint8Array | undefined>
}

/** Keys of a keyring. */
export interface KeyringOptions {
  /** The id of the key that wraps what is new. Default: none, it must be given. Edge: one of `keys`. */
  readonly primary: string
  /** The keys by their ids: 32 bytes each, as bytes, as base64 or as a secret KeyObject. What is read must be wrapped by one of them. Default: none, they must be given. Edge: an id has 1 to 64 of `A-Z a-z 0-9 _ . : / -`. */
  readonly keys: Readonly<Record<string, Uint8Array | string | KeyObject>>
}

/** Keys in the memory of this process. */
export interface Keyring extends Keys {
  /** The ids of its keys. */
  readonly ids: readonly string[]
  /** Adds a key: what is wrapped by it can be read from now on. Throws INVALID_OPTION. */
  add(id: string, key: Uint8Array | string | KeyObject): void
  /** Wraps what is new with another of its keys. Throws UNKNOWN_KEY. */
  promote(id: string): void
  /** Takes a key away: what is wrapped by it can no longer be read. Throws INVALID_ARGUMENT for the primary one. */
  remove(id: string): void
}

const readers = { primary: text, keys: anything<KeyringOptions['keys']>() } satisfies ReadersOf<KeyringOptions>
const idShape = /^[\w.:/-]{1,64}$/
const ivBytes = 12
const tagBytes = 16

/** Refuses an id that could not stand in a sealed body. Throws INVALID_OPTION. */
export function checkedKeyId(id: unknown, whose: string): string {
  if (typeof id === 'string' && idShape.test(id)) return id
  throw fault('INVALID_OPTION', `The id of ${whose} cannot be used.`, { fix: 'Use 1 to 64 characters out of A-Z a-z 0-9 _ . : / -.' })
}

/** A keyring. Its keys are nowhere to be seen in what is printed of it. Throws INVALID_OPTION. */
export function keyring(options: KeyringOptions): Keyring {
  const { keys, primary: first } = readOptions('keyring()', options ?? {}, readers)
  if (first === undefined || typeof keys !== 'object' || keys === null)
    throw fault('INVALID_OPTION', 'keyring() needs a primary and keys.', { fix: 'Give { primary: "k1", keys: { k1: … } }.' })
  const ring = new Map<string, KeyObject>()
  let primary = first
  const add: Keyring['add'] = (id, key) => void ring.set(checkedKeyId(id, 'a key'), secretOf(id, key))
  const known = (id: string): KeyObject => {
    const key = ring.get(id)
    if (key) return key
    throw fault('UNKNOWN_KEY', `There is no key ${id} in the keyring.`)
  }
  for (const [id, key] of Object.entries(keys)) add(id, key)
  known(primary)
  return {
    get primary() {
      return primary
    },
    get ids() {
      return [...ring.keys()]
    },
    add,
    promote(id) {
      known(id)
      primary = id
    },
    remove(id) {
      if (id === primary) throw fault('INVALID_ARGUMENT', `The key ${id} is the primary one.`, { fix: 'Promote another one first.' })
      ring.delete(id)
    },
    wrap(dataKey, id) {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', known(id), iv, { authTagLength: tagBytes }).setAAD(Buffer.from(id))
      return Buffer.concat([iv, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()])
    },
    unwrap(wrapped, id) {
      const key = ring.get(id)
      return key && unwrapped(key, wrapped, id)
    },
  }
}

function unwrapped(key: KeyObject, wrapped: Uint8Array, id: string): Uint8Array {
  try {
    const end = wrapped.length - tagBytes
    const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, ivBytes), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(id)).setAuthTag(wrapped.subarray(end))
    return Buffer.concat([decipher.update(wrapped.subarray(ivBytes, end)), decipher.final()])
  } catch {
    throw fault('WRONG_KEY', `The key ${id} of this keyring is not the one a body was sealed with, or the body was changed.`)
  }
}

/** Nothing of a key is told in what is thrown about it. */
function secretOf(id: string, key: Uint8Array | string | KeyObject): KeyObject {
  if (key instanceof KeyObject && key.type === 'secret' && key.symmetricKeySize === 32) return key
  const bytes = typeof key === 'string' ? Buffer.from(key.trim(), 'base64') : key
  if (bytes instanceof Uint8Array && bytes.length === 32) return createSecretKey(bytes)
  throw fault('INVALID_OPTION', `The key ${id} does not have 32 bytes.`, {
    fix: 'Make one with `openssl rand -base64 32`, and give it as bytes or base64.',
  })
}
