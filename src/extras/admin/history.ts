/** The ledger, folded: each question reads what was written since the one before. Nothing runs in between. */

import type { Board, LedgerEntry } from '../../index.ts'
import { emptyFold, type Folded, fold } from './fold.ts'
import type { AuditView } from './model.ts'
import { type Counted, count, emptyCount, finest } from './series.ts'
import { known } from './views.ts'

/** The ledger, folded and followed. */
export interface History {
  readonly folded: Folded
  readonly counted: Counted
  /** What operators did, newest last. */
  readonly audit: readonly AuditView[]
  /** When the oldest entry was written that was read, in ms since 1970. Undefined: there is none. */
  readonly since: number | undefined
  /** Entries read. */
  readonly entries: number
  /** Resolves when everything is read that was written when it was asked. */
  caughtUp(): Promise<void>
  close(): Promise<void>
}

const mostDeeds = 1000
/** Follows the ledger. `age`: how far back, in ms; `most`: messages kept at most. */
export function history(board: Board, age: number, most: number): History {
  const folded = emptyFold(most)
  const counted = emptyCount(Math.ceil(age / finest) + 1)
  const audit: AuditView[] = []
  let closed = false
  let since: number | undefined
  let entries = 0
  let last: string | undefined
  let reading: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined

  function take(entry: LedgerEntry): void {
    entries++
    last = entry.place
    since = Math.min(since ?? entry.at, entry.at)
    if (entry.kind === 'audit') {
      const { at, who = '', text = '', selector } = entry
      audit.push({ at, who, what: text, ...known('selector', selector), ...known('count', entry.count) })
      if (audit.length > mostDeeds) audit.shift()
    }
    fold(folded, entry)
    count(counted, entry)
  }

  const begin = new Date(Date.now() - age)

  /** Reads what is there, page by page: what is new since the last time. */
  async function read(): Promise<void> {
    for await (const entry of board.ledger.read(last ?? begin)) take(entry)
  }

  return {
    folded,
    counted,
    audit,
    get since() {
      return since
    },
    get entries() {
      return entries
    },
    caughtUp() {
      // One at a time, each from where the one before ended; whoever asks before the next has begun shares it.
      next ??= reading.then(() => {
        next = undefined
        const mine = closed ? Promise.resolve() : read()
        reading = mine.catch(() => undefined)
        return mine
      })
      return next
    },
    async close() {
      closed = true
      await reading
    },
  }
}
