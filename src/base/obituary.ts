/** How a delivery was given up: kept with its dead letter, told to listeners, shown to people. */

import { createHash } from 'node:crypto'
import { CallboardError } from './errors.ts'

/** Why something was given up. */
export type Reason =
  /** The handler said never again. */
  | 'rejected'
  /** All attempts failed. */
  | 'exhausted'
  /** It had not started in the time its sender allowed. */
  | 'expired'
  /** Its body could not be decoded or did not fit its schema. */
  | 'unreadable'

/** One attempt that failed. */
export interface Failure {
  /** ms since 1970. */
  readonly at: number
  readonly attempt: number
  /** How long it ran, in ms. */
  readonly ms: number
  readonly worker: string
  readonly error: FailureError
}

/** An error as data: never rebuilt into a class by whoever reads it. */
export interface FailureError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** Everything worth knowing of something that was given up. */
export interface Obituary {
  readonly reason: Reason
  readonly attempts: number
  /** ms since 1970. */
  readonly at: number
  readonly service: string
  readonly worker: string
  readonly error: FailureError
  /** The failed attempts, oldest first; at most the last ten. */
  readonly history: readonly Failure[]
}

const longestMessage = 1000
const longestStack = 2000

/** An error as data, cut to a bounded size. Never throws, whatever was thrown. */
export function failureError(error: unknown): FailureError {
  if (!(error instanceof Error)) return { name: 'Thrown', message: cut(said(error), longestMessage) }
  const code = error instanceof CallboardError ? error.code : (error as { code?: unknown }).code
  return {
    name: said(error.name),
    message: cut(said(error.message), longestMessage),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    ...(error.stack ? { stack: cut(said(error.stack), longestStack) } : {}),
  }
}

function said(value: unknown): string {
  try {
    return String(value)
  } catch {
    return 'something that cannot be shown'
  }
}

/** Adds a failure to a history, keeping the last ten, with the stack of the newest only. */
export function remember(history: readonly Failure[], failure: Failure): Failure[] {
  const older = history.slice(-9).map(({ error: { stack: _stack, ...error }, ...rest }) => ({ ...rest, error }))
  return [...older, failure]
}

/** Equal for errors that differ only in numbers, ids and addresses: what people call the same error. Ten characters. */
export function fingerprint(error: FailureError): string {
  const shape = `${error.name}:${error.code ?? ''}:${error.message.replace(/0x[0-9a-f]+|[0-9A-HJKMNP-TV-Z]{26}|[\w.+-]+@[\w-]+(\.[\w-]+)+|\d+/gi, '#')}`
  return createHash('sha256').update(shape).digest('hex').slice(0, 10)
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text
}
