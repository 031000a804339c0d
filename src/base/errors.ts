/**
 * Every way callboard can fail, in one registry.
 *
 * An error says what happened, why, and how to fix it; it has a stable code and keeps its cause.
 * `docs/reference/errors.md` has one section per code, and a test holds the two equal.
 * The idea of a registry kept equal to its page by a test is Fastify's.
 */

/** What the reader of an error can do about it. One class per kind. */
export type ErrorKind = 'input' | 'connection' | 'broker' | 'unknown' | 'time' | 'message' | 'task' | 'server' | 'bug'

interface Entry {
  readonly kind: ErrorKind
  /** What the code means, in one sentence. */
  readonly means: string
  /** What to do about it, in one sentence. */
  readonly fix: string
}

/** Code → kind, meaning and fix. Codes never change their meaning; they are safe to compare in programs. */
// biome-ignore format: a table, one line for each code
export const registry = {
  INVALID_ARGUMENT: { kind: 'input', means: 'An argument has the wrong type.', fix: 'Pass a value of the type named in the message.' },
  INVALID_NAME: { kind: 'input', means: 'A topic, task, service, queue or namespace name cannot be used.', fix: 'Use parts of A-Z a-z 0-9 _ - joined by single dots.' },
  NAME_TOO_LONG: { kind: 'input', means: 'A name is longer than 200 characters.', fix: 'Shorten the name; put data into the payload, not into names.' },
  INVALID_ID: { kind: 'input', means: 'An id cannot be used.', fix: 'Use 1 to 128 characters out of A-Z a-z 0-9 _ - : . /, or leave the id out.' },
  INVALID_HEADER: { kind: 'input', means: 'A header name or value cannot be sent.', fix: 'Use token characters in names, and values without control characters.' },
  RESERVED_HEADER: { kind: 'input', means: 'A header name belongs to the broker or to callboard.', fix: 'Choose a name that does not begin with Nats- or Cb-, and is not Content-Type.' },
  HEADERS_TOO_LARGE: { kind: 'input', means: 'All headers together exceed 32 KiB.', fix: 'Move the data into the payload.' },
  INVALID_OPTION: { kind: 'input', means: 'One or more options have unusable values.', fix: 'Correct each option named in the message.' },
  UNKNOWN_OPTION: { kind: 'input', means: 'An option does not exist.', fix: 'Remove it, or use the name suggested in the message.' },
  INVALID_URL: { kind: 'input', means: 'A server address cannot be used.', fix: 'Use nats://host:port or tls://host:port.' },
  INVALID_SCHEDULE: { kind: 'input', means: 'A schedule cannot be understood or would never fire.', fix: 'Correct the cron expression or interval.' },
  INVALID_TIMEZONE: { kind: 'input', means: 'A time zone is unknown.', fix: 'Use an IANA name such as Europe/Berlin.' },
  INVALID_SELECTOR: { kind: 'input', means: 'A selector cannot be read.', fix: 'Correct it at the place marked in the message; docs/guides/ledger.md has the language.' },
  INVALID_PAYLOAD: { kind: 'input', means: 'A payload does not fit the schema of its contract. Nothing was stored.', fix: 'Correct the fields named in the message.' },
  NOT_SERIALIZABLE: { kind: 'input', means: 'A value cannot be sent without changing it.', fix: 'Send plain objects, arrays, strings, numbers, booleans, null and bytes; convert the rest, for example a Date with toISOString().' },
  TOO_DEEP: { kind: 'input', means: 'A payload is nested more than 100 levels deep.', fix: 'Flatten the payload.' },
  PAYLOAD_TOO_LARGE: { kind: 'input', means: 'A message is larger than the broker takes.', fix: "Give the contract large: 'store', send a reference to data that lies elsewhere, or raise max_payload on the server." },
  DUPLICATE_HANDLER: { kind: 'input', means: 'One service was given two handlers for the same contract.', fix: 'Remove one of them, or use two services.' },
  BATCH_MISMATCH: { kind: 'input', means: 'A batch handler returned a list that is not as long as its batch, so nobody can say which entry belongs to which item.', fix: 'Return one entry for each item in their order, or nothing, and say of single items how they ended with done() and fail().' },
  NOT_TRACKED: { kind: 'input', means: 'The result of a task was asked for that keeps none.', fix: 'Give the task an output schema, or track: true.' },
  PORT_TAKEN: { kind: 'input', means: 'The port for the dashboard, or for health, cannot be listened on.', fix: 'Use port: 0 for a free one, or stop what uses it.' },
  CONNECTION_FAILED: { kind: 'connection', means: 'The broker could not be reached.', fix: 'Start a server (npm start, or nats-server -c nats-server.conf) or set NATS_URL.' },
  AUTH: { kind: 'connection', means: 'The broker refused the credentials.', fix: 'Check user, password, token or credentials file.' },
  TLS: { kind: 'connection', means: 'No secure connection could be made.', fix: 'Check certificates, host name and the tls option.' },
  PERMISSION: { kind: 'connection', means: 'The credentials do not allow this action.', fix: 'Grant the permission named in the message.' },
  CLOSED: { kind: 'connection', means: 'The board, service or handle is closed.', fix: 'Use it before close(), or open a new one.' },
  UNSUPPORTED_SERVER: { kind: 'broker', means: 'The server is too old.', fix: 'Run nats-server 2.14 or newer; callboard/server can fetch one.' },
  JETSTREAM_OFF: { kind: 'broker', means: 'The server keeps no streams.', fix: 'Start it with jetstream {} in its configuration, as nats-server.conf does.' },
  CONFIG_CONFLICT: { kind: 'broker', means: 'A stream or consumer on the broker differs from what the code declares. Nothing was changed.', fix: 'Change the code, or pass { onDrift: "update" } to change the broker.' },
  STORAGE_FULL: { kind: 'broker', means: 'The broker has no room left. Nothing was stored.', fix: 'Let workers drain the queue, raise the storage limit, or delete what is not needed.' },
  QUEUE_FULL: { kind: 'broker', means: 'A queue has reached its limit. Nothing was stored.', fix: "Add workers, raise the limit of the queue, or let senders wait for room: full: 'wait'." },
  ALREADY_EXISTS: { kind: 'broker', means: 'Something with this key already exists.', fix: 'Use the existing one.' },
  BROKER_REFUSED: { kind: 'broker', means: 'The broker refused a request for a reason callboard does not know.', fix: 'Read the broker error in the cause.' },
  PUBLISH_UNKNOWN: { kind: 'unknown', means: 'No answer came: the message may or may not be stored.', fix: 'Repeat with the same id; within the dedupe window it is stored once.' },
  PARTLY_STORED: {
    kind: 'unknown',
    means: 'Some of many messages were stored, others not.',
    fix: 'Send those again whose indexes are in details.missing, with the ids in details.ids; what is stored is not stored twice.',
  },
  ABORTED: { kind: 'unknown', means: 'The caller gave up by its AbortSignal.', fix: 'If the outcome in the details is unknown, repeat with the same id.' },
  TIMED_OUT: { kind: 'time', means: 'Something did not happen in the time given.', fix: 'Allow more time, or look why it takes so long.' },
  HANDLER_TIMEOUT: { kind: 'time', means: 'A handler ran longer than the timeout of its contract.', fix: 'Raise timeout, or obey ctx.signal and do less per task.' },
  LEASE_LOST: { kind: 'time', means: 'A pulled task was answered before, or not before its lease ran out.', fix: 'Call extend() in time, or pull with a longer lease; a task whose lease ran out is run again.' },
  DECODE: { kind: 'message', means: 'A stored body cannot be decoded.', fix: 'Look at the dead letter; correct or discard it.' },
  SEALED: { kind: 'message', means: 'A body is sealed, and nothing was given to open it with.', fix: 'Give the contract the seal it was sent with.' },
  NOT_SEALED: { kind: 'message', means: 'A body is not sealed, and its contract wants it so.', fix: "Send it with the sealed contract; while you move over to seals, let the seal take what is plain: plain: 'accept'." },
  UNKNOWN_KEY: { kind: 'message', means: 'A body is sealed with a key that is not in the keyring.', fix: 'Add the key, then redrive the dead letter.' },
  WRONG_KEY: { kind: 'message', means: 'A body is sealed with a key of this id which is another one.', fix: 'Put the right key under this id, then redrive the dead letter.' },
  SEAL_BROKEN: { kind: 'message', means: 'A sealed body was changed, or belongs to another message.', fix: 'Find out who may write to the stream; discard the dead letter, or redrive it with an edited payload.' },
  SEAL_UNSUPPORTED: { kind: 'message', means: 'A body is sealed in a way this version does not know.', fix: 'Update callboard, then redrive the dead letter.' },
  WIRE_UNSUPPORTED: { kind: 'message', means: 'A message is written in a version of the wire format that this callboard does not read.', fix: 'Update callboard, then redrive the dead letter.' },
  NOT_SIGNED: { kind: 'message', means: 'A body has no signature, and its contract wants one.', fix: 'Let its producer sign, or find out who sent it.' },
  UNKNOWN_SIGNER: { kind: 'message', means: 'A body is signed by somebody who is not trusted.', fix: 'Add the key of the signer to those trusted, then redrive the dead letter; or find out who sent it.' },
  BAD_SIGNATURE: { kind: 'message', means: 'The signature of a body is not that of its signer.', fix: 'Check the key trusted under this name; if it is right, find out who may write to the stream.' },
  BODY_LOST: { kind: 'message', means: 'The body of a large message, stored beside it, is missing or damaged.', fix: 'Send it again, or redrive the dead letter with an edited payload, or discard it.' },
  NOT_CALLBOARD: { kind: 'message', means: 'A message in a callboard stream was not sent by callboard.', fix: 'Send with the wire format of docs/wire-format.md, or discard the dead letter.' },
  SCHEMA_MISMATCH: { kind: 'message', means: 'A stored body no longer fits the schema of its contract.', fix: 'Redrive it with an edited payload, or discard it.' },
  TASK_FAILED: { kind: 'task', means: 'A task was given up and is a dead letter.', fix: 'Look at its reason, then redrive or discard it.' },
  CANCELLED: { kind: 'task', means: 'A task was cancelled by its sender.', fix: 'Enqueue it again if it is still wanted.' },
  TASK_EXPIRED: { kind: 'task', means: 'A task was not started in the time its sender allowed.', fix: 'Add workers, or allow more time.' },
  RESULT_LOST: { kind: 'task', means: 'A task succeeded, but its result could not be kept.', fix: 'Return something smaller and serializable; the details say which.' },
  NOT_FOUND: { kind: 'task', means: 'Nothing with this id or name is known.', fix: 'Check the id; finished tasks are forgotten after their result expires.' },
  SERVER_NOT_FOUND: { kind: 'server', means: 'No usable nats-server was found and none could be fetched.', fix: 'Install nats-server 2.14 or newer, or set CALLBOARD_NATS_SERVER to its path.' },
  SERVER_DOWNLOAD_FAILED: { kind: 'server', means: 'A nats-server could not be fetched.', fix: 'Check the network, or set CALLBOARD_NATS_SERVER to a binary you have.' },
  SERVER_CHECKSUM: { kind: 'server', means: 'A fetched nats-server does not have the published checksum. It was deleted.', fix: 'Try again; if it repeats, fetch the binary yourself and set CALLBOARD_NATS_SERVER.' },
  SERVER_TOO_OLD: { kind: 'server', means: 'The nats-server found is too old.', fix: 'Install nats-server 2.14 or newer, or unset CALLBOARD_NATS_SERVER to let callboard fetch one.' },
  SERVER_PORT_TAKEN: { kind: 'server', means: 'The port for the nats-server is in use.', fix: 'Use port: 0 for a free one, or stop what uses it.' },
  SERVER_STORE_LOCKED: { kind: 'server', means: 'Another server already uses this store folder.', fix: 'Stop it, or choose another store folder.' },
  SERVER_START_FAILED: { kind: 'server', means: 'The nats-server did not start.', fix: 'Read the last lines of its log in the message.' },
  SERVER_DIED: { kind: 'server', means: 'The nats-server stopped without being asked to.', fix: 'Read the last lines of its log in the message.' },
  BUG: { kind: 'bug', means: 'callboard did something it should never do.', fix: 'Please report it with the stack.' },
} as const satisfies Record<string, Entry>

