/** Hearing a topic as it comes: live, not durable, not acknowledged. */

import { newId } from '../base/ids.ts'
import { readOptions, signal } from '../base/options.ts'
import { type Headers, idOf } from '../wire/envelope.ts'
import { readLive } from '../wire/live.ts'
import { topicOf } from '../wire/names.ts'
import type { Topic, TopicPattern } from './contract.ts'
import type { Core } from './core.ts'
import { homeOf } from './home.ts'
import { readAnywhere } from './large.ts'
import type { Point } from './subscription.ts'
import { readingEvents } from './topic.ts'
import { startOption } from './topic-options.ts'

/** How to listen live. */
export interface ListenOptions {
  /** Where to begin: with what is new, with all that is kept, at a time, or at a sequence, which resumes. Default `'new'`. Edge: a sequence is 1 or more. */
  readonly from?: Point
  /** Ends the listening. Default: it ends when its reader stops. */
  readonly signal?: AbortSignal
}

/** An event as a live listener gets it. */
export interface Heard<Event> {
  readonly event: Event
  readonly topic: string
  readonly id: string
  /** Its place in the stream: listening again from the next one misses nothing. */
  readonly sequence: number
  readonly headers: Headers['user']
}

/** Events as they come, until the reader stops, its signal aborts or the board is closed. */
export async function* listen<Event>(
  core: Core,
  topic: Topic<never, Event> | TopicPattern<Event>,
  options: ListenOptions,
  closed: AbortSignal,
): AsyncGenerator<Heard<Event>> {
  const read = readOptions('listen()', options, { from: startOption, signal })
  await core.declareTopic(topic)
  const home = homeOf(core.names, topic)
  const reading = readingEvents(core, topic)
  const over = read.signal ? AbortSignal.any([read.signal, closed]) : closed
  for await (const found of readLive(core.link, home.stream, home.event, read.from ?? { at: 'new' }, over)) {
    let event: Event
    try {
      event = (await readAnywhere(core, found, reading)) as Event
    } catch (error) {
      // One that cannot be read does not end the reading of all others.
      core.events.tell('trouble', { what: `an event of ${topicOf(found.subject)} cannot be read by who listens live`, error })
      continue
    }
    yield {
      event,
      topic: topicOf(found.subject),
      id: idOf(found.headers, found.sequence) ?? newId(),
      sequence: found.sequence,
      headers: found.headers.user,
    }
  }
}
