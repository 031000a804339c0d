/**
 * Stores messages, as fast as the connection allows and without ever guessing.
 *
 * One inbox takes all answers, a counter tells them apart, one timer sweeps all deadlines: nothing is made per message
 * but the promise. What is published in one turn of the event loop leaves in one write. A lost connection cuts the wait short: what was under way is sent again on return, under the same id,
 * so it is stored once. What nobody answers within the budget is reported as unknown, which is not the same as failed.
 */

import { onAbort } from '../base/deadline.ts'
import { fault } from '../base/errors.ts'
import { Queue } from '../base/queue.ts'
import { atTurnsEnd } from '../base/turn.ts'
import { writeBatch } from './batch.ts'
import type { Link } from './connection.ts'
import { Frames } from './frames.ts'
import { type Outgoing, overweight } from './outgoing.ts'
import { senderOver } from './raw.ts'
import { type ApiError, forbidden, forbiddenSubject, refusalFault, refusalOf } from './refusal.ts'

/** Where a message is stored. `duplicate`: it was there before, and nothing was added. */
export interface Stored {
  readonly sequence: number
  readonly duplicate: boolean
}

/** Limits of a publisher. */
export interface PublisherOptions {
  /** Messages under way at most; more wait their turn. Default 1,000. */
  readonly inFlight?: number
  /** Wait for one answer before sending again, in ms. Default 2,000. */
  readonly patience?: number
  /** Wait in all, in ms; must stay well inside the dedupe window. Default 30,000. */
  readonly budget?: number
}

/** Stores messages. */
export interface Publisher {
  /** Stores one message. Rejects with a definite error, or with PUBLISH_UNKNOWN or ABORTED where it may be stored. */
  publish(message: Outgoing, signal?: AbortSignal): Promise<Stored>
  /**
   * Stores up to 1,000 messages of one stream, all or none of them, in order.
   * Gives the sequence of the last one, or undefined where the broker already had some of their ids.
   */
  publishBatch(messages: readonly Outgoing[], signal?: AbortSignal): Promise<number | undefined>
  /** Messages under way. */
  readonly pending: number
  /** Refuses everything new, and resolves when the rest is answered. After a while what is not is reported as unknown. */
  close(): Promise<void>
}

/** Most messages in one batch; the broker's limit. */
export const batchLimit = 1000

interface Entry {
  readonly messages: readonly Outgoing[]
  readonly resolve: (stored: Stored) => void
  readonly reject: (error: Error) => void
  readonly since: number
  /** When to send again if nobody has answered. */
  next: number
  /** How often it was written to the connection. */
  tries: number
  /** Stops listening to the signal of its caller. */
  unwatch?: () => void
}

const empty: Stored = { sequence: 0, duplicate: true }

