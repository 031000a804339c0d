/** A stored message for people. */

import type { Style } from '../base/events.ts'
import { referenceIn } from '../wire/body.ts'
import { sealedBy } from '../wire/codec.ts'
import { header, idOf, type UserHeaders } from '../wire/envelope.ts'
import { hasAddress, type Lane, type Names, topicOf } from '../wire/names.ts'
import { taskIn } from '../wire/names-read.ts'
import type { Kept } from '../wire/stored.ts'
import { encodingOf, refuseBeside } from './payload.ts'
import { opened, type Seal, sealedAs, sealedId } from './seal.ts'

/** Something stored: an event, or a task that has not ended. Times in ms since 1970. */
export interface MessageFact {
  readonly style: Style
  readonly id: string
  /** Name of the topic or task. */
  readonly name: string
  readonly sequence: number
  readonly storedAt: number
  /** Queue, lane and unique key of a task; where keys have an order or turns, the bucket of its key. */
  readonly queue?: string
  readonly lane?: Lane
  readonly key?: string
  readonly bucket?: number
  /** When it is due, where it waits for its time. */
  readonly due?: number
  /** It has an address: its handle finds it by its id alone. */
  readonly addressed: boolean
  readonly bytes: number
  readonly headers: UserHeaders
  /** By which key it is sealed, if it is. */
  readonly sealed?: string
  /** The payload. `seal`: that of its contract, where it is sealed; then a promise where the seal makes one. Throws SEALED without it, what the seal throws, and DECODE for what cannot be read. */
  payload(seal?: Seal): unknown
}

/** A stored message for people. Undefined: callboard did not send it. */
export function factOf(names: Names, kept: Kept): MessageFact | undefined {
  const { headers, sequence, storedAt, subject, body } = kept
  const id = idOf(headers, sequence)
  const task = taskIn(subject)
  if (id === undefined) return undefined
  const at = headers.get(header.schedule)
  const reference = referenceIn(headers)
  const name = task?.task ?? topicOf(subject)
  const as = sealedAs(names, task === undefined ? 'event' : 'input', name, sealedId(headers, sequence))
  const sealed = sealedBy(body)
  const common = {
    id,
    sequence,
    storedAt,
    bytes: reference?.size ?? body.length,
    headers: headers.user,
    ...(sealed === undefined ? {} : { sealed }),
    payload: (seal?: Seal) => (reference ? refuseBeside(reference, 'no view') : opened(body, encodingOf(headers), seal, as)),
  }
  if (task === undefined) return { style: 'implicit', name, addressed: false, ...common }
  return {
    style: 'explicit',
    name,
    queue: task.queue,
    lane: task.lane,
    addressed: task.later || hasAddress(subject),
    ...(task.key === undefined ? {} : { key: task.key }),
    ...(task.bucket === undefined ? {} : { bucket: task.bucket }),
    ...(task.later && at?.startsWith('@at ') ? { due: Date.parse(at.slice(4)) } : {}),
    ...common,
  }
}
