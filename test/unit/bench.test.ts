import { expect, test } from 'vitest'
import { page } from '../bench/page.ts'
import type { Wish } from '../bench/plan.ts'
import { countOf, peers, plan, unknown } from '../bench/plan.ts'
import { plot } from '../bench/plot.ts'
import type { Document, Result } from '../bench/report.ts'
import { human, median, rowsOf, table } from '../bench/report.ts'
import { idOf, mail } from '../bench/systems/system.ts'
import { bestPeer, judge } from '../bench/targets.ts'
import type { Workload } from '../bench/workloads.ts'
import { workloads } from '../bench/workloads.ts'

const wish: Wish = { only: [], systems: [], peers: false, runs: 2, scale: 1, full: false, durability: 'default', lanes: 1 }
const rate = { '': { unit: '/s', better: 'higher' } } as const
const few: Record<string, Workload> = {
  drain: { says: 'drains', count: 1000, peers: true, metrics: rate, roles: {} },
  herd: { says: 'herds', count: 400, synced: 400, least: 50, peers: true, metrics: { '': { unit: 's', better: 'lower' } }, roles: {} },
  'layout-drain': { says: 'lies', count: 100, layout: {}, metrics: rate, roles: {} },
}

test('runs of the systems alternate, and layouts run only when they are named', () => {
  const steps = plan(few, { ...wish, only: ['drain'] })
  expect(steps.map((step) => `${step.system}${step.run}`)).toEqual(['stock1', 'tuned1', 'callboard1', 'stock2', 'tuned2', 'callboard2'])
  expect(new Set(plan(few, wish).map((step) => step.workload))).toEqual(new Set(['drain', 'herd']))
  expect(plan(few, { ...wish, only: ['layout-*'], runs: 1 }).map((step) => step.system)).toEqual(['work-queue', 'log'])
})

test('a peer is measured when asked for, where it has the means', () => {
  const steps = plan(few, { ...wish, peers: true, runs: 1 })
  const systems = (name: string) => steps.filter((step) => step.workload === name).map((step) => step.system)
  expect(systems('drain')).toEqual(['stock', 'tuned', 'callboard', ...Object.keys(peers)])
  expect(systems('herd')).not.toContain('amqplib')
})

test.each([
  ['the count is scaled', { scale: 0.5 }, 'drain', 500],
  ['synced work is a quarter unless its number matters', { durability: 'always' }, 'drain', 250],
  ['a number that matters stays', { durability: 'always' }, 'herd', 400],
  ['too few would say nothing', { scale: 0.001 }, 'herd', 50],
] as const)('%s', (_, some, name, count) => {
  expect(countOf(few[name] as Workload, { ...wish, ...some })).toBe(count)
})

test('names nobody has are told, with those there are', () => {
  const complaints = unknown(few, { ...wish, only: ['dran', 'layout-*'], systems: ['rabbit'] })
  expect(complaints).toEqual([
    'no workload dran: drain, herd, layout-drain',
    expect.stringContaining('no system rabbit: stock, tuned, callboard'),
  ])
})

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected)
})

const result = (workload: string, system: string, run: number, value: number): Result => ({
  workload,
  system,
  run,
  n: 1000,
  played: { found: { '': value }, cpuClient: 10, cpuServer: null, rss: 100, rssServer: 20 },
})
const results = [
  ...[100, 300, 200].map((value, i) => result('drain', 'stock', i, value)),
  ...[500, 400, 600].map((value, i) => result('drain', 'callboard', i, value)),
  ...[800, 900, 700].map((value, i) => result('drain', 'bullmq', i, value)),
  result('herd', 'stock', 1, 0.4),
  result('herd', 'callboard', 1, 0.2),
]
const rows = rowsOf(results, few, ['stock', 'callboard', 'bullmq'])
const document: Document = {
  machine: { cores: 2 },
  versions: { node: 'v20' },
  settings: { durability: 'default', survives: 'process kill' },
  rows,
  targets: judge(rows, 'default'),
  skipped: [{ system: 'pg-boss', why: 'no postgres on this machine', install: 'apt-get install postgresql' }],
  failed: [{ workload: 'herd', system: 'tuned', run: 1, error: 'it burned' }],
}

