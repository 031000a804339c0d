/** Payloads against their schemas: refused before anything is sent, and told apart when they are received. */

import { fault, shown } from '../base/errors.ts'
import { type Checked, check, listed, type Schema } from '../base/schema.ts'
import { decode, type Encoding } from '../wire/codec.ts'
import type { Delivery } from '../wire/delivery.ts'
import { type Headers, header, idOf } from '../wire/envelope.ts'
import type { Reference } from '../wire/outgoing.ts'
import { type Outgoing, sizeOf, tooLarge } from '../wire/outgoing.ts'
import { following, type Seal, type SealedAs } from './seal.ts'

/** Refuses a value that does not fit its schema. A promise only for asynchronous schemas. */
export function refuseMisfit(schema: Schema | undefined, value: unknown, name: string): void | Promise<void> {
  if (schema === undefined) return
  const checked = check(schema, value)
  return checked instanceof Promise ? checked.then((result) => judgeMisfit(result, name)) : judgeMisfit(checked, name)
}

function judgeMisfit(checked: Checked, name: string): void {
  if ('complaints' in checked) {
    throw fault('INVALID_PAYLOAD', `${name} refused the payload: ${listed(checked.complaints)}. Nothing was stored.`, {
      details: { complaints: checked.complaints },
    })
  }
}

/** Kept free in every message: should it be given up, the story of that must fit beside its body. */
export const storyRoom = 4096

/** Refuses what is so large that it could not be buried. Throws PAYLOAD_TOO_LARGE. */
export function refuseHuge<M extends Outgoing>(message: M, most: number): M {
  const size = sizeOf(message)
  if (size > most - storyRoom) throw tooLarge(size, most - storyRoom)
  return message
}

/** Throws for a body that is asked for where it does not lie. */
export function refuseBeside({ size }: Pick<Reference, 'size'>, where: string): never {
  throw fault('DECODE', `The body has ${size} bytes and lies beside its message.`, { fix: `It is read by its handler, and by ${where}.` })
}

/** How the bodies of a contract are read. */
export interface Reading {
  readonly schema: Schema | undefined
  /** As it is called in messages. */
  readonly name: string
  readonly seal: Seal | undefined
  /** As what a body is opened. */
  as(delivery: Lying): SealedAs
}

/** A stored message with its body. */
export type Lying = Pick<Delivery, 'body' | 'headers' | 'sequence' | 'subject'>

/** What a handler gets: opened, decoded and checked. Throws DECODE, SEALED, NOT_CALLBOARD, WIRE_UNSUPPORTED, SCHEMA_MISMATCH or what the seal throws. */
export function readBody(delivery: Lying, { schema, name, seal, as }: Reading): unknown {
  const { headers } = delivery
  if (!headers.plain && idOf(headers, delivery.sequence) === undefined) throw fault('NOT_CALLBOARD', `A message for ${name} has no id.`)
  const version = headers.plain ? undefined : headers.get(header.wire)
  if (version !== undefined && version !== '1')
    throw fault('WIRE_UNSUPPORTED', `A message for ${name} is written in version ${shown(version)} of the wire format.`)
  const encoding = headers.plain ? 'msgpack' : encodingOf(headers)
  if (seal !== undefined) return following(seal.open(delivery.body, as(delivery)), (body) => valueIn(body, encoding, schema, name))
  return valueIn(delivery.body, encoding, schema, name)
}

function valueIn(body: Uint8Array, encoding: Encoding, schema: Schema | undefined, name: string): unknown {
  const value = decode(body, encoding)
  if (schema === undefined) return value
  const checked = check(schema, value)
  return checked instanceof Promise ? checked.then((result) => fitting(result, name)) : fitting(checked, name)
}

function fitting(checked: Checked, name: string): unknown {
  if ('value' in checked) return checked.value
  throw fault('SCHEMA_MISMATCH', `A stored payload of ${name} no longer fits its schema: ${listed(checked.complaints)}.`, {
    details: { complaints: checked.complaints },
  })
}

/** Bodies say what they are; those without a word are MessagePack. */
export function encodingOf(headers: Headers): Encoding {
  return headers.get(header.contentType)?.includes('json') ? 'json' : 'msgpack'
}

/** The header that says how a body is written; none for MessagePack. */
export function contentTypeField(encoding: Encoding): [string, string][] {
  return encoding === 'json' ? [[header.contentType, 'application/json']] : []
}
