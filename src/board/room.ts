/**
 * Room in a bounded queue. The broker counts and refuses; here stands what becomes of what it refused: an error that says how
 * full the queue is, or a place in the line of this process.
 *
 * Whoever waits is let through in the order of arrival, as many as there is room for. One look at the queue serves the whole
 * line, and while there is no room the looks become rarer: 10 ms apart at first, 250 ms at most.
 */

import { setMaxListeners } from 'node:events'
import { onAbort } from '../base/deadline.ts'
import { CallboardError, fault } from '../base/errors.ts'
import { type Outgoing, sizeOf } from '../wire/outgoing.ts'
import type { Publisher } from '../wire/publisher.ts'
import type { QueueShape } from '../wire/streams.ts'

/** How full a queue is. */
export interface Fill {
  readonly tasks: number
  readonly bytes: number
}

/** How an enqueue waits for room. `timeout` in ms; default: as long as it takes. */
export interface Patience {
  readonly timeout?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** How messages are stored in one queue. */
export type Storing = Pick<Publisher, 'publish' | 'publishBatch'> & Partial<Pick<Publisher, 'publishEach'>>

/** Room in one bounded queue, as one process finds it. */
export interface Room {
  /** Stores messages, by `store`, as soon as there is room for them. Throws QUEUE_FULL where that is not waited for, or not long enough. */
  through<T>(messages: readonly Outgoing[], patience: Patience, store: () => Promise<T>): Promise<T>
  /** The same for a publisher's two ways to store. */
  storing(publisher: Storing, timeout: number | undefined): Storing
  /** Whoever waits is refused. */
  close(): void
}

interface Waiter extends Fill {
  readonly ticket: number
  readonly leave: () => void
}

const soonest = 10
const latest = 250
/** One look at the queue is good for so many ms. */
const fresh = 20
/** What the broker counts for a message beside headers and body, besides its subject. */
const overhead = 40

/** Room in a bounded queue. `look` asks the broker how full it is. */
export function room(queue: QueueShape, look: () => Promise<Fill>): Room {
  const limit = { tasks: queue.limit?.tasks ?? 0, bytes: queue.limit?.bytes ?? 0 }
  const closed = new AbortController()
  setMaxListeners(0, closed.signal)
  let line: Waiter[] = []
  let tickets = 0
  let pause = soonest
  let timer: NodeJS.Timeout | undefined
  let seen: { readonly at: number; readonly fill: Promise<Fill> } | undefined

  /** How full it is, asked once for all who ask at the same moment. */
  function filled(): Promise<Fill> {
    if (seen === undefined || Date.now() - seen.at > fresh) seen = { at: Date.now(), fill: look() }
    return seen.fill
  }

  async function admit(): Promise<void> {
    let { tasks, bytes } = await look()
    let left = 0
    for (const waiter of [...line]) {
      tasks += waiter.tasks
      bytes += waiter.bytes
      if (tooMuch({ tasks, bytes })) break
      waiter.leave()
      left++
    }
    pause = left > 0 ? soonest : Math.min(latest, pause * 2)
  }

  function watch(): void {
    if (timer !== undefined || line.length === 0) return
    const look = async () => {
      // What cannot be looked at now can be looked at later.
      await admit().catch(() => undefined)
      timer = undefined
      watch()
    }
    timer = setTimeout(() => void look(), pause * (0.75 + Math.random() / 2))
  }

  /** A place in the line. Resolves when there may be room; who was refused once more comes back to the place he had. Rejects with what ends the waiting. */
  function stand(ticket: number, need: Fill, over: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (over.aborted) return reject(over.reason)
      const leave = () => {
        unwatch()
        line = line.filter((each) => each !== waiter)
        if (over.aborted) reject(over.reason)
        else resolve()
      }
      const waiter: Waiter = { ...need, ticket, leave }
      const behind = line.findIndex((each) => each.ticket > ticket)
      line.splice(behind < 0 ? line.length : behind, 0, waiter)
      const unwatch = onAbort(over, leave)
      watch()
    })
  }

  /** What is said of a queue that had no room. */
  async function refusal(why: string, cause: unknown): Promise<CallboardError> {
    const fill = await filled().catch(() => ({ tasks: Number.NaN, bytes: Number.NaN }))
    const most = [limit.tasks > 0 ? counted(limit.tasks, 'task') : '', limit.bytes > 0 ? counted(limit.bytes, 'byte') : '']
    const said = `The queue ${queue.name} is full: it holds ${told(fill)}, the limit is ${most.filter(Boolean).join(' and ')}.`
    return fault('QUEUE_FULL', said, { why, cause, details: { queue: queue.name, ...fill, limit } })
  }

  async function through<T>(messages: readonly Outgoing[], { timeout, signal }: Patience, store: () => Promise<T>): Promise<T> {
    const ticket = ++tickets
    const need = { tasks: messages.length, bytes: messages.reduce((sum, each) => sum + roomOf(each), 0) }
    let late: AbortSignal | undefined
    let over: AbortSignal | undefined
    let cause: unknown
    // Most find room, and need nothing of this.
    const inLine = () => {
      late ??= timeout === undefined ? undefined : AbortSignal.timeout(timeout)
      over ??= AbortSignal.any([closed.signal, signal, late].filter((each) => each !== undefined))
      return stand(ticket, need, over)
    }
    try {
      if (line.length > 0) await inLine()
      for (;;) {
        try {
          return await store()
        } catch (error) {
          if (!(error instanceof CallboardError) || error.code !== 'QUEUE_FULL') throw error
          cause = error
        }
        if (tooMuch(need)) throw await refusal(`${told(need)} can never be in it at once.`, cause)
        if (queue.full === 'reject') throw await refusal('', cause)
        await inLine()
      }
    } catch (error) {
      if (late?.aborted && error === late.reason) throw await refusal(`No room was found in ${timeout} ms.`, cause)
      throw signal?.aborted && error === signal.reason ? aborted(queue, signal) : error
    }
  }

  const tooMuch = ({ tasks, bytes }: Fill): boolean => (limit.tasks > 0 && tasks > limit.tasks) || (limit.bytes > 0 && bytes > limit.bytes)

  return {
    through,
    storing: ({ publish, publishBatch }, timeout) => ({
      publish: (message, signal, as) => through([message], { timeout, signal }, () => publish(message, signal, as)),
      publishBatch: (messages, signal) => through(messages, { timeout, signal }, () => publishBatch(messages, signal)),
    }),
    close: () => closed.abort(fault('CLOSED', `The board was closed while it waited for room in ${queue.name}; nothing was stored.`)),
  }
}

const roomOf = (message: Outgoing): number => message.subject.length + sizeOf(message) + overhead

const counted = (n: number, what: string): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`
const told = ({ tasks, bytes }: Fill): string => `${counted(tasks, 'task')} of ${counted(bytes, 'byte')}`

function aborted({ name }: QueueShape, signal: AbortSignal): CallboardError {
  return fault('ABORTED', `Waiting for room in the queue ${name} was aborted; the outcome is not stored.`, {
    cause: signal.reason,
    details: { outcome: 'not stored' },
  })
}
