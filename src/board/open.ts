/** Opening a board: connection, streams, publisher, table, log, in this order. */

import { hostname } from 'node:os'
import { durabilityOf } from '../base/durability.ts'
import { fault } from '../base/errors.ts'
import { Events } from '../base/events.ts'
import { origin } from '../base/ids.ts'
import { nearest } from '../base/options.ts'
import { remembered } from '../base/remembered.ts'
import { Pulse } from '../runtime/pulse.ts'
import { answersOver } from '../wire/answers.ts'
import { besides } from '../wire/body.ts'
import { type Address, link } from '../wire/connection.ts'
import { type Drift, inWords, type OnDrift } from '../wire/drift.ts'
import { groupCommit } from '../wire/group.ts'
import { names, partIn } from '../wire/names.ts'
import { namespaceOf } from '../wire/names-read.ts'
import { publisher } from '../wire/publisher.ts'
import { isSpared } from '../wire/refusal.ts'
import { isBounded, type Layout, type LayoutOptions, layout } from '../wire/streams.ts'
import { syncs } from '../wire/sync.ts'
import { table } from '../wire/table.ts'
import { Arounds } from './around.ts'
import type { Core } from './core.ts'
import { homeOf } from './home.ts'
import { besideOf } from './large.ts'
import { type LogOption, logEvents, logger } from './log.ts'
import type { Queue } from './queue.ts'
import { recordsOf } from './records.ts'
import { results } from './result.ts'
import { type Room, room, type Storing } from './room.ts'
import { enqueue } from './task.ts'
import { publish } from './topic.ts'

/** What is needed to open a board; times in ms. */
export interface OpenOptions extends Address {
  readonly namespace?: string
  readonly existing?: boolean
  readonly replicas?: number
  readonly onDrift?: OnDrift
  readonly dedupe?: number
  readonly retention?: number
  readonly deadLetters?: number
  readonly log?: LogOption
  readonly inFlight?: number
  readonly monitor?: string | readonly string[]
}

const mostDead = 1_000_000
const week = 7 * 86_400_000
/** How long an id is remembered, unless told otherwise. */
export const twoMinutes = 120_000

/** A core that can be closed. */
export interface OpenCore extends Core {
  close(): Promise<void>
}

