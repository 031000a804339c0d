/**
 * Many at once, at batch speed: up to 1,000 messages are stored all or none; more are stored in several such batches,
 * a few of them under way at a time.
 */

import { asError, fault, shown, UnknownOutcomeError } from '../base/errors.ts'
import { partIn } from '../wire/names.ts'
import { type Outgoing, sizeOf } from '../wire/outgoing.ts'
import { batchLimit } from '../wire/publisher.ts'
import type { Storing } from './room.ts'
import type { Receipt } from './sender.ts'

/** A message with its id. */
export interface Prepared extends Outgoing {
  readonly id: string
  /** When it is due, in ms since 1970, where it is for later. */
  readonly due?: number
}

/** A batch is cut off at this many bytes, so that the broker and this process hold few of them. */
const batchBytes = 4 * 1024 * 1024
const underWay = 4

/** Two that lie in different partitions of a queue, and so in different streams. */
const apart = (one: Prepared | undefined, other: Prepared): boolean => one !== undefined && partIn(one.subject) !== partIn(other.subject)

/** Messages in batches that the broker takes. */
export function batches(prepared: readonly Prepared[], most = batchLimit, bytes = batchBytes): Prepared[][] {
  const cut: Prepared[][] = []
  let size = Number.POSITIVE_INFINITY
  for (const each of prepared) {
    const length = sizeOf(each)
    const last = cut.at(-1)
    if (last === undefined || last.length >= most || size + length > bytes || apart(last[0], each)) {
      cut.push([each])
      size = length
    } else {
      last.push(each)
      size += length
    }
  }
  return cut
}

/** Stores them all. Batches are under way side by side, or with `inOrder` one after the other. Throws PARTLY_STORED where some batches were stored and others not, otherwise what the first batch threw. */
export async function storeMany(
  publisher: Storing,
  prepared: readonly Prepared[],
  signal?: AbortSignal,
  inOrder = false,
): Promise<Receipt[]> {
  const cut = batches(prepared)
  const receipts: Receipt[][] = new Array(cut.length)
  let next = 0
  let failed: Error | undefined
  async function work(): Promise<void> {
    while (next < cut.length && failed === undefined) {
      const index = next++
      try {
        receipts[index] = await storeBatch(publisher, cut[index] as Prepared[], signal)
      } catch (error) {
        failed ??= asError(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(inOrder ? 1 : underWay, cut.length) }, work))
  if (failed !== undefined) throw partly(cut, receipts, failed)
  return receipts.flat()
}

async function storeBatch(publisher: Storing, batch: readonly Prepared[], signal: AbortSignal | undefined): Promise<Receipt[]> {
  const [only] = batch
  if (batch.length === 1 && only) return [{ id: only.id, ...(await publisher.publish(only, signal)) }]
  const last = await publisher.publishBatch(batch, signal)
  if (last !== undefined) return batch.map((each, index) => ({ id: each.id, sequence: last - batch.length + 1 + index, duplicate: false }))
  // Some ids were there before: stored one by one, where each of them is judged for itself.
  return Promise.all(batch.map(async (each) => ({ id: each.id, ...(await publisher.publish(each, signal)) })))
}

function partly(cut: readonly Prepared[][], receipts: readonly Receipt[][], cause: Error): Error {
  const stored = receipts.reduce((sum, batch) => sum + (batch?.length ?? 0), 0)
  const undecided = cause instanceof UnknownOutcomeError
  if (stored === 0 && !undecided) return cause
  const ids = cut.flat().map((each) => each.id)
  const missing = cut.flatMap((batch, index) => (receipts[index] === undefined ? batch.map((each) => ids.indexOf(each.id)) : []))
  // Whoever repeats what may be stored needs its ids.
  if (stored === 0 && undecided) return fault(cause.code, cause.what, { cause, details: { ...cause.details, stored, ids, missing } })
  return fault('PARTLY_STORED', `${stored} of ${ids.length} messages were stored; then: ${cause.message}`, {
    cause,
    details: { stored, ids, missing },
  })
}

/** Waits only where something has to be waited for: of 100,000 values that are there already, none is. */
export function settledAll<T>(values: (T | Promise<T>)[]): T[] | Promise<T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as T[])
}

/** Refuses what is not a list of many. Throws INVALID_ARGUMENT. */
export function checkList(given: unknown, where: string): void {
  if (!Array.isArray(given)) throw fault('INVALID_ARGUMENT', `The second argument of ${where} is ${shown(given)}, not a list.`)
}
