/**
 * The seam of sealing: a contract may have its payloads and results closed before they are stored, and opened before they are used.
 * How that is done is none of the core's business; what a sealed body looks like from outside is, so that nobody takes it for another.
 */

import { fault } from '../base/errors.ts'
import { made } from '../base/options.ts'
import { decode, type Encoding, sealedBy } from '../wire/codec.ts'
import { type Headers, idOf, scheduleIn } from '../wire/envelope.ts'
import type { Names } from '../wire/names.ts'

/** Whose body it is. A seal holds it to this, so that it cannot be opened as that of another message. */
export interface SealedAs {
  readonly namespace: string
  readonly kind: 'event' | 'input' | 'result'
  /** Name of the topic or task. */
  readonly name: string
  /** Id of the event or task; of what a schedule fires, the name of the schedule and `@`. */
  readonly id: string
}

/** Closes bodies and opens them. `callboard/seal` makes one. */
export interface Seal {
  /** What is stored in place of a body. It must begin with 0xC1, the length of a text and that text, which says by what it is opened. */
  seal(body: Uint8Array, as: SealedAs): Uint8Array | Promise<Uint8Array>
  /** The body. Throws what it is not opened for: then it is a dead letter with that error. A Snooze has it looked at again later. */
  open(sealed: Uint8Array, as: SealedAs): Uint8Array | Promise<Uint8Array>
}

/** Reads `seal: …`. */
export const sealOption = made((value: unknown): Seal => {
  const { seal, open } = (value ?? {}) as Partial<Seal>
  if (typeof seal === 'function' && typeof open === 'function') return value as Seal
  throw fault('INVALID_OPTION', 'It needs the functions seal and open; callboard/seal makes it.')
})

/** Goes on at once where nothing has to be waited for. */
export const following = <A, B>(value: A | Promise<A>, next: (value: A) => B | Promise<B>): B | Promise<B> =>
  value instanceof Promise ? value.then(next) : next(value)

/** A body as it is stored. Throws what the seal throws. */
export function closed(seal: Seal | undefined, body: Uint8Array, as: SealedAs): Uint8Array | Promise<Uint8Array> {
  if (seal === undefined) return body
  return following(seal.seal(body, as), (sealed) => {
    if (sealedBy(sealed) !== undefined) return sealed
    throw fault('INVALID_ARGUMENT', `The seal of ${as.name} gave bytes that are not marked as sealed.`, {
      fix: 'Begin them with 0xC1, the length of a text and that text; callboard/seal does.',
    })
  })
}

/** The payload of a body that may be sealed. Throws SEALED where it is and no seal is given. */
export const opened = (body: Uint8Array, encoding: Encoding, seal: Seal | undefined, as: SealedAs): unknown =>
  seal === undefined || sealedBy(body) === undefined
    ? decode(body, encoding)
    : following(seal.open(body, as), (plain) => decode(plain, encoding))

/** As what a body is sealed. */
export const sealedAs = ({ namespace }: Names, kind: SealedAs['kind'], name: string, id: string): SealedAs => ({
  namespace,
  kind,
  name,
  id,
})

/** What a stored message is sealed as. Every firing of a schedule has the body of the schedule. */
export function sealedId(headers: Headers, sequence: number): string {
  const name = headers.plain ? undefined : scheduleIn(headers)
  return name === undefined ? (idOf(headers, sequence) ?? '') : `${name}@`
}
