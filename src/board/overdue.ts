/**
 * Delayed tasks that do not come by themselves. The broker gives a delayed task up when it has no room for it at the moment it
 * is due, and does not try again before its next start. So who sweeps looks for tasks that are overdue, and brings them on.
 */

import { CallboardError } from '../base/errors.ts'
import { header, headerBlock } from '../wire/envelope.ts'
import { type Kept, shelf } from '../wire/stored.ts'
import type { Core } from './core.ts'
import { margin } from './schedule-state.ts'

/** Delayed tasks of a stream that are looked at in one sweep; the next goes on from there. */
const most = 10_000

/** Puts a task in its queue that is kept for later, in one publish that holds only while it is still kept. False: it is not. */
export async function hasten(core: Core, kept: Kept, id: string): Promise<boolean> {
  const target = kept.headers.get(header.scheduleTarget)
  if (target === undefined) return false
  const own = [...kept.headers].filter(([name]) => !/^nats-/i.test(name))
  const condition: [string, string][] = [
    [header.id, id],
    [header.scheduler, kept.subject],
    [header.scheduleNext, 'purge'],
    [header.expectedSubjectSequence, String(kept.sequence)],
    [header.expectedSubject, kept.subject],
  ]
  try {
    await core.publisher.publish({ subject: target, headers: headerBlock([...condition, ...own]), body: kept.body })
    return true
  } catch (error) {
    if (error instanceof CallboardError && error.code === 'ALREADY_EXISTS') return false
    throw error
  }
}

/** Brings on what is overdue by `now`, which the broker says. `places`: stream → where the last sweep stopped. `alone` says whether this board has the sweep to itself. */
export async function bringOn(core: Core, places: Map<string, number>, now: number, alone: () => Promise<boolean>): Promise<void> {
  const subject = core.names.delayed('*')
  let brought = 0
  for await (const stream of core.layout.manager.streams.names(subject)) {
    let looked = 0
    const from = places.get(stream) ?? 1
    places.delete(stream)
    for await (const kept of shelf(core.layout, stream).all(subject, from)) {
      if (looked === 0 && !(await alone())) return
      if (++looked > most) {
        places.set(stream, kept.sequence)
        break
      }
      if (overdue(kept, now) && (await hasten(core, kept, `overdue:${kept.sequence}`))) brought++
    }
  }
  if (brought > 0) core.events.tell('trouble', { what: `delayed tasks were overdue (${brought}); they were put in their queues` })
}

function overdue({ headers }: Kept, now: number): boolean {
  const at = headers.get(header.schedule)
  return at?.startsWith('@at ') === true && Date.parse(at.slice(4)) + margin < now
}
