/** Turns runs into rows, and rows into a table, a document and a page. Pure: no clock, no file, no machine. */

import type { Step } from './plan.ts'
import { baselineOf } from './plan.ts'
import type { Played } from './play.ts'
import type { Judged } from './targets.ts'
import type { Metric, Workload } from './workloads.ts'

/** One line of the result. A superset of what the house promises. */
export interface Row {
  workload: string
  system: string
  median: number
  min: number
  max: number
  unit: string
  better: Metric['better']
  /** The median against the median of `stock` in the same run (of `work-queue` for layouts); null where there is none. */
  ratio_to_raw: number | null
  runs: number
  /** Per message; null where that says nothing. */
  cpu_client_us: number | null
  cpu_server_us: number | null
  /** Peak of the first process of the workload. */
  rss_mb: number
  /** The server, before or after the run, whichever is more. */
  rss_server_mb: number | null
}

/** Everything one invocation found. */
export interface Document {
  machine: Record<string, string | number>
  versions: Record<string, string>
  settings: Record<string, string | number | boolean>
  rows: Row[]
  targets: Judged[]
  /** Systems that could not take part, and what would let them. */
  skipped: { system: string; why: string; install: string }[]
  failed: { workload: string; system: string; run: number; error: string }[]
}

/** A run that was played. */
export interface Result extends Step {
  played: Played
}

/** The middle of the values; the mean of the two in the middle where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}

/** One row per workload, metric and system, in the order of the table of workloads and then of the systems given. */
export function rowsOf(results: readonly Result[], workloads: Readonly<Record<string, Workload>>, systems: readonly string[]): Row[] {
  const rows: Row[] = []
  for (const [name, workload] of Object.entries(workloads)) {
    const here = results.filter((result) => result.workload === name)
    for (const [metric, { unit, better }] of Object.entries(workload.metrics)) {
      const group: Row[] = []
      for (const system of systems) {
        const played = here.filter((result) => result.system === system).map((result) => result.played)
        const values = played.map((one) => one.found[metric]).filter((value): value is number => value !== undefined)
        if (values.length === 0) continue
        group.push({
          workload: metric === '' ? name : `${name}-${metric}`,
          system,
          median: tidy(median(values)),
          min: tidy(Math.min(...values)),
          max: tidy(Math.max(...values)),
          unit,
          better,
          ratio_to_raw: null,
          runs: values.length,
          cpu_client_us: middle(played.map((one) => one.cpuClient)),
          cpu_server_us: middle(played.map((one) => one.cpuServer)),
          rss_mb: tidy(median(played.map((one) => one.rss))),
          rss_server_mb: middle(played.map((one) => one.rssServer)),
        })
      }
      const base = group.find((row) => row.system === baselineOf(workload))
      rows.push(...group.map((row) => ({ ...row, ratio_to_raw: base && base.median !== 0 ? tidy(row.median / base.median) : null })))
    }
  }
  return rows
}

/** The rows for people. */
export function table(document: Document): string {
  const head = ['workload', 'system', 'median', 'min', 'max', 'unit', 'ratio', 'client µs', 'server µs', 'MB']
  const lines = document.rows.map((row) => [row.workload, row.system, ...cells(row)])
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => (line[i] ?? '').length)))
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')
  const notes = [
    ...document.targets
      .filter(({ met }) => !met)
      .map((one) => `target missed: ${one.workload} against ${one.against} ${human(one.ratio)}, wanted ${one.at_least}`),
    ...document.skipped.map(({ system, why, install }) => `skipped ${system}: ${why}; ${install}`),
    ...document.failed.map(({ workload, system, run, error }) => `failed ${workload} ${system} (run ${run}): ${error}`),
  ]
  return [line(head), ...lines.map(line), ...notes].map((text) => text.trimEnd()).join('\n')
}

/** The figures of a row as text: median, min, max, unit, ratio, CPU of client and server, memory. */
export function cells(row: Row): string[] {
  const optional = (value: number | null) => (value === null ? '–' : human(value))
  const ratio = row.ratio_to_raw === null ? '–' : row.ratio_to_raw.toFixed(2)
  return [
    human(row.median),
    human(row.min),
    human(row.max),
    row.unit,
    ratio,
    optional(row.cpu_client_us),
    optional(row.cpu_server_us),
    human(row.rss_mb),
  ]
}

/** Three figures that count; thousands set apart. */
export function human(value: number): string {
  if (Math.abs(value) >= 1000) return Number(value.toPrecision(3)).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

function middle(values: readonly (number | null)[]): number | null {
  const there = values.filter((value): value is number => value !== null)
  return there.length === 0 ? null : tidy(median(there))
}

const tidy = (value: number) => Number(value.toPrecision(5))