/** Opens the connection that speaks, declares the streams, and puts the core together. */
export async function open(options: OpenOptions): Promise<OpenCore> {
  const place = names(options.namespace === undefined ? 'callboard' : options.namespace)
  const worker = `${hostname()}/${process.pid}/${origin.slice(0, 4)}`
  const log = logger(options.log ?? 'warn').child({ worker })
  const speaking = await link(options)
  const events = new Events()
  logEvents(events, log)
  speaking.listen((event) =>
    event.type === 'refused'
      ? isSpared(event.error) || events.tell('trouble', { what: 'the broker reported an error', error: event.error })
      : events.tell('connection', { state: event.type, server: speaking.server }),
  )
  const dedupe = options.dedupe ?? twoMinutes
  const retention = options.retention ?? week
  // What is found while nobody can listen yet is told a turn after the board is handed out.
  let early: Drift[] | undefined = []
  const absent: string[] = []
  const settings: LayoutOptions = {
    missing: options.existing ? (stream) => void absent.push(stream) : undefined,
    replicas: options.replicas,
    onDrift: options.onDrift ?? 'tell',
    dedupe,
    retention: { age: retention, bytes: 0, messages: 0 },
    deadLetters: options.deadLetters ?? mostDead,
    tell: (drift) => {
      if (early === undefined) events.tell('drift', { sentences: drift.map(inWords) })
      else early.push(...drift)
    },
  }
  const opening = await layout(speaking, place, settings)
  const declared = options.existing ? await layout(speaking, place, { ...settings, missing: undefined }) : opening
  try {
    await Promise.all([opening.topics(), opening.table(), opening.dead()])
    if (absent.length > 0) throw await noBoard(place.namespace, absent, opening)
  } catch (error) {
    await speaking.close()
    throw error
  }
  setImmediate(() => {
    const found = early ?? []
    early = undefined
    if (found.length > 0) events.tell('drift', { sentences: found.map(inWords) })
    // Asked in the background: nobody waits for it, and a board that is closed meanwhile owes nobody an answer.
    if (events.heard('durability'))
      core.durability().then(
        (told) => events.tell('durability', told),
        () => undefined,
      )
  })
  const once = remembering()
  const plain = publisher(speaking, {
    inFlight: options.inFlight ?? 1000,
    budget: Math.min(30_000, dedupe / 2),
    full: (subject) => events.tell('full', { subject }),
  })
  const publishing = besides(plain, place, () => once('objects', declared.objects))
  const kept = table(speaking, place, publishing, (what, error) => events.tell('trouble', { what, error }))
  const groups = new Map<string, Storing>()
  const rooms = new Map<string, Room>()
  const fill = async (queue: string) => {
    const { state } = await declared.manager.streams.info(place.queue(queue))
    return { tasks: state.messages, bytes: state.bytes }
  }
  let listening: Promise<Awaited<ReturnType<Core['listening']>>> | undefined
  let closed = false
  const listen = async () => {
    const listener = await link({ ...options, name: `${options.name ?? 'callboard'}, listening` })
    listener.listen(
      (event) => event.type === 'refused' && events.tell('trouble', { what: 'the broker reported an error', error: event.error }),
    )
    const answers = answersOver(listener, (error) => events.tell('trouble', { what: 'an answer could not be written', error }))
    return { link: listener, answers }
  }
  const core: OpenCore = {
    names: place,
    link: speaking,
    listening() {
      if (closed) return Promise.reject(fault('CLOSED', 'The board is closed.'))
      listening ??= listen().catch((error: unknown) => {
        // The next one to ask tries again.
        listening = undefined
        throw error
      })
      return listening
    },
    publisher: publishing,
    retention,
    storing(queue, timeout) {
      const grouped = (part: string) => madeOnce(groups, part, () => groupCommit(publishing))
      if (queue.layout === 'log' && queue.partitions === 1) return grouped(queue.name)
      if (queue.layout === 'log')
        return {
          publishBatch: publishing.publishBatch,
          publish: (message, signal, as) => grouped(partIn(message.subject)).publish(message, signal, as),
        }
      return core.room(queue)?.storing(publishing, timeout) ?? publishing
    },
    room: (queue) => (isBounded(queue) ? madeOnce(rooms, keyOf(queue), () => room(queue, () => fill(queue.name))) : undefined),
    table: kept,
    records: recordsOf(place, kept, declared),
    layout: declared,
    roster: new Set(),
    results: results(
      speaking,
      place,
      kept,
      events,
      (large, message, ttl) => besideOf({ link: speaking }, large, message, ttl),
      async (filter) => void (await declared.manager.streams.purge(place.table, { filter })),
    ),
    durability: async () => durabilityOf(await declared.copies(), await syncs(speaking, listed(options.monitor))),
    events,
    pulse: new Pulse(events),
    around: new Arounds(),
    log,
    worker,
    subjectOf: remembered((contract) =>
      contract.kind === 'task' ? place.task(contract.queue, contract.name, 'normal') : homeOf(place, contract).event,
    ),
    declareQueue: (queue) => once(keyOf(queue), () => declared.queue(queue)),
    declareTopic: ({ name, retention: own }) => (own === undefined ? undefined : once(`topic ${name}`, () => declared.topic(name, own))),
    async close() {
      closed = true
      for (const each of rooms.values()) each.close()
      await publishing.close()
      core.results.close()
      await (await listening?.catch(() => undefined))?.link.close()
      await speaking.close()
    },
    say: {
      publish: (topic, event, options, origin) => publish(core, topic, event as never, options, origin),
      enqueue: (task, input, options, origin) => enqueue(core, task, input as never, options, origin),
    },
  }
  return core
}

/** The error where there is no board to be opened: with those there are, as far as one may ask. */
async function noBoard(namespace: string, absent: readonly string[], { manager }: Layout): Promise<Error> {
  const there: string[] = []
  try {
    for await (const stream of manager.streams.names()) if (namespaceOf(stream)) there.push(namespaceOf(stream) as string)
  } catch {}
  const guess = nearest(namespace, there)
  return fault(
    'NOT_FOUND',
    `There is no namespace ${namespace} on this broker; there are: ${there.sort().slice(0, 10).join(', ') || 'none'}.`,
    {
      why: `It lacks ${[...absent].sort().join(', ')}.`,
      fix: guess ? `Did you mean ${guess}?` : 'Check the name and the broker; the first program that uses a namespace creates it.',
    },
  )
}

/** One text may hold several, with commas between. */
const listed = (monitor: string | readonly string[] = []) => (typeof monitor === 'string' ? monitor.split(',') : monitor)

/** The same text for contracts that say the same of a queue. */
const keyOf = remembered(
  ({ name, layout: shape, partitions, limit, full }: Queue): string =>
    `queue ${name} ${shape} ${partitions} ${full} ${limit && JSON.stringify(limit)}`,
)

/** What is made when it is first asked for. */
function madeOnce<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key) ?? make()
  known.set(key, found)
  return found
}

/** Does each thing once: a promise while it is being done, nothing when it is done, and again when it has failed. */
function remembering(): (key: string, work: () => Promise<void>) => Promise<void> | undefined {
  const known = new Map<string, Promise<void> | true>()
  return (key, work) => {
    const before = known.get(key)
    if (before !== undefined) return before === true ? undefined : before
    const doing = work().then(
      () => void known.set(key, true),
      (error: unknown) => {
        known.delete(key)
        throw error
      },
    )
    known.set(key, doing)
    return doing
  }
}
