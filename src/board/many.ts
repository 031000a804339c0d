/**
 * Many at once, at batch speed: up to 1,000 messages are stored all or none; more are stored in several such batches,
 * a few of them under way at a time, or one by one where the broker is faster so.
 */

import { asError, fault, shown, UnknownOutcomeError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Schema } from '../base/schema.ts'
import { type Encoding, inspectedAll } from '../wire/codec.ts'
import { partIn } from '../wire/names.ts'
import { type Outgoing, sizeOf } from '../wire/outgoing.ts'
import { batchLimit } from '../wire/publisher.ts'
import { refuseMisfit } from './payload.ts'
import type { Storing } from './room.ts'

/** A message with its id. */
export interface Prepared extends Outgoing {
  readonly id: string
  /** When it is due, in ms since 1970, where it is for later. */
  readonly due?: number
}

/** Messages that are to be stored together: the one at an index is made when it is asked for, once and in order. */
export interface Messages {
  readonly count: number
  at(index: number): Prepared
  /** All of them, where they had to be made before the first was sent. */
  readonly made?: readonly Prepared[]
}

/** How many are stored. */
export interface ManyTerms<Given> {
  readonly storing: Storing
  readonly signal?: AbortSignal | undefined
  /** Batches go one after the other, not side by side. */
  readonly inOrder?: boolean
  /** What the sender gets for a message that is stored. */
  given(message: Prepared, sequence: number, duplicate: boolean): Given
}

/** A batch is cut off at this many bytes, so that the broker and this process hold few of them. */
const batchBytes = 4 * 1024 * 1024
const underWay = 4

interface Batch {
  /** The index of the first. */
  readonly from: number
  readonly messages: Prepared[]
}

/** Two that lie in different partitions of a queue, and so in different streams. */
const apart = (one: Prepared, other: Prepared): boolean => one.subject !== other.subject && partIn(one.subject) !== partIn(other.subject)

/** Messages in batches that the broker takes, each as soon as it is full, from one of them on. */
export function* batches({ count, at }: Omit<Messages, 'made'>, start = 0, most = batchLimit, bytes = batchBytes): Generator<Batch> {
  let batch: Batch = { from: start, messages: [] }
  let size = 0
  for (let index = start; index < count; index++) {
    const each = at(index)
    const length = sizeOf(each)
    const [first] = batch.messages
    if (first !== undefined && (batch.messages.length >= most || size + length > bytes || apart(first, each))) {
      yield batch
      batch = { from: index, messages: [] }
      size = 0
    }
    batch.messages.push(each)
    size += length
  }
  if (batch.messages.length > 0) yield batch
}

/** Messages that are being stored, and what their sender gets for those that are. */
interface Storage<Given> extends Messages {
  /** Those that are made. */
  readonly known: readonly Prepared[]
  readonly given: Given[]
}

/**
 * Stores them all. A message leaves as soon as it is made, alone or with its batch, so that the broker works while the next is made. Throws
 * PARTLY_STORED where some were stored and others not, otherwise what the first that failed threw.
 */
export async function storeMany<Given>(messages: Messages, terms: ManyTerms<Given>): Promise<Given[]> {
  const { count, made } = messages
  const known: Prepared[] = []
  const at = (index: number) => {
    known[index] ??= messages.at(index)
    return known[index]
  }
  const storage = { count, at, known, given: new Array<Given>(count) }
  try {
    const alone = count > batchLimit && made === undefined && !terms.inOrder && terms.signal === undefined
    const storing = alone ? storeEach(storage, terms) : undefined
    // Their owner may change them as soon as this has returned.
    if (alone) for (let index = 0; index < count; index++) at(index)
    const begun = (await storing) ?? 0
    if (begun < count) await storeBatches(storage, begun, terms)
  } catch (error) {
    throw partly(storage, asError(error))
  }
  return storage.given
}

/** Stores one by one, if the broker is faster with that. Gives how many these were, from the first on. */
async function storeEach<Given>(storage: Storage<Given>, { storing, given }: ManyTerms<Given>): Promise<number> {
  const each = storing.publishEach?.(storage, (index, message, { sequence, duplicate }) => {
    storage.given[index] = given(message, sequence, duplicate)
  })
  return (await each) ?? 0
}

