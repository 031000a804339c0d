/**
 * What a schedule is: one stored message. Its subject is its identity, its body what it fires, one header says the rest, and
 * the broker reads when. A paused schedule is the same message without the part that the broker reads.
 */

import { newId } from '../base/ids.ts'
import { brokerForm, type Times, timeOf } from '../base/when.ts'
import { type Headers, header, headerBlock, headerJson } from '../wire/envelope.ts'
import { checkedName, keyToken, laneOf, lanes, type Names, type Row } from '../wire/names.ts'
import type { Outgoing } from '../wire/outgoing.ts'
import type { Kept } from '../wire/stored.ts'

/** What a schedule says of itself; kept with it and with all that it fires. `name` stands first: ids are read off it. */
export interface Definition {
  readonly name: string
  /** What it fires: a task of this queue and row, `bounded`: of a queue with a limit; or an event, `own`: of a topic with a stream of its own. */
  readonly fires:
    | { readonly task: string; readonly queue: string; readonly lane: Row; readonly bounded?: boolean | undefined }
    | { readonly topic: string; readonly own?: boolean | undefined }
  readonly times: Times
  /** Absent: run. */
  readonly overlap?: 'skip' | 'queue' | undefined
  /** ms back that missed times are made up for; absent: one. */
  readonly missed?: 'skip' | number | undefined
  /** ms. */
  readonly spread?: number | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** Nothing due before counts as missed. ms since 1970. */
  readonly since: number
  /** What it fires before this instant is dropped; true: it does not fire at all. */
  readonly paused?: true | number | undefined
}

/** A schedule as it lies on the broker. */
export interface Stored {
  readonly definition: Definition
  readonly body: Uint8Array
  /** Headers that go along with what it fires. */
  readonly fields: readonly (readonly [string, string])[]
  readonly subject: string
  readonly sequence: number
  readonly storedAt: number
}

/** The streams and subjects of a schedule. */
export interface Place {
  readonly stream: string
  readonly subject: string
  /** Where it fires. */
  readonly target: string
}

/** Where a schedule lies and fires. */
export function placeOf(names: Names, { name, fires }: Pick<Definition, 'name' | 'fires'>): Place {
  if ('task' in fires) {
    const { task, queue, lane, bounded } = fires
    return {
      stream: bounded ? names.laterStream(queue) : names.queue(queue),
      subject: names.scheduledTask(queue, name),
      target: names.fired(queue, task, lane, name, bounded),
    }
  }
  const { topic } = fires
  return fires.own
    ? { stream: names.topic(topic), subject: names.scheduledOwnEvent(topic, name), target: names.ownEvent(topic) }
    : { stream: names.topics, subject: names.scheduledEvent(name), target: names.event(topic) }
}

/** A time of a schedule as it is written. */
export const written = (time: number): string => new Date(time).toISOString().replace('.000Z', 'Z')

/** What is fired for a time is called, where its place does not say so. */
export const firedId = (name: string, time: number): string => `${name}@${written(time)}`

/** What a schedule said of itself, read from one of its messages; undefined: no schedule made it. */
export function definitionOf(headers: Headers): Definition | undefined {
  const json = headers.get(header.definition)
  return json === undefined ? undefined : plausible(json)
}

/** Anybody may have written it. What would make every look at it throw is no schedule, and delays nothing. */
function plausible(json: string): Definition | undefined {
  try {
    const made = JSON.parse(json) as Definition
    const { name, fires, times, spread = 0 } = made
    keyToken(name)
    if ('task' in fires) [checkedName('task', fires.task), checkedName('queue', fires.queue)]
    else checkedName('topic', fires.topic)
    timeOf(times, 0)
    const when = 'cron' in times ? typeof times.cron === 'string' : Number.isFinite('every' in times ? times.every : times.at)
    return when && spread <= year && ('topic' in fires || lanes.includes(laneOf(fires.lane))) ? made : undefined
  } catch {
    return undefined
  }
}

const year = 366 * 86_400_000

/** Reads a stored schedule. */
export function scheduleOf(kept: Kept): Stored | undefined {
  const definition = definitionOf(kept.headers)
  const { body, subject, sequence, storedAt } = kept
  return definition && { definition, body, fields: alongOf(kept.headers), subject, sequence, storedAt }
}

/** The headers that go along: neither the broker's nor what the schedule says of itself. */
function alongOf(headers: Headers): [string, string][] {
  return [...headers].filter(([name]) => !/^nats-/i.test(name) && name !== header.definition && name !== header.occurrence)
}

/**
 * The message that is the schedule. It replaces the one before, and only that one: `expected` is its sequence, 0 for none.
 * It is told never to expire, so that the age limit of a topic does not take it.
 */
export function scheduleMessage(
  names: Names,
  { definition, body, fields }: Pick<Stored, 'definition' | 'body' | 'fields'>,
  expected: number,
): Outgoing {
  const { subject, target } = placeOf(names, definition)
  const block: [string, string][] = [
    [header.id, newId()],
    [header.ttl, 'never'],
    [header.expectedSubjectSequence, String(expected)],
    [header.definition, headerJson(definition)],
    ...(fields as [string, string][]),
  ]
  if (definition.paused === true) block.push([header.rollup, 'sub'])
  else {
    const { schedule, zone } = brokerForm(effective(definition))
    block.push([header.schedule, schedule], [header.scheduleTarget, target])
    if (zone !== undefined) block.push([header.scheduleZone, zone])
  }
  return { subject, headers: headerBlock(block), body }
}

/** A single time that lies within a pause comes at its end. */
export function effective({ times, paused }: Definition): Times {
  return 'at' in times && typeof paused === 'number' ? { at: Math.max(times.at, paused) } : times
}

/** What the schedule fires, fired by us: now and besides its times, or for a time that was missed. */
export function firedMessage(
  schedule: Pick<Stored, 'body' | 'fields'>,
  subject: string,
  id: string,
  extra: readonly [string, string][] = [],
): Outgoing {
  return { subject, headers: headerBlock([[header.id, id], ...extra, ...schedule.fields]), body: schedule.body }
}

/** The part of its spread that firings of this schedule wait: the same each time, and evenly spread over names. */
export function offsetOf({ name, spread }: Pick<Definition, 'name' | 'spread'>): number {
  if (spread === undefined) return 0
  let hash = 2166136261
  // FNV-1a, finished as murmur3 does: names that differ in their last letter only lie far apart.
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619)
  hash = Math.imul(hash ^ (hash >>> 16), 2246822507)
  hash = Math.imul(hash ^ (hash >>> 13), 3266489909)
  return Math.floor((((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * spread)
}
