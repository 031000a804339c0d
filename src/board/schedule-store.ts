/** Where schedules are kept: in the streams they fire into. Finding them there, replacing them, taking them out. */

import { CallboardError, fault, shown } from '../base/errors.ts'
import { timeOf } from '../base/when.ts'
import { header } from '../wire/envelope.ts'
import { type Kept, shelf } from '../wire/stored.ts'
import type { Core } from './core.ts'
import { type Definition, definitionOf, placeOf, type Stored, scheduleMessage, scheduleOf } from './schedule-definition.ts'
import type { Came } from './schedule-trail.ts'

/** The longest name of a schedule. */
const longest = 100
/** How often a schedule may change between reading and replacing it. */
const mostTries = 20

/** Refuses what cannot name a schedule: its firings are named after it. */
export function checkedScheduleName(name: unknown): string {
  if (typeof name === 'string' && name.length <= longest && /^[A-Za-z0-9_\-:./]+$/.test(name)) return name
  throw fault('INVALID_NAME', `The schedule name ${shown(name)} cannot be used.`, {
    fix: `Use 1 to ${longest} characters out of A-Z a-z 0-9 _ - : . /`,
  })
}

/** The streams that may hold schedules. */
async function streams(core: Core): Promise<string[]> {
  const found: string[] = []
  for await (const name of core.layout.manager.streams.names(core.names.schedules())) found.push(name)
  return found.sort()
}

/** Every schedule of the namespace, stream by stream. */
export async function* allSchedules(core: Core): AsyncGenerator<Stored> {
  for (const stream of await streams(core))
    for await (const kept of shelf(core.layout, stream).all(core.names.schedules())) {
      const schedule = scheduleOf(kept)
      if (schedule !== undefined) yield schedule
    }
}

/** The schedules of a name: one, or for a moment two while it moves to another stream. */
export async function findSchedules(core: Core, name: string): Promise<Stored[]> {
  const subject = core.names.schedules(checkedScheduleName(name))
  const kept = await Promise.all((await streams(core)).map((stream) => shelf(core.layout, stream).last(subject)))
  return kept.flatMap((each) => (each === undefined ? [] : (scheduleOf(each) ?? [])))
}

/** The schedule of a name. Throws NOT_FOUND. */
export async function findSchedule(core: Core, name: string): Promise<Stored> {
  const [found] = await findSchedules(core, name)
  if (found === undefined) throw fault('NOT_FOUND', `There is no schedule ${name}.`)
  return found
}

/**
 * Puts a schedule in the place of the one that is there; `change` is given that one and says what it becomes, or undefined to
 * leave it. What somebody else changes meanwhile is read again. True: it was changed.
 */
export async function replace(
  core: Core,
  place: Pick<Definition, 'name' | 'fires'>,
  change: (before: Stored | undefined) => Pick<Stored, 'definition' | 'body' | 'fields'> | undefined,
): Promise<boolean> {
  const { stream, subject } = placeOf(core.names, place)
  for (let tries = 1; ; tries++) {
    const kept = await shelf(core.layout, stream).last(subject)
    const wanted = change(kept && scheduleOf(kept))
    if (wanted === undefined) return false
    // It outlasts what its stream keeps, and says so.
    await core.layout.expiring(stream)
    try {
      await core.publisher.publish(scheduleMessage(core.names, wanted, kept?.sequence ?? 0))
      return true
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== 'ALREADY_EXISTS' || tries === mostTries) throw error
    }
  }
}

/** Takes the schedule of a name out of every place but one. True: there was one. */
export async function removeElsewhere(core: Core, name: string, place?: string): Promise<boolean> {
  let removed = false
  for (const { definition, subject } of await findSchedules(core, name)) {
    if (subject === place) continue
    removed = (await shelf(core.layout, placeOf(core.names, definition).stream).purge(subject)) > 0 || removed
  }
  return removed
}

/** What a schedule has fired since an instant and is still stored. */
export async function* firedSince(core: Core, definition: Definition, since: number): AsyncGenerator<Came> {
  const { stream, target } = placeOf(core.names, definition)
  for await (const kept of shelf(core.layout, stream).since(target, since)) {
    const came = cameOf(kept, definition.name)
    if (came !== undefined) yield came
  }
}

/** The newest of what a schedule has fired, if it is the last of its target. */
export async function lastFired(core: Core, definition: Definition): Promise<Came | undefined> {
  const { stream, target } = placeOf(core.names, definition)
  const kept = await shelf(core.layout, stream).last(target)
  return kept && cameOf(kept, definition.name)
}

function cameOf({ headers, sequence, storedAt }: Kept, name: string): Came | undefined {
  const made = definitionOf(headers)
  if (made?.name !== name) return undefined
  const madeUp = headers.get(header.occurrence)
  return [madeUp === undefined ? timeOf(made.times, storedAt) : Number(madeUp), sequence, storedAt]
}
