/**
 * Tasks that are done and stay in their queue. A broker that is stopped between noting that a task is acknowledged and removing it does
 * not remove it later: nobody is handed it any more, and it takes room, and keeps a unique key from being used again. So who sweeps
 * removes from work queues what lies at or behind the place up to which their consumer says that everything is acknowledged.
 */

import { inventory } from '../wire/inventory.ts'
import type { Core } from './core.ts'

/** Removes what is done and stayed. */
export async function clearAway(core: Core): Promise<void> {
  let removed = 0
  for (const { name, retention, messages, firstSequence, consumers } of await inventory(
    core.link,
    core.layout.manager,
    core.names.namespace,
  ).streams())
    for (const { filters, answered } of retention === 'workqueue' && messages > 0 ? consumers : [])
      if (firstSequence <= answered) for (const filter of filters) removed += await core.layout.trim(name, filter, answered)
  if (removed > 0)
    core.events.tell('trouble', { what: `tasks that were acknowledged were still in their queue (${removed}); they were removed` })
}
