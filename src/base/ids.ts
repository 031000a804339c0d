/**
 * Ids: 26 characters that sort by time and never meet, made without asking anybody.
 *
 * time (10) · process (10) · count (6), in Crockford's base 32, as a ULID looks. The middle is drawn at random once per
 * process, so an id says which process made it: a result finds its way home by it.
 * source: ulid specification (github.com/ulid/spec) for alphabet and order.
 */

import { createHash, randomBytes } from 'node:crypto'
import { fault, shown } from './errors.ts'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** The ten characters that name this process in every id it makes. */
export const origin: string = Array.from(randomBytes(10), (byte) => alphabet[byte & 31]).join('')

/** The last two characters of an id, by their ten bits. */
const pairs: readonly string[] = Array.from({ length: 1024 }, (_, bits) => base32(bits, 2))

let stamp = 0
let upper = 0
let stem = ''
let count = randomBytes(3).readUIntBE(0, 3)

/** A new id. Later ids of one process sort after earlier ones as long as the clock does not go back. */
export function newId(): string {
  const now = Date.now()
  count = (count + 1) % 2 ** 30
  // All but two characters are those of the id before, nearly always.
  if (now !== stamp || count >> 10 !== upper) {
    stamp = now
    upper = count >> 10
    stem = base32(now, 10) + origin + base32(upper, 4)
  }
  return stem + pairs[count & 1023]
}

/** The process part of an id that callboard made; '-' for an id the user gave. */
export function originOf(id: string): string {
  return /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id) ? id.slice(10, 20) : '-'
}

/** When an id was made by `newId`, in ms since 1970; 0 for any other id. */
export function madeAt(id: string): number {
  if (originOf(id) === '-') return 0
  let time = 0
  for (const letter of id.slice(0, 10)) time = time * 32 + alphabet.indexOf(letter)
  return time
}

/**
 * An id that is the same each time the same things are said: what a retried handler sends again keeps its id.
 * 26 characters of lower case, so that it is never taken for one made by `newId`.
 */
export function derivedId(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  // Its length before each part: ('a', 'b') and ('a\0b') are not the same things.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash
    .digest('base64url')
    .slice(0, 25)
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .padStart(26, 'd')
}

/** Refuses what cannot be an id. Allowed: 1 to 128 of A-Z a-z 0-9 _ - : . / */
export function checkedId(id: unknown): string {
  if (typeof id === 'string' && /^[A-Za-z0-9_\-:./]{1,128}$/.test(id)) return id
  throw fault('INVALID_ID', `The id ${shown(id)} cannot be used.`)
}

function base32(value: number, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) text = alphabet[rest % 32] + text
  return text
}
