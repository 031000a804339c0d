/** The contract a name stands for: the user's own where a module has it, else one made of what the broker knows. */

import { nearest } from '../../base/options.ts'
import type { Board, SubscriptionFact, Task, Topic } from '../../index.ts'
import type { Call } from '../cli/call.ts'
import { UsageError } from '../cli/usage.ts'

/** A topic, and who would hear what is published on it. */
export interface NamedTopic {
  readonly topic: Topic<unknown>
  /** Whether a schema checks what is said. */
  readonly checked: boolean
  readonly subscriptions: readonly SubscriptionFact[]
  /** A topic that was perhaps meant, where nobody subscribes to this one. */
  readonly guess: string | undefined
}

/** The topic of a name. A topic nobody has heard of is no mistake: it begins with its first event. */
export async function topicNamed(call: Call, board: Board, name: string): Promise<NamedTopic> {
  const [{ topics }, { topic }, facts, all] = await Promise.all([
    call.contracts(),
    import('../../index.ts'),
    board.inspect.topics(),
    board.inspect.subscriptions(),
  ])
  const own = facts.some((fact) => fact.name === name && fact.own)
  const mine = topics.get(name)
  const subscriptions = all.filter((each) => each.own === own && hears(each.topic, name))
  const known = [...topics.keys(), ...facts.map((fact) => fact.name), ...all.map((each) => each.topic)].filter((each) => each !== name)
  return {
    // How much such a topic keeps is for the code to say: what is there is left as it is.
    topic: mine ?? (own ? topic(name, { retention: {} }) : topic(name)),
    checked: mine?.schema !== undefined,
    subscriptions,
    guess: subscriptions.length === 0 ? nearest(name, known) : undefined,
  }
}

/** Whether a subscription to a topic or pattern hears a topic. */
export function hears(pattern: string, name: string): boolean {
  const [parts, words] = [pattern.split('.'), name.split('.')]
  for (const [index, part] of parts.entries()) {
    if (part === '>') return words.length > index
    if (words[index] === undefined || (part !== '*' && part !== words[index])) return false
  }
  return parts.length === words.length
}

/** A task, and whether somebody performs it. */
export interface NamedTask {
  readonly task: Task<unknown>
  readonly checked: boolean
  /** Workers that ask for more, right now. */
  readonly asking: number
  /** Somebody performs it, or has. */
  readonly known: boolean
}

/** The task of a name. Throws UsageError where nothing says in which queue it waits. */
export async function taskNamed(call: Call, board: Board, name: string): Promise<NamedTask> {
  const [{ tasks }, door, queues] = await Promise.all([call.contracts(), import('../../index.ts'), board.inspect.queues()])
  const wanted = call.flag('queue')
  const mine = tasks.get(name)
  const serving = (queue: { readonly performers: readonly { readonly task: string }[] }) =>
    queue.performers.some((each) => each.task === name)
  const found = queues.filter((queue) =>
    wanted === undefined && mine === undefined ? serving(queue) : queue.name === (mine?.queue ?? wanted),
  )
  const [queue] = found
  if (mine === undefined && (queue === undefined || found.length > 1)) throw homeless(name, wanted, found, queues)
  const performers = (queue?.performers ?? []).filter((each) => each.task === name)
  const lanes = [...new Set([...performers.map((each) => each.lane), (call.flag('priority') ?? 'normal') as 'normal'])]
  const place = queue && door.queue(queue.name, { layout: queue.layout })
  const settings = { queue: place ?? 'default', lanes }
  const made = call.on('wait') ? door.task<unknown, unknown>(name, { ...settings, track: true }) : door.task<unknown>(name, settings)
  return {
    task: mine ?? (made as unknown as Task<unknown>),
    checked: mine?.input !== undefined,
    asking: performers.reduce((sum, each) => sum + each.asking, 0),
    known: performers.some((each) => each.known),
  }
}

type QueueNames = readonly { readonly name: string; readonly performers: readonly { readonly task: string }[] }[]

/** Why it cannot be said where a task waits. A queue is a stream: a slip of the finger must not make one. */
function homeless(name: string, wanted: string | undefined, found: QueueNames, all: QueueNames): UsageError {
  if (found.length > 1)
    return new UsageError(`${name} is performed in ${found.map((each) => each.name).join(' and ')}.`, 'Say which one with --queue.')
  if (wanted !== undefined) {
    const guess = nearest(
      wanted,
      all.map((each) => each.name),
    )
    return new UsageError(
      `There is no queue ${wanted}.`,
      guess
        ? `Did you mean ${guess}?`
        : 'Start a service that performs the task, or name its contract with --contracts: that makes the queue.',
    )
  }
  const guess = nearest(
    name,
    all.flatMap((each) => each.performers.map(({ task }) => task)),
  )
  return new UsageError(
    `Nobody has ever performed ${name}, so its queue is not known.`,
    guess ? `Did you mean ${guess}?` : 'Name its contract with --contracts, or its queue with --queue.',
  )
}
