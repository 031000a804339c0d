/**
 * From what was written down to what is so: entries of the ledger folded into messages with their runs. Pure; entries may come in any
 * order and any batches, because a message keeps its entries and is read from them in the order of their times.
 */

import type { LedgerEntry } from '../../index.ts'
import { errorView } from './letters.ts'
import type { AttemptView, MessageState, MessageView } from './model.ts'
import { known } from './views.ts'

/** The folded ledger. Changed in place by `fold`. */
export interface Folded {
  /** Id → its entries; the least recently changed first. Of those that died there is another map, which is emptied last. */
  readonly living: Map<string, LedgerEntry[]>
  readonly dead: Map<string, LedgerEntry[]>
  /** Id → what its handlers published and enqueued. */
  readonly children: Map<string, Set<string>>
  /** Messages kept at most. */
  readonly most: number
  /** Messages that were let go to make room. */
  forgotten: number
}

/** Nothing folded yet. */
export function emptyFold(most: number): Folded {
  return { living: new Map(), dead: new Map(), children: new Map(), most, forgotten: 0 }
}

/** Entries of one message at most: one that is retried for ever must not fill the memory. The first ones and the newest are kept. */
const mostEntries = 200

/** Adds an entry. An entry that is there already changes nothing. */
export function fold(folded: Folded, entry: LedgerEntry): void {
  if (entry.kind === 'audit' || entry.kind === 'dropped') return
  const { living, dead, children } = folded
  const entries = living.get(entry.id) ?? dead.get(entry.id) ?? []
  if (entries.some(({ place }) => place === entry.place)) return
  entries.push(entry)
  entries.sort(inTime)
  if (entries.length > mostEntries) entries.splice(mostEntries / 2, 1)
  living.delete(entry.id)
  dead.delete(entry.id)
  const inTurn = behindBurials(entries)
  ;(hasDied(inTurn) ? dead : living).set(entry.id, inTurn)
  if (entry.parent !== undefined) {
    const siblings = children.get(entry.parent) ?? new Set()
    children.set(entry.parent, siblings.add(entry.id))
  }
  if (living.size + dead.size > folded.most) forget(folded)
}

/** Lets the least recently changed go; what died only where nothing else is left. */
function forget(folded: Folded): void {
  const from = folded.living.size > 0 ? folded.living : folded.dead
  const [oldest] = from.keys()
  if (oldest === undefined) return
  const parent = from.get(oldest)?.find((each) => each.parent !== undefined)?.parent
  from.delete(oldest)
  folded.children.delete(oldest)
  if (parent !== undefined) folded.children.get(parent)?.delete(oldest)
  folded.forgotten++
}

/** The entries of a message, in time. */
export const entriesOfMessage = ({ living, dead }: Folded, id: string): readonly LedgerEntry[] => living.get(id) ?? dead.get(id) ?? []

/** Being stored comes before everything else, whatever the clocks say; of the same time, what begins comes before what ends. */
const rank: Readonly<Record<LedgerEntry['kind'], number>> = {
  stored: 0,
  redriven: 1,
  started: 2,
  progressed: 3,
  ignored: 4,
  interrupted: 5,
  snoozed: 5,
  failed: 5,
  skipped: 6,
  succeeded: 6,
  cancelled: 6,
  buried: 7,
  discarded: 8,
  audit: 9,
  dropped: 9,
}

function inTime(a: LedgerEntry, b: LedgerEntry): number {
  const [first, second] = [a.kind === 'stored', b.kind === 'stored']
  if (first !== second) return first ? -1 : 1
  return a.at - b.at || rank[a.kind] - rank[b.kind] || (a.place < b.place ? -1 : 1)
}

/** A redrive of a task is written down when it is done, and by then the task may have run again: each stands behind the burial it undoes. */
function behindBurials(entries: LedgerEntry[]): LedgerEntry[] {
  const redrives = entries.filter(({ kind, style }) => kind === 'redriven' && style === 'explicit')
  const burials = entries.filter(({ kind }) => kind === 'buried').length
  if (redrives.length === 0 || redrives.length > burials) return entries
  const undone = redrives.values()
  return entries.flatMap((entry) => {
    if (entry.kind === 'redriven') return []
    const next = entry.kind === 'buried' ? undone.next().value : undefined
    return next === undefined ? [entry] : [entry, next]
  })
}

function hasDied(entries: readonly LedgerEntry[]): boolean {
  const last = entries.findLast(({ kind }) => kind === 'buried' || kind === 'redriven' || kind === 'discarded')
  return last?.kind === 'buried'
}

/** What is known besides: the time, and which workers live. Undefined: it is not known which. */
export interface Moment {
  readonly now: number
  readonly alive?: ReadonlySet<string>
}

