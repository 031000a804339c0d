/** Dead letters for people: newest first, page by page, chosen by selector. */

import { type Board, type DeadLetter, fingerprintOf } from '../../index.ts'
import { asksForData, matchesSelector, type Selectable } from './match.ts'
import type { DeadGroupView, DeadView, ErrorView, Page } from './model.ts'
import { parseSelector, type Selector } from './selector.ts'
import { known } from './views.ts'

/** An error for people. */
export function errorView(error: { readonly name: string; readonly message: string; readonly code?: string }): ErrorView {
  const { name, message } = error
  return { name, message, fingerprint: fingerprintOf(error), ...known('code', error.code) }
}

/** A dead letter for people. `withData`: with its payload, where that can be read. */
export function deadView(letter: DeadLetter, withData: boolean): DeadView {
  const { sequence, id, style, name, queue, service, worker, reason, attempts, at, error, headers } = letter
  return {
    sequence,
    id,
    style,
    name,
    service,
    worker,
    reason,
    attempts,
    at,
    error: { ...errorView(error), ...known('stack', error.stack) },
    bytes: letter.bytes.length,
    headers,
    history: letter.history.map(({ error: each, ...rest }) => ({ ...rest, error: errorView(each) })),
    ...known('queue', queue),
    ...known('sealed', letter.sealed),
    ...(withData
      ? known(
          'data',
          readable(() => letter.payload()),
        )
      : {}),
  }
}

/** A payload; undefined where it cannot be read. */
export function readable(payload: () => unknown): unknown {
  try {
    return payload()
  } catch {
    return undefined
  }
}

/** What a selector sees of a dead letter. */
export function selectable(letter: DeadLetter, withData: boolean): Selectable {
  const { id, style, name, queue, service, worker, reason, attempts, at, error, headers } = letter
  return {
    id,
    style,
    name,
    service,
    worker,
    reason,
    headers,
    state: reason === 'expired' ? 'expired' : 'dead',
    attempt: attempts,
    endedAt: at,
    storedAt: at,
    error: errorView(error),
    ...known('queue', queue),
    ...(withData
      ? known(
          'data',
          readable(() => letter.payload()),
        )
      : {}),
  }
}

/** Letters that are read at once on the way back through time. */
const stretch = 500
/** Letters that one page looks at, at most: what is further back is on a later page. */
const mostLooked = 20_000

/** Dead letters that match, newest first, as they lie; each with its place. */
async function* backwards(board: Board, before: number): AsyncGenerator<DeadLetter | { readonly looked: number }> {
  const { first, last } = await board.inspect.dead()
  let high = Math.min(last, before - 1)
  while (high >= first && high > 0) {
    const low = Math.max(first - 1, high - stretch, 0)
    const found: DeadLetter[] = []
    for await (const letter of board.dead.list({ after: low })) {
      if (letter.sequence > high) break
      found.push(letter)
    }
    yield* found.reverse()
    yield { looked: low + 1 }
    high = low
  }
}

/** One page of dead letters, newest first. */
export async function deadPage(
  board: Board,
  text: string,
  limit: number,
  cursor: string | undefined,
  data: boolean,
): Promise<Page<DeadView>> {
  const selector = parseSelector(text)
  const items: DeadView[] = []
  const now = Date.now()
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor)
  let looked = 0
  for await (const each of backwards(board, before)) {
    if ('looked' in each) {
      if (looked >= mostLooked) return { items, cursor: String(each.looked), note: `searched ${looked} letters; there are older ones` }
      continue
    }
    looked++
    if (!matchesSelector(selector, selectable(each, asksForData(selector)), now)) continue
    items.push(deadView(each, data || asksForData(selector)))
    if (items.length === limit) return { items, cursor: String(each.sequence) }
  }
  return { items }
}

/** All dead letters that match, oldest first. */
export async function* deadMatching(board: Board, selector: Selector): AsyncGenerator<DeadLetter> {
  const now = Date.now()
  const withData = asksForData(selector)
  for await (const letter of board.dead.list()) if (matchesSelector(selector, selectable(letter, withData), now)) yield letter
}

/** Those that match, by kind of error, most first. */
export async function deadGroups(board: Board, text: string): Promise<DeadGroupView[]> {
  const groups = new Map<string, DeadGroupView>()
  for await (const { name, reason, at, error, fingerprint } of deadMatching(board, parseSelector(text))) {
    const key = `${name} ${fingerprint}`
    const before = groups.get(key)
    const first = Math.min(before?.first ?? at, at)
    groups.set(key, { fingerprint, name, reason, count: (before?.count ?? 0) + 1, first, last: at, error: errorView(error) })
  }
  return [...groups.values()].sort((a, b) => b.count - a.count)
}
