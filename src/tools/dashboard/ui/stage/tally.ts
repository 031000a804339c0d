/** What has passed over the stage since it was opened: counts by edge, and who said what. */

import { signal } from '@preact/signals'
import type { TraceEntry, WorkerView } from '../../../../extras/admin/model.ts'
import { shortWorker } from './worker-name.ts'

/** Edge → how many went over it. Edges are `style name` into a shape and `style name target` out of it. */
export const counts = signal<ReadonlyMap<string, number>>(new Map())

/** One dot's way: from the sender into the shape, or out of it to a target. */
export interface Move {
  readonly edge: string
  readonly style: 'implicit' | 'explicit'
  readonly leg: 'in' | 'out'
  /** The edge that is drawn, where that has another name: from which sender. */
  readonly way: string
  readonly failed: boolean
  readonly count: number
}

/** The moves that entries make. Started runs are not told twice when they end. Pure. */
export function movesOf(entries: readonly TraceEntry[], senderOf: (entry: TraceEntry) => string): Move[] {
  const moves = new Map<string, Move & { count: number }>()
  for (const entry of entries) {
    const move = moveOf(entry, senderOf)
    if (!move) continue
    const key = `${move.way} ${move.failed}`
    const known = moves.get(key)
    if (known) known.count++
    else moves.set(key, { ...move })
  }
  return [...moves.values()]
}

function moveOf(entry: TraceEntry, senderOf: (entry: TraceEntry) => string): (Move & { count: number }) | undefined {
  const { kind, style, name, service, worker } = entry
  const play = `${style} ${name}`
  if (kind === 'stored') return { edge: play, way: `${play} from ${senderOf(entry)}`, style, leg: 'in', failed: false, count: 1 }
  const target = style === 'implicit' ? service : worker
  const failed = kind === 'failed' || kind === 'buried'
  if ((kind !== 'succeeded' && !failed) || target === undefined) return undefined
  return { edge: `${play} ${target}`, way: `${play} ${target}`, style, leg: 'out', failed, count: 1 }
}

/** Adds moves to the counts. */
export function count(moves: readonly Move[]): void {
  const next = new Map(counts.value)
  for (const { edge, count, failed } of moves) if (!failed) next.set(edge, (next.get(edge) ?? 0) + count)
  counts.value = next
}

/** Names of what was said of late, by id: whoever caused something is called by what they were working on. */
export type Names = Map<string, string>

/** How many names are remembered. */
const remembered = 5_000

/** Remembers what was said, for those it causes. */
export function remember(names: Names, entries: readonly TraceEntry[]): void {
  for (const { kind, id, name } of entries) if (kind === 'stored') names.set(id, name)
  if (names.size > remembered) for (const oldest of [...names.keys()].slice(0, names.size - remembered)) names.delete(oldest)
}

/** Who said something: the service whose handler did, or the only one of its process; else what they were working on; else the process. */
export function senderOf({ service, parent, worker }: TraceEntry, workers: readonly WorkerView[], names: Names): string {
  if (service !== undefined) return service
  const services = workers.find((each) => each.name === worker)?.services ?? []
  const cause = parent === undefined ? undefined : names.get(parent)
  return (services.length === 1 ? services[0] : undefined) ?? (cause === undefined ? shortWorker(worker) : `a handler of ${cause}`)
}

/** Adds who said what. Pure. */
export function withSenders(
  known: Readonly<Record<string, readonly string[]>>,
  entries: readonly TraceEntry[],
  sender: (entry: TraceEntry) => string,
): Readonly<Record<string, readonly string[]>> {
  let next = known
  for (const entry of entries) {
    if (entry.kind !== 'stored') continue
    const key = `${entry.style} ${entry.name}`
    const name = sender(entry)
    if (!next[key]?.includes(name)) next = { ...next, [key]: [...(next[key] ?? []), name].sort() }
  }
  return next
}
