/**
 * Stores messages, as fast as the connection allows and without ever guessing.
 *
 * One inbox takes all answers, a counter tells them apart, one timer sweeps all deadlines: nothing is made per message
 * but the promise. What is published in one turn of the event loop leaves in one write. A lost connection cuts the wait short: what was under way is sent again on return, under the same id,
 * so it is stored once. What nobody answers within the budget is reported as unknown, which is not the same as failed.
 */

import { performance } from 'node:perf_hooks'
import { onAbort } from '../base/deadline.ts'
import { fault } from '../base/errors.ts'
import { Queue } from '../base/queue.ts'
import { atTurnsEnd } from '../base/turn.ts'
import { writeBatch } from './batch.ts'
import type { Link } from './connection.ts'
import { Frames } from './frames.ts'
import { type Outgoing, overweight } from './outgoing.ts'
import { senderOver, tokenIn } from './raw.ts'
import { readAnswer, type Stored } from './receipt.ts'
import { type ApiError, forbidden, forbiddenSubject, refusalFault, refusalOf } from './refusal.ts'
import { type Hearing, type Sequel, Singly } from './singly.ts'
import { Entry } from './under-way.ts'

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
  /**
   * Stores one message, and resolves with what `as` makes of its place, by default the place.
   * Rejects with a definite error, or with PUBLISH_UNKNOWN or ABORTED where it may be stored.
   */
  publish<T = Stored>(message: Outgoing, signal?: AbortSignal, as?: (stored: Stored) => T): Promise<NoInfer<T>>
  /**
   * Stores up to 1,000 messages of one stream, all or none of them, in order.
   * Gives the sequence of the last one, or undefined where the broker already had some of their ids.
   */
  publishBatch(messages: readonly Outgoing[], signal?: AbortSignal): Promise<number | undefined>
  /**
   * Stores messages one by one where that is faster than in batches: gives how many, from the first on; 0: none. `stored` hears the place of
   * each. Throws what the first refused one threw, when no other is under way.
   */
  publishEach<Each extends Outgoing>(messages: Sequel<Each>, stored: Hearing<Each>): Promise<number>
  /** Messages under way. */
  readonly pending: number
  /** Refuses everything new, and resolves when the rest is answered. After a while what is not is reported as unknown. */
  close(): Promise<void>
}

/** Most messages in one batch; the broker's limit. */
export const batchLimit = 1000

/** So many leave without waiting for the end of the turn. */
const plenty = 100

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
      entry.heard++
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
    if (subject === undefined) return
    for (const entry of underWay.values()) if (entry.subjects.includes(subject)) reject(entry, forbidden(subject, error))
  }

  function refused(entry: Entry, error: ApiError): void {
    const refusal = refusalOf(error)
    if (refusal === 'again') entry.next = backedOff(entry)
    else if (refusal === 'committed') resolve(entry, empty)
    else {
      const { subject } = entry.message
      const refused = refusalFault(error, `publishing to ${subject}`)
      if (refused.code === 'STORAGE_FULL') full?.(subject)
      // Another try of it is unanswered, and may be stored when there is room: only the answer to that says what became of it.
      if (entry.heard < entry.tries && (refused.code === 'QUEUE_FULL' || refused.code === 'STORAGE_FULL')) entry.next = backedOff(entry)
      else reject(entry, refused)
    }
  }

  function resolve(entry: Entry, stored: Stored): void {
    settle(entry)
    try {
      entry.resolve(entry.as === undefined ? stored : entry.as(stored))
    } catch (error) {
      entry.reject(error)
    }
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
    const now = performance.now()
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
    const { message, batch } = entry
    const heavy = overweight(message, batch, link.maxPayload)
    if (heavy !== undefined) {
      reject(entry, heavy)
      return
    }
    entry.next = now + patience
    entry.tries++
    if (batch === undefined) frames.message(message.subject, entry, message.headers, '', message.body)
    else writeBatch(frames, batch, entry)
  }

  function sweep(): void {
    const now = performance.now()
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
    entry.since = performance.now()
    entry.next = entry.since + patience
    underWay.set(entry.token, entry)
    sweeping ??= setInterval(sweep, 50)
    // Alone it leaves at once; with others it waits for the end of the turn, and they leave together.
    if (underWay.size === 1 && !over) sendAll([entry])
    else if (outbox.push(entry) === 1) atTurnsEnd(post)
    // Much by itself: the broker can begin with it.
    if ((entry.batch !== undefined || outbox.length >= plenty) && !over) post()
  }

  function post(): void {
    const entries = outbox
    outbox = []
    sendAll(entries)
  }

  function put<T>(message: Outgoing, batch: readonly Outgoing[] | undefined, signal?: AbortSignal, as?: (stored: Stored) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (closed) reject(gone())
      else if (signal?.aborted) reject(aborted(message, signal, 'not stored'))
      else take(new Entry(inbox, message, batch, resolve as (result: unknown) => void, reject, as), signal)
    })
  }

  /** Begins at once or waits its turn, unless its caller gives up before. */
  function take(entry: Entry, signal: AbortSignal | undefined): void {
    if (signal)
      entry.unwatch = onAbort(signal, () => reject(entry, aborted(entry.message, signal, entry.tries === 0 ? 'not stored' : 'unknown')))
    if (underWay.size < inFlight) start(entry)
    else queue.push(entry)
  }

  const singly = new Singly(
    (message, stored, failed) => {
      if (closed) failed(gone())
      else take(new Entry(inbox, message, undefined, nothing, failed, stored), undefined)
    },
    Math.ceil(inFlight / 2),
  )

  return {
    publish: (message, signal, as) => put(message, undefined, signal, as),
    publishEach: async (messages, stored) => (link.nc.info?.cluster === undefined ? singly.store(messages, stored) : 0),
    publishBatch: (messages, signal) =>
      put(messages[0] as Outgoing, messages.length === 1 ? undefined : messages, signal, (stored) =>
        stored === empty ? undefined : stored.sequence,
      ),
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

const nothing = () => undefined
const gone = () => fault('CLOSED', 'The board is closed; nothing was sent.')

/** When to send again after an answer that says "not now": 50 ms at first, a second at most, never in step with others. */
function backedOff(entry: Entry): number {
  const ceiling = Math.min(1000, 25 * 2 ** entry.tries)
  return performance.now() + ceiling / 2 + (Math.random() * ceiling) / 2
}

/** What was written may be stored; what was not is not. */
function unanswered(entry: Entry, cause?: unknown): Error {
  if (entry.tries === 0) return fault('CLOSED', 'The connection is closed; nothing was sent.', { cause })
  return fault(
    'PUBLISH_UNKNOWN',
    `Publishing to ${entry.message.subject} got no answer in ${Math.round(performance.now() - entry.since)} ms and ${entry.tries} tries.`,
    {
      why: 'The broker was unreachable, had no leader, or had no room left on its disk.',
      cause,
      details: { outcome: 'unknown' },
    },
  )
}

function aborted({ subject }: Outgoing, signal: AbortSignal, outcome: 'not stored' | 'unknown'): Error {
  return fault('ABORTED', `Publishing to ${subject} was aborted; the outcome is ${outcome}.`, {
    cause: signal.reason,
    details: { outcome },
  })
}
