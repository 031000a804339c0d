import { expect, test } from 'vitest'
import type { Row } from '../bench/report.ts'
import { fits, forecast, sizes } from '../bench/size.ts'

const row = (system: string, median: number, client: number | null, server: number | null): Row => ({
  workload: 'end-to-end-many',
  system,
  median,
  min: median,
  max: median,
  unit: '/s',
  better: 'higher',
  ratio_to_raw: null,
  runs: 3,
  cpu_client_us: client,
  cpu_server_us: server,
  rss_mb: 100,
  rss_server_mb: 30,
})
const rows = [row('callboard', 45_000, 20, 20), row('replicated', 12_000, 20, 100), row('bullmq', 9000, 90, null)]

test('on one machine both sides share the cores; where one was not measured nothing is said', () => {
  expect(fits(rows, 2)).toEqual([
    { workload: 'end-to-end-many', system: 'callboard', measured: 45_000, predicted: 50_000 },
    { workload: 'end-to-end-many', system: 'replicated', measured: 12_000, predicted: (2 * 1e6) / 120 },
  ])
})

test('a cluster is limited by its servers or by the leaders of the partitions, whichever is less', () => {
  expect(forecast(rows, 'end-to-end-many', 3, 8, 1)).toMatchObject({ rate: 20_000, limit: 'leaders' })
  expect(forecast(rows, 'end-to-end-many', 3, 8, 64)).toMatchObject({ rate: 144_000, limit: 'servers' })
  expect(forecast(rows.slice(0, 1), 'end-to-end-many', 3, 8, 1)).toBeUndefined()
})

test('both are told as tables', () => {
  expect(sizes(rows, 2)).toContain('| end-to-end-many | callboard | 45,000 | 50,000 | 90 % |')
  expect(sizes(rows, 2)).toContain('| 27 | 64 |')
})
