/** Where the events of a topic live: in the stream that topics share, in one of their own, or among the dead letters. */

import type { Start } from '../wire/declare.ts'
import type { Delivery } from '../wire/delivery.ts'
import { header } from '../wire/envelope.ts'
import { type Names, topicOf } from '../wire/names.ts'
import type { ConsumerPlace } from '../wire/source.ts'
import type { Retention } from '../wire/streams.ts'
import type { BuriedTopic, Subscribable, Topic, TopicPattern } from './contract.ts'
import type { Core } from './core.ts'

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

/** The topic that an event was published on, whichever way it has come. */
export const publishedOn = ({ headers, subject }: Pick<Delivery, 'headers' | 'subject'>): string =>
  (headers.plain ? undefined : headers.get(header.topic)) ?? topicOf(subject)

/** Sees to it that the stream of a topic is there, whatever became of it since. */
function declareAgain({ layout }: Core, topic: Subscribable<unknown>): Promise<void> {
  if (topic.kind === 'buried') return layout.dead()
  return topic.retention === undefined ? layout.topics() : layout.topic(topic.name, topic.retention)
}

/** Where a subscription gets its events. `from`: where it begins if it is new; `single`: one at a time. */
export function subscriberPlace(
  core: Core,
  topic: Subscribable<unknown>,
  consumer: string,
  lease: number,
  from: Start,
  single: boolean,
): ConsumerPlace {
  const { stream, filters } = homeOf(core.names, topic)
  return {
    stream,
    consumer,
    lease,
    footing: () => core.layout.footing(stream, consumer),
    async declare(floor) {
      if (floor !== undefined) await declareAgain(core, topic)
      return core.layout.consumer(stream, consumer, filters(consumer), lease, floor === undefined ? from : { floor }, single)
    },
  }
}

/** A topic as it is found on the broker, by whoever looks without its contract. */
export interface TopicPlace {
  readonly name: string
  /** Undefined: it shares the stream of topics. */
  readonly retention: Retention | undefined
  readonly subject: string
  readonly stream: string
}
