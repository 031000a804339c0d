/** The bench in seconds: every workload works and reports. Nothing is asserted of how fast. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Document } from '../bench/report.ts'
import { workloads } from '../bench/workloads.ts'
import { root } from '../repo/tree.ts'

const arguments_ = ['--conditions=callboard-source', '--import', 'tsx', 'test/bench/run.ts', '--smoke', '--json']

async function smoke(...more: string[]): Promise<Document> {
  const { stdout } = await promisify(execFile)(process.execPath, [...arguments_, ...more], { cwd: root, maxBuffer: 2 ** 26 })
  return JSON.parse(stdout) as Document
}

const rowsOf = (layout: boolean) =>
  Object.entries(workloads)
    .filter(([, workload]) => (workload.layout !== undefined) === layout)
    .flatMap(([name, workload]) => Object.keys(workload.metrics).map((metric) => (metric === '' ? name : `${name}-${metric}`)))

test.each([
  ['the clients', ['--systems', 'stock,tuned'], rowsOf(false), ['stock', 'tuned']],
  ['the layouts', ['--only', 'layout-*'], rowsOf(true), ['work-queue', 'log']],
])('every workload of %s works and reports', { timeout: 180_000 }, async (_, more, names, systems) => {
  const document = await smoke(...more)
  expect(document.failed).toEqual([])
  expect(document.rows.map((row) => `${row.workload} ${row.system}`)).toEqual(
    names.flatMap((name) => systems.map((system) => `${name} ${system}`)),
  )
  for (const row of document.rows) {
    expect(row).toMatchObject({ runs: 1, unit: expect.any(String), median: expect.any(Number) })
    expect(Number.isFinite(row.median), row.workload).toBe(true)
  }
  expect(document).toMatchObject({ machine: { cores: expect.any(Number) }, versions: { node: process.version }, settings: { runs: 1 } })
})
