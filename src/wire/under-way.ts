/** What a publisher remembers of what it has sent, or is to send, until the broker has answered. */

import type { ReplyTo } from './frames.ts'
import type { Outgoing } from './outgoing.ts'
import type { Stored } from './receipt.ts'

/** One message, or one batch, on its way. */
export class Entry implements ReplyTo {
  readonly inbox: Uint8Array
  /** Tells its answer from others; 0 before it has its turn. */
  token = 0
  /** When it had its turn. */
  since = 0
  /** When to send again if nobody has answered. */
  next = 0
  /** How often it was written to the connection. */
  tries = 0
  /** How many of its tries were answered. */
  heard = 0
  settled = false
  /** Stops listening to the signal of its caller. */
  unwatch: (() => void) | undefined

  /** The first of a batch, or the only one. */
  readonly message: Outgoing
  readonly batch: readonly Outgoing[] | undefined
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
  readonly as: ((stored: Stored) => unknown) | undefined

  constructor(
    inbox: Uint8Array,
    message: Outgoing,
    batch: readonly Outgoing[] | undefined,
    resolve: (result: unknown) => void,
    reject: (error: unknown) => void,
    as: ((stored: Stored) => unknown) | undefined,
  ) {
    this.inbox = inbox
    this.message = message
    this.batch = batch
    this.resolve = resolve
    this.reject = reject
    this.as = as
  }

  get subjects(): string[] {
    return this.batch?.map(({ subject }) => subject) ?? [this.message.subject]
  }
}
