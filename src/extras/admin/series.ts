/** Numbers over time, counted from entries of the ledger. Pure; the order of entries does not matter. */

import type { LedgerEntry } from '../../index.ts'
import type { Series, SeriesPoint } from './model.ts'
import { known } from './views.ts'

/** Everything is counted in steps of so many ms; a coarser question adds them up. */
export const finest = 5_000

/** Counts of one step and one contract. */
interface Step {
  stored: number
  succeeded: number
  failed: number
  buried: number
  readonly ms: number[]
}

/** Counts by step and contract. Changed in place by `count`. */
export interface Counted {
  readonly steps: Map<number, Map<string, Step>>
  /** Steps kept at most. */
  readonly most: number
}

/** Nothing counted yet. */
export const emptyCount = (most: number): Counted => ({ steps: new Map(), most })

/** Spans are counted in classes a quarter apart, 80 of them: from 1 ms to half a day. */
const classes = 80
const classOf = (ms: number): number => Math.min(classes - 1, ms < 1 ? 0 : 1 + Math.floor(Math.log(ms) / Math.log(1.25)))
const spanOf = (index: number): number => (index === 0 ? 0 : Math.round(1.25 ** (index - 0.5)))

/** Counts an entry. */
export function count(counted: Counted, entry: LedgerEntry): void {
  const { kind, at, style, name, ms } = entry
  if (kind !== 'stored' && kind !== 'succeeded' && kind !== 'failed' && kind !== 'buried') return
  const begin = Math.floor(at / finest) * finest
  const step = counted.steps.get(begin) ?? new Map<string, Step>()
  counted.steps.set(begin, step)
  const key = keyOf(style, name, entry.queue)
  const numbers = step.get(key) ?? { stored: 0, succeeded: 0, failed: 0, buried: 0, ms: [] }
  step.set(key, numbers)
  numbers[kind]++
  if (ms !== undefined && kind !== 'buried') {
    const index = classOf(ms)
    numbers.ms[index] = (numbers.ms[index] ?? 0) + 1
  }
  if (counted.steps.size > counted.most) counted.steps.delete(Math.min(...counted.steps.keys()))
}

const keyOf = (style: string, name: string, queue = ''): string => `${style}\n${name}\n${queue}`

/** What is asked for. Times in ms since 1970. */
export interface SeriesOptions {
  readonly from: number
  readonly to: number
  /** Length of a step, in ms. */
  readonly step: number
  /** Only this topic, task or queue. */
  readonly topic?: string
  readonly task?: string
  readonly queue?: string
}

/** Numbers over time, a point for each step, those without anything included. */
export function seriesOf(counted: Counted, options: SeriesOptions): Series {
  const step = Math.max(finest, Math.ceil(options.step / finest) * finest)
  const from = Math.floor(options.from / step) * step
  const points: SeriesPoint[] = []
  for (let at = from; at < options.to; at += step) points.push(pointOf(counted, at, step, options))
  return { step, points }
}

function pointOf(counted: Counted, at: number, step: number, options: SeriesOptions): SeriesPoint {
  const sum = { stored: 0, succeeded: 0, failed: 0, buried: 0 }
  const spans: number[] = []
  for (let each = at; each < at + step; each += finest)
    for (const [key, numbers] of counted.steps.get(each) ?? []) {
      if (!wanted(key, options)) continue
      for (const kind of ['stored', 'succeeded', 'failed', 'buried'] as const) sum[kind] += numbers[kind]
      for (const [index, times] of numbers.ms.entries()) if (times) spans[index] = (spans[index] ?? 0) + times
    }
  return {
    at,
    ...sum,
    ...known('runP50', share(spans, 0.5)),
    ...known('runP95', share(spans, 0.95)),
    ...known('runP99', share(spans, 0.99)),
  }
}

function wanted(key: string, { topic, task, queue }: SeriesOptions): boolean {
  const [style, name, place] = key.split('\n')
  if (queue !== undefined && place !== queue) return false
  if (topic !== undefined && (style !== 'implicit' || name !== topic)) return false
  return task === undefined || (style === 'explicit' && name === task)
}

/** The span that this share of all stayed below. */
function share(spans: readonly number[], part: number): number | undefined {
  const all = spans.reduce((total, times) => total + (times ?? 0), 0)
  if (all === 0) return undefined
  let before = 0
  for (const [index, times] of spans.entries()) {
    before += times ?? 0
    if (before >= all * part) return spanOf(index)
  }
  return undefined
}
