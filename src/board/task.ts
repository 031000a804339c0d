/**
 * Explicit invocation. `enqueue` names the work; exactly one worker performs it, and the sender keeps control of it.
 *
 * Read this beside `topic.ts`: the two are alike in shape, and what differs is the product.
 */

import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import type { Label } from '../base/events.ts'
import { checkedId, newId } from '../base/ids.ts'
import { anything, flag, oneOf, type Reader, type ReadersOf, readOptions, signal, time, wrong } from '../base/options.ts'
import type { InputOf, OutputOf, Schema } from '../base/schema.ts'
import { isLocal, type LocalTime } from '../base/zone.ts'
import type { Binding } from '../runtime/binding.ts'
import { type Gate, Slots } from '../runtime/gate.ts'
import { encode } from '../wire/codec.ts'
import type { UserHeaders } from '../wire/envelope.ts'
import { checkedName, hasAddress, type Lane, lanes, performerName } from '../wire/names.ts'
import type { Stored } from '../wire/publisher.ts'
import { consumerSource } from '../wire/source.ts'
import { shelf } from '../wire/stored.ts'
import { envelope } from './address.ts'
import { TaskContext } from './context.ts'
import type { RetryOptions, Task, TaskSettings, TaskShape } from './contract.ts'
import type { Core } from './core.ts'
import { buryTask } from './dead.ts'
import { defaults } from './defaults.ts'
import type { Prepared } from './many.ts'
import { memory } from './memory.ts'
import { readBody, refuseHuge, refuseMisfit } from './payload.ts'
import { checkedHandler, policyOf, schemaOption } from './policy.ts'
import { type Queue, queueOf } from './queue.ts'
import { endedBadly, inTurn } from './schedule-turn.ts'
import type { EnqueueOptions, Receipt } from './sender.ts'
import { termsOf } from './terms.ts'
import { takingReaders } from './topic.ts'
import { storeUnique } from './unique.ts'

/** What a performer decides for itself. */
export interface PerformOptions {
  /** Handlers at once, in this process. Default 10. Edge: 1 to 100,000. */
  readonly concurrency?: number
  /** Leave to run, asked one after the other before a slot is taken. Default: none. Edge: who waits at a gate uses no attempt. */
  readonly gates?: readonly Gate[]
  /** Lanes this worker serves. Default: all of the contract. Edge: lanes that the contract has not are passed over. */
  readonly lanes?: readonly Lane[]
  /** How long the broker waits for a sign of life before it hands the task to another worker. Default 30 s. Edge: at least 1 s; prolonged by itself while the process lives and its event loop turns. */
  readonly lease?: Duration
}

/** Handles a task. What it returns is its result; what it throws is retried by the policy of the contract. */
export type Performer<Parsed, Returned> = (input: Parsed, ctx: TaskContext) => Returned | Promise<Returned>

/** Defines a task by its types alone; nothing is checked at run time. */
export function task<Input = unknown, Output = void>(
  name: string,
  options: TaskSettings & { readonly track: true; readonly input?: never; readonly output?: never },
): Task<Input, Input, Output, true, Output>
export function task<Input = unknown>(
  name: string,
  options?: TaskSettings & { readonly track?: false; readonly input?: never; readonly output?: never },
): Task<Input, Input, void, false, unknown>
/** Defines a task whose result is kept. */
export function task<I extends Schema, O extends Schema>(
  name: string,
  options: TaskSettings & { readonly input: I; readonly output: O },
): Task<InputOf<I>, OutputOf<I>, OutputOf<O>, true, InputOf<O>>
/** Defines a task whose end is kept, without a result. */
export function task<I extends Schema>(
  name: string,
  options: TaskSettings & { readonly input: I; readonly track: true; readonly output?: never },
): Task<InputOf<I>, OutputOf<I>, void, true, unknown>
/** Defines a task that nobody waits for: nothing is kept of it when it has succeeded. */
export function task<I extends Schema>(
  name: string,
  options: TaskSettings & { readonly input: I; readonly output?: never },
): Task<InputOf<I>, OutputOf<I>, void, false, unknown>
export function task(name: string, options?: TaskShape & TaskSettings): Task {
  const called = checkedName('task', name)
  const read = readOptions(`task(${called})`, options, taskReaders)
  const timeout = read.timeout ?? defaults.timeout
  const place = queueOf(read.queue)
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
    track: read.track ?? read.output !== undefined,
    keep: read.keep ?? defaults.keep,
  }
}

