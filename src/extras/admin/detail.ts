/** One task or event in full, and the chain from what was said to every effect. */

import { fault } from '../../base/errors.ts'
import { type Board, type LedgerEntry, type MessageFact, task } from '../../index.ts'
import { attemptsOf, entriesOfMessage, type Moment, messageOf } from './fold.ts'
import type { History } from './history.ts'
import { deadView, errorView, readable } from './letters.ts'
import { lineOfDead, merged } from './list.ts'
import type { DeadView, MessageDetail, MessageView, QueueView, Trace, TraceEntry, TraceRun } from './model.ts'
import { known } from './views.ts'
import { whyMessage } from './why.ts'

/** Where the pieces are asked for. */
export interface Sources {
  readonly board: Board
  readonly history: History
  queue(name: string): Promise<QueueView | undefined>
  moment(): Promise<Moment>
}

/** Stored messages that are looked through for an id without a place, at most. */
const mostSought = 20_000
/** What one message caused that is shown in full, at most. */
const mostCaused = 500

/** An entry of the ledger for people. */
export function entryView({ error, who, text, ...entry }: LedgerEntry): TraceEntry {
  const told = who === undefined ? text : `${who}: ${text ?? ''}`
  return { ...entry, ...known('error', error && errorView(error)), ...known('text', told) }
}

/** What waits with this id, on the broker. */
async function waitingOf(board: Board, id: string, view: MessageView | undefined): Promise<MessageFact | undefined> {
  if (view?.style === 'implicit') return undefined
  if (view?.queue !== undefined && view.sequence !== undefined) {
    const there = await board.inspect.at({ queue: view.queue }, view.sequence, id)
    if (there) return there
  }
  const ended = view !== undefined && ['done', 'cancelled', 'skipped', 'dead', 'expired'].includes(view.state)
  if (ended) return undefined
  for (const { name } of await board.inspect.queues()) {
    if (view?.queue !== undefined && view.queue !== name) continue
    let looked = 0
    for await (const fact of board.inspect.waiting(name)) {
      if (fact.id === id) return fact
      if (++looked === mostSought) break
    }
  }
  return undefined
}

async function lettersOf(board: Board, id: string): Promise<DeadView[]> {
  const letters: DeadView[] = []
  for await (const letter of board.dead.list({ id })) letters.push(deadView(letter, true))
  return letters
}

/** Everything about one id. Throws NOT_FOUND. */
export async function detailOf(sources: Sources, id: string): Promise<MessageDetail> {
  const { board, history } = sources
  await history.caughtUp()
  const moment = await sources.moment()
  const entries = entriesOfMessage(history.folded, id)
  const told = messageOf(entries, moment)
  const [waiting, letters] = await Promise.all([
    waitingOf(board, id, told),
    told === undefined || entries.some(({ kind }) => kind === 'buried') || told.state === 'dead' ? lettersOf(board, id) : [],
  ])
  const base = waiting === undefined ? (told ?? (await fromLetter(board, letters[0]))) : merged(told, waiting, true)
  if (base === undefined) throw fault('NOT_FOUND', `Nothing is known of ${id}.`)
  const event = base.style === 'implicit' && base.sequence ? await board.inspect.at({ topic: base.name }, base.sequence) : undefined
  const data = event?.id === id ? readable(() => event.payload()) : letters[0]?.data
  const queue = base.queue === undefined ? undefined : await sources.queue(base.queue)
  const sender = entries.find(({ kind }) => kind === 'stored')?.worker
  return {
    ...(data === undefined ? {} : { data }),
    ...base,
    attempts: attemptsOf(entries, moment),
    deadLetters: letters,
    caused: causedBy(history, id, moment),
    timeline: entries.map(entryView),
    why: whyMessage({
      now: moment.now,
      message: base,
      ...known(
        'waiting',
        waiting && {
          ...known('due', waiting.due),
          ...known('lane', waiting.lane),
          ...known('key', waiting.key),
          ...known('bucket', waiting.bucket),
        },
      ),
      ...known('queue', queue),
      ...known('letter', letters[0]),
      ...known('workerAlive', base.worker === undefined ? undefined : moment.alive?.has(base.worker)),
      ...known('since', history.since),
    }),
    ...known('sealed', (waiting ?? event)?.sealed ?? letters[0]?.sealed),
    ...known('sender', sender),
    ...known('bytes', (waiting ?? event)?.bytes ?? letters[0]?.bytes),
    ...known('progress', base.state === 'running' ? await progressOf(board, base) : undefined),
  }
}

async function fromLetter(board: Board, letter: DeadView | undefined): Promise<MessageView | undefined> {
  return letter && lineOfDead(await board.dead.show(letter.sequence), true)
}

async function progressOf(board: Board, { name, queue = 'default', id }: MessageView): Promise<unknown> {
  return (await board.handle(task(name, { queue, track: true }), id).status()).progress
}

function causedBy({ folded }: History, id: string, moment: Moment): MessageView[] {
  const caused: MessageView[] = []
  for (const child of folded.children.get(id) ?? []) {
    const view = messageOf(entriesOfMessage(folded, child), moment)
    if (view !== undefined) caused.push(view)
    if (caused.length === mostCaused) break
  }
  return caused
}

/** The deepest chain that is followed. */
const deepest = 20

/** What a message led to. `most`: what one run caused that is shown. Throws NOT_FOUND. */
export async function traceOf(sources: Sources, id: string, most: number): Promise<Trace> {
  const { history, board } = sources
  await history.caughtUp()
  const moment = await sources.moment()
  const places = await board.inspect.subscriptions()
  const listeners = (topic: string): string[] => places.filter((place) => place.topic === topic).map(({ service }) => service)

  function trace(each: string, depth: number): Trace | undefined {
    const entries = entriesOfMessage(history.folded, each)
    const message = messageOf(entries, moment)
    if (message === undefined) return undefined
    const ran = entries.flatMap(({ kind, service }) => (kind !== 'stored' && service !== undefined ? [service] : []))
    const services = message.style === 'implicit' ? [...new Set([...ran, ...listeners(message.name)])] : [ran.at(-1) ?? '']
    return { message, runs: services.map((service) => runOf(entries, service, message, depth)) }
  }

  function runOf(entries: readonly LedgerEntry[], service: string, message: MessageView, depth: number): TraceRun {
    const implicit = message.style === 'implicit'
    const own = implicit ? entries.filter((entry) => entry.service === service || entry.kind === 'stored') : entries
    const last = messageOf(own, moment) ?? message
    const children = [...(history.folded.children.get(message.id) ?? [])].filter((child) => {
      const by = entriesOfMessage(history.folded, child).find(({ kind }) => kind === 'stored')?.service
      return !implicit || by === undefined || by === service
    })
    const caused = depth >= deepest ? [] : children.slice(0, most).flatMap((child) => trace(child, depth + 1) ?? [])
    return {
      because: implicit ? 'subscribed' : 'named',
      service,
      state: last.state,
      caused,
      ...known('worker', last.worker),
      ...known('attempt', last.attempt),
      ...known('ms', last.ms),
      ...known('error', last.error),
      ...(children.length > caused.length ? { more: children.length - caused.length } : {}),
    }
  }

  const found = trace(id, 0)
  if (found === undefined) throw fault('NOT_FOUND', `The ledger tells nothing of ${id}.`)
  return found
}
