/**
 * The writing side of the ledger: hears what callboard tells about itself and stores it, many entries to a message. Work never waits
 * for it: what cannot be stored in time is left out, counted, and the count is stored with the next page.
 *
 * That a handler began is not heard but looked for: only of those that still run when a page leaves is it worth an entry.
 */

import { atMost } from '../base/deadline.ts'
import type { Duration } from '../base/duration.ts'
import { isForbidden } from '../base/errors.ts'
import type { EventMap } from '../base/events.ts'
import { newId } from '../base/ids.ts'
import { failureError } from '../base/obituary.ts'
import { outcomeOf } from '../runtime/telling.ts'
import type { Core } from './core.ts'
import { briefly, type EntryKind, type EntryLabel, type EntryMore } from './ledger-entry.ts'
import { Page } from './ledger-page.ts'

/** What is written: everything, only what failed, or nothing. */
export type LedgerLevel = 'all' | 'failures' | 'off'

/** How the ledger is written and kept. */
export interface LedgerOptions {
  /**
   * What is written of this board's doings. Default `all`.
   *
   * all       what was stored, who ran it, and how that ended
   * failures  what failed, died, was cancelled or done by an operator
   * off       nothing; what operators do is written all the same
   */
  readonly level?: LedgerLevel
  /** How long entries are kept. Default 7 days. Edge: at least 1 min. */
  readonly age?: Duration
  /** Bytes the ledger may have on the broker; its writers remove the oldest beyond. Default 256 MiB. Edge: at least 64 KiB; exceeded by a sixteenth and more between two looks. */
  readonly bytes?: number
}

/** The same, with nothing left out; times in ms. */
export interface LedgerSettings {
  readonly level: LedgerLevel
  readonly age: number
  readonly bytes: number
}

