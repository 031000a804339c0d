/** What both kinds of contract have in common: retry options, and the check of what is sent and received. */

import { type Backoff, backoff } from '../base/backoff.ts'
import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import { callable, made, type Reader, readOptions, time, whole, wrong } from '../base/options.ts'
import { type Checked, check, listed, looksLikeSchema, type Schema } from '../base/schema.ts'
import type { Policy } from '../runtime/verdict.ts'
import { decode, type Encoding } from '../wire/codec.ts'
import { type Headers, header } from '../wire/envelope.ts'
import type { Delivery } from '../wire/source.ts'
import { defaults } from './core.ts'

/** A class of errors, or a question about an error. */
export type ErrorTest = (abstract new (...args: never[]) => Error) | ((error: unknown) => boolean)

/** When a failed attempt is tried again, and how often. */
export interface RetryOptions {
  /** Runs in all, the first included; 1 to 10,000. Default 5. */
  readonly attempts?: number
  /** Wait after a failed attempt: `'1s..5m'` (full jitter, doubling), a duration, or a function. Default `'1s..5m'`. */
  readonly backoff?: Backoff
  /** Only errors of these classes, or for which one of these functions says true, are tried again. Default: all. */
  readonly retryOn?: ErrorTest | readonly ErrorTest[]
  /** Errors of these classes, or for which one of these functions says true, are never tried again. Default: none. */
  readonly abortOn?: ErrorTest | readonly ErrorTest[]
  /** Not tried again when this much time has passed since it was stored. Default: no limit. */
  readonly maxAge?: Duration
}

const retryReaders = {
  attempts: whole(1, 10_000),
  backoff: made((value: Backoff) => {
    backoff(value)
    return value
  }),
  retryOn: errorTests,
  abortOn: errorTests,
  maxAge: time(1),
} satisfies Record<string, Reader<unknown>>

function errorTests(value: unknown): readonly ErrorTest[] | ReturnType<typeof wrong> {
  const tests = Array.isArray(value) ? value : [value]
  return tests.every((test) => typeof test === 'function')
    ? (tests as ErrorTest[])
    : wrong('it must be an error class, a function, or a list of them')
}

/** Retry options as a policy. Throws INVALID_OPTION or UNKNOWN_OPTION. */
export function policyOf(where: string, given: RetryOptions | undefined, timeout: number): Policy {
  const read = readOptions(`${where}.retry`, given, retryReaders)
  const { retryOn, abortOn } = read
  return {
    attempts: read.attempts ?? defaults.attempts,
    backoff: backoff(read.backoff ?? defaults.backoff),
    timeout,
    maxAge: read.maxAge ?? 0,
    retriable: (error) => !(abortOn && some(abortOn, error)) && (!retryOn || some(retryOn, error)),
  }
}

function some(tests: readonly ErrorTest[], error: unknown): boolean {
  return tests.some((test) => (isErrorClass(test) ? error instanceof test : (test as (error: unknown) => boolean)(error)))
}

function isErrorClass(test: ErrorTest): test is abstract new (...args: never[]) => Error {
  return test === Error || test.prototype instanceof Error
}

/** Reads `schema: …`. */
export const schemaOption: Reader<Schema> = (value) =>
  looksLikeSchema(value) ? value : wrong('it must be a Standard Schema, as zod, valibot and arktype make')

/** Reads a handler. Throws INVALID_ARGUMENT. */
export function checkedHandler<H>(handler: H, where: string): H {
  const result = callable()(handler)
  if (typeof result === 'function') return handler
  throw fault('INVALID_ARGUMENT', `The handler given to ${where} is not a function.`)
}

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

/** What a handler gets: decoded and checked. Throws DECODE, NOT_CALLBOARD or SCHEMA_MISMATCH. */
export function readBody(delivery: Pick<Delivery, 'body' | 'headers'>, schema: Schema | undefined, name: string): unknown {
  const { headers } = delivery
  if (headers.id === undefined) throw fault('NOT_CALLBOARD', `A message for ${name} has no id.`)
  const value = decode(delivery.body, headers.plain ? 'msgpack' : encodingOf(headers))
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
