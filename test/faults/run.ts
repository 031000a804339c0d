/**
 * `npm run faults`: kills, freezes and cuts off processes and brokers under load, and judges the history.
 *
 *   --seconds N    how long the load lasts (60)                    --seed N       chance, to be repeated (1)
 *   --tasks N      things to be said at least, however long        --faults N     in all (one for every 1.5 s)
 *   --cluster      three servers instead of one                    --layout l     `work` or `log` (work)
 *   --rate N       things said per second (400; 20,000 with --tasks)  --only a,b   kinds of faults
 *   --json         one JSON document on stdout                     --keep         keep the history of a good run, too
 *                  `disk slow`, which needs strace, is done only where it is named
 *   --soak         no faults; the memory of each process is watched (300 s)
 *   --write file   note the result on a page
 */

import { rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compile, discard } from '../bench/compile.ts'
import { kinds } from './faults.ts'
import { machine, type Outcome, type Progress, type Wish } from './machine.ts'
import { write } from './write.ts'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    tasks: { type: 'string', default: '0' },
    faults: { type: 'string' },
    rate: { type: 'string' },
    layout: { type: 'string', default: 'work' },
    only: { type: 'string', default: '' },
    cluster: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    soak: { type: 'boolean', default: false },
    write: { type: 'string' },
  },
})

function wishOf(): Wish {
  const tasks = Number(flags.tasks)
  const seconds = Number(flags.seconds ?? (tasks > 0 ? 0 : flags.soak ? 300 : 60))
  const wish: Wish = {
    seed: Number(flags.seed),
    layout: flags.layout === 'log' ? 'log' : 'work',
    cluster: flags.cluster,
    seconds,
    tasks,
    faults: Number(flags.faults ?? (flags.soak ? 0 : undefined) ?? Math.ceil((seconds || tasks / 1000) / 1.5)),
    rate: Number(flags.rate ?? (tasks > 0 ? 20_000 : 400)),
    poison: !flags.soak,
    soak: flags.soak,
    schedule: true,
    only: flags.only.split(',').filter((name) => name !== ''),
  }
  const complaints = [
    ...(['seed', 'seconds', 'tasks', 'faults', 'rate'] as const).flatMap((name) =>
      Number.isInteger(wish[name]) && wish[name] >= 0 ? [] : [`--${name} ${flags[name]}: a whole number`],
    ),
    ...(['work', 'log'].includes(flags.layout) ? [] : [`--layout ${flags.layout}: work or log`]),
    ...wish.only
      .filter((name) => !kinds.some((kind) => kind.name === name))
      .map((name) => `--only ${name}: one of ${kinds.map((kind) => kind.name).join(', ')}`),
  ]
  if (complaints.length === 0) return wish
  for (const complaint of complaints) console.error(complaint)
  process.exit(2)
}

/** Says where the run stands: over itself for a person, a line now and then for a log. */
function teller(): (progress: Progress) => void {
  let last = 0
  return ({ said, done, faults, phase }) => {
    const line = `${phase}: ${said} said, ${done} runs, ${faults} faults`
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`)
    else if (Date.now() - last > 10_000) {
      last = Date.now()
      process.stderr.write(`${line}\n`)
    }
  }
}

function inWords(outcome: Outcome): string {
  const {
    seed,
    layout,
    cluster,
    seconds,
    acknowledged,
    unknown,
    refused,
    codes,
    lost,
    duplicated,
    unexplained,
    kills,
    faults,
    explained,
    dead,
    ok,
  } = outcome
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')
  return [
    `seed ${seed}, ${cluster ? 'three servers' : 'one server'}, layout ${layout}, ${seconds} s`,
    `faults: ${list(faults)}; ${kills} kills`,
    `${acknowledged} acknowledged, ${refused} refused, ${unknown} unknown (${list(codes)}), ${dead} dead letters`,
    `${lost} lost, ${duplicated} ran again (${list(explained)}), ${unexplained} of them unexplained`,
    ...Object.entries(outcome.memory).map(
      ([name, { first, last, slope }]) =>
        `memory of ${name}: ${first.toFixed(1)} to ${last.toFixed(1)} MB, ${slope.toFixed(2)} MB a minute`,
    ),
    ...outcome.stories,
    ...(outcome.anomalies.length > outcome.stories.length ? [`… and ${outcome.anomalies.length - outcome.stories.length} more`] : []),
    ok ? 'ok' : `not ok; the history is in ${outcome.folder}`,
  ].join('\n')
}

/** How this run is called, without where its result goes. */
function command(): string {
  const given = process.argv.slice(2).filter((word, index, all) => !/^--(json|keep|write)$/.test(word) && all[index - 1] !== '--write')
  return `npm run faults -- ${given.join(' ')}`
}

const wish = wishOf()
const compiled = compile(root, 'test/faults')
try {
  const outcome = await machine(wish, compiled, teller())
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const { folder, stories, anomalies, ...document } = outcome
  if (flags.json)
    process.stdout.write(
      `${JSON.stringify({ ...document, anomalies: anomalies.slice(0, 20), ...(outcome.ok ? {} : { folder }) }, null, 2)}\n`,
    )
  else process.stdout.write(`${inWords(outcome)}\n`)
  if (flags.write !== undefined) write(flags.write, command(), outcome)
  if (flags.json && !outcome.ok) process.stderr.write(`${stories.join('\n')}\n`)
  if (outcome.ok && !flags.keep) rmSync(folder, { recursive: true, force: true })
  process.exitCode = outcome.ok ? 0 : 1
} finally {
  discard(compiled)
}
