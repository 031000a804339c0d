/** What came of a demo, counted, and the board that shows it. */

import type { Terminal } from './terminal.ts'

/** What came of a demo. Everything is counted from what processes and the mail server told; nothing is taken for granted. */
export interface Score {
  readonly name: string
  /** Events published. */
  readonly published: number
  /** Copies of them handled: one for each event and subscription. */
  readonly delivered: number
  /** Tasks enqueued. */
  readonly enqueued: number
  /** Tasks that were done. */
  readonly succeeded: number
  /** Tasks and events given up: dead letters. */
  readonly dead: number
  /** Runs of a handler beyond the first one of each event or task. */
  readonly retried: number
  /** Effects that happened more than once. */
  readonly duplicates: number
  /** What should have been handled, and neither was nor is a dead letter. */
  readonly lost: number
  /** Whether the counts hold. */
  readonly ok: boolean
  /** Why each duplicate was not to be avoided. */
  readonly explained: readonly string[]
  /** What did not happen as it should. */
  readonly problem?: string
}

const columns = ['published', 'delivered', 'enqueued', 'succeeded', 'dead', 'retried', 'duplicates', 'lost'] as const

/** Shows scores. Where a demo was stopped early, what has not been handled waits, and is not lost. */
export function showScores(terminal: Terminal, scores: readonly Score[], stopped: boolean): void {
  const { line, paint } = terminal
  const heads = columns.map((column) => (column === 'lost' && stopped ? 'waiting' : column))
  line()
  line(`  ${paint('bold', 'SCORE BOARD'.padEnd(20))}${heads.map((head) => paint('dim', head.padStart(11))).join('')}`)
  for (const score of scores) {
    const cells = columns.map((column) => {
      const bad = column === 'lost' && score.lost > 0 && !stopped
      return paint(bad ? 'red' : 'bold', String(score[column]).padStart(11))
    })
    const verdict = stopped ? paint('dim', 'stopped') : score.ok ? paint('green', '✔ ok') : paint('red', '✘ not ok')
    line(`  ${score.name.padEnd(20)}${cells.join('')}   ${verdict}`)
  }
  for (const { name, explained, problem } of scores) {
    for (const each of explained) line(`  ${paint('dim', `${name}: ${each}`)}`)
    if (problem !== undefined && !stopped) line(`  ${paint('red', `${name}: ${problem}`)}`)
  }
  line()
}