async function storeBatches<Given>(storage: Storage<Given>, from: number, terms: ManyTerms<Given>): Promise<void> {
  const cut: Batch[] = []
  const working: Promise<void>[] = []
  let next = 0
  let free = terms.inOrder ? 1 : underWay
  let failed: Error | undefined
  async function work(): Promise<void> {
    free--
    for (let batch = cut[next++]; batch !== undefined; batch = failed ? undefined : cut[next++]) {
      try {
        await storeBatch(batch, storage.given, terms)
      } catch (error) {
        failed ??= asError(error)
      }
    }
  }
  try {
    for (const batch of batches(storage, from)) {
      cut.push(batch)
      if (free > 0) working.push(work())
    }
  } catch (error) {
    failed = asError(error)
  }
  await Promise.all(working)
  if (failed !== undefined) throw failed
}

async function storeBatch<Given>({ from, messages }: Batch, given: Given[], terms: ManyTerms<Given>): Promise<void> {
  const { storing, signal } = terms
  const [only] = messages
  const last = messages.length === 1 && only ? undefined : await storing.publishBatch(messages, signal)
  if (last !== undefined) {
    let sequence = last - messages.length
    let index = from
    for (const each of messages) given[index++] = terms.given(each, ++sequence, false)
    return
  }
  // Some ids were there before: stored one by one, where each of them is judged for itself.
  const alone = (each: Prepared) => storing.publish(each, signal, ({ sequence, duplicate }) => terms.given(each, sequence, duplicate))
  for (const [index, one] of (await Promise.all(messages.map(alone))).entries()) given[from + index] = one
}

function partly<Given>({ count, known, given }: Storage<Given>, cause: Error): Error {
  const indexes = Array.from({ length: count }, (_, index) => index)
  const missing = indexes.filter((index) => given[index] === undefined)
  const stored = count - missing.length
  // What was not made was not sent, and any id will do.
  const details = { stored, ids: indexes.map((index) => known[index]?.id ?? newId()), missing }
  if (stored > 0) return fault('PARTLY_STORED', `${stored} of ${count} messages were stored; then: ${cause.message}`, { cause, details })
  // Whoever repeats what may be stored needs its ids.
  if (cause instanceof UnknownOutcomeError) return fault(cause.code, cause.what, { cause, details: { ...cause.details, ...details } })
  return cause
}

/** What is made into messages. */
export interface Making<Input> {
  readonly name: string
  readonly schema: Schema | undefined
  readonly encoding: Encoding
  /** From this many bytes on, an input may turn out to be too large, or cannot be made at once. */
  readonly heavy: number
  /** Makes one. `plain`: it was looked at before, and can be sent as it is. */
  make(input: Input, plain: boolean, index: number): Prepared | Promise<Prepared>
}

/**
 * Many inputs as messages. What is bad in any of them is thrown before the first is made. `ready`: what has to be there before one can be
 * stored. Where nothing is waited for and nothing can go wrong any more, each is made when its turn comes; otherwise all at once, from what the
 * inputs are now. A promise only where something is waited for.
 */
export function messagesOf<Input>(
  inputs: readonly Input[],
  { name, schema, encoding, heavy, make }: Making<Input>,
  ready: Promise<void> | undefined,
): Messages | Promise<Messages> {
  const count = inputs.length
  const checks = schema === undefined ? [] : inputs.map((input) => refuseMisfit(schema, input, name)).filter((each) => each !== undefined)
  if (checks.length === 0 && ready === undefined) {
    const { plain, weight } = inspectedAll(inputs, encoding)
    if (weight < heavy) return { count, at: (index) => make(inputs[index] as Input, plain, index) as Prepared }
  }
  const whole = (made: readonly Prepared[]): Messages => ({ count, at: (index) => made[index] as Prepared, made })
  const finish = (): Messages | Promise<Messages> => {
    const made = inputs.map((input, index) => make(input, false, index))
    return made.some((each) => each instanceof Promise) ? Promise.all(made).then(whole) : whole(made as Prepared[])
  }
  if (checks.length > 0) return Promise.all([...checks, ready]).then(finish)
  const all = finish()
  return ready === undefined ? all : Promise.all([all, ready]).then(([made]) => made)
}

/** The options of each of many: those of all, and its own id. */
export function eachOf<O extends { readonly ids?: readonly string[] } | undefined>(options: O): (index: number) => O {
  const ids = options?.ids && [...options.ids]
  return ids === undefined ? () => options : (index) => ({ ...options, id: ids[index] })
}

/** Refuses what is not a list of many, or not as long as that of its ids. Throws INVALID_ARGUMENT. */
export function checkList(given: unknown, where: string, ids?: readonly string[]): void {
  if (!Array.isArray(given)) throw fault('INVALID_ARGUMENT', `The second argument of ${where} is ${shown(given)}, not a list.`)
  if (ids !== undefined && ids.length !== given.length)
    throw fault('INVALID_ARGUMENT', `${where} was given ${ids.length} ids for ${given.length} messages.`)
}
