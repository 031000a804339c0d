/** A dead letter: something that was given up, with its story. */

import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import type { Style } from '../base/events.ts'
import { fingerprint, type Obituary, type Reason } from '../base/obituary.ts'
import { referenceIn } from '../wire/body.ts'
import { decode, type Encoding } from '../wire/codec.ts'
import { type Headers, header, type UserHeaders } from '../wire/envelope.ts'
import { taskIn } from '../wire/names-read.ts'
import type { Reference } from '../wire/outgoing.ts'
import { encodingOf, refuseBeside } from './payload.ts'

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
  /** The payload. Throws DECODE for what cannot be read, and for what lies beside and was not fetched. */
  payload(): unknown
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
}

const alongside: ReadonlySet<string> = new Set([header.key, header.retry, header.parent, header.object])

/** A message where dead letters are kept. */
interface Lying {
  readonly sequence: number
  readonly headers: Headers
  readonly body: Uint8Array
}

/** Reads a letter. Throws NOT_CALLBOARD for what somebody else has put there. */
export function letterOf(lying: Lying): Letter {
  const letter = letterIn(lying)
  if (letter) return letter
  throw fault('NOT_CALLBOARD', `Message ${lying.sequence} among the dead letters tells of no death.`)
}

/** Reads a letter; undefined for what somebody else has put there. */
export function letterIn({ sequence, headers, body }: Lying): Letter | undefined {
  const grave = graveIn(headers)
  if (grave === undefined) return undefined
  const encoding = encodingOf(headers)
  const queue = taskIn(grave.back)?.queue
  const reference = referenceIn(headers)
  return {
    ...grave,
    ...(queue === undefined ? {} : { queue }),
    sequence,
    fingerprint: fingerprint(grave.error),
    headers: headers.user,
    bytes: body,
    encoding,
    along: [...headers].filter(([name]) => alongside.has(name)),
    reference,
    ...(reference === undefined ? {} : { beside: reference.size }),
    payload: () => (reference === undefined ? decode(body, encoding) : refuseBeside(reference, 'board.dead.show()')),
  }
}

/** A letter with the body that was fetched for it. */
export const filled = (letter: Letter, bytes: Uint8Array): Letter => ({ ...letter, bytes, payload: () => decode(bytes, letter.encoding) })

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
  ...letter
}: Letter): string {
  try {
    return JSON.stringify({ ...letter, payload: payload() })
  } catch {
    return JSON.stringify({ ...letter, base64: Buffer.from(bytes).toString('base64') })
  }
}