/** A stable, searchable name of one way to fail. */
export type ErrorCode = keyof typeof registry

/** What may be said beside the sentence of an error. */
export interface ErrorExtras {
  /** Why it happened, if more is known than the code says. */
  readonly why?: string
  /** How to fix it, if more is known than the registry says. */
  readonly fix?: string
  /** What was thrown first. */
  readonly cause?: unknown
  /** Values a program may read. */
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * The base of everything callboard throws.
 *
 * `message` is what happened, why, and how to fix it, in this order; `what`, `why` and `fix` hold the parts.
 * `JSON.stringify(error)` gives `{ code, what, why, fix, details }`.
 */
export class CallboardError extends Error {
  readonly code: ErrorCode
  readonly what: string
  readonly why: string | undefined
  readonly fix: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, what: string, extras: ErrorExtras = {}) {
    const fix = extras.fix ?? registry[code].fix
    const parts = [what, extras.why, fix].filter((part) => part !== undefined && part !== '')
    super(parts.join(' '), extras.cause === undefined ? undefined : { cause: extras.cause })
    this.name = new.target.name
    this.code = code
    this.what = what
    this.why = extras.why
    this.fix = fix
    this.details = extras.details ?? {}
  }

  toJSON(): { code: ErrorCode; what: string; why?: string; fix: string; details: Readonly<Record<string, unknown>> } {
    return { code: this.code, what: this.what, ...(this.why === undefined ? {} : { why: this.why }), fix: this.fix, details: this.details }
  }
}

