/**
 * Pauses of queues. The broker hands out nothing of a paused queue, whoever asks; what workers hold already they hear of
 * themselves, and keep it without beginning it. The pause is remembered in the table, for consumers that are made later and for
 * workers that come later.
 */

import type { Slots } from '../runtime/gate.ts'
import { decode, encode } from '../wire/codec.ts'
import { place } from '../wire/place.ts'
import type { Core } from './core.ts'

/** As long as anybody means by "until further notice". */
export const century = 100 * 365 * 86_400_000
/** What a timer of Node takes at most. */
const longest = 2 ** 31 - 1
/** How long it is remembered that a queue goes on again, in ms: until everybody has heard it. */
const echo = 60_000

const keyOf = (core: Core, queue: string): string => core.names.record('pause', queue)
const untilIn = (body: Uint8Array): number => (decode(body) as { until: number }).until

/** When a queue goes on, in ms since 1970; undefined: it is not paused. */
export async function pausedUntil(core: Core, queue: string): Promise<number | undefined> {
  const found = await core.table.get(keyOf(core, queue))
  const until = found && untilIn(found.body)
  return until !== undefined && until > Date.now() ? until : undefined
}

/** Remembers a pause, and tells all workers; 0: it is over. */
export async function rememberPause(core: Core, queue: string, until: number): Promise<void> {
  const ttl = Math.max(0, until - Date.now()) + echo
  await core.table.put(keyOf(core, queue), encode({ until }), ttl > century / 2 ? {} : { ttl })
}

/** A consumer that was just declared is paused, if its queue is; and not any more, if that ended meanwhile. */
export async function keepPaused(core: Core, queue: string, stream: string, consumer: string): Promise<void> {
  const until = await pausedUntil(core, queue)
  if (until === undefined) return
  const seat = place(core.layout, stream, consumer)
  await seat.pause(new Date(until))
  if ((await pausedUntil(core, queue)) === undefined) await seat.resume()
}

/** Has a worker hold while its queue is paused. Gives back how to stop listening. */
export async function heedPause(core: Core, queue: string, worker: Pick<Slots, 'hold'>): Promise<() => void> {
  let timer: NodeJS.Timeout | undefined
  let heard = 0

  function heed(until: number): void {
    clearTimeout(timer)
    heard++
    const left = until - Date.now()
    worker.hold(left > 0)
    if (left > 0) timer = setTimeout(() => heed(until), Math.min(left, longest)).unref()
  }

  /** What was told while this worker was cut off is read again. What is told while it is read is newer. */
  async function look(): Promise<void> {
    const before = heard
    const until = await pausedUntil(core, queue)
    if (heard === before) heed(until ?? 0)
  }

  const unwatch = core.table.watch(core.names.live('pause', queue), (body) => heed(untilIn(body)))
  const deafen = core.link.listen((event) => {
    if (event.type === 'back')
      void look().catch((error: unknown) =>
        core.events.tell('trouble', { what: `whether ${queue} is paused could not be found out`, error }),
      )
  })
  await look()
  return () => {
    clearTimeout(timer)
    unwatch()
    deafen()
  }
}
