/** The broker seen from beside: whether it answers, what is left in it, and filling its disk. */

import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from 'nats'
import { now, type Recorder } from './history.ts'

/** Looks at the broker from beside. */
export interface Observer {
  /** Resolves when all streams answer, one after the other, twice. */
  answers(): Promise<void>
  /** Asks for something. */
  ask(subject: string): Promise<unknown>
  /** What consumers have not answered yet, by consumer; and what a queue holds. */
  left(): Promise<Readonly<Record<string, number>>>
  /** Stores what nobody needs until the broker has no room, and removes it after so many ms. */
  fill(ms: number): Promise<void>
  close(): Promise<void>
}

/** How long an answer may take before it is written down that the broker was slow, in ms. */
const slow = 500
/** How often it is asked, in ms. */
const every = 200

/** Begins to look. `streams` are asked in turn; `bounds`: what some of them hold at most. */
export async function observer(
  ports: readonly number[],
  streams: readonly string[],
  bounds: ReadonlyMap<string, number>,
  record: Recorder,
): Promise<Observer> {
  const nc: NatsConnection = await connect({
    servers: ports.map((port) => `127.0.0.1:${port}`),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 50,
    timeout: 1000,
    pingInterval: 1000,
    maxPingOut: 2,
    ignoreClusterUpdates: true,
  })
  const manager: JetStreamManager = await jetstreamManager(nc, { checkAPI: false, timeout: 2000 })
  let closed = false
  const info = async (stream: string) => {
    const { state } = (await nc.request(`$JS.API.STREAM.INFO.${stream}`, '', { timeout: 1000 })).json<{ state?: { messages: number } }>()
    const [holds, most] = [state?.messages ?? 0, bounds.get(stream) ?? Number.POSITIVE_INFINITY]
    if (holds > most) record.write('stuck', `${stream} held ${holds}, and may hold ${most}`, '')
  }

  /** Writes down each span in which a stream did not answer, or answered late. */
  const watching = (async () => {
    let since: number | undefined
    for (let turn = 0; !closed; turn++) {
      const asked = now()
      const well = await info(streams[turn % streams.length] as string).then(
        () => now() - asked < slow,
        () => false,
      )
      if (!well) since ??= asked
      else if (since !== undefined) {
        record.write('fault', 'broker slow', 'broker', String(now()), since)
        since = undefined
      }
      await new Promise((resolve) => setTimeout(resolve, every))
    }
  })()

  return {
    async answers() {
      for (let well = 0; well < 2 * streams.length && !closed; )
        await info(streams[well % streams.length] as string).then(
          () => well++,
          async () => {
            well = 0
            await new Promise((resolve) => setTimeout(resolve, 50))
          },
        )
    },
    ask: async (subject) => (await nc.request(subject, '', { timeout: 2000 })).json(),
    async left() {
      const found: Record<string, number> = {}
      for (const stream of streams) {
        const { config, state } = await manager.streams.info(stream)
        if (config.retention === 'workqueue' && state.messages > 0) found[stream] = state.messages
        for await (const { name, num_pending, num_ack_pending } of manager.consumers.list(stream))
          if (num_pending + num_ack_pending > 0) found[`${stream}, ${name}`] = num_pending + num_ack_pending
      }
      return found
    },
    async fill(ms) {
      const name = 'FILLING'
      const page = new Uint8Array(1_000_000)
      await manager.streams.add({ name, subjects: ['filling'] }).catch(() => undefined)
      for (let full = false; !full; ) {
        const answers = await Promise.all(
          Array.from({ length: 16 }, () => nc.request('filling', page, { timeout: 5000 }).catch(() => undefined)),
        )
        full = answers.some((answer) => answer === undefined || answer.string().includes('"error"'))
      }
      await new Promise((resolve) => setTimeout(resolve, ms))
      await manager.streams.delete(name).catch(() => undefined)
    },
    async close() {
      closed = true
      await watching
      await nc.close()
    },
  }
}