/** Change the call: nothing was sent. */
export class InvalidInputError extends CallboardError {}
/** Look at the connection or its credentials. */
export class ConnectionError extends CallboardError {}
/** Look at the broker: it refused, definitely, and nothing was stored. */
export class BrokerError extends CallboardError {}
/** Repeat with the same id: nobody knows whether it was stored. */
export class UnknownOutcomeError extends CallboardError {}
/** Allow more time. */
export class TimedOutError extends CallboardError {}
/** Look at the stored message: it cannot be understood. */
export class MessageError extends CallboardError {}
/** Look at the task: it did not succeed. */
export class TaskError extends CallboardError {}
/** Look at the nats-server process. */
export class ServerError extends CallboardError {}
/** Report it. */
export class BugError extends CallboardError {}

const classOf = {
  input: InvalidInputError,
  connection: ConnectionError,
  broker: BrokerError,
  unknown: UnknownOutcomeError,
  time: TimedOutError,
  message: MessageError,
  task: TaskError,
  server: ServerError,
  bug: BugError,
} as const satisfies Record<ErrorKind, typeof CallboardError>

/** Makes the error of a code, in the class of its kind. `what` is a sentence about this very case. */
export function fault(code: ErrorCode, what: string, extras?: ErrorExtras): CallboardError {
  return new classOf[registry[code].kind](code, what, extras)
}

/** Anything thrown becomes an Error here, keeping what was thrown as the cause. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  return new Error(`something that is not an Error was thrown: ${shown(thrown)}`, { cause: thrown })
}

/** A value as it may stand in a message: shortened, with control characters and lone surrogates escaped. */
export function shown(value: unknown, most = 60): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : describe(value)
  const safe = text.replace(/[\u0000-\u001f\u007f-\u009f\u00a0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udfff]/gu, escaped)
  // Without the first half of a character that was cut.
  return safe.length > most ? `${safe.slice(0, most).replace(/[\ud800-\udbff]$/, '')}… (${safe.length} characters)` : safe
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  return `a ${typeof value}`
}

/** Whether something failed because the credentials do not allow it. */
export const isForbidden = (error: unknown): boolean => error instanceof CallboardError && error.code === 'PERMISSION'
