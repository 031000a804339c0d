/** What has passed over the stage since it was opened: counts by edge, and who said what. */

import { signal } from '@preact/signals'
import type { TraceEntry, WorkerView } from '../../../../extras/admin/model.ts'

/** Edge → how many went over it. Edges are `style name` into a shape and `style name target` out of it. */
export const counts = signal<ReadonlyMap<string, number>>(new Map())

/** One dot's way: from the sender into the shape, or out of it to a target. */
export interface Move {
  readonly edge: string
  readonly style: 'implicit' | 'explicit'
  readonly leg: 'in' | 'out'
  readonly failed: boolean
  readonly count: number
}

/** The moves that entries make. Started runs are not told twice when they end. Pure. */
export function movesOf(entries: readonly TraceEntry[]): Move[] {
  const moves = new Map<string, Move & { count: number }>()
  for (const entry of entries) {
    const move = moveOf(entry)
    if (!move) continue
    const key = `${move.edge} ${move.failed}`
    const known = moves.get(key)
    if (known) known.count++
    else moves.set(key, { ...move })
  }
  return [...moves.values()]
}

function moveOf({ kind, style, name, service, worker }: TraceEntry): (Move & { count: number }) | undefined {
  const target = style === 'implicit' ? service : worker
  if (kind === 'stored') return { edge: `${style} ${name}`, style, leg: 'in', failed: false, count: 1 }
  const failed = kind === 'failed' || kind === 'buried'
  if ((kind === 'succeeded' || failed) && target !== undefined)
    return { edge: `${style} ${name} ${target}`, style, leg: 'out', failed, count: 1 }
  return undefined
}

/** Adds moves to the counts. */
export function count(moves: readonly Move[]): void {
  const next = new Map(counts.value)
  for (const { edge, count, failed } of moves) if (!failed) next.set(edge, (next.get(edge) ?? 0) + count)
  counts.value = next
}

/** Who said what: by the service whose handler said it, or else by the process. Pure. */
export function sendersOf(
  known: Readonly<Record<string, readonly string[]>>,
  entries: readonly TraceEntry[],
  workers: readonly WorkerView[],
): Readonly<Record<string, readonly string[]>> {
  let next = known
  for (const entry of entries) {
    if (entry.kind !== 'stored') continue
    const key = `${entry.style} ${entry.name}`
    const services = workers.find(({ name }) => name === entry.worker)?.services ?? []
    const sender = entry.service ?? (services.length === 1 ? services[0] : undefined) ?? entry.worker
    if (next[key]?.includes(sender)) continue
    next = { ...next, [key]: [...(next[key] ?? []), sender].sort() }
  }
  return next
}