/** The runs of a message, in time. */
export function attemptsOf(entries: readonly LedgerEntry[], { alive }: Moment): AttemptView[] {
  const runs: AttemptView[] = []
  for (const entry of entries) {
    const { kind, service = '', worker, attempt, at, ms = 0, after, error } = entry
    if (attempt === undefined) continue
    const open = runs.findLastIndex((run) => run.service === service && run.attempt === attempt && run.endedAt === undefined)
    if (kind === 'started') {
      // A run of the same service that is still open never came back.
      for (const [index, run] of runs.entries())
        if (run.service === service && run.endedAt === undefined) runs[index] = { ...run, state: 'lost' }
      runs.push({ attempt, service, worker, startedAt: at, state: alive && !alive.has(worker) ? 'lost' : 'running' })
    } else if (isEnd(kind)) {
      const startedAt = runs[open]?.startedAt ?? at - ms
      const run: AttemptView = {
        attempt,
        service,
        worker,
        startedAt,
        endedAt: at,
        ms,
        state: kind,
        ...known('error', error && errorView(error)),
        ...known('nextAt', after === undefined ? undefined : at + after),
      }
      if (open >= 0) runs[open] = run
      else runs.push(run)
    }
  }
  return runs
}

type End = 'succeeded' | 'failed' | 'snoozed' | 'interrupted' | 'cancelled' | 'skipped'
const isEnd = (kind: LedgerEntry['kind']): kind is End =>
  ['succeeded', 'failed', 'snoozed', 'interrupted', 'cancelled', 'skipped'].includes(kind)

/** Where a message is after an entry. Undefined: as before. */
function stateAfter(entry: LedgerEntry, { now, alive }: Moment): MessageState | undefined {
  switch (entry.kind) {
    case 'stored':
      return entry.due !== undefined && entry.due > now ? 'scheduled' : 'ready'
    case 'started':
      return alive && !alive.has(entry.worker) ? 'retrying' : 'running'
    case 'succeeded':
      return 'done'
    case 'failed':
      return entry.after === undefined ? 'dead' : 'retrying'
    case 'snoozed':
      return 'retrying'
    case 'interrupted':
    case 'redriven':
      return 'ready'
    case 'cancelled':
    case 'skipped':
      return entry.kind
    case 'buried':
      return entry.reason === 'expired' ? 'expired' : 'dead'
    default:
      return undefined
  }
}

/** How much a state of one service weighs for an event that several have: what needs somebody comes first. */
const weight: readonly MessageState[] = [
  'dead',
  'expired',
  'running',
  'retrying',
  'scheduled',
  'ready',
  'cancelled',
  'done',
  'skipped',
  'unknown',
]

/** A message as its entries tell it. Undefined: there are none. */
export function messageOf(entries: readonly LedgerEntry[], moment: Moment): MessageView | undefined {
  const [first] = entries
  if (first === undefined) return undefined
  const stored = entries.find(({ kind }) => kind === 'stored')
  const states = new Map<string, MessageState>()
  for (const entry of entries) {
    const state = stateAfter(entry, moment)
    if (state === undefined) continue
    // What is sent back, or called off, is so for all who had it.
    if (entry.kind === 'stored' || entry.kind === 'redriven' || first.style === 'explicit') states.clear()
    states.delete('')
    states.set(first.style === 'explicit' || entry.kind === 'stored' ? '' : (entry.service ?? ''), state)
  }
  const state = weight.find((each) => [...states.values()].includes(each)) ?? 'unknown'
  const last = entries.findLast(({ attempt }) => attempt !== undefined)
  const failure = entries.findLast(({ error }) => error !== undefined)
  const end = entries.findLast(({ kind }) => ['succeeded', 'cancelled', 'skipped', 'buried'].includes(kind))
  const begins = attemptsOf(entries, moment)[0]?.startedAt
  const due = dueOf(last, stored, state)
  const ended = ['done', 'dead', 'cancelled', 'expired', 'skipped'].includes(state)
  return {
    id: first.id,
    style: first.style,
    name: stored?.name ?? first.name,
    state,
    ...known('queue', entries.find(({ queue }) => queue !== undefined)?.queue),
    ...known('attempt', last?.attempt),
    ...known('storedAt', stored?.at),
    ...known('sequence', stored?.sequence),
    ...known('parent', stored?.parent),
    ...known('due', due),
    ...known('endedAt', ended ? end?.at : undefined),
    ...known('wait', begins === undefined || stored === undefined ? undefined : Math.max(0, begins - Math.max(stored.at, stored.due ?? 0))),
    ...known('ms', entries.findLast(({ ms }) => ms !== undefined)?.ms),
    ...known('service', last?.service),
    ...known('worker', last?.worker),
    ...known('error', failure?.error && state !== 'done' ? errorView(failure.error) : undefined),
    ...known('reason', ended ? end?.reason : undefined),
  }
}

function dueOf(last: LedgerEntry | undefined, stored: LedgerEntry | undefined, state: MessageState): number | undefined {
  if (state === 'scheduled') return stored?.due
  return state === 'retrying' && last?.after !== undefined ? last.at + last.after : undefined
}
