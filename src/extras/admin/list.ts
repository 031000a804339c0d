/** Lists of tasks and events that a selector means: what waits on the broker, and what has died there. */

import type { Board, DeadLetter, MessageFact } from '../../index.ts'
import { deadMatching, deadView, readable } from './letters.ts'
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
export function allows(selector: Selector, key: 'state' | 'style' | 'queue', value: string): boolean {
  const asked = selector.terms.filter((term) => term.key === key)
  return asked.every((term) => matchesSelector({ terms: [term] }, { id: '', name: '', style: '', [key]: value }, 0))
}

/** All that match, in no order: what waits, then what has died. */
export async function* matching(board: Board, selector: Selector, data = false): AsyncGenerator<MessageView> {
  const now = Date.now()
  const withData = data || asksForData(selector)
  for (const queue of await board.inspect.queues()) {
    if (!allows(selector, 'queue', queue.name) || !allows(selector, 'style', 'explicit')) continue
    for await (const fact of board.inspect.waiting(queue.name)) {
      const view = waitingView(fact, withData)
      if (matchesSelector(selector, view, now)) yield view
    }
  }
  if (allows(selector, 'state', 'dead') || allows(selector, 'state', 'expired'))
    for await (const letter of deadMatching(board, selector)) yield lineOfDead(letter, withData)
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
