/**
 * Explicit invocation. `enqueue` names the work; exactly one worker performs it, and the sender keeps control of it.
 *
 * Read this beside `topic.ts`: the two are alike in shape, and what differs is the product.
 */

import { fault } from '../base/errors.ts'
import type { Label } from '../base/events.ts'
import { checkedId, newId } from '../base/ids.ts'
import { readOptions } from '../base/options.ts'
import type { InputOf, OutputOf, Schema } from '../base/schema.ts'
import type { Binding, Memory } from '../runtime/binding.ts'
import { Slots } from '../runtime/gate.ts'
import type { Run } from '../runtime/run.ts'
import { isBeside } from '../wire/body.ts'
import { encode } from '../wire/codec.ts'
import { idOf } from '../wire/envelope.ts'
import { checkedName, lanes } from '../wire/names.ts'
import type { Stored } from '../wire/receipt.ts'
import { consumerSource } from '../wire/source.ts'
import { shelf } from '../wire/stored.ts'
import { envelope } from './address.ts'
import { type BatchPerformer, batching, batchTerms, TaskItem } from './batch.ts'
import { TaskContext } from './context.ts'
import type { Fitting, Large, Task, TaskSettings, TaskShape } from './contract.ts'
import type { Core } from './core.ts'
import { buryTask } from './dead.ts'
import { defaults } from './defaults.ts'
import { gatesOf } from './gates.ts'
import { storeKeyed } from './keyed.ts'
import { keptWhenDone, performerPlace } from './lane.ts'
import { besideOf, isHeld, lightest, readAnywhere, releaseSoon, tidied, year } from './large.ts'
import { eachOf, messagesOf, type Prepared, storeMany } from './many.ts'
import { memory } from './memory.ts'
import { type Reading, refuseMisfit } from './payload.ts'
import { checkedHandler, policyOf } from './policy.ts'
import { endedBadly, inTurn } from './schedule-turn.ts'
import { closed, following, sealedAs, sealedId } from './seal.ts'
import type { EnqueueOptions, ManyOptions, Origin, Receipt } from './sender.ts'
import { namedInTurn, sitesOf } from './site.ts'
import { strandsOf } from './strand.ts'
import { checkEnqueue, checkTask, type Performer, type PerformOptions, performReaders, taskSettings, timeoutOf } from './task-options.ts'
import { termsOf } from './terms.ts'

/** Defines a task by its types alone; nothing is checked at run time. */
export function task<Input = unknown, Output = void>(
  name: string,
  options: TaskSettings<NoInfer<Input>> & Fitting & { readonly track: true; readonly input?: never; readonly output?: never },
): Task<Input, Input, Output, true, Output>
export function task<Input = unknown>(
  name: string,
  options?: TaskSettings<NoInfer<Input>> & Fitting & { readonly track?: false; readonly input?: never; readonly output?: never },
): Task<Input, Input, void, false, unknown>
/** Defines a task whose result is kept. */
export function task<I extends Schema, O extends Schema>(
  name: string,
  options: TaskSettings<InputOf<I>> & Fitting & { readonly input: I; readonly output: O },
): Task<InputOf<I>, OutputOf<I>, OutputOf<O>, true, InputOf<O>>
/** Defines a task whose end is kept, without a result. */
export function task<I extends Schema>(
  name: string,
  options: TaskSettings<InputOf<I>> & Fitting & { readonly input: I; readonly track: true; readonly output?: never },
): Task<InputOf<I>, OutputOf<I>, void, true, unknown>
/** Defines a task that nobody waits for: nothing is kept of it when it has succeeded. */
export function task<I extends Schema>(
  name: string,
  options: TaskSettings<InputOf<I>> & Fitting & { readonly input: I; readonly output?: never },
): Task<InputOf<I>, OutputOf<I>, void, false, unknown>
export function task(name: string, options?: TaskShape & TaskSettings): Task {
  return taskSettings(checkedName('task', name), options)
}

/** The task as it is sent. Throws before anything is sent; a promise only for asynchronous schemas. */
export function order<Input>(
  core: Core,
  task: Task<Input>,
  input: NoInfer<Input>,
  options?: EnqueueOptions,
  origin?: Pick<Origin, 'idFor'>,
): Prepared | Promise<Prepared> {
  checkTask(task, 'enqueue()')
  const misfit = refuseMisfit(task.input, input, task.name)
  return misfit ? misfit.then(() => written(core, task, input, options, origin)) : written(core, task, input, options, origin)
}

