/** Keeps the results of runs on a page: one row for each seed, layout and number of servers, the newest one. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { kept } from './contract.ts'
import type { Outcome } from './machine.ts'
import type { Line } from './memory.ts'

const intro = `# Runs of the fault machine

What \`npm run faults\` found. Producers and workers under load; processes and brokers killed, frozen, blocked, cut off and filled up;
a history of every operation, judged by a checker. [What is guaranteed](guides/guarantees.md) says what is promised, and
[faults](reference/faults.md) which test tries what alone.

A run is ok if nothing acknowledged is lost, each doubled run is explained by a recorded fault, every result is single, nothing ran before
its time, each time of a schedule came, what is ordered by key began in order, no gate and no bounded queue held more than it may, dead
letters are those that should be, and nothing is left over. Each row is the newest run of its command, written by
\`--write docs/faults.md\`. Runs again: after a run that did not throw.

A computer that stands still is a fault as any other, if it was measured: every process, and the machine through which all connections pass,
writes down when it did not get its turn for half a second or more; who looks at the broker writes down when it took half a second to answer. Workers write
down since when a delivery waits in them for leave to run, and which runs are of what a server kept after it was acknowledged.

What is not ok, by what it was: missed times of the schedule and left-over tasks, where a sweep that the broker did not answer was not tried again, or where a
worker whose clock was behind put a firing off until that clock would be right, and where the machine itself asked for no more than the last of the missed times; tasks told as refused by a full queue while an earlier try was stored (all
changed since); false alarms of the checker about long waits behind a gate, workers that had left, and clocks of processes that drift apart (changed in the machine).
The rows that are not ok are kept until their command is run again.

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

What \`npm run faults -- --soak\` found: the load of the [fault machine](faults.md) without faults, and the memory of each process every two
seconds. \`p\` are producers, \`w\` workers, \`n\` servers.

What the broker holds is kept as briefly here as results (${kept.soaking.results}), events and the ledger (${kept.soaking.ledger}) can be, so that as much goes as comes behind
the first third of the run; dead letters alone are kept. The lease is the default of 30 s: a computer that stands still for seconds makes nothing run twice.

`

/** The page of a run that was watched. */
export function soakPage(command: string, { acknowledged, seconds, ok, memory }: Outcome): string {
  const figures = ({ first, last, slope }: Line) => `${first.toFixed(1)} | ${last.toFixed(1)} | ${slope.toFixed(3)}`
  const all = Object.entries(memory)
  const rows = all.map(([name, each]) => `| ${name} | ${figures(each)} | ${each.heap ? figures(each.heap) : '– | – | –'} |\n`)
  const tenths = all.map(([name, each]) => `| ${name} | ${each.tenths.map((mb) => mb.toFixed(0)).join(' | ')} |\n`)
  return `${soaked}\`${command}\`: ${count(acknowledged)} acknowledged in ${count(seconds)} s, settling included, ${ok ? 'ok' : 'not ok'}.

From and to: the ends of the line through all samples behind the first third, by least squares, in MB; then its slope, in MB a minute. RSS is what
the process has of the system. Live is what is left on the heap of a Node process when garbage is collected: the smallest heap of every two
minutes.

| Process | RSS from | to | a minute | live from | to | a minute |
|---|--:|--:|--:|--:|--:|--:|
${rows.join('')}
RSS in MB over the run, by tenths:

| Process | 0 | ${Array.from({ length: 10 }, (_, n) => `${n + 1}/10`).join(' | ')} |
|---|${'--:|'.repeat(11)}
${tenths.join('')}`
}

/** Notes a run on a page. */
export function write(file: string, command: string, outcome: Outcome): void {
  if (Object.keys(outcome.memory).length > 0) writeFileSync(file, soakPage(command, outcome))
  else writeFileSync(file, page(existsSync(file) ? readFileSync(file, 'utf8') : '', row(command, outcome)))
}
