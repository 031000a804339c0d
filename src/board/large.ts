/**
 * Large payloads: whether one goes beside its message, and how long it lies there.
 *
 * A body has one owner. That of a task belongs to the task, then to its dead letter, and to the task again when it is redriven; it
 * is removed when the broker was seen to hold none of them. That of an event is kept as long as the topic keeps the event, and a dead
 * letter of the event has a copy of its own.
 */

import { setTimeout as after } from 'node:timers/promises'
import { CallboardError, fault, UnknownOutcomeError } from '../base/errors.ts'
import { type Reader, wrong } from '../base/options.ts'
import { Skip, Snooze } from '../runtime/verdict.ts'
import { beside, fetchBody, isBeside, mostBeside, referenceIn, removeBody } from '../wire/body.ts'
import { type Headers, mostOwnHeaderBytes } from '../wire/envelope.ts'
import type { Beside, Reference } from '../wire/outgoing.ts'
import { type Outgoing, sizeOf, tooLarge } from '../wire/outgoing.ts'
import { shelf } from '../wire/stored.ts'
import type { Large, Task } from './contract.ts'
import type { Core } from './core.ts'
import type { Prepared } from './many.ts'
import { type Lying, type Reading, readBody, refuseHuge, storyRoom } from './payload.ts'
import type { Queue } from './queue.ts'
import { partFor } from './site.ts'

/** How long a body is kept for a task or a dead letter at most; a delay comes on top. */
export const year = 365 * 86_400_000
/** An event may be taken in the last moment of its life. */
const hour = 3_600_000
/** How long a body waits that could not be looked for, in ms. */
const patience = 1000
/** When it is looked, in ms after the one before, whether the broker has removed what was acknowledged. */
const looks = [0, 20, 100, 500, 2000]

/** Reads `large: …`. */
export const largeOption: Reader<Large> = (value) =>
  value === 'refuse' || value === 'store' || (typeof value === 'number' && Number.isSafeInteger(value) && value > 0)
    ? value
    : wrong('it must be "refuse", "store", or the bytes from which a payload is stored beside')

/** The body of a message that is to lie beside it; undefined: it fits. Throws PAYLOAD_TOO_LARGE where it may not, or is too large even so. */
export function besideOf({ link }: Pick<Core, 'link'>, large: Large, message: Outgoing, ttl: number): Beside | undefined {
  const { body } = message
  if (large === 'refuse') refuseHuge(message, link.maxPayload)
  else if (body.length > (large === 'store' ? mostBeside : large) || sizeOf(message) > link.maxPayload - storyRoom) {
    if (body.length > mostBeside) throw tooLarge(body.length, mostBeside)
    return beside(body, link.maxPayload, ttl)
  }
  return undefined
}

/** Payloads with fewer bytes fit into their message, whatever headers they have. */
export const lightest = ({ link }: Core, large: Large): number =>
  Math.min(link.maxPayload - storyRoom - mostOwnHeaderBytes, typeof large === 'number' ? large : mostBeside)

/** How long the body of an event is kept, of a topic that keeps events so long; ms. */
export const eventTime = (age: number): number => age + hour

/** What a handler gets, wherever its body lies. `wanted` is asked where a body is missing: what was called off meanwhile is not damaged. */
export function readAnywhere(core: Core, delivery: Lying, reading: Reading, wanted?: (reference: Reference) => Promise<boolean>): unknown {
  const reference = referenceIn(delivery.headers)
  if (reference === undefined) {
    if (isBeside(delivery.headers)) throw fault('BODY_LOST', `Where the body of a message for ${reading.name} lies cannot be read.`)
    return readBody(delivery, reading)
  }
  const { headers, sequence, subject } = delivery
  return found(core, reference, wanted).then((body) => readBody({ body, headers, sequence, subject }, reading))
}