/** The same for an input that fits its schema. `plain`: it was seen that it can be sent as it is. */
function written<Input>(
  core: Core,
  task: Task<Input>,
  input: NoInfer<Input>,
  options: EnqueueOptions | undefined,
  origin: Pick<Origin, 'idFor'> | undefined,
  plain = false,
): Prepared | Promise<Prepared> {
  const open = input === undefined ? nothing : encode(input, task.encoding, plain)
  const id = options?.id !== undefined ? checkedId(options.id) : (origin?.idFor(open) ?? newId())
  const addressed = (body: Uint8Array, large: Large) => {
    const ready = envelope(core, task, id, input, body, options)
    const beside = besideOf(core, large, ready, year + Math.max(0, (ready.due ?? 0) - Date.now()))
    return beside === undefined ? ready : envelope(core, task, id, input, nothing, options, beside)
  }
  // A debounced task changes its payload while it waits, and has no address of its own for each of them.
  if (options?.debounce !== undefined) return addressed(open, 'refuse')
  if (task.seal === undefined) return addressed(open, task.large)
  return following(closed(task.seal, open, sealedAs(core.names, 'input', task.name, id)), (body) => addressed(body, task.large))
}

/** How the inputs of a task are read. */
function readingOf(core: Core, { input, name, seal }: Task<never>): Reading {
  return { schema: input, name, seal, as: ({ headers, sequence }) => sealedAs(core.names, 'input', name, sealedId(headers, sequence)) }
}

/** Names the work. Resolves when the broker has stored it. */
export function enqueue<Input, Given = Receipt>(
  core: Core,
  task: Task<Input>,
  input: NoInfer<Input>,
  options?: EnqueueOptions,
  origin?: Origin,
  as?: (receipt: Receipt) => Given,
): Promise<Given> {
  try {
    if (options !== undefined) checkEnqueue(options)
    if (core.around.none) return send(core, task, input, options, origin, as)
    checkTask(task, 'enqueue()')
    const sent = core.around.send(task, 1, origin, options, (all) => send<Input, Receipt>(core, task, input, all, origin))
    return (as === undefined ? sent : sent.then(as)) as Promise<Given>
  } catch (error) {
    return Promise.reject(error)
  }
}

function send<Input, Given>(
  core: Core,
  task: Task<Input>,
  input: NoInfer<Input>,
  options: EnqueueOptions | undefined,
  origin: Origin | undefined,
  as?: (receipt: Receipt) => Given,
): Promise<Given> {
  const ordered = order(core, task, input, options, origin)
  const declared = core.declareQueue(task.place)
  // Nothing to wait for: the common case makes one promise.
  if (declared === undefined && !(ordered instanceof Promise)) return store(core, task, ordered, options, origin, as)
  return Promise.all([ordered, declared]).then(([ready]) => store(core, task, ready, options, origin, as))
}

function store<Given>(
  core: Core,
  task: Task,
  ready: Prepared,
  options: EnqueueOptions | undefined,
  origin: Origin | undefined,
  as: ((receipt: Receipt) => Given) | undefined,
): Promise<Given> {
  const given = ({ id = ready.id, sequence, duplicate }: Stored & { readonly id?: string }): Given => {
    const receipt = { id, sequence, duplicate }
    tellEnqueued(core, task, receipt, ready.due, origin)
    return as === undefined ? (receipt as Given) : as(receipt)
  }
  const keyed = options && storeKeyed(core, task, ready, options)
  const storing = core.storing(task.place, timeoutOf(options))
  if (keyed === undefined && ready.beside === undefined) return storing.publish(ready, options?.signal, given)
  return tidied(core, task, [ready], keyed ?? storing.publish(ready, options?.signal)).then(given)
}

/** Names much work of one kind. Resolves, with what `as` makes of each, when the broker has stored all of it. */
export async function enqueueMany<Input, Given extends { readonly duplicate: boolean }>(
  core: Core,
  task: Task<Input>,
  inputs: readonly Input[],
  options: ManyOptions | undefined,
  as: (receipt: Receipt) => Given,
): Promise<Given[]> {
  const named = namedInTurn(task.place)
  const terms = eachOf(options)
  const making = {
    name: task.name,
    schema: task.input,
    encoding: task.encoding,
    // What asks a function of the user about each input may throw at any of them.
    heavy: task.ordered === undefined && task.seal === undefined ? lightest(core, task.large) : 0,
    make: (input: Input, plain: boolean, index: number) => written(core, task, input, terms(index), named?.(), plain),
  }
  const waited = messagesOf(inputs, making, core.declareQueue(task.place))
  const messages = waited instanceof Promise ? await waited : waited
  const stored = storeMany(messages, {
    storing: core.storing(task.place, timeoutOf(options)),
    signal: options?.signal,
    inOrder: task.ordered?.single === true,
    given({ id, due }, sequence, duplicate) {
      const receipt = { id, sequence, duplicate }
      tellEnqueued(core, task, receipt, due)
      return as(receipt)
    },
  })
  return tidied(core, task, messages.made ?? [], stored)
}

