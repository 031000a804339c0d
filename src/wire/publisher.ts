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
import { senderOver, tokenIn } from './raw.ts'
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
  /** Hears where the broker had no room. */
  readonly full?: (subject: string) => void
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

/** One message, or one batch, on its way. */
class Entry {
  /** Tells its answer from others; 0 before it has its turn. */
  token = 0
  /** When it had its turn. */
  since = 0
  /** When to send again if nobody has answered. */
  next = 0
  /** How often it was written to the connection. */
  tries = 0
  settled = false
  /** Stops listening to the signal of its caller. */
  unwatch: (() => void) | undefined

  readonly messages: readonly Outgoing[]
  readonly resolve: (stored: Stored) => void
  readonly reject: (error: Error) => void

  constructor(messages: readonly Outgoing[], resolve: (stored: Stored) => void, reject: (error: Error) => void) {
    this.messages = messages
    this.resolve = resolve
    this.reject = reject
  }
}

const empty: Stored = { sequence: 0, duplicate: true }

/** A publisher over a link. */
export function publisher(link: Link, options: PublisherOptions = {}): Publisher {
  const { inFlight = 1000, patience = 2000, budget = 30_000, full } = options
  const inbox = Buffer.from(`${link.inbox()}.`)
  const frames = new Frames(senderOver(link.nc))
  const underWay = new Map<number, Entry>()
  const queue = new Queue<Entry>()
  let counter = 0
  let closed = false
  let over = false
  let sweeping: NodeJS.Timeout | undefined
  let outbox: Entry[] = []
  let emptied: (() => void) | undefined

  link.nc.subscribe(`${inbox}*`, {
    callback: (error, message) => {
      if (error) return
      const entry = underWay.get(tokenIn(message, inbox.length))
      if (entry === undefined) return
      const answer = readAnswer(message.data)
      if (answer === undefined) entry.next = backedOff(entry)
      else if ('sequence' in answer) resolve(entry, answer)
      else refused(entry, answer)
    },
  })
  const deafen = link.listen((event) => {
    if (event.type === 'back') sendAll([...underWay.values()])
    if (event.type === 'refused') forbid(event.error)
  })

  /** The broker does not answer what it does not allow; it says so beside. */
  function forbid(error: Error): void {
    const subject = forbiddenSubject(error)
    for (const entry of underWay.values())
      if (entry.messages.some((message) => message.subject === subject)) reject(entry, forbidden(subject, error))
  }

  function refused(entry: Entry, error: ApiError): void {
    const refusal = refusalOf(error)
    if (refusal === 'again') entry.next = backedOff(entry)
    else if (refusal === 'committed') resolve(entry, empty)
    else {
      const subject = entry.messages[0]?.subject ?? ''
      const refused = refusalFault(error, `publishing to ${subject}`)
      if (refused.code === 'STORAGE_FULL') full?.(subject)
      reject(entry, refused)
    }
  }

  function resolve(entry: Entry, stored: Stored): void {
    settle(entry)
    entry.resolve(stored)
    next()
  }

  function reject(entry: Entry, error: Error): void {
    if (entry.settled) return
    settle(entry)
    entry.reject(error)
    next()
  }

  function settle(entry: Entry): void {
    entry.settled = true
    entry.unwatch?.()
    underWay.delete(entry.token)
  }

  function next(): void {
    while (queue.length > 0 && underWay.size < inFlight) {
      const entry = queue.shift() as Entry
      if (!entry.settled) start(entry)
    }
    if (underWay.size === 0) emptied?.()
  }

  /** Sends what is to be sent, in as few writes as the connection takes. */
  function sendAll(due: readonly Entry[]): void {
    const now = Date.now()
    try {
      for (const entry of due) if (!entry.settled) write(entry, now)
      frames.flush()
    } catch (error) {
      for (const entry of due) {
        entry.tries = Math.max(0, entry.tries - 1)
        reject(entry, unanswered(entry, error))
      }
    }
  }

  function write(entry: Entry, now: number): void {
    const { messages, token } = entry
    const [first] = messages
    const heavy = overweight(messages, link.maxPayload)
    if (heavy !== undefined) {
      reject(entry, heavy)
      return
    }
    entry.next = now + patience
    entry.tries++
    if (messages.length === 1 && first) frames.message(first.subject, { inbox, token }, first.headers, '', first.body)
    else writeBatch(frames, messages, { inbox, token })
  }

  function sweep(): void {
    const now = Date.now()
    const late: Entry[] = []
    for (const entry of underWay.values()) {
      if (now < entry.next) continue
      if (now - entry.since >= budget) reject(entry, unanswered(entry))
      else late.push(entry)
    }
    if (late.length > 0) sendAll(late)
    if (underWay.size === 0) {
      clearInterval(sweeping)
      sweeping = undefined
    }
  }

  function start(entry: Entry): void {
    entry.token = ++counter
    entry.since = Date.now()
    entry.next = entry.since + patience
    underWay.set(entry.token, entry)
    sweeping ??= setInterval(sweep, 50)
    // Alone it leaves at once; with others it waits for the end of the turn, and they leave together.
    if (underWay.size === 1 && !over) sendAll([entry])
    else if (outbox.push(entry) === 1) atTurnsEnd(post)
  }

  function post(): void {
    const entries = outbox
    outbox = []
    sendAll(entries)
  }

  function put(messages: readonly Outgoing[], signal?: AbortSignal): Promise<Stored> {
    return new Promise((resolve, reject) => {
      if (closed) reject(fault('CLOSED', 'The board is closed; nothing was sent.'))
      else if (signal?.aborted) reject(aborted(messages, signal, 'not stored'))
      else take(new Entry(messages, resolve, reject), signal)
    })
  }

  /** Begins at once or waits its turn, unless its caller gives up before. */
  function take(entry: Entry, signal: AbortSignal | undefined): void {
    if (signal)
      entry.unwatch = onAbort(signal, () => reject(entry, aborted(entry.messages, signal, entry.tries === 0 ? 'not stored' : 'unknown')))
    if (underWay.size < inFlight) start(entry)
    else queue.push(entry)
  }

  return {
    publish: (message, signal) => put([message], signal),
    publishBatch: (messages, signal) => put(messages, signal).then((stored) => (stored === empty ? undefined : stored.sequence)),
    get pending() {
      return underWay.size + queue.length
    },
    async close() {
      closed = true
      if (underWay.size > 0) {
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
      while (underWay.size > 0) for (const entry of underWay.values()) reject(entry, unanswered(entry))
    },
  }
}

/** An answer is `{"stream":"…", "seq":7}`, with `"duplicate": true` at times, blanks as the broker likes them, or has an error. Anything else ("no responders" is nothing at all) is none. */
export function readAnswer(data: Uint8Array): Stored | ApiError | undefined {
  if (data.length === 0) return undefined
  const bytes = data instanceof Buffer ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const text = bytes.toString('latin1')
  if (text.startsWith('{"error"')) return (JSON.parse(text) as { error: ApiError }).error
  const at = text.indexOf('"seq":')
  if (at < 0) return undefined
  return { sequence: Number.parseInt(text.slice(at + 6), 10), duplicate: text.includes('"duplicate"') && /"duplicate": *true/.test(text) }
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
