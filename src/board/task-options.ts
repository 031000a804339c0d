/** What may be said about a task, an enqueue and a performer: the options, and how they are read. */

import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import {
  anything,
  callable,
  flag,
  made,
  oneOf,
  type Reader,
  type ReadersOf,
  readOptions,
  signal,
  text,
  time,
  whole,
  wrong,
} from '../base/options.ts'
import { isLocal, type LocalTime } from '../base/zone.ts'
import type { UserHeaders } from '../wire/envelope.ts'
import { buckets, type Lane, lanes } from '../wire/names.ts'
import { isBounded } from '../wire/streams.ts'
import type { BatchOptions } from './batch.ts'
import type { TaskContext } from './context.ts'
import type { Ordering, RetryOptions, Task, TaskSettings, TaskShape } from './contract.ts'
import { defaults } from './defaults.ts'
import type { GateLike } from './gates.ts'
import { largeOption } from './large.ts'
import { policyOf, schemaOption } from './policy.ts'
import { type Queue, queueOf } from './queue.ts'
import { sealOption } from './seal.ts'
import type { EnqueueOptions, ManyOptions } from './sender.ts'
import { idsOption, type Keyed, orderOption, takingReaders } from './topic-options.ts'

/** What a performer decides for itself. */
export interface PerformOptions {
  /** Handlers at once, in this process. Default 10, with `batch` 1. Edge: 1 to 100,000. */
  readonly concurrency?: number
  /** Leave to run: limits of `callboard/limits`, or gates of one's own. Default: none. Edge: who waits at a gate uses no slot and no attempt. */
  readonly gates?: readonly GateLike[]
  /** Lanes this worker serves. Default: all of the contract. Edge: lanes that the contract has not are passed over. */
  readonly lanes?: readonly Lane[]
  /** How long the broker waits for a sign of life before it hands the task to another worker. Default 30 s. Edge: at least 1 s; prolonged by itself while the process lives and its event loop turns. */
  readonly lease?: Duration
}

/** The same for a performer that handles many tasks with one call. */
export interface BatchPerformOptions extends PerformOptions {
  /** How many at most, and how long they wait for each other. Edge: attempts, results and dead letters stay those of each task. */
  readonly batch: BatchOptions
}

/** Handles a task. What it returns is its result; what it throws is retried by the policy of the contract. */
export type Performer<Parsed, Returned> = (input: Parsed, ctx: TaskContext) => Returned | Promise<Returned>

/** A task of these settings. */
export function taskSettings(called: string, options: (TaskShape & TaskSettings) | undefined): Task {
  const read = readOptions(`task(${called})`, options, taskReaders)
  const timeout = read.timeout ?? defaults.timeout
  const place = queueOf(read.queue)
  const ordered = orderingOf(`task(${called})`, read, place)
  policyOf(`task(${called})`, read.retry, timeout)
  return {
    kind: 'task',
    name: called,
    queue: place.name,
    place,
    input: read.input,
    output: read.output,
    encoding: read.encoding ?? 'msgpack',
    retry: read.retry,
    timeout,
    lanes: read.lanes ?? ['normal'],
    ordered,
    large: read.large ?? 'refuse',
    seal: read.seal,
    track: read.track ?? read.output !== undefined,
    keep: read.keep ?? defaults.keep,
  }
}

/** How a task is dealt out by key. Throws INVALID_OPTION, with everything that cannot be together. */
function orderingOf(where: string, given: OrderingOptions, place: Queue): Ordering | undefined {
  const { ordered, fair, strands, lanes: served } = given
  const keyOf = fair ?? (typeof ordered === 'function' ? ordered : undefined)
  const wrongs = [
    ordered && fair && 'it is fair, too, and keys in order have turns by that',
    (ordered || fair) && served && served.length > 1 && 'it has several lanes, and one overtakes another',
    ordered && place.layout === 'log' && `${place.name} is a log, which may repeat old tasks when the broker ends`,
    ordered && isBounded(place) && `${place.name} has a limit, and so a second stream for what is delayed`,
    strands !== undefined && keyOf === undefined && 'strands need a function as ordered or fair',
  ].filter((sentence) => typeof sentence === 'string')
  if (wrongs.length > 0)
    throw fault('INVALID_OPTION', `The order of ${where} cannot be kept: ${wrongs.join('; ')}.`, { fix: 'Leave out one of them.' })
  if (keyOf !== undefined) return { keyOf, strands: strands ?? defaults.strands, single: fair === undefined }
  return ordered && { keyOf, strands: 1, single: true }
}

