/** Seals: bodies closed with AES-256-GCM, signed by who produced them, and opened as what they were sealed as and nothing else. */

import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import type { Duration } from '../../base/duration.ts'
import { fault } from '../../base/errors.ts'
import { anything, oneOf, type ReadersOf, readOptions, time } from '../../base/options.ts'
import type { Seal, SealedAs } from '../../index.ts'
import { type DataKeys, dataKeys } from './data-key.ts'
import { contextOf, headOf, type Parts, partsOf } from './format.ts'
import { checkedKeyId, type Keys } from './keyring.ts'
import { checkedSigner, checkedTrust, isSigned, lengthOf, type Signer, signed, type Trusted } from './signature.ts'

/** How bodies are sealed. */
export interface SealingOptions {
  /** What wraps the data keys. Default: none, and bodies are signed only. */
  readonly keys?: Keys
  /** How long one data key is used for, and remembered by who opens. Default 5 min. Edge: 0 gives each message its own; a key taken away is remembered so long. */
  readonly reuse?: Duration
  /** Signs events and inputs as this producer. Default: not signed. */
  readonly sign?: Signer
  /** Whose signatures on events and inputs count; without one of them no handler runs. Default: signatures are not looked at. */
  readonly trust?: Trusted
  /** What becomes of a body that is not sealed: `'refuse'` it, or `'accept'` it as it is, for the time of moving over. Default `'refuse'`. Edge: with `'accept'` whoever may write to the stream needs neither key nor signature. */
  readonly plain?: 'refuse' | 'accept'
}

const readers = {
  keys: anything<Keys>(),
  reuse: time(),
  sign: anything<Signer>(),
  trust: anything<Trusted>(),
  plain: oneOf('refuse', 'accept'),
} satisfies ReadersOf<SealingOptions>

const ivBytes = 12
const tagBytes = 16
const nothing = new Uint8Array(0)
/** What is said in place of the id of a key where there is none. */
const unencrypted = 'signed-only'

/**
 * A seal for contracts. Throws INVALID_OPTION or UNKNOWN_OPTION.
 *
 * What it throws when it opens: NOT_SEALED, UNKNOWN_KEY, WRONG_KEY, SEAL_BROKEN, SEAL_UNSUPPORTED, NOT_SIGNED, UNKNOWN_SIGNER,
 * BAD_SIGNATURE. Each makes a dead letter, which can be redriven when the cause is gone.
 */
export function sealing(options: SealingOptions): Seal {
  const { keys, reuse = 300_000, plain, ...read } = readOptions('sealing()', options ?? {}, readers)
  if (keys === undefined && read.sign === undefined && read.trust === undefined)
    throw fault('INVALID_OPTION', 'sealing() was given no keys, nobody to sign and nobody to trust.', {
      fix: 'Give keys: keyring({ … }), or sign, or trust.',
    })
  const sign = read.sign && checkedSigner(read.sign)
  const trust = read.trust && checkedTrust(read.trust)
  const from = keys && dataKeys(keys, reuse)

  const signerFor = ({ kind }: SealedAs): Signer | undefined => (kind === 'result' ? undefined : sign)

  function open(sealed: Uint8Array, as: SealedAs): Uint8Array | Promise<Uint8Array> {
    const parts = partsOf(sealed)
    if (parts === undefined) {
      if (plain === 'accept') return sealed
      throw fault('NOT_SEALED', `A body of ${as.name} is not sealed.`)
    }
    const context = contextOf(as)
    if (trust !== undefined && as.kind !== 'result') checkSignature(trust, parts, context, as)
    if (parts.algorithm === 0) {
      if (from === undefined) return parts.content
      throw fault('NOT_SEALED', `A body of ${as.name} is signed, and not encrypted.`)
    }
    return decrypted(from, parts, context, as)
  }

  return {
    seal(body, as) {
      const signer = signerFor(as)
      if (from === undefined) return finished(undefined, signer, body, as)
      const key = from.current()
      return key instanceof Promise ? key.then((made) => finished(made, signer, body, as)) : finished(key, signer, body, as)
    },
    open,
  }
}

interface Wrapping {
  readonly id: string
  readonly key: KeyObject
  readonly wrapped: Uint8Array
}

function finished(key: Wrapping | undefined, signer: Signer | undefined, body: Uint8Array, as: SealedAs): Uint8Array {
  const head = headOf({
    key: key === undefined ? unencrypted : checkedKeyId(key.id, 'the primary key'),
    algorithm: key === undefined ? 0 : 1,
    wrapped: key?.wrapped ?? nothing,
    signer: signer?.id ?? '',
    signature: signer === undefined ? 0 : lengthOf(signer.key),
  })
  const context = contextOf(as)
  const content = key === undefined ? body : encrypted(key.key, head, context, body)
  return Buffer.concat([head, content, ...(signer ? [signed(signer.key, Buffer.concat([head, context, content]))] : [])])
}

function encrypted(key: KeyObject, head: Uint8Array, context: Uint8Array, body: Uint8Array): Uint8Array {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes }).setAAD(Buffer.concat([head, context]))
  return Buffer.concat([iv, cipher.update(body), cipher.final(), cipher.getAuthTag()])
}

function decrypted(from: DataKeys | undefined, parts: Parts, context: Uint8Array, as: SealedAs): Uint8Array | Promise<Uint8Array> {
  if (from === undefined) throw fault('UNKNOWN_KEY', `A body of ${as.name} is sealed with the key ${parts.key}, and there are no keys.`)
  const key = from.opened(parts.wrapped, parts.key)
  return key instanceof Promise ? key.then((found) => opened(found, parts, context, as)) : opened(key, parts, context, as)
}

function opened(key: KeyObject, { head, content }: Parts, context: Uint8Array, { name, id }: SealedAs): Uint8Array {
  try {
    const end = content.length - tagBytes
    const decipher = createDecipheriv('aes-256-gcm', key, content.subarray(0, ivBytes), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.concat([head, context])).setAuthTag(content.subarray(end))
    return Buffer.concat([decipher.update(content.subarray(ivBytes, end)), decipher.final()])
  } catch {
    // What OpenSSL says of it is the same for all causes.
    throw fault('SEAL_BROKEN', `The body of ${name} ${id} was changed after it was sealed, or was sealed for another message.`)
  }
}

function checkSignature(trust: ReadonlyMap<string, KeyObject>, parts: Parts, context: Uint8Array, { name, id }: SealedAs): void {
  const { signer, head, content, by } = parts
  if (signer === '') throw fault('NOT_SIGNED', `The body of ${name} ${id} has no signature.`)
  const key = trust.get(signer)
  if (key === undefined) throw fault('UNKNOWN_SIGNER', `The body of ${name} ${id} is signed by ${signer}, who is not trusted.`)
  if (!isSigned(key, Buffer.concat([head, context, content]), by))
    throw fault('BAD_SIGNATURE', `The body of ${name} ${id} is not signed by ${signer}, as it says.`)
}
