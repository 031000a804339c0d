/** Seals for tests: a keyring with two keys, a producer with a key pair, and those who are not them. */

import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { type Keyring, keyring } from 'callboard/seal'

/** A keyring with the keys k1 and k2, of which k1 is used. */
export const twoKeys = (): Keyring => keyring({ primary: 'k1', keys: { k1: randomBytes(32), k2: randomBytes(32).toString('base64') } })

/** A producer: who signs, and whose signatures are trusted by it. */
export function producer(id: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { sign: { id, key: privateKey }, trust: { [id]: publicKey } }
}

/** The same with a secret that both sides know. */
export function sharing(id: string) {
  const key = createSecretKey(randomBytes(32))
  return { sign: { id, key }, trust: { [id]: key } }
}
