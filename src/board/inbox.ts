/**
 * Order per key for a subscription. Publishers know nothing of keys, so all events of a topic have one subject, and no consumer can
 * be given those of some keys. So the events are taken in single file and laid into an inbox, where each key has its strand, as those of an ordered
 * task have. The inbox is small: what it has no room for stays in the topic, where it can be seen, held and sought.
 */

import { CallboardError } from '../base/errors.ts'
import type { Run } from '../runtime/run.ts'
import { Snooze } from '../runtime/verdict.ts'
import { header, headerBlock, mostOwnHeaderBytes } from '../wire/envelope.ts'
import { type Row, rowIn } from '../wire/names.ts'
import type { ConsumerPlace } from '../wire/source.ts'
import type { Subscribable, Task } from './contract.ts'
import type { Core } from './core.ts'
import { publishedOn } from './home.ts'
import { performerPlace } from './lane.ts'
import { queue } from './queue.ts'
import { rowFor, strandsOf } from './strand.ts'
import { taskSettings } from './task-options.ts'

/** Events of a subscription that may be on their way through its inbox. */
const roomy = queue('inbox', { limit: { tasks: 500 } })
/** When it is looked again whether there is room. */
const patience = '200ms'

/** What is not true of the copy. */
const left: ReadonlySet<string> = new Set([header.ownId, header.occurrence])

/** The queue of an inbox. */
export const inboxName = (service: string, topic: Pick<Subscribable<unknown>, 'name'>): string =>
  `ordered-${service}-${topic.name.replace(/[^\w-]/g, '-')}`

/** The inbox of a subscription, as a task that no board enqueues. */
export function inboxOf(
  service: string,
  topic: Pick<Subscribable<unknown>, 'name'>,
  ordered: (event: never) => string,
  strands?: number,
): Task {
  const place = { ...roomy, name: inboxName(service, topic) }
  return {
    ...taskSettings('inbox', { ordered, ...(strands === undefined ? {} : { strands }) }),
    name: topic.name,
    queue: place.name,
    place,
  }
}

/** Where its strands get what lies in it. */
export const inboxPlaces = (core: Core, inbox: Task, lease: number): ConsumerPlace[] => {
  const site = { stream: core.names.queue(inbox.queue), part: inbox.queue, delayed: false }
  return strandsOf(core.names, inbox, site, inbox.lanes).map((strand) => performerPlace(core, inbox, site.stream, strand, lease))
}

/** Lays an event into the inbox, once. One that has no key, because it cannot be read, goes where its performer will say so. */
export async function layIn(core: Core, inbox: Task, consumer: string, event: () => unknown, run: Run): Promise<void> {
  const { headers, sequence, storedAt, body } = run.delivery
  const row = await rowOfEvent(inbox, event).catch((): Row => 'normal')
  const fields: [string, string][] = [
    [header.id, `ordered:${consumer}:${sequence}`],
    [header.ownId, run.id],
    [header.topic, publishedOn(run.delivery)],
    [header.since, String(storedAt)],
    ...[...headers].filter(([name]) => !/^nats-/i.test(name) && !left.has(name)),
  ]
  const copy = { subject: core.names.task(inbox.queue, inbox.name, row), headers: headerBlock(fields, mostOwnHeaderBytes), body }
  try {
    await core.publisher.publish(copy)
  } catch (error) {
    if (error instanceof CallboardError && error.code === 'QUEUE_FULL') throw new Snooze(patience, { cause: error })
    throw error
  }
}

const rowOfEvent = async (inbox: Task, event: () => unknown): Promise<Row> => rowFor(inbox, 'normal', await event())

/** Throws for an event that had no key, what its key threw. */
export function refuseKeyless(inbox: Task, event: unknown, { delivery }: Run): void {
  if (!rowIn(delivery.subject).includes('-')) rowFor(inbox, 'normal', event)
}
