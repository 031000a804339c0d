/** A dead letter: something that was given up, with its story. */

import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import type { Style } from '../base/events.ts'
import { fingerprint, type Obituary, type Reason } from '../base/obituary.ts'
import { referenceIn } from '../wire/body.ts'
import { type Encoding, sealedBy } from '../wire/codec.ts'
import { type Headers, header, scheduleIn, type UserHeaders } from '../wire/envelope.ts'
import type { Names } from '../wire/names.ts'
import { taskIn } from '../wire/names-read.ts'
import type { Reference } from '../wire/outgoing.ts'
import { encodingOf, refuseBeside } from './payload.ts'
import { opened, type Seal, type SealedAs, sealedAs } from './seal.ts'

/** Something that was given up. */
export interface DeadLetter extends Obituary {
  /** Its place among the dead letters. */
  readonly sequence: number
  readonly id: string
  readonly style: Style
  /** Name of the task or topic. */
  readonly name: string
  /** The queue of a task. */
  readonly queue?: string
  readonly fingerprint: string
  readonly headers: UserHeaders
  /** The body as it was stored. Empty for one that lies beside the letter; `show` and `export` fetch that. */
  readonly bytes: Uint8Array
  /** Bytes of a body that lies beside the letter. */
  readonly beside?: number
  /** By which key its body is sealed, if it is. */
  readonly sealed?: string
  /**
   * The payload. `seal`: that of its contract, where it is sealed; then a promise where the seal makes one. Throws SEALED without it,
   * what the seal throws, and DECODE for what cannot be read, and for what lies beside and was not fetched.
   */
  payload(seal?: Seal): unknown
}

/** Which dead letters are meant. What is left out may be anything. */
export interface DeadSelector {
  /** Name of a task or topic. Default: any. */
  readonly name?: string
  /** Events (`implicit`) or tasks (`explicit`). Default: both. */
  readonly style?: Style
  /** The service that gave it up. Default: any. */
  readonly service?: string
  /** Why it was given up. Default: any reason. */
  readonly reason?: Reason
  /** The id of the task or event. Default: any. Edge: an event may have died for several services. */
  readonly id?: string
  /** Errors that look alike; the `fingerprint` of a letter. Default: any. */
  readonly fingerprint?: string
  /** Given up in this time until now. Default: at any time. */
  readonly within?: Duration
  /** Only what lies behind this place: the `sequence` of a letter. Default: from the oldest on. */
  readonly after?: number
  /** At most so many, oldest first. Default: all. Edge: 0 is none. */
  readonly limit?: number
}

/** What a letter was called where it died, kept with it. */
export interface Grave extends Obituary {
  readonly style: Style
  readonly name: string
  readonly id: string
  /** Where it goes when it is redriven. */
  readonly back: string
}

/** A letter with what is needed to send it back. */
export interface Letter extends DeadLetter {
  readonly back: string
  readonly encoding: Encoding
  /** What callboard sent along and what holds for another life too: key, own retries. */
  readonly along: readonly (readonly [string, string])[]
  /** Where its body lies, if that is beside. */
  readonly reference: Reference | undefined
  /** As what its body is sealed, if it is. */
  readonly as: SealedAs
}

const alongside: ReadonlySet<string> = new Set([header.key, header.retry, header.parent, header.object, header.definition, header.wire])

/** A message where dead letters are kept. */
interface Lying {
  readonly sequence: number
  readonly headers: Headers
  readonly body: Uint8Array
}

/** Reads a letter. Throws NOT_CALLBOARD for what somebody else has put there. */
export function letterOf(names: Names, lying: Lying): Letter {
  const letter = letterIn(names, lying)
  if (letter) return letter
  throw fault('NOT_CALLBOARD', `Message ${lying.sequence} among the dead letters tells of no death.`)
}

/** Reads a letter; undefined for what somebody else has put there. */
export function letterIn(names: Names, { sequence, headers, body }: Lying): Letter | undefined {
  const grave = graveIn(headers)
  if (grave === undefined) return undefined
  const encoding = encodingOf(headers)
  const queue = taskIn(grave.back)?.queue
  const reference = referenceIn(headers)
  const fired = scheduleIn(headers)
  const as = sealedAs(names, grave.style === 'explicit' ? 'input' : 'event', grave.name, fired === undefined ? grave.id : `${fired}@`)
  const letter = {
    ...grave,
    ...(queue === undefined ? {} : { queue }),
    sequence,
    fingerprint: fingerprint(grave.error),
    headers: headers.user,
    bytes: body,
    encoding,
    along: [...headers].filter(([name]) => alongside.has(name)),
    reference,
    as,
    ...(reference === undefined ? {} : { beside: reference.size }),
    payload: () => refuseBeside(reference as Reference, 'board.dead.show()'),
  }
  return reference === undefined ? filled(letter, body) : letter
}

/** A letter with the body that was fetched for it. */
export function filled(letter: Letter, bytes: Uint8Array): Letter {
  const sealed = sealedBy(bytes)
  return {
    ...letter,
    bytes,
    ...(sealed === undefined ? {} : { sealed }),
    payload: (seal) => opened(bytes, letter.encoding, seal, letter.as),
  }
}

function graveIn(headers: Headers): Grave | undefined {
  try {
    const grave = JSON.parse(headers.get(header.dead) ?? 'null') as Grave | null
    return typeof grave?.error?.message === 'string' ? grave : undefined
  } catch {
    return undefined
  }
}

/** Whether a letter is one of those that are meant; time and number are looked at elsewhere. */
export function matches(letter: DeadLetter, { limit: _limit, within: _within, after: _after, ...wanted }: DeadSelector): boolean {
  return Object.entries(wanted).every(([field, value]) => value === undefined || letter[field as keyof typeof wanted] === value)
}

/** A letter as a line of JSON. A body that cannot be read is there in base64. */
export function lineOf({
  bytes,
  payload,
  back: _back,
  encoding: _encoding,
  along: _along,
  reference: _reference,
  as: _as,
  ...letter
}: Letter): string {
  try {
    return JSON.stringify({ ...letter, payload: payload() })
  } catch {
    return JSON.stringify({ ...letter, base64: Buffer.from(bytes).toString('base64') })
  }
}
