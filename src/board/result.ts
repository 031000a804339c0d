/**
 * How tracked tasks end. One record per task, created and never overwritten: whoever writes first has decided, so a task
 * has exactly one end, whatever workers and senders do at the same time.
 *
 * Ids carry the process that made them; records are told to that process alone, over one subscription for all its tasks.
 */

import { CallboardError, fault } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import { madeAt, origin, originOf } from '../base/ids.ts'
import { type FailureError, failureError, type Obituary } from '../base/obituary.ts'
import { check, listed } from '../base/schema.ts'
import type { Run } from '../runtime/run.ts'
import { runInfo } from '../runtime/telling.ts'
import type { Outcome } from '../runtime/verdict.ts'
import { decode, encode } from '../wire/codec.ts'
import { type Link, mention } from '../wire/connection.ts'
import { keyToken, type Names } from '../wire/names.ts'
import { type Beside, type Outgoing, type Reference, tooLarge } from '../wire/outgoing.ts'
import type { Table } from '../wire/table.ts'
import type { Large, Task } from './contract.ts'
import { closed, type SealedAs, sealedAs } from './seal.ts'

/** How a task ended. */
export type End =
  | { readonly state: 'succeeded'; readonly value: unknown; readonly at: number }
  /** What it returned lies beside, because it is large: another end with its value. */
  | { readonly state: 'succeeded'; readonly beside: Reference; readonly at: number }
  /** The same, with a value that the seal of its task has closed. */
  | { readonly state: 'succeeded'; readonly sealed: Uint8Array; readonly at: number }
  /** It succeeded, but what it returned could not be kept. */
  | { readonly state: 'succeeded'; readonly lost: FailureError; readonly at: number }
  | { readonly state: 'dead'; readonly obituary: Obituary; readonly at: number }
  | { readonly state: 'cancelled'; readonly at: number }
  | { readonly state: 'expired'; readonly obituary: Obituary; readonly at: number }

/** The ends of tracked tasks. */
export interface Results {
  /** Listens for the ends of tasks this process enqueues. Called before the first one is. */
  listen(): void
  /** Keeps the end of a run; called before it is acknowledged. */
  ended(task: Task, run: Run, outcome: Outcome): Promise<void>
  /** Decides how a task ended. False: somebody else had decided before. */
  decide(id: string, end: End, keep: number, beside?: Beside): Promise<boolean>
  /** How it ended, if it has and that is still kept. */
  find(id: string): Promise<End | undefined>
  /** Resolves when it ends. */
  wait(id: string, signal?: AbortSignal): Promise<End>
  /** Forgets an end, so that a redriven task may have another one. */
  forget(id: string): Promise<void>
  /** Tells how far a task is. */
  progress(id: string, body: Uint8Array): void
  /** Hears how far a task is. Gives back how to stop. */
  watchProgress(id: string, hear: (value: unknown) => void): () => void
  /** Nothing is heard any more: whoever waits is told so. */
  close(): void
}

interface Waiter {
  resolve(end: End): void
  reject(error: Error): void
}

/** What a handler may return that cannot be kept. */
const unkeepable = new Set<string>(['PAYLOAD_TOO_LARGE', 'NOT_SERIALIZABLE', 'TOO_DEEP'])

/** What lies beside outlives its end by so many ms: whoever has just read that may still fetch it. */
const fetching = 10_000

/** Ends heard before anybody asked for them, at most. What is beyond is read from the table. */
const mostHeard = 10_000

/** What of them is larger, in bytes, is known to have come, and read from the table as well: a process must not fill with results nobody asks for. */
const largestHeard = 1024

