/** The sender's end of a task: what has become of it, what came of it, and how to call it off. */

import { type Duration, duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import type { Obituary } from '../base/obituary.ts'
import { check } from '../base/schema.ts'
import { header } from '../wire/envelope.ts'
import { lanes, performerName } from '../wire/names.ts'
import { shelf } from '../wire/stored.ts'
import type { Task } from './contract.ts'
import type { Core } from './core.ts'
import type { End } from './result.ts'
import type { Receipt } from './sender.ts'

/** Where a task is in its life. `unknown`: nothing is known of this id, or no more. */
export type State = 'enqueued' | 'scheduled' | 'running' | 'retrying' | 'succeeded' | 'dead' | 'cancelled' | 'expired' | 'unknown'

/** What is known of a task. */
export interface Status {
  readonly state: State
  /** The attempt that runs, or was the last. */
  readonly attempt?: number
  /** Who runs it. */
  readonly worker?: string
  /** What its handler last told of its progress. */
  readonly progress?: unknown
  /** When it is due, where it is scheduled. */
  readonly due?: Date
  /** How it was given up, where it is dead. */
  readonly obituary?: Obituary
}

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
  /** Hears what its handler tells of its progress, live. Gives back how to stop. */
  progress(hear: (value: unknown) => void): () => void
}

/** How long to wait. */
export interface ResultOptions {
  /** Default: as long as it takes. */
  readonly timeout?: Duration
  readonly signal?: AbortSignal
}

/** The sender's end of a task whose result is kept. */
export interface ResultHandle<Output> extends Handle {
  /** Resolves with what the handler returned. Rejects with TASK_FAILED, CANCELLED, TASK_EXPIRED, RESULT_LOST, NOT_FOUND or TIMED_OUT. Does not poll. */
  result(options?: ResultOptions): Promise<Output>
}

/** The handle that fits a task: one that keeps no result has none to wait for. */
export type HandleOf<Output, Tracked extends boolean> = Tracked extends true ? ResultHandle<Output> : Handle

/** How long workers are given to say that they are running a task. */
const patience = 300

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

  progress(hear: (value: unknown) => void): () => void {
    return this.#core.results.watchProgress(this.id, hear)
  }

  result(options?: ResultOptions): Promise<Output> {
    return result(this.#core, this.#task, this.id, this.#stored, options)
  }
}

async function result<Output>(
  core: Core,
  task: Task<never, unknown, Output>,
  id: string,
  stored: boolean,
  options: ResultOptions = {},
): Promise<Output> {
  if (!task.track) throw fault('NOT_TRACKED', `${task.name} keeps no result.`)
  const waiting = new AbortController()
  const timeout = options.timeout === undefined ? undefined : duration(options.timeout, 'timeout')
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
    return await outputOf(task, id, await core.results.wait(id, waiting.signal))
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

async function outputOf<Output>(task: Task<never, unknown, Output>, id: string, end: End): Promise<Output> {
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
  const value = end.value === null && task.output === undefined ? undefined : end.value
  const checked = task.output === undefined ? { value } : await check(task.output, value)
  return ('value' in checked ? checked.value : value) as Output
}

async function status(core: Core, task: Task, receipt: Receipt, stored: boolean): Promise<Status> {
  const [end, waiting] = await Promise.all([task.track ? core.results.find(receipt.id) : undefined, find(core, task, receipt)])
  if (end !== undefined)
    return 'obituary' in end ? { state: end.state, attempt: end.obituary.attempts, obituary: end.obituary } : { state: end.state }
  if (waiting !== undefined) return waitingStatus(core, task, receipt.id, waiting)
  if (await shelf(core.layout, core.names.dead).last(core.names.deadTask(task.queue, task.name, receipt.id))) return { state: 'dead' }
  // It was stored, waits no more and is no dead letter: it has succeeded. Of an id from elsewhere that cannot be said.
  return { state: stored && !task.track ? 'succeeded' : 'unknown' }
}

interface Waiting {
  readonly sequence: number
  readonly due: Date | undefined
}

async function waitingStatus(core: Core, task: Task, id: string, waiting: Waiting): Promise<Status> {
  if (waiting.due !== undefined) return { state: 'scheduled', due: waiting.due }
  const running = await askDesk(core, task, { ask: 'status', id })
  if (running !== undefined)
    return {
      state: 'running',
      attempt: running.attempt,
      worker: running.worker,
      ...('progress' in running ? { progress: running.progress } : {}),
    }
  const notes = await Promise.all(
    lanes.map((lane) =>
      core.table.get(core.names.record('memory', core.names.queue(task.queue), performerName(task.name, lane), String(waiting.sequence))),
    ),
  )
  return { state: notes.some((note) => note !== undefined) ? 'retrying' : 'enqueued' }
}

/** Where a task waits: by its address, or by its place in the stream where it has none. */
async function find(core: Core, task: Task, { id, sequence }: Receipt): Promise<Waiting | undefined> {
  const waiting = shelf(core.layout, core.names.queue(task.queue))
  const found =
    (await waiting.last(core.names.anywhere(task.queue, task.name, id))) ?? (sequence > 0 ? await waiting.at(sequence) : undefined)
  if (!found) return undefined
  const at = found.headers.get(header.schedule)
  return { sequence: found.sequence, due: at?.startsWith('@at ') ? new Date(at.slice(4)) : undefined }
}

async function cancel(core: Core, task: Task, receipt: Receipt): Promise<boolean> {
  if (task.track && !(await core.results.decide(receipt.id, { state: 'cancelled', at: Date.now() }, task.keep))) return false
  const waiting = await find(core, task, receipt)
  const deleted = waiting !== undefined && (await shelf(core.layout, core.names.queue(task.queue)).remove(waiting.sequence))
  void askDesk(core, task, { ask: 'cancel', id: receipt.id })
  return task.track || deleted
}

/** What workers answer at the desk of a task. */
export interface DeskAnswer {
  readonly attempt: number
  readonly worker: string
  readonly progress?: unknown
}

/** Asks the workers of a task; the one that runs it answers. Undefined: nobody does. */
async function askDesk(core: Core, task: Task, question: { ask: 'status' | 'cancel'; id: string }): Promise<DeskAnswer | undefined> {
  try {
    const answer = await core.link.nc.request(core.names.desk(task.queue, task.name), JSON.stringify(question), { timeout: patience })
    return answer.json<DeskAnswer>()
  } catch {
    // Nobody is there, or nobody runs it.
    return undefined
  }
}