test('a row is the median of its runs against the median of stock', () => {
  expect(rows[1]).toEqual({
    workload: 'drain',
    system: 'callboard',
    median: 500,
    min: 400,
    max: 600,
    unit: '/s',
    better: 'higher',
    ratio_to_raw: 2.5,
    runs: 3,
    cpu_client_us: 10,
    cpu_server_us: null,
    rss_mb: 100,
    rss_server_mb: 20,
  })
})

test('a target is judged in the direction of its figure', () => {
  expect(bestPeer(rows, 'drain')?.system).toBe('bullmq')
  expect(document.targets).toContainEqual({ workload: 'drain', against: 'stock', at_least: 1.4, ratio: 2.5, met: true })
  expect(document.targets).toContainEqual({ workload: 'drain', against: 'bullmq', at_least: 1, ratio: 0.625, met: false })
})

test('the table says what was missed, skipped and failed', () => {
  const text = table(document)
  expect(text).toMatch(/drain +callboard +500 +400 +600 +\/s +2\.50/)
  expect(text).toContain('target missed: drain against bullmq 0.625, wanted 1')
  expect(text).toContain('skipped pg-boss: no postgres on this machine; apt-get install postgresql')
  expect(text).toContain('failed herd tuned (run 1): it burned')
})

test('the page says plainly what was not faster, and names every plot it shows', () => {
  const { markdown, plots } = page(
    [document, { ...document, settings: { durability: 'always', survives: 'power cut' } }],
    few,
    'benchmarks',
  )
  expect(markdown).toContain('- drain, survives a process kill: bullmq 800 /s, callboard 500 /s (0.625 of it)')
  expect(markdown).toContain('| drain | process kill | bullmq | 1 | 0.625 | **missed** |')
  expect(markdown).toContain('Skipped: pg-boss (no postgres on this machine)')
  const shown = [...markdown.matchAll(/\(benchmarks\/(.+?)\)/g)].map((match) => match[1])
  expect(shown.sort()).toEqual(Object.keys(plots).sort())
  expect(shown).toContain('drain-always.svg')
})

test('a plot draws one bar per system, as long as its median, and escapes what it is told', () => {
  const svg = plot('a <b> & c', [
    { label: 'callboard', median: 50, min: 40, max: 60, text: '50 /s', own: true },
    { label: 'stock', median: 100, min: 90, max: 100, text: '100 /s', own: false },
  ])
  expect(svg).toContain('a &lt;b&gt; &amp; c')
  expect([...svg.matchAll(/class="(own|other)".*?width="([\d.]+)"/g)].map((match) => [match[1], Number(match[2])])).toEqual([
    ['own', 225],
    ['other', 450],
  ])
})

test.each([
  [59_712, '59,700'],
  [0.0123456, '0.0123'],
  [12.34, '12.3'],
  [0, '0'],
])('%d is told as %s', (value, text) => {
  expect(human(value)).toBe(text)
})

test('every mail has its own id, and ids are of one length', () => {
  const ids = [0, 1, 99_999, 2_000_004_999].map(idOf)
  expect(new Set(ids).size).toBe(4)
  expect(new Set(ids.map((id) => id.length))).toEqual(new Set([20]))
  expect(mail(3)).not.toHaveProperty('blob')
})

test('the first role of every workload reports, and every workload has a row of its own or named metrics', () => {
  for (const [name, workload] of Object.entries(workloads)) {
    expect(Object.keys(workload.roles), name).not.toHaveLength(0)
    expect(Object.keys(workload.metrics), name).not.toHaveLength(0)
  }
})
