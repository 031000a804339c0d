/** Contracts from a module of the user: with them, what is said on the command line is checked as it is in code. */

import { resolve } from 'node:path'
import type { Task, Topic } from '../../index.ts'
import { load } from './module.ts'

/** Topics and tasks by name. */
export interface Contracts {
  readonly topics: ReadonlyMap<string, Topic<unknown>>
  readonly tasks: ReadonlyMap<string, Task<unknown>>
}

/** No contracts: nothing is known but what the broker knows. */
export const none: Contracts = { topics: new Map(), tasks: new Map() }

/** The contracts that a module exports, under whatever name, also in lists and objects. Throws UsageError. */
export async function contractsIn(file: string, folder: string): Promise<Contracts> {
  const topics = new Map<string, Topic<unknown>>()
  const tasks = new Map<string, Task<unknown>>()
  const collect = (value: unknown, depth: number) => {
    if (typeof value !== 'object' || value === null) return
    const { kind, name } = value as { kind?: unknown; name?: unknown }
    if (kind === 'topic' && typeof name === 'string') topics.set(name, value as Topic<unknown>)
    else if (kind === 'task' && typeof name === 'string') tasks.set(name, value as Task<unknown>)
    else if (depth > 0) for (const each of Object.values(value)) collect(each, depth - 1)
  }
  for (const each of Object.values(await load(resolve(folder, file)))) collect(each, 1)
  return { topics, tasks }
}