/** The task as it is sent. Throws before anything is sent; a promise only for asynchronous schemas. */
export function order<Input>(
  core: Core,
  task: Task<Input>,
  input: NoInfer<Input>,
  options?: EnqueueOptions,
  origin?: (body: Uint8Array) => string,
): Prepared | Promise<Prepared> {
  checkTask(task, 'enqueue()')
  const misfit = refuseMisfit(task.input, input, task.name)
  const write = () => {
    const body = input === undefined ? nothing : encode(input, task.encoding)
    const id = options?.id !== undefined ? checkedId(options.id) : (origin?.(body) ?? newId())
    return refuseHuge(envelope(core, task, id, options, body), core.link.maxPayload)
  }
  return misfit ? misfit.then(write) : write()
}

/** Names the work. Resolves when the broker has stored it. */
export function enqueue<Input>(
  core: Core,
  task: Task<Input>,
  input: NoInfer<Input>,
  options?: EnqueueOptions,
  origin?: (body: Uint8Array) => string,
): Promise<Receipt> {
  try {
    if (options !== undefined) checkEnqueue(options)
    const ordered = order(core, task, input, options, origin)
    const declared = core.declareQueue(task.place)
    // Nothing to wait for: the common case makes one promise.
    if (declared === undefined && !(ordered instanceof Promise)) return store(core, task, ordered, options)
    return Promise.all([ordered, declared]).then(([ready]) => store(core, task, ready, options))
  } catch (error) {
    return Promise.reject(error)
  }
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
  oneTime('enqueue()', readOptions('enqueue()', options, enqueueReaders))
}

/** The same for many at once, each of which has an id of its own, and no key. */
export function checkEnqueueMany(options: Omit<EnqueueOptions, 'id' | 'unique'> | undefined): void {
  const { id: _id, unique: _unique, ...readers } = enqueueReaders
  oneTime('enqueueMany()', readOptions('enqueueMany()', options, readers))
}

function oneTime(where: string, { delay, at }: { delay?: unknown; at?: unknown }): void {
  if (delay !== undefined && at !== undefined)
    throw fault('INVALID_OPTION', `${where} was given both delay and at.`, { fix: 'Give one of them.' })
}

function store(core: Core, task: Task, ready: Prepared, options: EnqueueOptions | undefined): Promise<Receipt> {
  const stored: Promise<Stored & { readonly id?: string }> =
    options?.unique === undefined
      ? core.publisherFor(task.place).publish(ready, options?.signal)
      : storeUnique(core, task, options.unique, ready, options.signal)
  return stored.then((answer) => {
    const receipt = { id: answer.id ?? ready.id, sequence: answer.sequence, duplicate: answer.duplicate }
    if (core.events.heard('stored'))
      core.events.tell('stored', { style: 'explicit', name: task.name, id: receipt.id, duplicate: receipt.duplicate })
    return receipt
  })
}

