/**
 * What the broker's refusals mean. A table, so that nobody else needs to know the numbers.
 *
 * source: error codes of nats-server (server/errors.json), each tried against 2.15.
 */

import { JetStreamApiError } from '@nats-io/jetstream'
import { PermissionViolationError } from 'nats'
import { type CallboardError, fault } from '../base/errors.ts'

/** An error as the broker writes it into its answers. */
export interface ApiError {
  readonly code?: number
  readonly err_code?: number
  readonly description?: string
}

/** What to do with an answer that is an error. */
export type Refusal = 'again' | 'exists' | 'committed' | 'definite'

/** Cluster without leader, leader changing, message id still on its way to the replicas. */
const passing = new Set([10004, 10005, 10008, 10009, 10158, 10164])

/** Sorts a refusal: try again, it is already there, the batch was committed before, or it is final. */
export function refusalOf(error: ApiError): Refusal {
  const code = error.err_code ?? 0
  if (code === 10071) return 'exists'
  if (code === 10201) return 'committed'
  if (passing.has(code) || (error.code === 503 && code === 0)) return 'again'
  return 'definite'
}

/** The error for a refusal that is final. `what` was being done, as in "publishing to callboard.topic.x". */
export function refusalFault(error: ApiError, what: string): CallboardError {
  const said = `${error.description ?? 'no reason given'} (${error.err_code ?? error.code ?? 'no code'})`
  const details = { broker: error }
  switch (error.err_code) {
    case 10077:
      return fault('QUEUE_FULL', `The broker refused ${what}: ${said}.`, { details })
    case 10023:
    case 10047:
      return fault('STORAGE_FULL', `The broker refused ${what}: ${said}.`, { details })
    case 10054:
    case 10097:
      return fault('PAYLOAD_TOO_LARGE', `The broker refused ${what}: ${said}.`, { details })
    case 10071:
      return fault('ALREADY_EXISTS', `The broker refused ${what}: ${said}.`, {
        details: { ...details, sequence: occupyingSequence(error) },
      })
    case 10189:
      return fault('INVALID_SCHEDULE', `The broker refused ${what}: ${said}.`, { details })
    case 10223:
      return fault('INVALID_TIMEZONE', `The broker refused ${what}: ${said}.`, { details })
    case 10039:
    case 10076:
      return fault('JETSTREAM_OFF', `The broker refused ${what}: ${said}.`, { details })
    default:
      return fault('BROKER_REFUSED', `The broker refused ${what}: ${said}.`, { details })
  }
}

/** The sequence that stands in the way, as the broker names it in "wrong last sequence: N". */
function occupyingSequence(error: ApiError): number {
  return Number(/(\d+)\s*$/.exec(error.description ?? '')?.[1] ?? 0)
}

/** The number that says that there is no such stream. */
export const streamMissing = 10059

/** The number of a broker error; 0 for anything else. */
export function codeOf(error: unknown): number {
  return error instanceof JetStreamApiError ? error.code : 0
}

/** A broker error in callboard's words. */
export function told(error: unknown, what: string): never {
  if (error instanceof JetStreamApiError) throw refusalFault(error.apiError() as ApiError, what)
  const message = error instanceof Error ? error.message : String(error)
  if (/closed connection|connection draining|connection closed/i.test(message))
    throw fault('CLOSED', `The board was closed before the broker was asked about ${what}.`, { cause: error })
  const subject = forbiddenSubject(error)
  if (subject !== undefined || /permission/i.test(message))
    throw fault('PERMISSION', `The credentials do not allow ${what}${subject === undefined ? '' : `: publishing to ${subject}`}.`, {
      cause: error,
      fix: granting(subject),
    })
  if (/no responders|not enabled/i.test(message))
    throw fault('JETSTREAM_OFF', `Nobody answered about ${what}: JetStream is off, or the cluster has no leader.`, { cause: error })
  if (/timeout/i.test(message)) throw fault('TIMED_OUT', `The broker did not answer about ${what}.`, { cause: error })
  throw fault('CONNECTION_FAILED', `Asking the broker about ${what} failed: ${message}.`, { cause: error })
}

/** Where the credentials do not allow to publish, if that is what an error says. */
export function forbiddenSubject(error: unknown): string | undefined {
  if (error instanceof PermissionViolationError) return error.operation === 'publish' ? error.subject : undefined
  return error instanceof Error && error.cause !== undefined ? forbiddenSubject(error.cause) : undefined
}

/** What those ask who do without an answer: they declare what an operator has declared, count copies, forget what expires by itself. */
const spared = /^\$JS\.API\.STREAM\.(CREATE\.|LIST$|NAMES$|MSG\.DELETE\.\w+_TABLE$)/

/** Whether an error of the connection says no more than that the credentials are those of a role that needs no answer there. */
export const isSpared = (error: Error): boolean => spared.test(forbiddenSubject(error) ?? '')

/** Which role of `callboard/permissions` may publish to a subject. */
export function roleFor(subject: string): string {
  if (/^\$JS\.API\.DIRECT\.GET\.\w+_TABLE\.[^.]+\.table\.(memory|once|pause)\./.test(subject)) return 'worker'
  if (/^\$JS\.API\.CONSUMER\.(INFO|CREATE|DURABLE\.CREATE|MSG\.NEXT)\.|^\$JS\.ACK\.|^[^.]+\.(dead|live)\./.test(subject)) return 'worker'
  if (/^[^.]+\.(topic|own|task|later|desk)\./.test(subject)) return 'producer'
  if (/^\$JS\.API\.(INFO$|STREAM\.(LIST|NAMES|INFO|MSG\.GET)|DIRECT\.GET|CONSUMER\.LIST)/.test(subject)) return 'reader'
  return 'operator'
}

/** The error for that. */
export function forbidden(subject: string | undefined, cause: Error): CallboardError {
  return fault('PERMISSION', `The credentials do not allow publishing to ${subject}; nothing was stored.`, {
    cause,
    fix: granting(subject),
  })
}

const granting = (subject: string | undefined): string =>
  subject === undefined
    ? 'Grant what is named in the message.'
    : `Grant ${subject}; the role ${roleFor(subject)} of callboard/permissions has it, on contracts it is given.`