/** A publisher over a link. */
export function publisher(link: Link, options: PublisherOptions = {}): Publisher {
  const { inFlight = 1000, patience = 2000, budget = 30_000 } = options
  const inbox = `${link.inbox()}.`
  const inboxBytes = Buffer.from(inbox)
  const frames = new Frames(senderOver(link.nc))
  const entries = new Map<number, Entry>()
  const queue = new Queue<() => void>()
  let counter = 0
  let closed = false
  let over = false
  let sweeping: NodeJS.Timeout | undefined
  let outbox: number[] = []
  let emptied: (() => void) | undefined

  link.nc.subscribe(`${inbox}*`, {
    callback: (error, message) => {
      if (error) return
      const token = Number(message.subject.slice(inbox.length))
      const entry = entries.get(token)
      if (entry === undefined) return
      const answer = readAnswer(message.data)
      if (answer === undefined) entry.next = backedOff(entry)
      else if ('sequence' in answer) finish(token, entry, answer)
      else refused(token, entry, answer)
    },
  })
  const deafen = link.listen((event) => {
    if (event.type === 'back') sendAll(entries)
    if (event.type === 'refused') forbid(event.error)
  })

  /** The broker does not answer what it does not allow; it says so beside. */
  function forbid(error: Error): void {
    const subject = forbiddenSubject(error)
    for (const [token, entry] of entries)
      if (entry.messages.some((message) => message.subject === subject)) settle(token, () => entry.reject(forbidden(subject, error)))
  }

  function refused(token: number, entry: Entry, error: ApiError): void {
    const refusal = refusalOf(error)
    if (refusal === 'again') entry.next = backedOff(entry)
    else if (refusal === 'committed') finish(token, entry, empty)
    else settle(token, () => entry.reject(refusalFault(error, `publishing to ${entry.messages[0]?.subject}`)))
  }

  function finish(token: number, entry: Entry, stored: Stored): void {
    settle(token, () => entry.resolve(stored))
  }

  function settle(token: number, tell: () => void): void {
    entries.get(token)?.unwatch?.()
    entries.delete(token)
    tell()
    while (queue.length > 0 && entries.size < inFlight) queue.shift()?.()
    if (entries.size === 0) emptied?.()
  }

  /** Sends what is to be sent, in as few writes as the connection takes. */
  function sendAll(due: Iterable<readonly [number, Entry]>): void {
    const sent: (readonly [number, Entry])[] = []
    const next = Date.now() + patience
    try {
      for (const each of due) if (write(...each)) sent.push(each)
      frames.flush()
    } catch (error) {
      for (const [token, entry] of sent) settle(token, () => entry.reject(unanswered(entry, error)))
      return
    }
    for (const [, entry] of sent) {
      entry.next = next
      entry.tries++
    }
  }

  /** False: the broker would not take it. */
  function write(token: number, entry: Entry): boolean {
    const { messages } = entry
    const [first] = messages
    const refused = overweight(messages, link.maxPayload)
    if (refused !== undefined) settle(token, () => entry.reject(refused))
    else if (messages.length === 1 && first) frames.message(first.subject, { inbox: inboxBytes, token }, first.headers, '', first.body)
    else writeBatch(frames, messages, { inbox: inboxBytes, token })
    return refused === undefined
  }

  function sweep(): void {
    const now = Date.now()
    const late: [number, Entry][] = []
    for (const [token, entry] of entries) {
      if (now < entry.next) continue
      if (now - entry.since >= budget) settle(token, () => entry.reject(unanswered(entry)))
      else late.push([token, entry])
    }
    if (late.length > 0) sendAll(late)
    if (entries.size === 0) {
      clearInterval(sweeping)
      sweeping = undefined
    }
  }

  function start(messages: readonly Outgoing[], resolve: Entry['resolve'], reject: Entry['reject'], signal: AbortSignal | undefined): void {
    const token = ++counter
    const now = Date.now()
    const entry: Entry = { messages, resolve, reject, since: now, next: now + patience, tries: 0 }
    entries.set(token, entry)
    sweeping ??= setInterval(sweep, 50)
    if (signal)
      entry.unwatch = onAbort(signal, () =>
        settle(token, () => reject(aborted(messages, signal, entry.tries === 0 ? 'not stored' : 'unknown'))),
      )
    // Alone it leaves at once; with others it waits for the end of the turn, and they leave together.
    if (entries.size === 1 && !over) sendAll([[token, entry]])
    else if (outbox.push(token) === 1) atTurnsEnd(post)
  }

  function post(): void {
    const tokens = outbox
    outbox = []
    sendAll(stillOpen(tokens))
  }

  function* stillOpen(tokens: readonly number[]): Generator<readonly [number, Entry]> {
    for (const token of tokens) {
      const entry = entries.get(token)
      if (entry !== undefined) yield [token, entry]
    }
  }

  /** Waits its turn, unless its caller gives up before. */
  function enqueue(
    messages: readonly Outgoing[],
    resolve: Entry['resolve'],
    reject: Entry['reject'],
    signal: AbortSignal | undefined,
  ): void {
    let waiting = true
    const unwatch =
      signal &&
      onAbort(signal, () => {
        waiting = false
        reject(aborted(messages, signal, 'not stored'))
      })
    queue.push(() => {
      unwatch?.()
      if (waiting) start(messages, resolve, reject, signal)
    })
  }

  function put(messages: readonly Outgoing[], signal?: AbortSignal): Promise<Stored> {
    return new Promise((resolve, reject) => {
      if (closed) reject(fault('CLOSED', 'The board is closed; nothing was sent.'))
      else if (signal?.aborted) reject(aborted(messages, signal, 'not stored'))
      else if (entries.size < inFlight) start(messages, resolve, reject, signal)
      else enqueue(messages, resolve, reject, signal)
    })
  }

  return {
    publish: (message, signal) => put([message], signal),
    publishBatch: (messages, signal) => put(messages, signal).then((stored) => (stored === empty ? undefined : stored.sequence)),
    get pending() {
      return entries.size + queue.length
    },
    async close() {
      closed = true
      if (entries.size > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, patience)
          emptied = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      deafen()
      over = true
      while (entries.size > 0) for (const [token, entry] of entries) settle(token, () => entry.reject(unanswered(entry)))
    },
  }
}

/** An answer is `{"stream":"…", "seq":7}`, with `"duplicate": true` at times, blanks as the broker likes them, or has an error. Anything else ("no responders" is nothing at all) is none. */
export function readAnswer(data: Uint8Array): Stored | ApiError | undefined {
  if (data.length === 0) return undefined
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')
  if (text.startsWith('{"error"')) return (JSON.parse(text) as { error: ApiError }).error
  const at = text.indexOf('"seq":')
  if (at < 0) return undefined
  return { sequence: Number.parseInt(text.slice(at + 6), 10), duplicate: /"duplicate": *true/.test(text) }
}

/** When to send again after an answer that says "not now": 50 ms at first, a second at most, never in step with others. */
function backedOff(entry: Entry): number {
  const ceiling = Math.min(1000, 25 * 2 ** entry.tries)
  return Date.now() + ceiling / 2 + (Math.random() * ceiling) / 2
}

/** What was written may be stored; what was not is not. */
function unanswered(entry: Entry, cause?: unknown): Error {
  if (entry.tries === 0) return fault('CLOSED', 'The connection is closed; nothing was sent.', { cause })
  return fault(
    'PUBLISH_UNKNOWN',
    `Publishing to ${entry.messages[0]?.subject} got no answer in ${Date.now() - entry.since} ms and ${entry.tries} tries.`,
    {
      why: 'The broker was unreachable, had no leader, or had no room left on its disk.',
      cause,
      details: { outcome: 'unknown' },
    },
  )
}

function aborted(messages: readonly Outgoing[], signal: AbortSignal, outcome: 'not stored' | 'unknown'): Error {
  return fault('ABORTED', `Publishing to ${messages[0]?.subject} was aborted; the outcome is ${outcome}.`, {
    cause: signal.reason,
    details: { outcome },
  })
}
