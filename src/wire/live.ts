/** Live reading of a stream, in order, for one reader. The client sets itself up again after losses; nothing is acknowledged. */

import { type ConsumerMessages, DeliverPolicy, jetstream } from '@nats-io/jetstream'
import type { Link } from './connection.ts'
import type { Start } from './declare.ts'
import { Headers } from './envelope.ts'
import { told } from './refusal.ts'

/** A message read. */
export interface Read {
  readonly subject: string
  readonly body: Uint8Array
  readonly headers: Headers
  readonly sequence: number
  /** ms since 1970. */
  readonly storedAt: number
  /** How many more there are already. */
  readonly left: number
}

/** Reads what comes to a subject of a stream, from `start` on, until the signal aborts or the reader stops. */
export async function* readLive(link: Link, stream: string, subject: string, start: Start, signal?: AbortSignal): AsyncGenerator<Read> {
  if (signal?.aborted) return
  const messages = await begin(link, stream, subject, start).catch((error: unknown) =>
    // A reader that gave up meanwhile, or whose board was closed, is told nothing.
    signal?.aborted ? undefined : told(error, `reading ${subject}`),
  )
  if (messages === undefined) return
  const stop = () => void messages.close()
  signal?.addEventListener('abort', stop, { once: true })
  if (signal?.aborted) stop()
  try {
    for await (const message of messages) {
      if (signal?.aborted) return
      const headers = new Headers(message.headers === undefined ? undefined : Buffer.from(message.headers.toString()))
      yield {
        subject: message.subject,
        body: message.data,
        headers,
        sequence: message.seq,
        storedAt: message.time.getTime(),
        left: message.info.pending,
      }
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    await messages.close()
  }
}

async function begin(link: Link, stream: string, subject: string, start: Start): Promise<ConsumerMessages> {
  const consumer = await jetstream(link.nc).consumers.get(stream, { filter_subjects: [subject], ...startOptions(start) })
  return consumer.consume({ idle_heartbeat: 1000 })
}

function startOptions(start: Start): object {
  if ('sequence' in start) return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start.sequence }
  if ('time' in start) return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: start.time.toISOString() }
  return { deliver_policy: start.at === 'all' ? DeliverPolicy.All : DeliverPolicy.New }
}