interface OrderingOptions {
  readonly ordered?: true | Keyed
  readonly fair?: Keyed
  readonly strands?: number
  readonly lanes?: readonly Lane[]
}

/** Refuses what cannot be enqueued. Throws INVALID_ARGUMENT. */
export function checkTask(task: Task<never>, where: string): void {
  if (task?.kind === 'task') return
  throw fault('INVALID_ARGUMENT', `The first argument of ${where} is not a task.`, {
    fix: 'Make one with task("name", { input: schema }).',
  })
}

/** Refuses options that cannot be used. Throws INVALID_OPTION or UNKNOWN_OPTION. */
export function checkEnqueue(options: EnqueueOptions): void {
  const read = readOptions('enqueue()', options, enqueueReaders)
  oneTime('enqueue()', read)
  for (const [word, others] of apart) {
    const beside = read[word] === undefined ? [] : others.filter((other) => read[other] !== undefined)
    if (beside.length > 0)
      throw fault('INVALID_OPTION', `enqueue() was given ${word} and ${beside.join(' and ')}.`, { fix: 'Give one of them.' })
  }
}

/** What cannot be true of one task. */
const apart = [
  ['debounce', ['id', 'delay', 'at', 'unique', 'throttle']],
  ['throttle', ['unique']],
] as const

/** How long an enqueue waits for room, in ms. */
export const timeoutOf = (options: Pick<EnqueueOptions, 'timeout'> | undefined): number | undefined =>
  options?.timeout === undefined ? undefined : (time()(options.timeout) as number)

/** The same for many at once, each of which has an id of its own, and no key. */
export function checkEnqueueMany(options: ManyOptions | undefined): void {
  const { id: _id, unique: _unique, debounce: _debounce, throttle: _throttle, ...readers } = enqueueReaders
  oneTime('enqueueMany()', readOptions('enqueueMany()', options, { ...readers, ids: idsOption }))
}

function oneTime(where: string, { delay, at }: { delay?: unknown; at?: unknown }): void {
  if (delay !== undefined && at !== undefined)
    throw fault('INVALID_OPTION', `${where} was given both delay and at.`, { fix: 'Give one of them.' })
}

const moment: Reader<Date | LocalTime> = (value) =>
  isLocal(value) || (value instanceof Date && !Number.isNaN(value.getTime()) && value.getUTCFullYear() < 10_000)
    ? value
    : wrong('it must be a valid Date before the year 10000, or { local, zone }')

/** Reads lanes, of which there must be one. */
export const someLanes: Reader<readonly Lane[]> = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((lane) => lanes.includes(lane))
    ? (value as Lane[])
    : wrong(`it must be a list of ${lanes.join(', ')}`)

const taskReaders = {
  input: schemaOption,
  output: schemaOption,
  track: flag,
  queue: anything<string | Queue>(),
  retry: anything<RetryOptions>(),
  timeout: time(1),
  lanes: someLanes,
  ordered: orderOption,
  fair: callable<Keyed>(),
  strands: whole(1, buckets),
  encoding: oneOf('msgpack', 'json'),
  keep: time(1000),
  large: largeOption,
  seal: sealOption,
} satisfies ReadersOf<TaskShape & TaskSettings>

/** Reads the options of a performer. */
export const performReaders = {
  concurrency: takingReaders.concurrency,
  gates: takingReaders.gates,
  lease: takingReaders.lease,
  lanes: someLanes,
  batch: anything<BatchOptions>(),
} satisfies ReadersOf<BatchPerformOptions>

const debounce = made((value: unknown) => {
  const { key, wait, max } = readOptions('debounce', value, { key: text, wait: time(1), max: time(1) })
  if (key === undefined || wait === undefined) throw fault('INVALID_OPTION', 'It needs a key and a time to wait.')
  if (max !== undefined && max < wait) throw fault('INVALID_OPTION', 'Its max is less than its wait.')
  return { key, wait, max }
})

const throttle = made((value: unknown) => {
  const { key, per } = readOptions('throttle', value, { key: text, per: time(1000) })
  if (key === undefined || per === undefined) throw fault('INVALID_OPTION', 'It needs a key and a time.')
  return { key, per }
})

const enqueueReaders = {
  id: anything<string>(),
  headers: anything<UserHeaders>(),
  delay: time(),
  at: moment,
  priority: oneOf(...lanes),
  unique: anything<string>(),
  debounce,
  throttle,
  expires: time(1),
  retry: anything<RetryOptions>(),
  timeout: time(),
  signal,
} satisfies ReadersOf<EnqueueOptions>
