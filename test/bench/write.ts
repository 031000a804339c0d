/** Puts the page and its plots where they belong. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { page } from './page.ts'
import type { Document } from './report.ts'
import { workloads } from './workloads.ts'

/** Writes `docs/benchmarks.md`, and `docs/benchmarks/` afresh, when told the former. */
export function write(file: string, documents: readonly Document[]): void {
  const name = basename(file, '.md')
  const folder = join(dirname(file), name)
  const { markdown, plots } = page(documents, workloads, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, markdown)
  for (const [plot, svg] of Object.entries(plots)) writeFileSync(join(folder, plot), svg)
}
