/** Where a task is, and moving it: asked of the broker that keeps it and of the worker that runs it. */

import type { Failure, Obituary } from '../base/obituary.ts'
import type { Note } from '../runtime/attempt.ts'
import { referenceIn } from '../wire/body.ts'
import { decode } from '../wire/codec.ts'
import { header, idOf } from '../wire/envelope.ts'
import { rowIn } from '../wire/names.ts'
import type { Reference } from '../wire/outgoing.ts'
import { type Kept, shelf } from '../wire/stored.ts'
import type { Task } from './contract.ts'
import type { Core } from './core.ts'
import { release } from './large.ts'
import { letterOf } from './letter.ts'
import { hasten } from './overdue.ts'
import type { Receipt } from './sender.ts'
import { type Found, search, sitesOf } from './site.ts'
import { consumerOf } from './strand.ts'

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
  /** The attempts that failed so far, oldest first, where it is still tried; at most the last ten. */
  readonly history?: readonly Failure[]
  /** How it was given up, where it is dead or expired. */
  readonly obituary?: Obituary
}

/** How long workers are given to say that they are running a task. */
const patience = 300

/** Where a task is. `stored`: this process has seen the broker store it. */
export async function status(core: Core, task: Task, receipt: Receipt, stored: boolean): Promise<Status> {
  const [end, waiting] = await Promise.all([core.results.find(receipt.id), find(core, task, receipt)])
  if (end !== undefined)
    return 'obituary' in end ? { state: end.state, attempt: end.obituary.attempts, obituary: end.obituary } : { state: end.state }
  if (waiting !== undefined) return waitingStatus(core, task, receipt.id, waiting)
  const grave = await shelf(core.layout, core.names.dead).last(core.names.deadTask(task.queue, task.name, receipt.id))
  if (grave !== undefined) return givenUp(letterOf(core.names, grave))
  // It was stored, waits no more and is no dead letter: it has succeeded. Of an id from elsewhere that cannot be said.
  return { state: stored && !task.track ? 'succeeded' : 'unknown' }
}

function givenUp({ reason, attempts, at, service, worker, error, history }: Obituary): Status {
  const obituary = { reason, attempts, at, service, worker, error, history }
  return { state: reason === 'expired' ? 'expired' : 'dead', attempt: attempts, obituary }
}

interface Waiting extends Found {
  readonly due: Date | undefined
}

async function waitingStatus(core: Core, task: Task, id: string, waiting: Waiting): Promise<Status> {
  if (waiting.due !== undefined) return { state: 'scheduled', due: waiting.due }
  const running = await askDesk(core, task, { ask: 'status', id })
  const { used, history } = running?.attempt === 1 ? nothingYet : await remembered(core, task, waiting)
  const past = history.length === 0 ? {} : { history }
  // A note without a used attempt is of a drain or a snooze.
  if (running === undefined) return used > 0 ? { state: 'retrying', attempt: used, ...past } : { state: 'enqueued' }
  const { attempt, worker } = running
  return { state: 'running', attempt, worker, ...past, ...('progress' in running ? { progress: running.progress } : {}) }
}

const nothingYet = { used: 0, history: [] }

/** What the workers noted about it. */
async function remembered(core: Core, task: Task, { stream, kept }: Waiting): Promise<Pick<Note, 'used' | 'history'>> {
  const consumer = consumerOf(task, rowIn(kept.subject))
  const found = await core.table.get(core.names.record('memory', stream, consumer, String(kept.sequence)))
  return found === undefined ? nothingYet : (decode(found.body) as Note)
}

/** Where a task waits: by its address, or by its place in the stream where it has none. */
async function find(core: Core, task: Task, { id, sequence }: Receipt): Promise<Waiting | undefined> {
  // What a schedule fired is named after its place.
  const place = sequence > 0 ? sequence : Number(/@(\d+)$/.exec(id)?.[1] ?? 0)
  const named = (kept: Kept | undefined) => (kept && idOf(kept.headers, kept.sequence) === id ? kept : undefined)
  const sites = sitesOf(core.names, task.place)
  const found =
    (await search(core, sites, (waiting, part) => waiting.last(core.names.anywhere(part, task.name, id)))) ??
    (place > 0 ? await search(core, sites, (waiting) => waiting.at(place).then(named)) : undefined)
  if (found === undefined) return undefined
  const at = found.kept.headers.get(header.schedule)
  return { ...found, due: at?.startsWith('@at ') ? new Date(at.slice(4)) : undefined }
}

/** How often a task may move on, from schedule to queue, while it is being called off. */
const mostMoves = 3

/** Calls a task off. For a tracked task its end decides: whoever writes it first has the word. */
export async function cancel(core: Core, task: Task, receipt: Receipt): Promise<boolean> {
  // What waits nowhere and runs nowhere has ended, or never was: there is nothing to decide.
  if (task.track && (await find(core, task, receipt)) === undefined) return false
  if (task.track && !(await core.results.decide(receipt.id, { state: 'cancelled', at: Date.now() }, task.keep))) return false
  let removed = false
  let body: Reference | undefined
  for (let moves = 0; moves < mostMoves && !removed; moves++) {
    const waiting = await find(core, task, receipt)
    if (waiting === undefined) break
    removed = await waiting.among.remove(waiting.kept.sequence)
    body = referenceIn(waiting.kept.headers)
  }
  void askDesk(core, task, { ask: 'cancel', id: receipt.id })
  if (removed && body !== undefined) await release(core, task, receipt.id, body)
  if (removed && !task.track) await core.results.decide(receipt.id, { state: 'cancelled', at: Date.now() }, task.keep)
  if (task.track || removed) core.events.tell('cancelled', { style: 'explicit', name: task.name, id: receipt.id, queue: task.queue })
  return task.track || removed
}

/** Takes a task off the schedule and puts it into its queue, in one publish that holds only while it is still scheduled. */
export async function runNow(core: Core, task: Task, receipt: Receipt): Promise<boolean> {
  const waiting = await find(core, task, receipt)
  const kept = waiting?.due === undefined ? undefined : waiting.kept
  return kept !== undefined && hasten(core, kept, `now:${receipt.id}:${kept.sequence}`)
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
