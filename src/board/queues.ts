/** Queues held and emptied, for whoever operates them. What there is to see of them is told by `inspect.ts`. */

import { setTimeout as after } from 'node:timers/promises'
import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import { flag, oneOf, type Reader, type ReadersOf, readOptions, text, time, wrong } from '../base/options.ts'
import { inventory, type StreamFact } from '../wire/inventory.ts'
import { lanes } from '../wire/names.ts'
import { place } from '../wire/place.ts'
import type { Core } from './core.ts'
import { century, pausedUntil, rememberPause } from './pause.ts'
import { type PurgeOptions, purge } from './purge.ts'
import { type Queue, queueOf } from './queue.ts'
import { streamsThere } from './site.ts'

/** The queues of a board, named or given as contracts. All of it throws NOT_FOUND where nothing was ever enqueued or performed. */
export interface Queues {
  /**
   * No worker gets tasks of this queue, until it is resumed or until `until`. Enqueueing goes on; what runs goes on. Survives
   * restarts of everything, and holds for workers that come later. What a worker has fetched ahead it keeps and does not begin: at
   * the latest a second after this has resolved, as long as it is connected.
   */
  pause(queue: string | Queue, options?: { readonly until?: Date | Duration }): Promise<void>
  /** Hands out again. Resuming what is not paused changes nothing. */
  resume(queue: string | Queue): Promise<void>
  /**
   * Removes what waits, and gives how many. What a worker has taken stays: it runs, was fetched ahead, or waits for its next
   * attempt. Tracked tasks that are removed end as cancelled. While it purges the queue is paused; should its process
   * die, for five minutes at most.
   */
  purge(queue: string | Queue, options?: PurgeOptions): Promise<number>
}

const moment: Reader<number> = (value) => {
  const given = value instanceof Date ? value.getTime() : time(1)(value)
  if (typeof given !== 'number') return given
  const until = value instanceof Date ? given : Date.now() + given
  return until > Date.now() ? until : wrong('it must be in the future')
}

const purgeReaders = { task: text, lane: oneOf(...lanes), delayed: flag } satisfies ReadersOf<PurgeOptions>

/** How long a purge holds a queue at most, should it not come to its end, in ms. */
const purging = 300_000

/** The queues of a board. */
export function queues(core: Core): Queues {
  const look = inventory(core.link, core.layout.manager, core.names.namespace)

  /** The streams of a queue. */
  async function streamsOf(name: string): Promise<StreamFact[]> {
    const streams = await streamsThere(core, name)
    if (streams.length === 0) throw fault('NOT_FOUND', `There is no queue ${name}.`)
    return (await Promise.all(streams.map((each) => look.stream(each)))).filter((each) => each !== undefined)
  }

  /** Until 0: it goes on. What is remembered comes first: consumers that are made meanwhile ask for it. */
  async function hold(name: string, until: number): Promise<void> {
    const streams = await streamsOf(name)
    await rememberPause(core, name, until)
    for (const { name: stream } of streams)
      for (const { name: consumer } of (await look.stream(stream))?.consumers ?? []) {
        const seat = place(core.layout, stream, consumer)
        await (until > 0 ? seat.pause(new Date(until)) : seat.resume())
      }
  }

  /** Does something while the queue hands out nothing; then it is as it was. */
  async function held<T>(name: string, work: (streams: readonly StreamFact[]) => Promise<T>): Promise<T> {
    const before = (await pausedUntil(core, name)) ?? 0
    await hold(name, Math.max(before, Date.now() + purging))
    try {
      for (;;) {
        const streams = await streamsOf(name)
        // The leader of a consumer may hear of it a moment later than we are answered.
        if (streams.every(({ consumers }) => consumers.every(({ paused }) => paused))) return await work(streams)
        await after(20)
      }
    } finally {
      await hold(name, before > Date.now() ? before : 0)
    }
  }

  return {
    async pause(queue, options) {
      const { until } = readOptions('queues.pause()', options, { until: moment })
      await hold(queueOf(queue).name, until ?? Date.now() + century)
    },
    resume: async (queue) => hold(queueOf(queue).name, 0),
    async purge(queue, options) {
      const what = readOptions('queues.purge()', options, purgeReaders)
      return held(queueOf(queue).name, (streams) => purge(core, streams, what))
    },
  }
}