/** Tells whoever listens that a task was stored. */
export function tellEnqueued(core: Core, task: Task, receipt: Receipt, due?: number, origin?: Origin): void {
  if (!core.events.heard('stored')) return
  const { id, sequence, duplicate } = receipt
  core.events.tell('stored', {
    style: 'explicit',
    name: task.name,
    queue: task.queue,
    id,
    sequence,
    duplicate,
    service: origin?.service,
    parent: origin?.parent,
    due,
  })
}

/** What the runtime is told about each strand of a performer. They share its slots, in the order of their rank. */
export async function performance<Parsed, Returned>(
  core: Core,
  service: string,
  task: Task<never, Parsed, unknown, boolean, Returned>,
  handler: Performer<Parsed, NoInfer<Returned>> | BatchPerformer<Parsed, NoInfer<Returned>>,
  options?: PerformOptions,
): Promise<Binding[]> {
  const where = `${service}.perform(${task.name})`
  const { concurrency, gates, lease, lanes: served, ...read } = readOptions(where, options, performReaders)
  const batch = read.batch && batchTerms(where, read.batch)
  checkedHandler(handler, where)
  const strange = served?.filter((lane) => !task.lanes.includes(lane)) ?? []
  if (strange.length > 0)
    throw fault('INVALID_OPTION', `${where} is to serve ${strange.join(' and ')}, which ${task.name} does not have.`, {
      fix: `Add it to the lanes of the task; it has ${task.lanes.join(', ')}.`,
    })
  await core.declareQueue(task.place)
  const { link, answers } = await core.listening()
  const label: Label = { style: 'explicit', service, name: task.name, queue: task.queue }
  const collected = batch && batching(core, label, { ...batch, concurrency: concurrency ?? 1 }, handler as BatchPerformer<Parsed, Returned>)
  const slots = new Slots(batch ? batch.size * (concurrency ?? 1) : (concurrency ?? defaults.concurrency))
  const policy = policyOf(where, task.retry, task.timeout)
  const call = (input: Parsed, run: Run, kept: Memory): unknown => {
    if (collected) return collected.add(run, kept, (word) => new TaskItem(core, run, service, task.name, input, word))
    const ctx = new TaskContext(core, run, service, task.name)
    const handle = () => (handler as Performer<Parsed, Returned>)(input, ctx)
    return core.around.none ? handle() : core.around.run(label, [ctx], handle)
  }
  const reading = readingOf(core, task)
  const decoded: Binding['read'] = (delivery) =>
    readAnywhere(core, delivery, reading, (body) => isHeld(core, task, idOf(delivery.headers, delivery.sequence) ?? '', body))
  const places = sitesOf(core.names, task.place).flatMap((site) =>
    strandsOf(core.names, task, site, served ?? lanes).map(
      (strand) => [strand.rank, performerPlace(core, task, site.stream, strand, lease ?? defaults.lease)] as const,
    ),
  )
  const bound = gatesOf(core, label, gates, decoded, slots, places.length)
  return places.map(([rank, place]) => {
    const { stream, consumer } = place
    const kept = memory(core, stream, consumer)
    return {
      label,
      source: consumerSource(link, answers, place),
      slots,
      rank,
      policy,
      gates: bound,
      memory: kept,
      terms: termsOf(policy, task.place.limit?.age),
      read: decoded,
      handle: (input, run) =>
        run.delivery.headers.plain
          ? call(input as Parsed, run, kept)
          : inTurn(core, run, { label, task }, () => call(input as Parsed, run, kept)),
      ...(collected && { gathers: collected }),
      ends: (run) => task.track || keptWhenDone(task, run.delivery.subject) || isBeside(run.delivery.headers),
      ended: async (run, outcome) => {
        if (task.track) await core.results.ended(task, run, outcome)
        if (keptWhenDone(task, run.delivery.subject)) await shelf(core.layout, stream).remove(run.delivery.sequence)
      },
      left: (run) => releaseSoon(core, task, run.id, run.delivery.headers),
      bury: (run, obituary) => buryTask(core, task, run, obituary).then(() => endedBadly(core, run, obituary)),
    } satisfies Binding
  })
}

const nothing = new Uint8Array(0)