/** Writes into the ledger. */
export interface LedgerWriter {
  /** Entries left out since the board was opened. */
  readonly dropped: number
  /** Adds an entry by hand. */
  add(kind: EntryKind, about: EntryLabel, id: string, more: EntryMore): void
  /** Resolves when everything so far is stored, or given up. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** A page leaves after this time, in ms, or when it has so many entries or bytes. */
const pace = 100
const mostEntries = 1000
const mostBytes = 128 * 1024
/** Pages under way at most; what comes meanwhile waits in pages, so many at most, and is left out beyond. */
const underWay = 4
const mostWaiting = 20
/** How often it is looked for what has begun. */
const look = 250
/** How often the size is looked at, at most, in ms, unless much was written. */
const everyMinute = 60_000
/** How long the last pages may take when the board is closed. */
const patience = 2_000

/** Begins to write. */
export function ledgerWriter(core: Core, { level, age, bytes }: LedgerSettings): LedgerWriter {
  const { events } = core
  let page = new Page()
  const waiting: Page[] = []
  const sending = new Set<Promise<void>>()
  const begun = new WeakSet<object>()
  let timer: NodeJS.Timeout | undefined
  let declared: Promise<void> | undefined
  let dropped = 0
  let untold = 0
  let written = 0
  let looked = Date.now()
  let closed = false

  function add(
    kind: EntryKind,
    at: number,
    about: EntryLabel,
    id: string,
    attempt: number,
    number: number,
    parent?: string,
    more?: EntryMore,
  ): void {
    if (waiting.length >= mostWaiting) {
      drop(1)
      return
    }
    page.add(kind, at, about, id, attempt, number, parent, more)
    if (page.length >= mostEntries || page.size >= mostBytes) turn()
    else timer ??= setTimeout(turn, pace).unref()
  }

  function drop(count: number): void {
    dropped += count
    untold += count
  }

  /** The page is full, or its time has come. */
  function turn(): void {
    clearTimeout(timer)
    timer = undefined
    if (page.length > 0) waiting.push(page)
    page = new Page()
    send()
  }

  function send(): void {
    while (sending.size < underWay) {
      const next = waiting.shift()
      if (next === undefined) return
      const work = store(next).finally(() => {
        sending.delete(work)
        send()
      })
      sending.add(work)
    }
  }

  async function store(full: Page): Promise<void> {
    const before = untold
    untold = 0
    try {
      declared ??= core.layout.ledger(age)
      await declared
      const body = full.bytes(core.worker, before)
      await core.publisher.publish({ subject: core.names.ledgerOf(core.worker), headers: newId(), body })
      written += body.length
      await cut()
    } catch (error) {
      declared = undefined
      untold += before
      drop(full.length)
      if (!closed) events.tell('trouble', { what: `${full.length} entries of the ledger were left out; nothing else is affected`, error })
    }
  }

  /** Looks at the size now and then: the broker itself would set the whole limit aside from the beginning. */
  async function cut(): Promise<void> {
    if (written < bytes / 16 && Date.now() - looked < everyMinute) return
    written = 0
    looked = Date.now()
    // Who may not cut leaves it to who may: what was written is written.
    await core.layout.cut(core.names.ledger, bytes).catch((error: unknown) => {
      if (!isForbidden(error)) throw error
    })
  }

  /** Handlers that have begun and not ended. */
  function lookAround(): void {
    for (const { consumers } of core.roster)
      for (const { binding, runs } of consumers)
        for (const run of runs) {
          if (run.startedAt === 0 || run.ended || begun.has(run)) continue
          begun.add(run)
          add('started', run.startedAt, binding.label, run.id, run.attempt, 0)
        }
  }

  const hearing = level === 'off' ? [] : hear()
  const looking = level === 'all' ? setInterval(lookAround, look).unref() : undefined

  function hear(): (() => void)[] {
    const all = level === 'all'
    const failures = [
      events.on('unsuccessful', (told) => {
        const kind = kindOf(told)
        if (all || kind === 'failed') add(kind, Date.now(), told, told.id, told.attempt, told.ms, undefined, moreOf(told))
      }),
      events.on('buried', (told) =>
        add('buried', told.obituary.at, told, told.id, told.attempt, 0, undefined, {
          reason: told.obituary.reason,
          error: briefly(told.obituary.error),
        }),
      ),
      events.on('cancelled', (told) => add('cancelled', Date.now(), told, told.id, 0, 0)),
      events.on('exhumed', (told) => add(told.how, Date.now(), told, told.id, 0, 0)),
    ]
    if (!all) return failures
    events.success = (label, { id, attempt, startedAt }, now) =>
      add('succeeded', now, label, id, attempt, startedAt === 0 ? 0 : now - startedAt)
    return [
      ...failures,
      () => {
        events.success = undefined
      },
      events.on('stored', (told) => {
        if (told.duplicate) return
        add('stored', Date.now(), told, told.id, 0, told.sequence, told.parent, told.due === undefined ? undefined : { due: told.due })
      }),
      events.on('skipped', (told) => add('skipped', Date.now(), told, told.id, 0, 0, undefined, { text: told.why })),
      events.on('ignored', (told) => add('ignored', Date.now(), told, told.id, told.attempt, 0, undefined, { text: told.why })),
      events.on('progressed', (told) => {
        if (typeof told.progress === 'number' && Number.isFinite(told.progress))
          add('progressed', Date.now(), told, told.id, told.attempt, 0, undefined, { progress: told.progress })
      }),
    ]
  }

  async function flush(): Promise<void> {
    turn()
    while (sending.size > 0) await Promise.all(sending)
  }

  return {
    get dropped() {
      return dropped
    },
    add: (kind, about, id, more) => add(kind, Date.now(), about, id, 0, 0, undefined, more),
    flush,
    async close() {
      closed = true
      clearInterval(looking)
      for (const deafen of hearing) deafen()
      await atMost(patience, flush())
    },
  }
}

function kindOf(told: EventMap['finished']): EntryKind {
  const outcome = outcomeOf(told)
  return outcome === 'retried' || outcome === 'dead' ? 'failed' : outcome
}

function moreOf({ after, error, verdict }: EventMap['finished']): EntryMore | undefined {
  if (verdict === 'ack') return undefined
  return { ...(after === undefined ? {} : { after }), ...(error === undefined ? {} : { error: briefly(failureError(error)) }) }
}
