/** What callboard is held to, and how far it is from it. Pure. */

import type { Peer } from './plan.ts'
import { peers } from './plan.ts'
import type { Row } from './report.ts'
import type { Durability } from './systems/system.ts'

/** `best peer`: the one that does best at this workload. `itself`: callboard at the workload `on`. */
type Against = 'stock' | 'tuned' | 'best peer' | 'itself'

interface Target {
  workload: string
  against: Against
  /** How many times as good callboard must be; 1.5 of a latency means two thirds of it. */
  atLeast: number
  on?: string
  durability?: Durability
  /** Which figure of the row; default: its median. Memory is better when lower. */
  figure?: 'rss_mb' | 'rss_server_mb'
}

/** A target, and what was measured. */
export interface Judged {
  workload: string
  against: string
  at_least: number
  ratio: number
  met: boolean
}

const targets: readonly Target[] = [
  { workload: 'publishMany', against: 'stock', atLeast: 2 },
  { workload: 'enqueueMany', against: 'stock', atLeast: 2 },
  { workload: 'enqueue-windowed', against: 'stock', atLeast: 1.8 },
  { workload: 'enqueue-one', against: 'stock', atLeast: 1.15 },
  { workload: 'drain', against: 'stock', atLeast: 1.4 },
  { workload: 'end-to-end', against: 'stock', atLeast: 1.5 },
  { workload: 'latency-p50', against: 'stock', atLeast: 1 },
  { workload: 'latency-p99', against: 'stock', atLeast: 1 },
  { workload: 'fanout-10', against: 'tuned', atLeast: 0.9 },
  { workload: 'fanout-100', against: 'tuned', atLeast: 0.9 },
  { workload: 'result', against: 'stock', atLeast: 0.7 },
  { workload: 'deep-backlog', against: 'itself', on: 'shallow-backlog', atLeast: 0.9 },
  { workload: 'end-to-end', against: 'best peer', durability: 'always', atLeast: 1.5 },
  { workload: 'end-to-end-many', against: 'best peer', durability: 'always', atLeast: 1.5 },
  { workload: 'enqueue-one', against: 'best peer', atLeast: 1 },
  { workload: 'enqueue-windowed', against: 'best peer', atLeast: 1 },
  { workload: 'enqueueMany', against: 'best peer', atLeast: 1 },
  { workload: 'drain', against: 'best peer', atLeast: 1 },
  { workload: 'end-to-end', against: 'best peer', durability: 'default', atLeast: 1 },
  { workload: 'end-to-end-many', against: 'best peer', durability: 'default', atLeast: 1 },
  { workload: 'latency-p50', against: 'best peer', atLeast: 1 },
  { workload: 'latency-p99', against: 'best peer', atLeast: 1 },
  { workload: 'herd', against: 'best peer', atLeast: 1 },
  { workload: 'drain', against: 'best peer', figure: 'rss_mb', atLeast: 1 / 1.2 },
  { workload: 'drain', against: 'best peer', figure: 'rss_server_mb', atLeast: 2 },
]

/** Judges every target for which callboard and the other side were measured in the same run. */
export function judge(rows: readonly Row[], durability: Durability): Judged[] {
  // Where every message is synced, callboard is measured as it is advised for that, if it was.
  const logs = durability === 'always' && rows.some((row) => row.system === 'log-queue')
  const mine = logs ? 'log-queue' : 'callboard'
  return targets.flatMap((target) => {
    if (target.durability !== undefined && target.durability !== durability) return []
    const ours = rows.find((row) => row.workload === target.workload && row.system === mine)
    const theirs = ours && other(rows, target)
    if (!ours || !theirs) return []
    const ratio = Number(times(ours, theirs, target.figure).toPrecision(4))
    const kept = mine === 'callboard' ? '' : ` (${mine})`
    const workload = `${target.workload}${target.figure === undefined ? '' : ` ${target.figure}`}${kept}`
    const against = target.against === 'best peer' ? theirs.system : (target.on ?? target.against)
    return [{ workload, against, at_least: Number(target.atLeast.toPrecision(3)), ratio, met: ratio >= target.atLeast }]
  })
}

/** How many times as good one row is as another, whichever way is better. */
export function times(row: Row, than: Row, figure?: Target['figure']): number {
  if (figure !== undefined) return (than[figure] ?? Number.NaN) / (row[figure] ?? Number.NaN)
  return row.better === 'higher' ? row.median / than.median : than.median / row.median
}

/** The row of the library that does best at a workload. */
export function bestPeer(rows: readonly Row[], workload: string, figure?: Target['figure'], known: Readonly<Record<string, Peer>> = peers) {
  const there = rows.filter((row) => row.workload === workload && row.system in known)
  return there.reduce<Row | undefined>((best, row) => (best && times(best, row, figure) >= 1 ? best : row), undefined)
}

function other(rows: readonly Row[], target: Target): Row | undefined {
  if (target.against === 'best peer') return bestPeer(rows, target.workload, target.figure)
  const workload = target.on ?? target.workload
  const system = target.against === 'itself' ? 'callboard' : target.against
  return rows.find((row) => row.workload === workload && row.system === system)
}
