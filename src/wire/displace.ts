/**
 * Consumers of a task that stand in the way of another one, because the code kept the order of that task otherwise before. The
 * broker lets no two consumers of a work queue have the same message, so both kinds cannot be served at once.
 */

import { CallboardError, fault } from '../base/errors.ts'
import { told } from './refusal.ts'
import type { Layout } from './streams.ts'

/** Overlapping filters on a work queue. */
const overlap = 10100

/** `mail~send@3of16` → `mail~send@of16`, `mail~send@high` → `mail~send@`: consumers of one kind do not overlap. */
const kindOf = (consumer: string): string => consumer.replace(/@(?:\d+(of\d+)|[a-z]+)$/, '@$1')
const taskOf = (consumer: string): string => consumer.slice(0, consumer.lastIndexOf('@'))

/**
 * Removes those that nobody uses any more; what waits is kept, and counts its attempts anew. Throws CONFIG_CONFLICT where they are
 * in use, and `error` where it is about something else.
 */
export async function displace({ manager }: Layout, stream: string, wanted: string, error: unknown): Promise<void> {
  const broker = error instanceof CallboardError ? (error.details.broker as { err_code?: number } | undefined) : undefined
  if (broker?.err_code !== overlap) throw error
  for await (const { name, num_waiting, num_ack_pending, num_pending } of manager.consumers.list(stream)) {
    if (taskOf(name) !== taskOf(wanted) || kindOf(name) === kindOf(wanted)) continue
    // Without order nobody asks for the rows of keys.
    const left = kindOf(wanted).endsWith('@') ? num_pending : 0
    if (num_waiting + num_ack_pending + left > 0)
      throw fault(
        'CONFIG_CONFLICT',
        `The order of a task is kept otherwise on the broker: consumer ${name} stands in the way of ${wanted}.`,
        {
          why: `${num_waiting} requests of workers and ${num_ack_pending} open tasks belong to it${left > 0 ? `, and ${left} wait in order` : ''}.`,
          fix: 'Stop the workers with the other contract, or let them finish what waits; then start again. Nothing is lost.',
        },
      )
    await manager.consumers.delete(stream, name).catch((cause: unknown) => told(cause, `consumer ${name} of ${stream}`))
  }
}
