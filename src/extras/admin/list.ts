/** Lists of tasks and events that a selector means: what waits on the broker, and what has died there. */

import type { Board, DeadLetter, MessageFact } from '../../index.ts'
import { entriesOfMessage, type Folded, type Moment, messageOf } from './fold.ts'
import { deadView, readable } from './letters.ts'
import { asksForData, matchesSelector, sortedBy } from './match.ts'
import type { MessageView, Page } from './model.ts'
import type { Selector } from './selector.ts'
import { known } from './views.ts'

/** Messages that one question looks at, at most. */
const mostLooked = 50_000

/** How a list is asked for. */
export interface ListOptions {
  /** Items of one page. Default 100, at most 1,000. */
  readonly limit?: number
  /** Where the page before ended. */
  readonly cursor?: string
  /** With payloads. Default: only where the selector asks for them. */
  readonly data?: boolean
}

/** A task that waits, as it lies on the broker. */
export function waitingView(fact: MessageFact, withData: boolean): MessageView {
  const { id, style, name, storedAt, sequence, headers } = fact
  return {
    id,
    style,
    name,
    state: fact.due === undefined ? 'ready' : 'scheduled',
    storedAt,
    sequence,
    headers,
    ...known('queue', fact.queue),
    ...known('lane', fact.lane),
    ...known('key', fact.key),
    ...known('due', fact.due),
    ...known('sealed', fact.sealed),
    ...(withData
      ? known(
          'data',
          readable(() => fact.payload()),
        )
      : {}),
  }
}

/** A dead letter as a line of a list. */
export function lineOfDead(letter: DeadLetter, withData: boolean): MessageView {
  const { at, attempts, bytes: _bytes, history: _history, ...view } = deadView(letter, withData)
  return { ...view, state: letter.reason === 'expired' ? 'expired' : 'dead', attempt: attempts, endedAt: at }
}

/** Whether a selector leaves a state, style or queue possible: what it excludes is not even read. */
export function allows(selector: Selector, key: 'state' | 'style' | 'queue' | 'topic' | 'name', value: string): boolean {
  const asked = selector.terms.filter((term) => term.key === key)
  return asked.every((term) =>
    matchesSelector(
      { terms: [term] },
      { id: '', name: '', style: '', ...(key === 'topic' ? { style: 'implicit', name: value } : { [key]: value }) },
      0,
    ),
  )
}

/** All that match, in no order: what waits, what has died, and what the ledger tells of the others. */
export async function* matching(board: Board, selector: Selector, data = false, past?: Past): AsyncGenerator<MessageView> {
  const moment = past?.moment ?? { now: Date.now() }
  const seen = new Set<string>()
  const fits = (view: MessageView) => matchesSelector(selector, view, moment.now)
  for await (const view of onBroker(board, selector, data || asksForData(selector), past)) {
    seen.add(view.id)
    if (fits(view)) yield view
  }
  if (past === undefined) return
  for (const entries of [...past.folded.living.values(), ...past.folded.dead.values()].reverse()) {
    const view = messageOf(entries, moment)
    if (view === undefined || seen.has(view.id)) continue
    const settled = isGone(view, selector) ? { ...view, state: 'unknown' as const } : view
    if (fits(settled)) yield settled
  }
}

/** What is known of the past. */
export interface Past {
  readonly folded: Folded
  readonly moment: Moment
}

/** The ledger says that it waits or is dead, and the broker, which was asked, has it no more. */
const isGone = ({ style, state }: MessageView, selector: Selector): boolean =>
  style === 'explicit' && allows(selector, 'state', state) && ['ready', 'scheduled', 'retrying', 'dead', 'expired'].includes(state)

async function* onBroker(board: Board, selector: Selector, withData: boolean, past: Past | undefined): AsyncGenerator<MessageView> {
  const told = (id: string) => past && messageOf(entriesOfMessage(past.folded, id), past.moment)
  if (allows(selector, 'style', 'explicit') && living.some((state) => allows(selector, 'state', state)))
    for (const queue of await board.inspect.queues()) {
      if (!allows(selector, 'queue', queue.name)) continue
      for await (const fact of board.inspect.waiting(queue.name)) yield merged(told(fact.id), fact, withData)
    }
  if (allows(selector, 'state', 'dead') || allows(selector, 'state', 'expired'))
    for await (const letter of board.dead.list()) yield { ...told(letter.id), ...lineOfDead(letter, withData) }
  if (!asksForEvents(selector)) return
  for (const { name } of await board.inspect.topics()) {
    if (!allows(selector, 'topic', name) || !allows(selector, 'name', name)) continue
    for await (const fact of board.inspect.events(name)) {
      const view = told(fact.id)
      yield { ...waitingView(fact, withData), ...view, state: view?.state ?? 'unknown' }
    }
  }
}

const living = ['ready', 'scheduled', 'running', 'retrying'] as const

/** Whether the stored events themselves are to be read: only where events are asked for by topic or style. */
const asksForEvents = ({ terms }: Selector): boolean =>
  terms.some(({ key, not, values }) => !not && (key === 'topic' || (key === 'style' && values.includes('implicit'))))

/** A waiting task as the broker and the ledger together tell it. */
export function merged(told: MessageView | undefined, waiting: MessageFact, data: boolean): MessageView {
  const there = waitingView(waiting, data)
  const state =
    told !== undefined && there.state === 'ready' && (told.state === 'running' || told.state === 'retrying') ? told.state : there.state
  return { ...told, ...there, state }
}

/** One page of those that match. */
export async function page(found: AsyncIterable<MessageView>, selector: Selector, options: ListOptions = {}): Promise<Page<MessageView>> {
  const limit = Math.max(1, Math.min(1000, options.limit ?? 100))
  const from = Number(options.cursor ?? 0)
  const all: MessageView[] = []
  let note: string | undefined
  for await (const view of found) {
    if (all.length === mostLooked) {
      note = `the first ${mostLooked} that match; narrow the selector for the others`
      break
    }
    all.push(view)
    // Without an order of its own nothing behind the page is needed, but for one that tells whether there is more.
    if (selector.sort === undefined && all.length > from + limit) break
  }
  const sorted = sortedBy(selector, all)
  const items = sorted.slice(from, from + limit)
  return { items, ...(sorted.length > from + limit ? { cursor: String(from + limit) } : {}), ...known('note', note) }
}
