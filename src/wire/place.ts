/** A consumer seen by an operator: where it stands, and moving it. */

import type { ConsumerInfo } from '@nats-io/jetstream'
import { fault } from '../base/errors.ts'
import { type Start, startConfig } from './declare.ts'
import { codeOf, told } from './refusal.ts'
import type { Layout } from './streams.ts'

/** Where a consumer stands. */
export interface Standing {
  /** Not handed over yet. */
  readonly waiting: number
  /** Handed over and not answered yet, waits for a retry included. */
  readonly open: number
  /** Of those, how many were handed over before. */
  readonly again: number
  /** Workers that are asking for more. */
  readonly asking: number
  /** Everything up to this sequence is answered. */
  readonly answered: number
  readonly paused: boolean
}

/** What the broker says of where a consumer stands. */
export function standingOf(info: ConsumerInfo): Standing {
  return {
    waiting: info.num_pending,
    open: info.num_ack_pending,
    again: info.num_redelivered,
    asking: info.num_waiting,
    answered: info.ack_floor.stream_seq,
    paused: info.paused ?? false,
  }
}

/** One consumer of a stream. All of it throws NOT_FOUND where there is none. */
export interface Place {
  standing(): Promise<Standing>
  /** Whether there is one. */
  exists(): Promise<boolean>
  /** Hands over nothing until then, to nobody. Survives restarts. */
  pause(until: Date): Promise<void>
  resume(): Promise<void>
  /** Goes on from there, back or forth. */
  seek(to: Start): Promise<void>
  /** Ends it for good; false if there was none. */
  remove(): Promise<boolean>
}

const consumerMissing = new Set([10014, 10059])
const consumerExists = 10148
const mostTries = 10

/** One consumer of a stream. */
export function place({ manager }: Layout, stream: string, consumer: string): Place {
  const { consumers } = manager
  const asked = async <T>(what: Promise<T>): Promise<T> => {
    try {
      return await what
    } catch (error) {
      if (consumerMissing.has(codeOf(error))) throw fault('NOT_FOUND', `There is no consumer ${consumer} of ${stream}.`, { cause: error })
      return told(error, `consumer ${consumer} of ${stream}`)
    }
  }

  /**
   * The broker moves a consumer only within what its first start allows, so it is made anew with another start. A worker may
   * notice the gap and fill it first; then it is done again.
   */
  async function seek(to: Start): Promise<void> {
    const { config } = await asked(consumers.info(stream, consumer))
    const { deliver_policy: _policy, opt_start_seq: _sequence, opt_start_time: _time, ...kept } = config
    for (let tries = 1; ; tries++) {
      await asked(consumers.delete(stream, consumer))
      try {
        await consumers.add(stream, { ...kept, ...startConfig(to) })
        return
      } catch (error) {
        if (tries === mostTries || codeOf(error) !== consumerExists) return told(error, `moving consumer ${consumer} of ${stream}`)
      }
    }
  }

  return {
    exists: () =>
      consumers.info(stream, consumer).then(
        () => true,
        (error: unknown) => (consumerMissing.has(codeOf(error)) ? false : told(error, `consumer ${consumer} of ${stream}`)),
      ),
    async standing() {
      return standingOf(await asked(consumers.info(stream, consumer)))
    },
    pause: async (until) => void (await asked(consumers.pause(stream, consumer, until))),
    resume: async () => void (await asked(consumers.resume(stream, consumer))),
    seek,
    remove: async () => {
      try {
        return await consumers.delete(stream, consumer)
      } catch (error) {
        if (consumerMissing.has(codeOf(error))) return false
        return told(error, `removing consumer ${consumer} of ${stream}`)
      }
    },
  }
}
