/** Where a task goes and what travels beside it: what `enqueue` was asked for, written as a subject and headers. */

import { fault } from '../base/errors.ts'
import { time } from '../base/options.ts'
import { instantOf } from '../base/zone.ts'
import { checkedHeaders, header, headerBlock, headerJson } from '../wire/envelope.ts'
import type { Lane } from '../wire/names.ts'
import { isBounded } from '../wire/streams.ts'
import type { Task } from './contract.ts'
import type { Core } from './core.ts'
import type { Prepared } from './many.ts'
import { contentTypeField } from './payload.ts'
import { travelling } from './policy.ts'
import type { EnqueueOptions } from './sender.ts'
import { rowFor } from './strand.ts'

/** Subject and headers. The plain case is a subject everybody shares and an id; only what is asked for is added. */
export function envelope(core: Core, task: Task, id: string, input: unknown, body: Uint8Array, options?: EnqueueOptions): Prepared {
  if (options === undefined && !task.track && task.encoding === 'msgpack' && task.lanes.includes('normal') && task.ordered === undefined)
    return { id, subject: core.names.task(task.queue, task.name, 'normal'), headers: id, body }
  return addressed(core, task, id, input, options ?? {}, body)
}

function addressed(core: Core, task: Task, id: string, input: unknown, options: EnqueueOptions, body: Uint8Array): Prepared {
  const lane = laneFor(task, options.priority)
  const { unique } = options
  const row = rowFor(task, lane, input)
  const due = dueAt(options)
  const own = task.track || unique !== undefined || due !== undefined
  const { names } = core
  const waits = due !== undefined && isBounded(task.place) ? names.due : names.addressed
  const target = own ? waits(task.queue, task.name, row, unique, id) : names.task(task.queue, task.name, row)
  const fields = extraFields(core, task, id, options, due, target)
  if (fields.length === 0) return { id, subject: target, headers: id, body }
  return {
    id,
    body,
    subject: due === undefined ? target : names.later(task.queue, task.name, row, unique, id),
    headers: headerBlock([[header.id, id], ...fields]),
    ...(due === undefined ? {} : { due: due.getTime() }),
  }
}

/** The lane that was asked for. Throws INVALID_OPTION where the task has none of that name. */
export function laneFor(task: Pick<Task, 'name' | 'lanes' | 'ordered'>, priority: Lane | undefined): Lane {
  const lane = priority ?? (task.ordered === undefined ? 'normal' : (task.lanes[0] as Lane))
  if (task.lanes.includes(lane)) return lane
  throw fault('INVALID_OPTION', `${task.name} has no lane ${lane}.`, {
    fix: `Add it to the lanes of the task; it has ${task.lanes.join(', ')}.`,
  })
}

function extraFields(
  core: Core,
  task: Task,
  id: string,
  options: EnqueueOptions,
  due: Date | undefined,
  target: string,
): [string, string][] {
  const fields = contentTypeField(task.encoding)
  if (options.expires !== undefined) fields.push([header.expires, String(Date.now() + (time()(options.expires) as number))])
  if (options.retry !== undefined) fields.push([header.retry, headerJson(travelling('enqueue()', options.retry, task.timeout))])
  if (options.unique !== undefined)
    fields.push([header.expectedSubjectSequence, '0'], [header.expectedSubject, core.names.occupied(task.queue, task.name, options.unique)])
  if (due !== undefined) fields.push([header.ownId, id], [header.schedule, `@at ${due.toISOString()}`], [header.scheduleTarget, target])
  return [...fields, ...checkedHeaders(options.headers)]
}

/** When it is due; undefined: at once. */
function dueAt(options: EnqueueOptions): Date | undefined {
  const at = options.at === undefined || options.at instanceof Date ? options.at : instantOf(options.at)
  const due = at?.getTime() ?? (options.delay === undefined ? 0 : Date.now() + (time()(options.delay) as number))
  return due > Date.now() ? new Date(due) : undefined
}
