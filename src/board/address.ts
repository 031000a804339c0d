/** Where a task goes and what travels beside it: what `enqueue` was asked for, written as a subject and headers. */

import { fault } from '../base/errors.ts'
import { time } from '../base/options.ts'
import { instantOf } from '../base/zone.ts'
import { referenceField } from '../wire/body.ts'
import { checkedHeaders, header, headerBlock, headerJson } from '../wire/envelope.ts'
import type { Lane, Row } from '../wire/names.ts'
import type { Beside } from '../wire/outgoing.ts'
import { isBounded } from '../wire/streams.ts'
import type { Task } from './contract.ts'
import type { Core } from './core.ts'
import type { Prepared } from './many.ts'
import { contentTypeField } from './payload.ts'
import { travelling } from './policy.ts'
import type { EnqueueOptions } from './sender.ts'
import { partFor } from './site.ts'
import { rowFor } from './strand.ts'

/** Subject and headers. The plain case is a subject everybody shares and an id; only what is asked for is added. */
export function envelope(
  core: Core,
  task: Task,
  id: string,
  input: unknown,
  body: Uint8Array,
  options?: EnqueueOptions,
  beside?: Beside,
): Prepared {
  if (
    options === undefined &&
    beside === undefined &&
    !task.track &&
    task.encoding === 'msgpack' &&
    task.lanes.includes('normal') &&
    task.ordered === undefined
  )
    return {
      id,
      subject: task.place.partitions === 1 ? core.subjectOf(task) : core.names.task(partFor(task.place, id), task.name, 'normal'),
      headers: id,
      body,
    }
  return addressed(core, task, id, input, options ?? {}, body, beside)
}

function addressed(
  core: Core,
  task: Task,
  id: string,
  input: unknown,
  options: EnqueueOptions,
  body: Uint8Array,
  beside: Beside | undefined,
): Prepared {
  const lane = laneFor(task, options.priority)
  const { unique } = options
  const row = rowFor(task, lane, input)
  if (options.debounce !== undefined) return debounced(core, task, id, row, options, body, undefined)
  const due = dueAt(options)
  // What has something beside it must be found again when that is to be removed.
  const own = task.track || unique !== undefined || options.throttle !== undefined || due !== undefined || beside !== undefined
  const { names } = core
  // What must not meet another of its kind waits where the broker sees both, however many partitions there are by then.
  const keyed = task.ordered?.single === true || unique !== undefined || options.throttle !== undefined
  const part = keyed ? task.queue : partFor(task.place, id)
  const waits = due !== undefined && isBounded(task.place) ? names.due : names.addressed
  const target = own ? waits(part, task.name, row, unique, id) : names.task(part, task.name, row)
  const fields = extraFields(core, task, id, options, due, target)
  if (beside !== undefined) fields.push(referenceField(beside))
  if (fields.length === 0) return { id, subject: target, headers: id, body }
  return {
    id,
    body,
    subject: due === undefined ? target : names.later(part, task.name, row, unique, id),
    headers: headerBlock([[header.id, id], ...fields]),
    ...(due === undefined ? {} : { due: due.getTime() }),
    ...(beside === undefined ? {} : { beside }),
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
  const fields = ownFields(task, options)
  if (options.unique !== undefined)
    fields.push([header.expectedSubjectSequence, '0'], [header.expectedSubject, core.names.occupied(task.queue, task.name, options.unique)])
  if (due !== undefined) fields.push([header.ownId, id], [header.schedule, `@at ${due.toISOString()}`], [header.scheduleTarget, target])
  return fields
}

/** What a task says for itself, whenever it runs. */
function ownFields(task: Task, options: EnqueueOptions): [string, string][] {
  const fields = contentTypeField(task.encoding)
  if (options.expires !== undefined) fields.push([header.expires, String(Date.now() + (time()(options.expires) as number))])
  if (options.retry !== undefined) fields.push([header.retry, headerJson(travelling('enqueue()', options.retry, task.timeout))])
  return [...fields, ...checkedHeaders(options.headers)]
}

/** A debounced task that waits for silence. */
export interface Window {
  /** Its id, whoever replaces what it is to do. */
  readonly id: string
  /** When the first came, in ms since 1970. */
  readonly since: number
  readonly subject: string
  readonly sequence: number
}

/** A debounced task: opens a window, or takes the place of the one that waits in it, and only of that one. */
export function debounced(
  core: Core,
  task: Task,
  id: string,
  row: Row,
  options: EnqueueOptions,
  body: Uint8Array,
  window: Window | undefined,
): Prepared {
  const { names } = core
  const { key, wait, max } = options.debounce as NonNullable<EnqueueOptions['debounce']>
  const own = window?.id ?? id
  const since = window?.since ?? Date.now()
  const latest = max === undefined ? Number.POSITIVE_INFINITY : since + (time()(max) as number)
  const due = new Date(Math.min(Date.now() + (time()(wait) as number), latest))
  const target = (isBounded(task.place) ? names.due : names.addressed)(task.queue, task.name, row, undefined, own)
  const condition: [string, string][] = [[header.expectedSubjectSequence, String(window?.sequence ?? 0)]]
  if (window === undefined) condition.push([header.expectedSubject, names.debouncedOf(task.queue, task.name, key)])
  return {
    id,
    body,
    due: due.getTime(),
    subject: window?.subject ?? names.debounced(task.queue, task.name, row, key, id),
    headers: headerBlock([
      [header.id, id],
      [header.ownId, own],
      [header.since, String(since)],
      [header.schedule, `@at ${due.toISOString()}`],
      [header.scheduleTarget, target],
      ...condition,
      ...ownFields(task, options),
    ]),
  }
}

/** When it is due; undefined: at once. */
function dueAt(options: EnqueueOptions): Date | undefined {
  const at = options.at === undefined || options.at instanceof Date ? options.at : instantOf(options.at)
  const due = at?.getTime() ?? (options.delay === undefined ? 0 : Date.now() + (time()(options.delay) as number))
  return due > Date.now() ? new Date(due) : undefined
}
