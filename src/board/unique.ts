/** One task of a key at a time: whoever asks for another while it waits or runs is answered with the first. */

import { setTimeout as after } from 'node:timers/promises'
import { CallboardError, fault } from '../base/errors.ts'
import { keyToken, token } from '../wire/names.ts'
import { isBounded } from '../wire/streams.ts'
import type { Task } from './contract.ts'
import type { Core } from './core.ts'
import type { Prepared } from './many.ts'
import type { Patience } from './room.ts'
import type { Receipt } from './sender.ts'
import { search, sitesOf } from './site.ts'

/** How often the place may turn out taken and free again between two looks. */
const mostTries = 20

/**
 * Stores a task if its key is free; otherwise gives the receipt of the one that has it, as a duplicate.
 * The broker decides: the message says that nothing with this key may be stored, whatever its lane and whether it is due.
 * Our own message, stored by a try whose answer was lost, is found by its id.
 */
export function storeUnique(core: Core, task: Task, key: string, message: Prepared, patience: Patience): Promise<Receipt> {
  const room = core.room(task.place)
  if (room === undefined) return storeFirst(core, task, key, message, patience.signal)
  return room.through([message], patience, () =>
    alone(core, task, key, patience, () => storeFirst(core, task, key, message, patience.signal)),
  )
}

async function storeFirst(core: Core, task: Task, key: string, message: Prepared, signal?: AbortSignal): Promise<Receipt> {
  const { id } = message
  const taken = async () => {
    const first = await occupant(core, task, key)
    return first && { id: first.headers.id ?? id, sequence: first.sequence, duplicate: first.headers.id !== id }
  }
  for (let tries = 1; ; tries++) {
    // What the broker knows of one stream it does not know of two.
    // And what is large is not carried there in vain.
    const first = isBounded(task.place) || message.beside !== undefined ? await taken() : undefined
    if (first !== undefined) return first
    try {
      return { id, ...(await core.publisher.publish(message, signal)) }
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== 'ALREADY_EXISTS') throw error
      const first = await taken()
      if (first !== undefined) return first
      if (tries === mostTries)
        throw fault('ALREADY_EXISTS', `${task.name} with the key of ${id} came and went ${tries} times while it was asked for.`, {
          cause: error,
        })
    }
  }
}

/** What has a key, wherever it waits or runs. */
async function occupant(core: Core, task: Task, key: string) {
  const found = await search(core, sitesOf(core.names, task.place), (among) => among.last(core.names.occupied(task.queue, task.name, key)))
  return found?.kept
}

/** Longer than a publish may take: whoever dies while he is alone is waited for so long. */
const turn = 45_000

/**
 * Does something while nobody else does the same for a key of a task: for what no condition of the broker covers, because it
 * concerns two streams.
 */
export async function alone<T>(core: Core, task: Task, key: string, { signal }: Patience, work: () => Promise<T>): Promise<T> {
  const revision = await takeTurn(core, core.names.record('turn', task.queue, token(task.name), keyToken(key)), signal)
  try {
    return await work()
  } finally {
    core.table.drop(revision)
  }
}

async function takeTurn(core: Core, record: string, signal: AbortSignal | undefined): Promise<number> {
  for (;;) {
    if (signal?.aborted)
      throw fault('ABORTED', 'Waiting for a key was aborted; the outcome is not stored.', {
        cause: signal.reason,
        details: { outcome: 'not stored' },
      })
    try {
      return await core.table.put(record, new Uint8Array(0), { ttl: turn, revision: 0 })
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== 'ALREADY_EXISTS') throw error
      await after(10 + Math.random() * 40)
    }
  }
}
