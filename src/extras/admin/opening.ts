/** A board whose sealed payloads are opened with the seals of the contracts that were given; all else about it is the same. */

import type { Board, DeadLetter, MessageFact, Seal, Task, Topic } from '../../index.ts'

/** A contract that may have a seal. */
export type Sealable = Pick<Topic<never>, 'kind' | 'name' | 'seal'> | Pick<Task<never>, 'kind' | 'name' | 'seal'>

/** The same board, where no contract has a seal. */
export function opening(board: Board, contracts: readonly Sealable[]): Board {
  const seals = new Map(contracts.flatMap(({ kind, name, seal }) => (seal ? [[`${kind} ${name}`, seal] as const] : [])))
  if (seals.size === 0) return board
  const { dead, inspect } = board

  async function opened<T extends DeadLetter | MessageFact>(one: T): Promise<T> {
    const seal = one.sealed === undefined ? undefined : seals.get(`${one.style === 'explicit' ? 'task' : 'topic'} ${one.name}`)
    if (seal === undefined) return one
    const payload = await readWith(one, seal)
    return { ...one, payload }
  }

  async function* each<T extends DeadLetter | MessageFact>(all: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const one of all) yield await opened(one)
  }

  return Object.create(board, {
    dead: {
      value: {
        ...dead,
        list: (selector) => each(dead.list(selector)),
        show: async (which) => opened(await dead.show(which)),
      } satisfies Board['dead'],
    },
    inspect: {
      value: {
        ...inspect,
        waiting: (queue, from) => each(inspect.waiting(queue, from)),
        events: (topic, from) => each(inspect.events(topic, from)),
        at: async (where, sequence, id) => {
          const found = await inspect.at(where, sequence, id)
          return found && opened(found)
        },
      } satisfies Board['inspect'],
    },
  })
}

/** What `payload()` is from now on: it gives what the seal opened, or throws what the seal threw. */
async function readWith(one: DeadLetter | MessageFact, seal: Seal): Promise<() => unknown> {
  try {
    const value = await one.payload(seal)
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}
