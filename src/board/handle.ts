/** The sender's end of a task: what has become of it, what came of it, and how to call it off. */

import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import { readOptions, signal, time } from '../base/options.ts'
import { check } from '../base/schema.ts'
import { decode, encode } from '../wire/codec.ts'
import type { Task } from './contract.ts'
import type { Core } from './core.ts'
import { bodyIfThere } from './large.ts'
import type { End } from './result.ts'
import { sealedAs } from './seal.ts'
import type { Receipt } from './sender.ts'
import { cancel, runNow, type Status, status } from './whereabouts.ts'

/** The sender's end of a task. */
export interface Handle extends Receipt {
  readonly task: string
  /** Asks the broker, and the worker that runs it, where it is. */
  status(): Promise<Status>
  /**
   * Calls it off. A waiting task is gone; of a running one the signal aborts, wherever it runs.
   * False: it had ended before, or cannot be found.
   */
  cancel(): Promise<boolean>
  /** Makes a scheduled task due now, in one step with taking it off the schedule. False: it is not scheduled, or no more. */
  runNow(): Promise<boolean>
  /** Hears what its handler tells of its progress, live. Gives back how to stop. */
  progress(hear: (value: unknown) => void): () => void
}

/** How long to wait. */
export interface ResultOptions {
  /** How long to wait; then `TIMED_OUT`, and the task goes on. Default: as long as it takes. */
  readonly timeout?: Duration
  /** Gives up waiting, with `ABORTED`; the task goes on. Default: waits. */
  readonly signal?: AbortSignal
}

/** The sender's end of a task whose result is kept. */
export interface ResultHandle<Output> extends Handle {
  /** Resolves with what the handler returned. Rejects with TASK_FAILED, CANCELLED, TASK_EXPIRED, RESULT_LOST, NOT_FOUND or TIMED_OUT. Does not poll. */
  result(options?: ResultOptions): Promise<Output>
}

/** The handle that fits a task: one that keeps no result has none to wait for. */
export type HandleOf<Output, Tracked extends boolean> = Tracked extends true ? ResultHandle<Output> : Handle

/** The handle of a task. `stored`: this process has seen the broker store it. */
export class TaskHandle<Output> implements ResultHandle<Output> {
  readonly id: string
  readonly sequence: number
  readonly duplicate: boolean
  readonly #core: Core
  readonly #task: Task<never, unknown, Output>
  readonly #stored: boolean

  constructor(core: Core, task: Task<never, unknown, Output>, receipt: Receipt, stored: boolean) {
    this.id = receipt.id
    this.sequence = receipt.sequence
    this.duplicate = receipt.duplicate
    this.#core = core
    this.#task = task
    this.#stored = stored
  }

  get task(): string {
    return this.#task.name
  }

  status(): Promise<Status> {
    return status(this.#core, this.#task, this, this.#stored)
  }

  cancel(): Promise<boolean> {
    return cancel(this.#core, this.#task, this)
  }

  runNow(): Promise<boolean> {
    return runNow(this.#core, this.#task, this)
  }

  progress(hear: (value: unknown) => void): () => void {
    return this.#core.results.watchProgress(this.id, hear)
  }

  result(options?: ResultOptions): Promise<Output> {
    return result(this.#core, this.#task, this.id, this.#stored, options)
  }
}

/** As long as it takes. */
const none: ResultOptions = {}

async function result<Output>(
  core: Core,
  task: Task<never, unknown, Output>,
  id: string,
  stored: boolean,
  options: ResultOptions = none,
): Promise<Output> {
  if (!task.track) throw fault('NOT_TRACKED', `${task.name} keeps no result.`)
  if (options === none) return outputOf(core, task, id, await core.results.wait(id))
  const waiting = new AbortController()
  const { timeout } = readOptions('result()', options, { timeout: time(), signal })
  const giveUp = () =>
    waiting.abort(
      fault('ABORTED', `Waiting for ${task.name} ${id} was aborted.`, { cause: options.signal?.reason, details: { outcome: 'unknown' } }),
    )
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(() => waiting.abort(fault('TIMED_OUT', `${task.name} ${id} has not ended in ${timeout} ms.`)), timeout)
  options.signal?.addEventListener('abort', giveUp, { once: true })
  if (options.signal?.aborted) giveUp()
  try {
    return await outputOf(core, task, id, await core.results.wait(id, waiting.signal))
  } catch (error) {
    if (
      !stored &&
      (error as { code?: string }).code === 'TIMED_OUT' &&
      (await status(core, task, { id, sequence: 0, duplicate: false }, false)).state === 'unknown'
    ) {
      throw fault('NOT_FOUND', `No ${task.name} with the id ${id} is known.`, { cause: error })
    }
    throw error
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', giveUp)
  }
}

async function outputOf<Output>(core: Core, task: Task<never, unknown, Output>, id: string, end: End): Promise<Output> {
  if (end.state === 'cancelled') throw fault('CANCELLED', `${task.name} ${id} was cancelled.`)
  if (end.state === 'expired')
    throw fault('TASK_EXPIRED', `${task.name} ${id} was not started in time.`, { details: { obituary: end.obituary } })
  if (end.state === 'dead') {
    const { reason, attempts, error } = end.obituary
    throw fault('TASK_FAILED', `${task.name} ${id} was given up after ${attempts} attempts (${reason}): ${error.name}: ${error.message}.`, {
      details: { obituary: end.obituary },
    })
  }
  if ('lost' in end)
    throw fault('RESULT_LOST', `${task.name} ${id} succeeded, but its result was not kept: ${end.lost.message}`, {
      details: { lost: end.lost },
    })
  if ('beside' in end) {
    const body = await bodyIfThere(core, end.beside)
    if (body !== undefined) return outputOf(core, task, id, decode(body) as End)
    throw fault('RESULT_LOST', `${task.name} ${id} succeeded, but its result of ${end.beside.size} bytes is not there any more.`)
  }
  const value = await valueIn(core, task, id, end)
  const checked = task.output === undefined ? { value } : await check(task.output, value)
  return ('value' in checked ? checked.value : value) as Output
}

type Returned = Extract<End, { readonly sealed: Uint8Array } | { readonly value: unknown }>

async function valueIn(core: Core, { name, seal }: Task<never>, id: string, end: Returned): Promise<unknown> {
  // Nothing is kept of a value that is nothing: then there is neither field.
  if (!('sealed' in end) && (seal === undefined || end.value === undefined)) return end.value
  const body = 'sealed' in end ? end.sealed : encode(end.value)
  // What is not sealed and should be is the seal's to judge.
  return seal === undefined ? decode(body) : decode(await seal.open(body, sealedAs(core.names, 'result', name, id)))
}
