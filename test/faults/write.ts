/** Keeps the results of runs on a page: one row for each seed, layout and number of servers, the newest one. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Outcome } from './machine.ts'

const intro = `# Runs of the fault machine

What \`npm run faults\` found. Producers and workers under load; processes and brokers killed, frozen, blocked, cut off and filled up;
a history of every operation, judged by a checker. [What is guaranteed](guides/guarantees.md) says what is promised, and
[faults](reference/faults.md) which test tries what alone.

A run is ok if nothing acknowledged is lost, each doubled run is explained by a recorded fault, every result is single, nothing ran before
its time, each time of a schedule came, what is ordered by key began in order, no gate and no bounded queue held more than it may, dead
letters are those that should be, and nothing is left over. Each row is the newest run of its command, written by
\`--write docs/faults.md\`. Runs again: after a run that did not throw.

`

const head = `| Command | Seconds | Acknowledged | Faults | Of them kills | Lost | Ran again | Unexplained | |
|---|--:|--:|--:|--:|--:|--:|--:|---|
`

const count = (n: number) => n.toLocaleString('en-GB')

/** The row of a run. `command` is how it was called. */
export function row(command: string, outcome: Outcome): string {
  const { seconds, acknowledged, faults, kills, lost, duplicated, unexplained, ok } = outcome
  const done = Object.values(faults).reduce((sum, each) => sum + each, 0)
  const figures = [seconds, acknowledged, done, kills, lost, duplicated, unexplained].map(count)
  return `| \`${command}\` | ${figures.join(' | ')} | ${ok ? 'ok' : 'not ok'} |`
}

/** The page with a row more, or in place of the one of the same command. */
export function page(before: string, added: string): string {
  const commandOf = (line: string) => line.split('|')[1]
  const rows = before.split('\n').filter((line) => line.startsWith('| `') && commandOf(line) !== commandOf(added))
  return `${intro}${head}${[...rows, added].sort().join('\n')}\n`
}

const soaked = `# The memory of a long load

What \`npm run faults -- --soak\` found: the load of the [fault machine](faults.md) without faults, and the memory (RSS) of each process every two
seconds. \`p\` are producers, \`w\` workers, \`n\` servers. From and to: the ends of the line through all samples behind the first third of the run, by least squares.
A server remembers ids for two minutes, and a process warms up for longer than a short run lasts: what counts is a run of an hour or more. "Not ok"
may come of a computer that stands still for seconds: leases lapse then, and what runs twice has no fault of the machine to explain it.

`

/** The page of a run that was watched. */
export function soakPage(command: string, { acknowledged, seconds, ok, memory }: Outcome): string {
  const rows = Object.entries(memory).map(
    ([name, { first, last, slope }]) => `| ${name} | ${first.toFixed(1)} | ${last.toFixed(1)} | ${slope.toFixed(2)} |\n`,
  )
  const run = `\`${command}\`: ${count(acknowledged)} acknowledged in ${count(seconds)} s, settling included, ${ok ? 'ok' : 'not ok'}.\n\n`
  return `${soaked}${run}| Process | From, MB | To, MB | MB a minute |\n|---|--:|--:|--:|\n${rows.join('')}`
}

/** Notes a run on a page. */
export function write(file: string, command: string, outcome: Outcome): void {
  if (Object.keys(outcome.memory).length > 0) writeFileSync(file, soakPage(command, outcome))
  else writeFileSync(file, page(existsSync(file) ? readFileSync(file, 'utf8') : '', row(command, outcome)))
}
