/** The page people read: what was measured, on what, and what was not faster. Pure: text in, text out. */

import type { Bar } from './plot.ts'
import { plot } from './plot.ts'
import type { Document, Row } from './report.ts'
import { cells, human } from './report.ts'
import { times } from './targets.ts'
import type { Workload } from './workloads.ts'

export interface Page {
  markdown: string
  /** SVG by file name. */
  plots: Record<string, string>
}

/**
 * Writes the page from one document per durability.
 *
 * folder   where the plots will lie, seen from the page
 */
export function page(documents: readonly Document[], workloads: Readonly<Record<string, Workload>>, folder: string): Page {
  const plots: Record<string, string> = {}
  const lines = [
    '# Benchmarks',
    '',
    'The same work done by callboard, by the official client used as its documentation shows (`stock`), by the same client tuned by hand',
    'as far as it goes (`tuned`), and by other libraries. Written by `npm run bench`; nothing here is typed by hand.',
    '',
    ...notFaster(documents),
    ...targetsOf(documents),
    ...conditions(documents),
    '## How it was measured',
    '',
    'Every run has a server of its own with an empty store and processes of its own; runs of the systems alternate. A figure is the median',
    'of its runs, with the smallest and the largest beside it. `ratio` is that median against the median of `stock`. CPU is per message, of',
    'the client processes and of the server; memory is the peak of the worker, or of the only process. The work ends when the server has',
    'recorded the last acknowledgement. Absolute figures drift with the machine; ratios hold.',
    '',
  ]
  const names = new Set(documents.flatMap((document) => document.rows.map((row) => row.workload)))
  for (const name of names) lines.push(...section(name, documents, workloads, folder, plots))
  return { markdown: `${lines.join('\n').trimEnd()}\n`, plots }
}

function section(
  name: string,
  documents: readonly Document[],
  workloads: Readonly<Record<string, Workload>>,
  folder: string,
  plots: Record<string, string>,
): string[] {
  const workload = workloads[name] ?? workloads[name.slice(0, name.lastIndexOf('-'))]
  const lines = [`## ${name}`, '', `${capital(workload?.says ?? '')}.`, '']
  for (const document of documents) {
    const rows = document.rows.filter((row) => row.workload === name)
    const [first] = rows
    if (!first) continue
    const survives = String(document.settings.survives)
    const file = document.settings.durability === 'default' ? `${name}.svg` : `${name}-${document.settings.durability}.svg`
    const direction = first.better === 'higher' ? 'more is better' : 'less is better'
    plots[file] = plot(`${name} (${first.unit}, ${direction}), survives a ${survives}`, rows.map(barOf))
    lines.push(`![${name}, survives a ${survives}](${folder}/${file})`, '', ...tableOf(rows), '')
  }
  return lines
}

function tableOf(rows: readonly Row[]): string[] {
  const head = ['system', 'median', 'min', 'max', 'unit', 'ratio', 'client µs', 'server µs', 'MB']
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|---|--:|--:|--:|---|${'--:|'.repeat(4)}`, ...rows.map((row) => line([row.system, ...cells(row)]))]
}

const barOf = (row: Row): Bar => ({
  label: row.system,
  median: row.median,
  min: row.min,
  max: row.max,
  text: `${human(row.median)} ${row.unit}`,
  own: row.system === 'callboard',
})

/** Every row that did better than callboard at the same workload, except the limit by hand, which exists to do so. */
function notFaster(documents: readonly Document[]): string[] {
  const found = documents.flatMap((document) =>
    document.rows.flatMap((ours) => {
      if (ours.system !== 'callboard') return []
      const ahead = document.rows.filter(
        (row) => row.workload === ours.workload && !['callboard', 'tuned'].includes(row.system) && times(row, ours) > 1,
      )
      return ahead.map(
        (row) =>
          `- ${ours.workload}, survives a ${document.settings.survives}: ${row.system} ${human(row.median)} ${row.unit}, callboard ${human(ours.median)} ${ours.unit} (${human(times(ours, row))} of it)`,
      )
    }),
  )
  const measured = documents.some((document) => document.rows.some((row) => row.system === 'callboard'))
  if (!measured) return []
  return ['## What was not faster', '', ...(found.length > 0 ? found : ['Nothing that was measured.']), '']
}

function targetsOf(documents: readonly Document[]): string[] {
  const rows = documents.flatMap((document) =>
    document.targets.map(
      ({ workload, against, at_least, ratio, met }) =>
        `| ${workload} | ${document.settings.survives} | ${against} | ${at_least} | ${human(ratio)} | ${met ? 'met' : '**missed**'} |`,
    ),
  )
  if (rows.length === 0) return []
  const words = 'How many times as good as the other side; for times and memory, less counts as better.'
  return [
    '## Targets',
    '',
    words,
    '',
    '| workload | survives | against | at least | measured | |',
    '|---|---|---|--:|--:|---|',
    ...rows,
    '',
  ]
}

function conditions(documents: readonly Document[]): string[] {
  const all = (pick: (document: Document) => object) =>
    [...new Set(documents.flatMap((document) => Object.entries(pick(document)).map(([name, value]) => `${name} ${value}`)))].join(' · ')
  const skipped = new Set(documents.flatMap((document) => document.skipped.map(({ system, why }) => `${system} (${why})`)))
  const failed = documents.flatMap((document) => document.failed.map((one) => `${one.workload} ${one.system}`))
  return [
    '## Machine, versions, settings',
    '',
    `- Machine: ${all((document) => document.machine)}`,
    `- Versions: ${all((document) => document.versions)}`,
    `- Settings: ${all((document) => document.settings)}`,
    ...(skipped.size > 0 ? [`- Skipped: ${[...skipped].join(', ')}`] : []),
    ...(failed.length > 0 ? [`- Failed: ${[...new Set(failed)].join(', ')}`] : []),
    '',
  ]
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
