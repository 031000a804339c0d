/** One task of a key at a time: whoever asks for another while it waits or runs is answered with the first. */

import { CallboardError, fault } from '../base/errors.ts'
import { shelf } from '../wire/stored.ts'
import type { Task } from './contract.ts'
import type { Core } from './core.ts'
import type { Prepared } from './many.ts'
import type { Receipt } from './sender.ts'

/** How often the place may turn out taken and free again between two looks. */
const mostTries = 20

/**
 * Stores a task if its key is free; otherwise gives the receipt of the one that has it, as a duplicate.
 * The broker decides: the message says that nothing with this key may be stored, whatever its lane and whether it is due.
 * Our own message, stored by a try whose answer was lost, is found by its id.
 */
export async function storeUnique(core: Core, task: Task, key: string, message: Prepared, signal?: AbortSignal): Promise<Receipt> {
  const { id } = message
  for (let tries = 1; ; tries++) {
    try {
      return { id, ...(await core.publisher.publish(message, signal)) }
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== 'ALREADY_EXISTS') throw error
      const first = await shelf(core.layout, core.names.queue(task.queue)).last(core.names.occupied(task.queue, task.name, key))
      if (first !== undefined) return { id: first.headers.id ?? id, sequence: first.sequence, duplicate: first.headers.id !== id }
      if (tries === mostTries)
        throw fault('ALREADY_EXISTS', `${task.name} with the key of ${id} came and went ${tries} times while it was asked for.`, {
          cause: error,
        })
    }
  }
}
