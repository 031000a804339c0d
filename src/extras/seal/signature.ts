/** Signatures of producers: Ed25519 by a key pair, or HMAC-SHA256 by a secret that both sides know. The key says which, never the message. */

import { createHmac, KeyObject, sign, timingSafeEqual, verify } from 'node:crypto'
import { fault } from '../../base/errors.ts'
import { checkedKeyId } from './keyring.ts'

/** A private Ed25519 key, or a secret key of at least 32 bytes for HMAC; from `createPrivateKey` or `createSecretKey` of `node:crypto`. */
export type SigningKey = KeyObject

/** Who signs. */
export interface Signer {
  /** How this producer is called. Edge: 1 to 64 of `A-Z a-z 0-9 _ . : / -`. */
  readonly id: string
  readonly key: SigningKey
}

/** Whose signatures count: a public Ed25519 key, or the secret of an HMAC, by the id of the signer. */
export type Trusted = Readonly<Record<string, KeyObject>>

const isHmac = (key: KeyObject): boolean => key.type === 'secret' && (key.symmetricKeySize ?? 0) >= 32
const isEd25519 = (key: KeyObject, type: 'private' | 'public'): boolean => key.type === type && key.asymmetricKeyType === 'ed25519'

/** Refuses keys of other kinds. Throws INVALID_OPTION. */
export function checkedSigner({ id, key }: Signer): Signer {
  checkedKeyId(id, 'the signer')
  if (key instanceof KeyObject && (isHmac(key) || isEd25519(key, 'private'))) return { id, key }
  throw fault('INVALID_OPTION', `The key of the signer ${id} is neither a private Ed25519 key nor a secret of 32 bytes.`, {
    fix: 'Give a KeyObject: createPrivateKey(pem) or createSecretKey(bytes).',
  })
}

/** The same for keys that are trusted. Throws INVALID_OPTION. */
export function checkedTrust(trust: Trusted): ReadonlyMap<string, KeyObject> {
  const entries = Object.entries(trust)
  for (const [id, key] of entries) {
    checkedKeyId(id, 'a signer')
    if (!(key instanceof KeyObject && (isHmac(key) || isEd25519(key, 'public'))))
      throw fault('INVALID_OPTION', `The key trusted for ${id} is neither a public Ed25519 key nor a secret of 32 bytes.`, {
        fix: 'Give a KeyObject: createPublicKey(pem) or createSecretKey(bytes).',
      })
  }
  return new Map(entries)
}

/** How many bytes a signature by this key has. */
export const lengthOf = (key: SigningKey): number => (key.type === 'secret' ? 32 : 64)

/** A signature. */
export function signed(key: SigningKey, content: Uint8Array): Uint8Array {
  return key.type === 'secret' ? createHmac('sha256', key).update(content).digest() : sign(null, content, key)
}

/** Whether a signature is by this key. */
export function isSigned(key: KeyObject, content: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== lengthOf(key)) return false
  return key.type === 'secret' ? timingSafeEqual(signed(key, content), signature) : verify(null, content, key, signature)
}
