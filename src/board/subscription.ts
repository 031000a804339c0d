/** A service's durable place in a topic, for whoever operates it: see it, hold it, move it, give it the past again, end it. */

import { type Duration, duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import type { Start } from '../wire/declare.ts'
import { header, headerBlock, idOf } from '../wire/envelope.ts'
import { readLive } from '../wire/live.ts'
import { checkedWord, subscriptionName, topicOf } from '../wire/names.ts'
import { place, type Standing } from '../wire/place.ts'
import { shelf } from '../wire/stored.ts'
import type { Subscribable } from './contract.ts'
import type { Core } from './core.ts'
import { homeOf } from './home.ts'
import { inboxName } from './inbox.ts'
import { century } from './pause.ts'

/** A point in a topic: its end, its beginning, a time, or a sequence. */
export type Point = 'new' | 'all' | Date | number

/** A service's durable place in a topic. Its methods throw NOT_FOUND where the service has never subscribed. */
export interface Subscription {
  readonly service: string
  readonly topic: string
  /** How many events wait, are open, and whether it is paused. */
  status(): Promise<Standing>
  /** No worker of the service gets events until then (default: until `resume`). Events are kept meanwhile. Survives restarts. */
  pause(until?: Date | Duration): Promise<void>
  resume(): Promise<void>
  /** Goes on from a point, back or forth: `'all'` handles everything that is still kept once more. */
  seek(to: Point): Promise<void>
  /**
   * Gives a window of the past to this subscription once more, and to no other, beside what is new. The events come with their
   * own ids. Gives how many. This process must live until it is done; doing it again repeats it.
   */
  replay(window: { readonly from: Date | number; readonly to?: Date | number }): Promise<number>
  /** The service leaves for good: nothing is kept for it any more. False: it had not subscribed. Stop the service first. */
  leave(): Promise<boolean>
}

/** A point as the broker takes it. */
export const startOf = (point: Point): Start =>
  typeof point === 'number' ? { sequence: point } : point instanceof Date ? { time: point } : { at: point }

/** The subscription of a service to a topic. Asks nothing of the broker by itself. */
export function subscriptionOf(core: Core, service: string, topic: Subscribable<unknown>): Subscription {
  checkedWord('service', service)
  if (topic?.kind !== 'topic' && topic?.kind !== 'pattern' && topic?.kind !== 'buried')
    throw fault('INVALID_ARGUMENT', 'The second argument of subscription() is not a topic.')
  const home = homeOf(core.names, topic)
  const consumer = subscriptionName(service, topic.name)
  const seat = place(core.layout, home.stream, consumer)
  return {
    service,
    topic: topic.name,
    status: () => seat.standing(),
    pause: (until) =>
      seat.pause(until instanceof Date ? until : new Date(Date.now() + (until === undefined ? century : duration(until, 'until')))),
    resume: () => seat.resume(),
    seek: (to) => seat.seek(startOf(to)),
    async replay({ from, to }) {
      if (topic.kind === 'buried')
        throw fault('INVALID_ARGUMENT', 'Dead letters are not replayed: there is no place that one subscription hears alone.', {
          fix: 'Use seek(), which gives them all again from a point on.',
        })
      await seat.standing()
      return replay(core, home, consumer, startOf(from), to)
    },
    async leave() {
      const inbox = core.names.queue(inboxName(service, topic))
      if (await core.layout.exists(inbox)) await shelf(core.layout, inbox).purge('>')
      return seat.remove()
    },
  }
}

/** Publishes the events of a window again where only this subscription hears them. */
async function replay(
  core: Core,
  home: ReturnType<typeof homeOf>,
  consumer: string,
  from: Start,
  to: Date | number | undefined,
): Promise<number> {
  const { state } = await core.layout.manager.streams.info(home.stream)
  const run = Date.now().toString(36)
  const publishing: Promise<unknown>[] = []
  if (state.messages === 0 || ('sequence' in from && from.sequence > state.last_seq)) return 0
  for await (const read of readLive(core.link, home.stream, home.event, from)) {
    const beyond = to !== undefined && (typeof to === 'number' ? read.sequence > to : read.storedAt > to.getTime())
    if (!beyond) {
      const own = [...read.headers].filter(([name]) => !/^nats-/i.test(name) && name !== header.ownId)
      const fields: [string, string][] = [
        [header.id, `replayed:${run}:${read.sequence}`],
        [header.ownId, idOf(read.headers, read.sequence) ?? `#${read.sequence}`],
        ...own,
      ]
      publishing.push(
        core.publisher.publish({ subject: home.redriven(consumer, topicOf(read.subject)), headers: headerBlock(fields), body: read.body }),
      )
    }
    if (beyond || read.sequence >= state.last_seq || read.left === 0) break
  }
  await Promise.all(publishing)
  return publishing.length
}
