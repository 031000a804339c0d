/**
 * A sealed body as bytes.
 *
 *     0xC1 · length, id of the key · version · algorithm · length (2), wrapped data key · length, id of the signer · length of
 *     the signature | nonce (12) · ciphertext · tag (16) | signature
 *
 * The part before the first bar and what it is sealed as are authenticated together with the ciphertext; the signature is over all of
 * it. Without a key (algorithm 0) the body stands there as it is, and only the signature holds it.
 */

import { fault } from '../../base/errors.ts'
import type { SealedAs } from '../../index.ts'

/** What stands before the ciphertext. */
export interface Head {
  readonly key: string
  readonly algorithm: 0 | 1
  readonly wrapped: Uint8Array
  readonly signer: string
  readonly signature: number
}

/** A sealed body, taken apart. */
export interface Parts extends Head {
  readonly head: Uint8Array
  readonly content: Uint8Array
  /** The signature; empty where there is none. */
  readonly by: Uint8Array
}

const version = 1

/** Writes the head. */
export function headOf({ key, algorithm, wrapped, signer, signature }: Head): Uint8Array {
  const size = Buffer.from([wrapped.length >> 8, wrapped.length & 255])
  return Buffer.concat([
    Buffer.from([0xc1, key.length]),
    Buffer.from(key, 'latin1'),
    Buffer.from([version, algorithm]),
    size,
    wrapped,
    Buffer.from([signer.length]),
    Buffer.from(signer, 'latin1'),
    Buffer.from([signature]),
  ])
}

/** What a body is held to beside its head. */
export const contextOf = ({ namespace, kind, name, id }: SealedAs): Uint8Array => Buffer.from(JSON.stringify([namespace, kind, name, id]))

/** Takes a sealed body apart; undefined: it is not sealed. Throws SEAL_BROKEN or SEAL_UNSUPPORTED. */
export function partsOf(body: Uint8Array): Parts | undefined {
  if (body[0] !== 0xc1) return undefined
  let at = 1
  const taken = (length: number): Buffer => {
    if (at + length > body.length) throw fault('SEAL_BROKEN', `A sealed body of ${body.length} bytes ends too early.`)
    at += length
    return Buffer.from(body.buffer, body.byteOffset + at - length, length)
  }
  const byte = (): number => taken(1)[0] as number
  const name = (): string => {
    const text = taken(byte()).toString('latin1')
    if (/^[\w.:/-]*$/.test(text)) return text
    throw fault('SEAL_BROKEN', 'A sealed body names a key or a signer that nobody can have.')
  }
  const key = name()
  const [spoken, algorithm] = [byte(), byte()]
  if (spoken !== version || (algorithm !== 0 && algorithm !== 1))
    throw fault('SEAL_UNSUPPORTED', `A body is sealed in version ${spoken} with algorithm ${algorithm}.`)
  const wrapped = taken(taken(2).readUInt16BE())
  const signer = name()
  const signature = byte()
  const head = body.subarray(0, at)
  const content = taken(Math.max(0, body.length - at - signature))
  return { key, algorithm, wrapped, signer, signature, head, content, by: taken(signature) }
}
