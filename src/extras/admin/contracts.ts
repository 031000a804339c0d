/** Contracts made from what lies on the broker: for whoever knows names, and has no code that declares them. */

import { type Board, buried, pattern, queue, type Subscribable, type Task, type Topic, task, topic } from '../../index.ts'
import { buriedTopic } from './views.ts'

/** What can be subscribed to, by its name. `own`: it has a stream of its own. */
export function subscribableOf(name: string, own: boolean): Subscribable<unknown> {
  if (name === buriedTopic) return buried
  if (/[*>]/.test(name)) return pattern(name)
  return own ? topic(name, { retention: {} }) : topic(name)
}

/** A topic as it is kept: publishing on it must not change that. */
export async function topicOf(board: Board, name: string): Promise<Topic<unknown>> {
  const { age = 0, bytes = 0, messages = 0 } = (await board.inspect.topics()).find((each) => each.name === name)?.retention ?? {}
  if (age + bytes + messages === 0) return topic<unknown>(name)
  return topic<unknown>(name, {
    retention: { ...(age > 0 ? { age } : {}), ...(bytes > 0 ? { bytes } : {}), ...(messages > 0 ? { messages } : {}) },
  })
}

/** A task in the queue where it is performed, which stays as it is. It is tracked, so that its id finds it. */
export async function taskOf(board: Board, name: string, wanted?: string): Promise<Task<unknown>> {
  const queues = await board.inspect.queues()
  const found = queues.find((each) => (wanted === undefined ? each.performers.some((one) => one.task === name) : each.name === wanted))
  const { tasks = 0, bytes = 0, age = 0 } = found?.limit ?? {}
  const bounds = { ...(tasks > 0 ? { tasks } : {}), ...(bytes > 0 ? { bytes } : {}), ...(age > 0 ? { age } : {}) }
  const limit = tasks + bytes + age === 0 ? undefined : bounds
  const place =
    found === undefined
      ? (wanted ?? 'default')
      : queue(found.name, {
          layout: found.layout,
          full: found.full,
          partitions: found.partitions,
          ...(limit === undefined ? {} : { limit }),
        })
  return task<unknown, unknown>(name, { queue: place, lanes: ['high', 'normal', 'low'], track: true }) as unknown as Task<unknown>
}
