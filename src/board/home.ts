/** Where the events of a topic live: in the stream that topics share, in one of their own, or among the dead letters. */

import type { Names } from '../wire/names.ts'
import type { BuriedTopic, Topic, TopicPattern } from './contract.ts'

/** The place of a topic on the broker. */
export interface Home {
  readonly stream: string
  /** Where its events are published. */
  readonly event: string
  /** What a subscription receives. */
  filters(consumer: string): string[]
  /** Where an event goes that is meant for one subscription only. `topic` is the name it was published on. */
  redriven(consumer: string, topic: string): string
}

/** The place of a topic on the broker. */
export function homeOf(names: Names, topic: Pick<Topic | TopicPattern | BuriedTopic, 'kind' | 'name' | 'retention'>): Home {
  if (topic.kind === 'buried') {
    const all = `${names.namespace}.dead.>`
    return { stream: names.dead, event: all, filters: () => [all], redriven: () => all }
  }
  if (topic.retention !== undefined) {
    return {
      stream: names.topic(topic.name),
      event: names.ownEvent(topic.name),
      filters: (consumer) => names.ownEventFilter(consumer, topic.name),
      redriven: names.ownRedriven,
    }
  }
  return {
    stream: names.topics,
    event: names.event(topic.name),
    filters: (consumer) => names.eventFilter(consumer, topic.name),
    redriven: names.redriven,
  }
}
