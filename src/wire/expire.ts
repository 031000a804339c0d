/**
 * Streams of which single messages may expire. Not all from the beginning: a stream that may hold such a message looks for it in each, a
 * sixth of what storing one costs the broker.
 */

import type { JetStreamManager } from '@nats-io/jetstream'
import { told } from './refusal.ts'

/** Lets single messages of a stream expire, if it does not yet; asks the broker once for each stream. Throws what the broker refuses. */
export function lettingExpire(manager: JetStreamManager): (stream: string) => Promise<void> {
  const known = new Map<string, Promise<void>>()
  async function letExpire(stream: string): Promise<void> {
    try {
      const { config } = await manager.streams.info(stream)
      if (!config.allow_msg_ttl) await manager.streams.update(stream, { allow_msg_ttl: true })
    } catch (error) {
      known.delete(stream)
      told(error, `stream ${stream}`)
    }
  }
  return (stream) => {
    const doing = known.get(stream) ?? letExpire(stream)
    known.set(stream, doing)
    return doing
  }
}
