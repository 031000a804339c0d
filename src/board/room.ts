/**
 * Room in a bounded queue. The broker counts and refuses; here stands what becomes of what it refused: an error that says how
 * full the queue is, or a place in the line of this process.
 *
 * Whoever waits is let through in the order of arrival, as many as there is room for. One look at the queue serves the whole
 * line, and while there is no room the looks become rarer: 10 ms apart at first, 250 ms at most.
 */

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
export type Storing = Pick<Publisher, 'publish' | 'publishBatch'>

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
  readonly leave: (error?: Error) => void
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
      if ((limit.tasks > 0 && tasks > limit.tasks) || (limit.bytes > 0 && bytes > limit.bytes)) break
      waiter.leave()
      left++
    }
    pause = left > 0 ? soonest : Math.min(latest, pause * 2)
  }

  function watch(): void {
    if (timer !== undefined || line.length === 0) return
    timer = setTimeout(
      () => {
        // What cannot be looked at now can be looked at later.
        void admit()
          .catch(() => undefined)
          .finally(() => {
            timer = undefined
            watch()
          })
      },
      pause * (0.75 + Math.random() / 2),
    )
  }

  /** A place in the line. Resolves when there may be room; who was refused once more comes back to the place he had. */
  function stand(ticket: number, need: Fill, { timeout, signal }: Patience, since: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const left = timeout === undefined ? undefined : Math.max(0, since + timeout - Date.now())
      const late = left === undefined ? undefined : setTimeout(() => waiter.leave(timedOut), left)
      const unwatch = signal && onAbort(signal, () => waiter.leave(aborted(queue, signal)))
      const waiter: Waiter = {
        ...need,
        ticket,
        leave(error) {
          clearTimeout(late)
          unwatch?.()
          line = line.filter((each) => each !== waiter)
          if (error === undefined) resolve()
          else reject(error)
        },
      }
      const behind = line.findIndex((each) => each.ticket > ticket)
      line.splice(behind < 0 ? line.length : behind, 0, waiter)
      watch()
    })
  }

  async function refuse(why: string | undefined, since: number, cause: unknown): Promise<CallboardError> {
    const fill = await filled().catch(() => ({ tasks: Number.NaN, bytes: Number.NaN }))
    return full(queue, fill, why, Date.now() - since, cause)
  }

  async function through<T>(messages: readonly Outgoing[], patience: Patience, store: () => Promise<T>): Promise<T> {
    const ticket = ++tickets
    const since = Date.now()
    const need = { tasks: messages.length, bytes: messages.reduce((sum, each) => sum + roomOf(each), 0) }
    let cause: unknown
    try {
      if (line.length > 0) await stand(ticket, need, patience, since)
      for (;;) {
        try {
          return await store()
        } catch (error) {
          if (!(error instanceof CallboardError) || error.code !== 'QUEUE_FULL') throw error
          cause = error
          if (tooMuch(need)) throw await refuse(`${told(need)} can never be in it at once.`, since, error)
          if (queue.full === 'reject') throw await refuse(undefined, since, error)
        }
        await stand(ticket, need, patience, since)
      }
    } catch (error) {
      throw error === timedOut ? await refuse(`No room was found in ${patience.timeout} ms.`, since, cause) : error
    }
  }

  const tooMuch = ({ tasks, bytes }: Fill): boolean => (limit.tasks > 0 && tasks > limit.tasks) || (limit.bytes > 0 && bytes > limit.bytes)

  return {
    through,
    storing: ({ publish, publishBatch }, timeout) => ({
      publish: (message, signal) => through([message], { timeout, signal }, () => publish(message, signal)),
      publishBatch: (messages, signal) => through(messages, { timeout, signal }, () => publishBatch(messages, signal)),
    }),
    close() {
      for (const waiter of line)
        waiter.leave(fault('CLOSED', `The board was closed while it waited for room in ${queue.name}; nothing was stored.`))
      clearTimeout(timer)
    },
  }
}

const timedOut = new Error('timed out')

const roomOf = (message: Outgoing): number => message.subject.length + sizeOf(message) + overhead

const number = new Intl.NumberFormat('en')
const told = ({ tasks, bytes }: Fill): string =>
  `${number.format(tasks)} ${tasks === 1 ? 'task' : 'tasks'} of ${number.format(bytes)} bytes`

function full(queue: QueueShape, fill: Fill, why: string | undefined, waited: number, cause: unknown): CallboardError {
  const { tasks = 0, bytes = 0 } = queue.limit ?? {}
  const most = [...(tasks > 0 ? [`${number.format(tasks)} tasks`] : []), ...(bytes > 0 ? [`${number.format(bytes)} bytes`] : [])].join(
    ' and ',
  )
  return fault('QUEUE_FULL', `The queue ${queue.name} is full: it holds ${told(fill)}, the limit is ${most}.`, {
    ...(why === undefined ? {} : { why }),
    ...(queue.full === 'reject' ? { fix: "Add workers, raise the limit of the queue, or let senders wait for room: full: 'wait'." } : {}),
    cause,
    details: { queue: queue.name, tasks: fill.tasks, bytes: fill.bytes, limit: { tasks, bytes }, waited },
  })
}

function aborted({ name }: QueueShape, signal: AbortSignal): CallboardError {
  return fault('ABORTED', `Waiting for room in the queue ${name} was aborted; the outcome is not stored.`, {
    cause: signal.reason,
    details: { outcome: 'not stored' },
  })
}
