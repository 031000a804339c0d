/**
 * Tasks that stay in their queue, and that nobody will be handed. A broker that ends between noting that a task is acknowledged and
 * removing it keeps the task for good; it takes room, and keeps a unique key from being used again. So who sweeps looks for what lies in a
 * work queue at or behind the place up to which its consumer takes everything for acknowledged, and puts it in its queue again: it was
 * done, most likely, but a broker that has lost its last moments may be wrong about that, and a task that runs twice is better than none.
 */

import { timeOf } from '../base/when.ts'
import { header, headerBlock, idOf } from '../wire/envelope.ts'
import { inventory } from '../wire/inventory.ts'
import { type Kept, shelf } from '../wire/stored.ts'
import type { Core } from './core.ts'
import { definitionOf, firedId } from './schedule-definition.ts'

/** Tasks put back in one sweep, of each consumer; the next goes on. */
const most = 100

/** Puts back what stayed. True: there may be more of it. */
export async function putBack(core: Core): Promise<boolean> {
  let back = 0
  let more = false
  const streams = await inventory(core.link, core.layout.manager, core.names.namespace).streams()
  for (const { name, retention, messages, firstSequence, consumers } of streams)
    for (const { filters, answered } of retention === 'workqueue' && messages > 0 ? consumers : [])
      for (const filter of firstSequence <= answered ? filters : []) {
        const count = await putBackOf(core, name, filter, answered)
        back += count
        more ||= count === most
      }
  if (back > 0)
    core.events.tell('trouble', { what: `tasks stayed in their queue, where nobody is handed them (${back}); they were put there again` })
  return more
}

async function putBackOf(core: Core, stream: string, filter: string, answered: number): Promise<number> {
  const stayed: Kept[] = []
  const look = shelf(core.layout, stream)
  for await (const kept of look.all(filter)) {
    if (kept.sequence > answered || stayed.length === most) break
    stayed.push(kept)
  }
  let back = 0
  for (const kept of stayed) {
    const { sequence, subject, body } = kept
    // What was acknowledged a moment ago may still be on its way out.
    if ((await look.at(sequence)) === undefined) continue
    await core.publisher.publish({ subject, headers: headerBlock([[header.id, `stayed:${stream}:${sequence}`], ...ownOf(kept)]), body })
    await look.remove(sequence)
    back++
  }
  return back
}

/**
 * What goes with it to its new place: its id, which its handle waits for. What a clock fired was told its time by its place; it is called after
 * that time instead, and asks for its turn no more, which it has had if its consumer was right.
 */
function ownOf({ headers, sequence, storedAt }: Kept): [string, string][] {
  const made = headers.get(header.ownId) === undefined && headers.get(header.occurrence) === undefined ? definitionOf(headers) : undefined
  const time = made && 'cron' in made.times ? timeOf(made.times, storedAt) : undefined
  const id = made === undefined || time === undefined ? idOf(headers, sequence) : firedId(made.name, time)
  const own = [...headers].filter(([name]) => !/^nats-/i.test(name) && name !== header.ownId)
  return id === undefined ? own : [[header.ownId, id], ...own]
}