/** What the runtime is told about one lane of a performer. Lanes of one performer share its slots, in the order of their rank. */
export async function performance<Parsed, Returned>(
  core: Core,
  service: string,
  task: Task<never, Parsed, unknown, boolean, Returned>,
  handler: Performer<Parsed, NoInfer<Returned>>,
  options?: PerformOptions,
): Promise<Binding[]> {
  const where = `${service}.perform(${task.name})`
  const { concurrency, gates, lease, lanes: served } = readOptions(where, options, performReaders)
  checkedHandler(handler, where)
  const strange = served?.filter((lane) => !task.lanes.includes(lane)) ?? []
  if (strange.length > 0)
    throw fault('INVALID_OPTION', `${where} is to serve ${strange.join(' and ')}, which ${task.name} does not have.`, {
      fix: `Add it to the lanes of the task; it has ${task.lanes.join(', ')}.`,
    })
  await core.declareQueue(task.place)
  const { link, answers } = await core.listening()
  const stream = core.names.queue(task.queue)
  const label: Label = { style: 'explicit', service, name: task.name }
  const slots = new Slots(concurrency ?? defaults.concurrency)
  const policy = policyOf(where, task.retry, task.timeout)
  return lanes
    .filter((lane) => task.lanes.includes(lane) && (served ?? lanes).includes(lane))
    .map((lane) => {
      const consumer = performerName(task.name, lane)
      const filter = core.names.taskFilter(task.queue, task.name, lane)
      const log = task.place.layout === 'log'
      const declare = async (floor: number | undefined) => {
        if (floor !== undefined) await core.layout.queue(task.queue, task.place.layout)
        return core.layout.consumer(
          stream,
          consumer,
          [filter],
          lease ?? defaults.lease,
          log && floor !== undefined ? { floor } : { at: 'all' },
        )
      }
      // A work queue removes what is acknowledged; a log is trimmed behind it.
      const footing = async () => {
        const standing = await core.layout.footing(stream, consumer)
        await core.layout.trim(stream, filter, standing.floor)
        return standing
      }
      return {
        label,
        source: consumerSource(link, answers, { stream, consumer, lease: lease ?? defaults.lease, declare, ...(log ? { footing } : {}) }),
        slots,
        policy,
        gates: gates ?? [],
        memory: memory(core, stream, consumer),
        terms: termsOf(policy),
        read: (delivery) => readBody(delivery, task.input, task.name),
        handle: (input, run) => {
          const ctx = new TaskContext(core, run, service, task.name)
          if (run.delivery.headers.plain) return handler(input as Parsed, ctx)
          return inTurn(core, run, { label, task }, () => handler(input as Parsed, ctx))
        },
        ends: (run) => task.track || (log && hasAddress(run.delivery.subject)),
        ended: async (run, outcome) => {
          if (task.track) await core.results.ended(task, run, outcome)
          // What has an address holds its key as long as it is stored; a log keeps it longer than it waits.
          if (log && hasAddress(run.delivery.subject)) await shelf(core.layout, stream).remove(run.delivery.sequence)
        },
        bury: (run, obituary) => buryTask(core, task, run, obituary).then(() => endedBadly(core, run, obituary)),
      } satisfies Binding
    })
}

const nothing = new Uint8Array(0)

const moment: Reader<Date | LocalTime> = (value) =>
  isLocal(value) || (value instanceof Date && !Number.isNaN(value.getTime()) && value.getUTCFullYear() < 10_000)
    ? value
    : wrong('it must be a valid Date before the year 10000, or { local, zone }')

const someLanes: Reader<readonly Lane[]> = (value) =>
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
  encoding: oneOf('msgpack', 'json'),
  keep: time(1000),
} satisfies ReadersOf<TaskShape & TaskSettings>

const performReaders = {
  concurrency: takingReaders.concurrency,
  gates: takingReaders.gates,
  lease: takingReaders.lease,
  lanes: someLanes,
} satisfies ReadersOf<PerformOptions>

const enqueueReaders = {
  id: anything<string>(),
  headers: anything<UserHeaders>(),
  delay: time(),
  at: moment,
  priority: oneOf(...lanes),
  unique: anything<string>(),
  expires: time(1),
  retry: anything<RetryOptions>(),
  signal,
} satisfies ReadersOf<EnqueueOptions>