async function found(core: Core, reference: Reference, wanted: (reference: Reference) => Promise<boolean> = async () => true) {
  try {
    return await fetchBody(core.layout, core.names, reference)
  } catch (error) {
    // What cannot be looked for just now is not lost.
    const later = (cause: unknown) => {
      throw new Snooze(patience, { cause })
    }
    if (!isLost(error)) return later(error)
    if (!(await wanted(reference).catch(later))) throw new Skip('It ended meanwhile, and its body is gone.')
    throw error
  }
}

/** A body for a dead letter of its own; undefined: it lies in the message, or is lost. */
export async function copied(core: Core, headers: Headers): Promise<Beside | undefined> {
  const reference = referenceIn(headers)
  const body = reference && (await bodyIfThere(core, reference))
  return body && beside(body, core.link.maxPayload, year)
}

/** A body, unless it is lost. */
export function bodyIfThere(core: Core, reference: Reference): Promise<Uint8Array | undefined> {
  return fetchBody(core.layout, core.names, reference).catch((error: unknown) => {
    if (isLost(error)) return undefined
    throw error
  })
}

const isLost = (error: unknown): boolean => error instanceof CallboardError && error.code === 'BODY_LOST'

/** Whose body it is: a task by its contract, or by what its subject says. */
type Owner = Pick<Task, 'queue' | 'name'> & { readonly place?: Queue; readonly part?: string }

/** Whether a task, or a dead letter of it, has this body. */
export async function isHeld(core: Core, { queue, name, place, part }: Owner, id: string, body: Pick<Reference, 'id'>) {
  const { names, layout } = core
  const has = async (stream: string, subject: string) => {
    const kept = await shelf(layout, stream).last(subject)
    return kept !== undefined && referenceIn(kept.headers)?.id === body.id
  }
  const waits = async () => {
    const streams = [...new Set([part ?? queue, place ? partFor(place, id) : queue])].map((each) => [names.queue(each), each] as const)
    const looks = [...streams, [names.laterStream(queue), queue] as const]
    return (await Promise.all(looks.map(([stream, each]) => has(stream, names.anywhere(each, name, id))))).some(Boolean)
  }
  // It may have been buried after the first look, or redriven after the second.
  return (await waits()) || (await has(names.dead, names.deadTask(queue, name, id))) || (await waits())
}

/** Removes a body that neither task nor dead letter has any more. False: one still has it. */
export async function release(core: Core, task: Owner, id: string, body: Pick<Reference, 'id'>): Promise<boolean> {
  if (await isHeld(core, task, id, body)) return false
  await removeBody(core.layout, core.names, body)
  return true
}

/** The same when the broker was told that the task is done, and will hear it soon. Never throws: what is left behind expires. */
export async function releaseSoon(core: Core, task: Task, id: string, headers: Headers): Promise<void> {
  try {
    const reference = referenceIn(headers)
    if (reference === undefined) return
    for (const pause of looks) {
      await after(pause)
      if (await release(core, task, id, reference)) return
    }
  } catch (error) {
    core.events.tell('trouble', {
      what: `the body of ${task.name} ${id} could not be removed; it expires`,
      error,
      about: { name: task.name, id },
    })
  }
}

interface Answered {
  readonly duplicate: boolean
}

/** Stores tasks, and removes the bodies of those that were refused or had been stored before. */
export function tidied<T extends Answered | readonly Answered[]>(
  core: Core,
  task: Task,
  prepared: readonly Prepared[],
  storing: Promise<T>,
): Promise<T> {
  return prepared.some((each) => each.beside) ? tidiedAfter(core, task, prepared, storing) : storing
}

async function tidiedAfter<T extends Answered | readonly Answered[]>(
  core: Core,
  task: Task,
  prepared: readonly Prepared[],
  storing: Promise<T>,
): Promise<T> {
  const tidy = async () => {
    for (const { id, beside } of prepared) if (beside) await release(core, task, id, beside).catch(() => false)
  }
  try {
    const answer = await storing
    if (([answer].flat() as readonly Answered[]).some(({ duplicate }) => duplicate)) await tidy()
    return answer
  } catch (error) {
    const unknown = error instanceof UnknownOutcomeError || (error as Error)?.cause instanceof UnknownOutcomeError
    if (!unknown) await tidy()
    throw error
  }
}
