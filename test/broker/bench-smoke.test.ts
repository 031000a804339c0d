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

const all = Object.keys(workloads).filter((name) => workloads[name]?.layout === undefined)

/** Every function of every client is used by one of these; what remains is the workloads', and callboard plays them all. */
const telling = ['publishMany', 'drain', 'end-to-end', 'fanout-10', 'result', 'retry-storm', 'herd']

const rowsOf = (name: string) => Object.keys(workloads[name]?.metrics ?? {}).map((metric) => (metric === '' ? name : `${name}-${metric}`))

test.each([
  ['callboard', all, ['callboard']],
  ['the official client, plain and tuned', telling, ['stock', 'tuned']],
  ['the layouts', ['layout-batch-100', 'layout-drain-subjects', 'layout-end-to-end'], ['work-queue', 'log']],
])('the bench of %s works and reports', async (_, names, systems) => {
  const document = await smoke('--only', names.join(), '--systems', systems.join())
  expect(document.failed).toEqual([])
  const expected = names.flatMap(rowsOf).flatMap((name) => systems.map((system) => `${name} ${system}`))
  expect(document.rows.map((row) => `${row.workload} ${row.system}`)).toEqual(expected)
  for (const row of document.rows) {
    expect(row).toMatchObject({ runs: 1, unit: expect.any(String) })
    expect(Number.isFinite(row.median), row.workload).toBe(true)
  }
  expect(document).toMatchObject({ machine: { cores: expect.any(Number) }, versions: { node: process.version }, settings: { runs: 1 } })
})
