/**
 * Many that ask for the same, and one that runs: by unique key, debounced, throttled. What is there already is on the broker, and
 * the broker decides, by conditions on what is stored; none of it needs a timer or a process of ours.
 */

import { duration } from '../base/duration.ts'
import { CallboardError, fault } from '../base/errors.ts'
import { header, headerBlock } from '../wire/envelope.ts'
import type { Row } from '../wire/names.ts'
import type { Outgoing } from '../wire/outgoing.ts'
import { shelf } from '../wire/stored.ts'
import { debounced, type Window } from './address.ts'
import type { Task } from './contract.ts'
import type { Core } from './core.ts'
import type { Prepared } from './many.ts'
import type { Patience } from './room.ts'
import { closed, sealedAs } from './seal.ts'
import type { DebounceOptions, EnqueueOptions, Receipt, ThrottleOptions } from './sender.ts'
import { type Site, sitesOf } from './site.ts'
import { timeoutOf } from './task-options.ts'
import { alone, storeUnique } from './unique.ts'

/** How often others may come first between looking and storing. */
const mostTries = 100

/** Stores a task that shares a key with others; undefined: it has none. */
export function storeKeyed(core: Core, task: Task, message: Prepared, options: EnqueueOptions): Promise<Receipt> | undefined {
  const { unique, debounce, throttle, signal } = options
  if (unique === undefined && debounce === undefined && throttle === undefined) return undefined
  const patience: Patience = { timeout: timeoutOf(options), signal }
  if (unique !== undefined) return storeUnique(core, task, unique, message, patience)
  if (debounce !== undefined) return storeDebounced(core, task, debounce, message, options)
  if (throttle !== undefined) return storeThrottled(core, task, throttle, message, patience)
  return undefined
}

/** The stream of what a queue is to get later. */
export const laterOf = ({ names }: Core, { place }: Pick<Task, 'place'>): string => (sitesOf(names, place)[0] as Site).stream

const comesFirst = (error: unknown): boolean => error instanceof CallboardError && error.code === 'ALREADY_EXISTS'

/** Takes the place of what waits for silence, or is the first to wait. The window is one scheduled message; each newcomer puts its end off. */
async function storeDebounced(
  core: Core,
  task: Task,
  { key }: DebounceOptions,
  message: Prepared,
  options: EnqueueOptions,
): Promise<Receipt> {
  const waiting = shelf(core.layout, laterOf(core, task))
  const row = message.subject.split('.')[4] as Row
  const subject = core.names.debouncedOf(task.queue, task.name, key)
  for (let tries = 1; ; tries++) {
    const there = await waiting.last(subject)
    const window: Window | undefined = there && {
      id: there.headers.id ?? message.id,
      since: Number(there.headers.get(header.since)),
      subject: there.subject,
      sequence: there.sequence,
    }
    // Ours, if an answer was lost and it was stored by a try before.
    if (there?.headers.get(header.id) === message.id)
      return { id: window?.id ?? message.id, sequence: there.sequence, duplicate: window?.id !== message.id }
    try {
      const body = await closed(task.seal, message.body, sealedAs(core.names, 'input', task.name, window?.id ?? message.id))
      const { sequence } = await core.publisher.publish(debounced(core, task, message.id, row, options, body, window), options.signal)
      return { id: window?.id ?? message.id, sequence, duplicate: window !== undefined }
    } catch (error) {
      if (!comesFirst(error)) throw error
      if (tries === mostTries)
        throw fault('ALREADY_EXISTS', `${task.name} was debounced by others ${tries} times while it was asked for.`, { cause: error })
    }
  }
}

/**
 * Is the first of its time, or answers with it. A mark that expires on the broker says that there was one; mark and task are
 * stored together or not at all. A bounded queue keeps no marks, so there one who stores takes a turn, and marks afterwards.
 */
async function storeThrottled(
  core: Core,
  task: Task,
  { key, per }: ThrottleOptions,
  message: Prepared,
  patience: Patience,
): Promise<Receipt> {
  const { id } = message
  const { publisher } = core
  const subject = core.names.throttled(task.queue, task.name, key)
  await core.layout.expiring(laterOf(core, task))
  const marks = shelf(core.layout, laterOf(core, task))
  const first = async (): Promise<Receipt | undefined> => {
    const mark = await marks.last(subject)
    return mark && { id: mark.headers.id ?? id, sequence: 0, duplicate: mark.headers.id !== id }
  }
  const mark = markOf(subject, id, Math.ceil(duration(per, 'per') / 1000))
  const room = core.room(task.place)
  if (room !== undefined) {
    const marked = async () => {
      const there = await first()
      if (there !== undefined) return there
      const stored = await publisher.publish(message, patience.signal)
      await publisher.publish(mark)
      return { id, ...stored }
    }
    return (await first()) ?? room.through([message], patience, () => alone(core, task, `throttle ${key}`, patience, marked))
  }
  for (let tries = 1; ; tries++) {
    const there = await first()
    if (there !== undefined) return there
    try {
      const last = await publisher.publishBatch([mark, message], patience.signal)
      if (last !== undefined) return { id, sequence: last, duplicate: false }
      // Its id was there before: by a try whose answer was lost, or in a time that is over.
      return (await first()) ?? { id, ...(await publisher.publish(message, patience.signal)) }
    } catch (error) {
      if (!comesFirst(error) || tries === mostTries) throw error
    }
  }
}

function markOf(subject: string, id: string, seconds: number): Outgoing {
  const fields: [string, string][] = [
    [header.id, `throttle:${id}`],
    [header.ownId, id],
    [header.ttl, `${seconds}s`],
    [header.expectedSubjectSequence, '0'],
  ]
  return { subject, headers: headerBlock(fields), body: new Uint8Array(0) }
}
