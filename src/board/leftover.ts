/**
 * Tasks that stay in their queue, and that nobody will be handed. A broker that ends between noting that a task is acknowledged and
 * removing it keeps the task for good; it takes room, and keeps a unique key from being used again. So who sweeps looks for what lies in a
 * work queue at or behind the place up to which its consumer takes everything for acknowledged, and puts it in its queue again: it was
 * done, most likely, but a broker that has lost its last moments may be wrong about that, and a task that runs twice is better than none.
 */

import { header, headerBlock } from '../wire/envelope.ts'
import { inventory } from '../wire/inventory.ts'
import { type Kept, shelf } from '../wire/stored.ts'
import type { Core } from './core.ts'

/** Tasks put back in one sweep, of each consumer; the next goes on. */
const most = 100

/** Puts back what stayed. */
export async function putBack(core: Core): Promise<void> {
  let back = 0
  const streams = await inventory(core.link, core.layout.manager, core.names.namespace).streams()
  for (const { name, retention, messages, firstSequence, consumers } of streams)
    for (const { filters, answered } of retention === 'workqueue' && messages > 0 ? consumers : [])
      if (firstSequence <= answered) for (const filter of filters) back += await putBackOf(core, name, filter, answered)
  if (back > 0)
    core.events.tell('trouble', { what: `tasks stayed in their queue, where nobody is handed them (${back}); they were put there again` })
}

async function putBackOf(core: Core, stream: string, filter: string, answered: number): Promise<number> {
  const stayed: Kept[] = []
  const look = shelf(core.layout, stream)
  for await (const kept of look.all(filter)) {
    if (kept.sequence > answered || stayed.length === most) break
    stayed.push(kept)
  }
  let back = 0
  for (const { sequence, subject, body, headers } of stayed) {
    // What was acknowledged a moment ago may still be on its way out.
    if ((await look.at(sequence)) === undefined) continue
    const own = [...headers].filter(([name]) => !/^nats-/i.test(name))
    await core.publisher.publish({ subject, headers: headerBlock([[header.id, `stayed:${stream}:${sequence}`], ...own]), body })
    await look.remove(sequence)
    back++
  }
  return back
}
