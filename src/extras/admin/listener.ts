/** One more who listens, begun by an operator: a service like any other, which takes its copies and does nothing else with them. */

import { fault } from '../../base/errors.ts'
import type { Board } from '../../index.ts'
import { subscribableOf } from './contracts.ts'

/** An event as a listener hears it. */
export interface HeardEvent {
  readonly topic: string
  readonly id: string
  readonly event: unknown
  /** When it was published, in ms since 1970. */
  readonly sentAt: number
}

/** How to listen. */
export interface ListenerOptions {
  /** Where to begin: with what is new, or with all that is kept. Default `new`. */
  readonly from?: 'new' | 'all'
  /** Is told of each event; when it resolves the event is acknowledged. Default: nothing is done with it. */
  readonly hear?: (heard: HeardEvent) => unknown
}

/** Somebody who listens. */
export interface Listener {
  readonly service: string
  readonly topic: string
  /** Ends it: it leaves the topic, and nothing waits for it any more. */
  leave(): Promise<void>
}

/** Begins to listen. Throws INVALID_ARGUMENT for the name of a service that listens or works already, whose events this would take. */
export async function listener(board: Board, service: string, topic: string, { from = 'new', hear }: ListenerOptions): Promise<Listener> {
  const [facts, alive] = await Promise.all([board.inspect.subscriptions(), board.inspect.workers()])
  const taken =
    facts.some((each) => each.service === service) || alive.some(({ serves }) => serves.some((each) => each.service === service))
  if (taken)
    throw fault('INVALID_ARGUMENT', `There is a service ${service} already, and its events are its own.`, { fix: 'Choose another name.' })
  const own = (await board.inspect.topics()).some((each) => each.name === topic && each.own)
  const place = subscribableOf(topic, own)
  const running = await board
    .service(service)
    .subscribe(place, (event, ctx) => hear?.({ topic: ctx.topic, id: ctx.id, event, sentAt: ctx.sentAt.getTime() }), { from })
    .start()
  return {
    service,
    topic,
    async leave() {
      await running.stop()
      await board.subscription(service, place).leave()
    },
  }
}