/** The ends of tracked tasks in a table. `aside`: what of a message goes beside it. */
export function results(
  link: Link,
  names: Names,
  table: Table,
  events: Events,
  aside: (large: Large, message: Outgoing, ttl: number) => Beside | undefined,
  purge: (subject: string) => Promise<void>,
): Results {
  const heard = new Map<string, End | 'kept'>()
  const waiting = new Map<string, Set<Waiter>>()
  let listening = false
  let closed = false
  // Ends of tasks made before this moment may have passed unheard; later ones cannot.
  let deafUntil = 0
  const place = (id: string) => [originOf(id), keyToken(id)] as const
  const key = (id: string) => names.record('result', ...place(id))

  function arrived(token: string, body: Uint8Array): void {
    // Bytes of a result are a view of what they came in, which would stay with them.
    const end = decode(new Uint8Array(body)) as End
    const waiters = waiting.get(token)
    heard.set(token, body.length > largestHeard ? 'kept' : end)
    if (waiters) for (const { resolve } of waiters) resolve(end)
    const oldest = heard.size > mostHeard ? heard.keys().next().value : undefined
    if (oldest !== undefined) {
      heard.delete(oldest)
      deafUntil = Date.now()
    }
  }

  async function find(id: string): Promise<End | undefined> {
    const found = await table.get(key(id))
    return found && (decode(found.body) as End)
  }

  async function decide(id: string, end: End, keep: number, beside?: Beside): Promise<boolean> {
    const body = encode(end)
    try {
      await table.put(key(id), body, { ttl: keep, revision: 0, ...(beside && { beside }) })
      return true
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== 'ALREADY_EXISTS') throw error
      // Ours, if an answer was lost and the record was written by the try before.
      const first = await table.get(key(id))
      return first !== undefined && Buffer.compare(first.body, body) === 0
    }
  }

  /** The same for the end of a run, whose value goes beside where it is large and may be. */
  async function keepEnd({ large, keep }: Task, id: string, end: End): Promise<boolean> {
    if (large === 'refuse' || !('value' in end || 'sealed' in end)) return decide(id, end, keep)
    const beside = aside(large, { subject: key(id), headers: id, body: encode(end) }, keep + fetching)
    if (beside === undefined) return decide(id, end, keep)
    const { size, pieces, digest } = beside
    return decide(id, { state: 'succeeded', beside: { id: beside.id, size, pieces, digest }, at: end.at }, keep, beside)
  }

  return {
    listen() {
      if (listening) return
      listening = true
      deafUntil = Date.now() - 1
      link.listen((event) => {
        if (event.type === 'back') deafUntil = Date.now()
      })
      table.watch(names.live('result', origin, '*'), (body, _headers, subject) =>
        arrived(subject.slice(subject.lastIndexOf('.') + 1), body),
      )
    },
    async ended(task, run, outcome) {
      if (outcome.end === 'cancelled') await decide(run.id, { state: 'cancelled', at: Date.now() }, task.keep)
      if (outcome.end !== 'returned') return
      const end = await endOf(task, outcome.value, sealedAs(names, 'result', task.name, run.id))
      const decided = await keepEnd(task, run.id, end).catch((error: unknown) => {
        if (!(error instanceof CallboardError) || !unkeepable.has(error.code)) throw error
        return decide(
          run.id,
          { state: 'succeeded', lost: { name: 'ResultLost', message: error.what, code: error.code }, at: Date.now() },
          task.keep,
        )
      })
      if (!decided && events.heard('ignored'))
        events.tell('ignored', { ...runInfo({ style: 'explicit', service: '', name: task.name }, run), why: 'it had ended before' })
    },
    decide,
    find,
    async wait(id, signal) {
      if (closed) throw fault('CLOSED', `The board was closed before the result of ${id} was asked for.`)
      const token = keyToken(id)
      const before = heard.get(token)
      // What was given up may have been sent back since, and have another end: that is looked up.
      if (before !== undefined && before !== 'kept' && !('obituary' in before)) return before
      const own = listening && originOf(id) === origin
      const waiters = waiting.get(token) ?? new Set()
      waiting.set(token, waiters)
      const cleanup: (() => void)[] = []
      if (!own) cleanup.push(table.watch(names.live('result', ...place(id)), (body) => arrived(token, body)))
      try {
        return await new Promise<End>((resolve, reject) => {
          const waiter = { resolve, reject }
          const giveUp = () => reject(signal?.reason)
          let later: NodeJS.Timeout | undefined
          const look = () => {
            clearTimeout(later)
            find(id).then(
              (end) => end && resolve(end),
              (error: unknown) => {
                if (!(error instanceof CallboardError) || error.code !== 'CONNECTION_FAILED') reject(error)
                else later = setTimeout(look, 1000)
              },
            )
          }
          waiters.add(waiter)
          signal?.addEventListener('abort', giveUp, { once: true })
          cleanup.push(
            // What ended while the connection was away is in the table.
            link.listen((event) => event.type === 'back' && look()),
            () => signal?.removeEventListener('abort', giveUp),
            () => clearTimeout(later),
            () => {
              waiters.delete(waiter)
              if (waiters.size === 0) waiting.delete(token)
            },
          )
          if (signal?.aborted) giveUp()
          // And so is what ended before we listened.
          else if (before !== undefined || !own || madeAt(id) <= deafUntil) look()
        })
      } finally {
        for (const each of cleanup) each()
      }
    },
    async forget(id) {
      heard.delete(keyToken(id))
      await purge(key(id))
    },
    progress(id, body) {
      if (body.length > link.maxPayload) throw tooLarge(body.length, link.maxPayload)
      mention(link.nc, names.live('progress', ...place(id)), body)
    },
    watchProgress: (id, hear) => table.watch(names.live('progress', ...place(id)), (body) => hear(decode(body))),
    close() {
      closed = true
      for (const [token, waiters] of waiting)
        for (const { reject } of waiters) reject(fault('CLOSED', `The board was closed while the result of ${token} was waited for.`))
    },
  }
}

/** What a returned value is kept as: checked against the output schema, and encoded once to see that it can be. */
async function endOf(task: Task, value: unknown, as: SealedAs): Promise<End> {
  const at = Date.now()
  try {
    if (task.output !== undefined) {
      const checked = await check(task.output, value)
      if ('complaints' in checked)
        throw fault('RESULT_LOST', `${task.name} returned what does not fit its output schema: ${listed(checked.complaints)}.`)
    }
    const end: End = { state: 'succeeded', value, at }
    encode(end)
    return task.seal === undefined || value === undefined
      ? end
      : { state: 'succeeded', sealed: await closed(task.seal, encode(value), as), at }
  } catch (error) {
    const { stack: _stack, ...lost } = failureError(error)
    return { state: 'succeeded', lost, at }
  }
}
