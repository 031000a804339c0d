/** One request of a worker for messages: how many, how long it waits, and the signs of life it wants meanwhile. */

import type { Clock } from './clock.ts'
import { blockOf, type Fields } from './header.ts'
import { cannot } from './refused.ts'

/** What a request says. Durations in ms; 0: none. */
export interface Asked {
  readonly batch: number
  readonly expires: number
  readonly heartbeat: number
  readonly bytes: number
  readonly noWait: boolean
}

const understood = new Set(['batch', 'expires', 'idle_heartbeat', 'max_bytes', 'no_wait'])

/** Reads a request. Throws where it asks for what is not done here. */
export function askedIn(body: Uint8Array): Asked {
  const text = Buffer.from(body).toString().trim()
  const given: Record<string, unknown> = text === '' ? {} : text.startsWith('{') ? JSON.parse(text) : { batch: Number(text) }
  for (const name of Object.keys(given)) if (!understood.has(name)) throw cannot(`pulls with ${name}`)
  const ms = (name: string) => Number(given[name] ?? 0) / 1_000_000
  return {
    batch: Math.max(1, Number(given.batch ?? 1)),
    expires: ms('expires'),
    heartbeat: ms('idle_heartbeat'),
    bytes: Number(given.max_bytes ?? 0),
    noWait: given.no_wait === true,
  }
}

/** Who has a request told something. */
export interface Teller {
  readonly clock: Clock
  /** Says a status, as `408 Request Timeout`, on an inbox. */
  status(to: string, headers: Buffer): void
}

/** A request that waits. */
export class Pull {
  readonly reply: string
  left: number
  bytes: number
  readonly asked: Asked
  readonly #teller: Teller
  #stopExpiry = () => {}
  #stopBeat = () => {}

  /** `lapse`: called when it has waited long enough. `sign`: the lines of a sign of life. */
  constructor(reply: string, asked: Asked, teller: Teller, lapse: (pull: Pull) => void, sign: () => Fields) {
    this.reply = reply
    this.asked = asked
    this.left = asked.batch
    this.bytes = asked.bytes
    this.#teller = teller
    const { clock } = teller
    if (asked.expires > 0) this.#stopExpiry = clock.at(clock.now() + asked.expires, () => lapse(this), true)
    const beat = () => {
      this.#stopBeat = clock.at(
        clock.now() + asked.heartbeat,
        () => {
          teller.status(reply, blockOf(sign(), '100 Idle Heartbeat'))
          beat()
        },
        true,
      )
    }
    this.heard = () => {
      this.#stopBeat()
      if (asked.heartbeat > 0) beat()
    }
    this.heard()
  }

  /** Something was sent: the next sign of life is due later. */
  readonly heard: () => void

  /** Ends it, and says why. */
  end(status?: string): void {
    this.#stopExpiry()
    this.#stopBeat()
    if (status !== undefined) this.#teller.status(this.reply, blockOf(this.#rest(), status))
  }

  #rest(): Fields {
    return [
      ['Nats-Pending-Messages', String(this.left)],
      ['Nats-Pending-Bytes', String(this.bytes)],
    ]
  }
}
