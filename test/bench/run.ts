/**
 * `npm run bench`: the same work done by several systems, side by side.
 *
 *   --only a,b        workloads by name, `layout-*` for a group     --systems x,y      who takes part
 *   --runs N          repetitions, interleaved (5)                  --scale f          messages, times this (1)
 *   --durability d    `default` or `always`                         --peers            measure other libraries too
 *   --full            the largest backlogs                          --smoke            seconds: does everything still work?
 *   --json            one JSON document on stdout                   --minutes N        stop beginning runs after this (120)
 *   --profile folder  a CPU profile of every process there
 *   --write file      a page with plots                             --json-in a,b      write it from these documents, run nothing
 *   --size            what other sizes would do, from what was measured
 */

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bench } from './bench.ts'
import type { Wish } from './plan.ts'
import { unknown } from './plan.ts'
import { interrupt } from './play.ts'
import type { Document } from './report.ts'
import { table } from './report.ts'
import { sizes } from './size.ts'
import { workloads } from './workloads.ts'
import { write } from './write.ts'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    systems: { type: 'string', default: '' },
    runs: { type: 'string' },
    scale: { type: 'string' },
    durability: { type: 'string', default: 'default' },
    minutes: { type: 'string', default: '120' },
    profile: { type: 'string' },
    write: { type: 'string' },
    'json-in': { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    size: { type: 'boolean', default: false },
  },
})

const list = (text: string) => text.split(',').filter((name) => name !== '')

function wishOf(): Wish {
  const wish: Wish = {
    only: list(flags.only),
    systems: list(flags.systems),
    peers: flags.peers,
    runs: Number(flags.runs ?? (flags.smoke ? 1 : 5)),
    scale: Number(flags.scale ?? (flags.smoke ? 0.005 : 1)),
    full: flags.full,
    lanes: flags.smoke ? 4 : 1,
    durability: flags.durability === 'always' ? 'always' : 'default',
  }
  const complaints = unknown(workloads, wish)
  if (!(wish.runs >= 1 && wish.runs <= 100)) complaints.push(`--runs ${flags.runs}: 1 to 100`)
  if (!(wish.scale > 0 && wish.scale <= 100)) complaints.push(`--scale ${flags.scale}: more than 0, at most 100`)
  if (!(Number(flags.minutes) > 0)) complaints.push(`--minutes ${flags.minutes}: more than 0`)
  if (flags.durability !== 'always' && flags.durability !== 'default')
    complaints.push(`--durability ${flags.durability}: default or always`)
  if (complaints.length > 0) {
    for (const complaint of complaints) console.error(complaint)
    process.exit(2)
  }
  return wish
}

const wish = wishOf()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupt()
    process.exitCode = 130
  })
}

const earlier = flags['json-in']?.flatMap(list)
const documents: Document[] = earlier
  ? earlier.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Document)
  : [await bench(root, wish, Number(flags.minutes) * 60_000, flags.profile === undefined ? undefined : resolve(flags.profile))]

if (flags.write !== undefined) write(flags.write, documents)
for (const document of documents) {
  if (flags.size) process.stdout.write(sizes(document.rows, Number(document.machine.cores)))
  else if (flags.json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  else if (flags.write === undefined) process.stdout.write(`${table(document)}\n`)
  if (document.failed.length > 0) process.exitCode ||= 1
}
