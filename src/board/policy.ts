/** Retry options → policy, and readers of options that several contracts share. */

import { type Backoff, backoff } from '../base/backoff.ts'
import { fault } from '../base/errors.ts'
import { callable, made, type Reader, type ReadersOf, readOptions, time, whole, wrong } from '../base/options.ts'
import { looksLikeSchema, type Schema } from '../base/schema.ts'
import type { Policy } from '../runtime/verdict.ts'
import type { ErrorTest, RetryOptions } from './contract.ts'
import { defaults } from './defaults.ts'

const retryReaders = {
  attempts: whole(1, 10_000),
  backoff: made((value: Backoff) => {
    backoff(value)
    return value
  }),
  retryOn: errorTests,
  abortOn: errorTests,
  maxAge: time(1),
  maxRuntime: time(1),
} satisfies ReadersOf<RetryOptions>

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
    maxRuntime: read.maxRuntime ?? 0,
    retriable: (error) => !(abortOn && some(abortOn, error)) && (!retryOn || some(retryOn, error)),
  }
}

/** Refuses retry options that cannot travel with a task: functions and classes stay with the contract. Throws as `policyOf` does. */
export function travelling(where: string, given: RetryOptions, timeout: number): RetryOptions {
  policyOf(where, given, timeout)
  const stays = Object.entries(given).filter(([name, value]) => name === 'retryOn' || name === 'abortOn' || typeof value === 'function')
  if (stays.length === 0) return given
  throw fault('INVALID_OPTION', `${stays.map(([name]) => `retry.${name}`).join(' and ')} of ${where} cannot be sent with a task.`, {
    fix: 'Give it to the contract: task(name, { retry }).',
  })
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
