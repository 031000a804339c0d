/** What a schedule was asked for, checked, and written as what will be stored. Nothing is sent before all of it is right. */

import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import { anything, oneOf, type Reader, type ReadersOf, readOptions, time, wrong } from '../base/options.ts'
import { type Times, timesOf, type When } from '../base/when.ts'
import { encode } from '../wire/codec.ts'
import { checkedHeaders, header, headerJson, type UserHeaders } from '../wire/envelope.ts'
import { keyText, type Lane, lanes } from '../wire/names.ts'
import { isBounded } from '../wire/streams.ts'
import { laneFor } from './address.ts'
import type { Task, Topic } from './contract.ts'
import type { Core } from './core.ts'
import { contentTypeField, refuseMisfit } from './payload.ts'
import { travelling } from './policy.ts'
import { type Definition, offsetOf, type Stored } from './schedule-definition.ts'
import { findSchedules } from './schedule-store.ts'
import { closed, sealedAs } from './seal.ts'
import type { EnqueueOptions } from './sender.ts'
import { rowFor } from './strand.ts'

/** What every schedule may say. */
export interface ScheduleOptions {
  /**
   * What becomes of times that no firing came for, because the broker was down. For cron and single times; an interval goes on
   * from its last firing. Default `one`.
   *
   * one     the last of them is made up for
   * skip    what comes more than ten seconds late is dropped
   * within  all of them that lie within this time back, each once; at most 1,000 in one go
   *
   * Best effort is when: at once where a service runs, at most some minutes later, or when the first service starts. Exact is
   * that each time runs as one message, whoever makes it up: broker, or two boards at once.
   * By the same rule a time that a change of clocks skips runs at the first moment after it, and one that happens twice runs once.
   */
  readonly missed?: 'one' | 'skip' | { readonly within: Duration }
  /** Each firing waits a part of this time, the same for each name, so that schedules of the same time do not come at once. Default: none. Edge: at least 1 ms. */
  readonly spread?: Duration
  /** Text by name, sent along. Default: none. Edge: no name begins with `Nats-` or `Cb-` or is `Content-Type`. */
  readonly headers?: UserHeaders
  /** Text by name, kept with the schedule for people and tools. Default: none. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** What a schedule of a task may say. */
export interface TaskScheduleOptions extends ScheduleOptions {
  /**
   * What becomes of a firing while an earlier one of this schedule waits, runs or is retried. Default `run`.
   *
   * run    it runs beside it
   * skip   it is dropped
   * queue  it waits, and is dropped if another one waits already
   */
  readonly overlap?: 'run' | 'skip' | 'queue'
  /** Its lane. Default `normal`. Edge: one of those in the contract. */
  readonly priority?: Lane
  /** Buried as expired if it has not started this long after it fired. Default: never. Edge: at least 1 ms. */
  readonly expires?: Duration
  /** Other attempts for what it fires. Default: those of the contract. Edge: no functions and no error classes, which cannot be sent. */
  readonly retry?: NonNullable<EnqueueOptions['retry']>
}

/** What a schedule of an event may say. */
export interface EventScheduleOptions extends ScheduleOptions {
  /** What the event is about, for subscribers that keep order per key. Default: none. Edge: any text that is not empty. */
  readonly key?: string
}

const missed: Reader<'skip' | number | undefined> = (value) => {
  if (value === 'one') return undefined
  if (value === 'skip') return value
  if (typeof value !== 'object' || value === null || !('within' in value)) return wrong('it must be "one", "skip" or { within }')
  return time(1000)(value.within)
}

const metadata: Reader<Readonly<Record<string, string>>> = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((each) => typeof each === 'string')
    ? (value as Record<string, string>)
    : wrong('it must be an object of texts')

const commonReaders = { missed, spread: time(1), headers: anything<UserHeaders>(), metadata }
const taskReaders = {
  ...commonReaders,
  overlap: oneOf('run', 'skip', 'queue'),
  priority: oneOf(...lanes),
  expires: time(1),
  retry: anything<NonNullable<EnqueueOptions['retry']>>(),
} satisfies ReadersOf<TaskScheduleOptions>
const eventReaders = { ...commonReaders, key: anything<string>() } satisfies ReadersOf<EventScheduleOptions>

type Plan = Pick<Stored, 'definition' | 'body' | 'fields'>

/** Checks everything, and declares the stream it will lie in. */
export async function planned(
  core: Core,
  name: string,
  when: When,
  contract: Task | Topic,
  payload: unknown,
  options: TaskScheduleOptions | EventScheduleOptions | undefined,
): Promise<Plan> {
  if (contract?.kind !== 'task' && contract?.kind !== 'topic')
    throw fault('INVALID_ARGUMENT', 'The third argument of schedules.set() is neither a task nor a topic.')
  const times = timesOf(when)
  const plan =
    contract.kind === 'task'
      ? taskPlan(name, times, contract, payload, options as TaskScheduleOptions | undefined)
      : eventPlan(name, times, contract, options as EventScheduleOptions | undefined)
  await refuseMisfit(contract.kind === 'task' ? contract.input : contract.schema, payload, contract.name)
  const plain = payload === undefined && contract.kind === 'task' ? new Uint8Array(0) : encode(payload, contract.encoding)
  await (contract.kind === 'task' ? core.declareQueue(contract.place) : core.declareTopic(contract))
  return { ...plan, body: contract.seal === undefined ? plain : await sealedOnce(core, name, contract, plain) }
}

/** What is sealed twice is not the same; so what is there already, and opens to this body, is taken again. */
async function sealedOnce(core: Core, name: string, { kind, name: called, seal }: Task | Topic, plain: Uint8Array): Promise<Uint8Array> {
  const as = sealedAs(core.names, kind === 'task' ? 'input' : 'event', called, `${name}@`)
  for (const { body } of await findSchedules(core, name)) {
    const before = await (async () => seal?.open(body, as))().catch(() => undefined)
    if (before !== undefined && Buffer.compare(before, plain) === 0) return body
  }
  return closed(seal, plain, as)
}

function taskPlan(name: string, times: Times, task: Task, payload: unknown, options: TaskScheduleOptions | undefined): Omit<Plan, 'body'> {
  const read = readOptions(`schedules.set(${name})`, options, taskReaders)
  const row = rowFor(task, laneFor(task, read.priority), payload)
  if (read.retry !== undefined) travelling(`schedules.set(${name})`, read.retry, task.timeout)
  const overlap = read.overlap === 'run' ? undefined : read.overlap
  const bounded = isBounded(task.place) ? true : undefined
  const definition = defined(name, { task: task.name, queue: task.queue, lane: row, bounded }, times, { ...read, overlap })
  const expires = read.expires === undefined ? undefined : read.expires + offsetOf(definition)
  return {
    definition,
    fields: [
      ...contentTypeField(task.encoding),
      ...(expires === undefined ? [] : [[header.expires, `+${expires}`] as const]),
      ...(read.retry === undefined ? [] : [[header.retry, headerJson(read.retry)] as const]),
      ...checkedHeaders(read.headers),
    ],
  }
}

function eventPlan(name: string, times: Times, topic: Topic, options: EventScheduleOptions | undefined): Omit<Plan, 'body'> {
  const read = readOptions(`schedules.set(${name})`, options, eventReaders)
  const { retention } = topic
  if (retention && (retention.bytes > 0 || retention.messages > 0))
    throw fault('INVALID_OPTION', `${topic.name} keeps its events by number or size, which would take a schedule as well.`, {
      fix: 'Let the topic keep its events by age, or schedule a task that publishes.',
    })
  return {
    definition: defined(name, { topic: topic.name, own: retention ? true : undefined }, times, read),
    fields: [
      ...contentTypeField(topic.encoding),
      ...(read.key === undefined ? [] : [[header.key, keyText(read.key)] as const]),
      ...checkedHeaders(read.headers),
    ],
  }
}

function defined(
  name: string,
  fires: Definition['fires'],
  times: Times,
  { overlap, missed, spread, metadata }: Pick<Definition, 'overlap' | 'missed' | 'spread' | 'metadata'>,
): Definition {
  if (missed !== undefined && 'every' in times)
    throw fault('INVALID_OPTION', `The schedule ${name} has an interval, and missed.`, {
      fix: 'Leave missed out: an interval goes on from its last firing.',
    })
  return { name, fires, times, overlap, missed, spread, metadata, since: Date.now() }
}
