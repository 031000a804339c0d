/** The ledger: what happened to every event and task, by whom and when. Written on the side, bounded, and read by every view. */

import { fault } from '../base/errors.ts'
import { oneOf, type Reader, type ReadersOf, readOptions, time, whole } from '../base/options.ts'
import { readLive } from '../wire/live.ts'
import { shelf } from '../wire/stored.ts'
import type { Core } from './core.ts'
import { entriesOf, type LedgerEntry } from './ledger-entry.ts'
import type { LedgerOptions, LedgerSettings, LedgerWriter } from './ledger-write.ts'

/** Where a reading begins: with what is new, with all that is kept, at a time, or behind the place of an entry. */
export type LedgerPoint = 'new' | 'all' | Date | string

/** What an operator did. */
export interface Deed {
  readonly who: string
  readonly text: string
  readonly selector?: string
  readonly count?: number
}

/** What happened on a namespace, as far as its boards wrote it down. */
export interface Ledger {
  /** What is there, oldest first, from a point on (default `all`); ends with what is there now. */
  read(from?: Exclude<LedgerPoint, 'new'>): AsyncIterable<LedgerEntry>
  /** What comes, live, from a point on (default `new`). */
  tail(options?: { readonly from?: LedgerPoint; readonly signal?: AbortSignal }): AsyncIterable<LedgerEntry>
  /** Writes down what an operator did. Resolves when it is stored. */
  note(deed: Deed): Promise<void>
  /** Resolves when everything this board has to say so far is stored, or given up. */
  flush(): Promise<void>
  /** Entries this board has left out since it was opened, because storing them did not keep pace. */
  readonly dropped: number
}

/** How it is written and kept, where nobody says otherwise. */
export const ledgerDefaults = { level: 'all', age: 7 * 86_400_000, bytes: 256 * 1024 * 1024 } as const

const levels = ['all', 'failures', 'off'] as const
const readers = {
  level: oneOf(...levels),
  age: time(60_000),
  bytes: whole(64 * 1024, Number.MAX_SAFE_INTEGER),
} satisfies ReadersOf<LedgerOptions>

/** Reads `ledger: …`: a level, or options. */
export const ledgerOption: Reader<LedgerSettings> = (value) => {
  const given = typeof value === 'object' && value !== null ? value : { level: value }
  return { ...ledgerDefaults, ...readOptions('ledger', given, readers) }
}

/** The ledger of a board's namespace. */
export function ledger(core: Core, writer: LedgerWriter, age: number): Ledger {
  const { names, layout } = core
  const all = names.ledgerOf('>')

  function pageOf({ body, sequence }: { body: Uint8Array; sequence: number }): LedgerEntry[] {
    try {
      return entriesOf(body, sequence)
    } catch (error) {
      core.events.tell('trouble', { what: `message ${sequence} of the ledger cannot be read`, error })
      return []
    }
  }

  return {
    async *read(from = 'all') {
      const pages = shelf(layout, names.ledger)
      const after = typeof from === 'string' && from !== 'all' ? placeIn(from) : undefined
      const found = from instanceof Date ? pages.since(all, from.getTime()) : pages.all(all, after?.sequence ?? 1)
      for await (const each of found) yield* behind(pageOf(each), after)
    },
    async *tail({ from = 'new', signal } = {}) {
      // Nobody may have written yet: then there is nothing to listen to.
      if (!(await layout.exists(names.ledger))) await layout.ledger(age)
      const after = typeof from === 'string' && from !== 'new' && from !== 'all' ? placeIn(from) : undefined
      const start =
        from instanceof Date ? { time: from } : after === undefined ? { at: from as 'new' | 'all' } : { sequence: after.sequence }
      for await (const each of readLive(core.link, names.ledger, all, start, signal)) yield* behind(pageOf(each), after)
    },
    async note({ text, ...deed }) {
      writer.add('audit', { style: 'explicit', name: '-' }, '-', { text, ...deed })
      await writer.flush()
    },
    flush: () => writer.flush(),
    get dropped() {
      return writer.dropped
    },
  }
}

interface Place {
  readonly sequence: number
  readonly index: number
}

function placeIn(text: string): Place {
  const [, sequence, index] = /^(\d+)\.(-?\d+)$/.exec(text) ?? []
  if (sequence === undefined) throw fault('INVALID_ARGUMENT', `${JSON.stringify(text)} is no place in the ledger, as 1234.5 is.`)
  return { sequence: Number(sequence), index: Number(index) }
}

/** Those behind a place. */
function* behind(entries: readonly LedgerEntry[], after: Place | undefined): Generator<LedgerEntry> {
  for (const entry of entries) {
    const { sequence, index } = placeIn(entry.place)
    if (after === undefined || sequence > after.sequence || index > after.index) yield entry
  }
}
