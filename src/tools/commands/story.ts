/** What happened, as lines: a trace from what was said to every effect, single entries as they come, and reasons. Pure. */

import type { Because, MessageView, Trace, TraceEntry, TraceRun } from '../../extras/admin/index.ts'
import { clean, type Pen, type Style } from '../cli/pen.ts'
import { clock, span } from '../cli/words.ts'
import { states, stateWord } from './tasks.ts'

type Paint = Pen['paint']

/** Runs of one message that are shown, unless all are wanted. */
export const mostRuns = 10

/** A message with its sign. */
function headOf({ style, name, id }: MessageView, paint: Paint): string {
  return `${style === 'implicit' ? paint('cyan', `◇ ${clean(name)}`) : paint('yellow', `■ ${clean(name)}`)}  ${clean(id)}`
}

/** From what was said to every effect: dashed where somebody subscribed, solid where somebody was named. */
export function traceLines({ message, runs }: Trace, paint: Paint, now: number, all = false, depth = 0): string[] {
  const at = message.storedAt === undefined ? '' : `  ${paint('dim', clock(message.storedAt, now))}`
  const state = message.style === 'explicit' ? `  ${stated(message.state, paint)}` : ''
  const shown = all ? runs : runs.slice(0, mostRuns)
  return indented(depth, [
    `${headOf(message, paint)}${state}${at}`,
    ...shown.flatMap((run) => runLines(run, paint, now, all)),
    ...(runs.length > shown.length ? [paint('dim', `… ${runs.length - shown.length} more (--all)`)] : []),
    ...(runs.length === 0 && message.style === 'implicit' ? [paint('dim', 'nobody has run because of it')] : []),
  ])
}

function runLines(run: TraceRun, paint: Paint, now: number, all: boolean): string[] {
  const arrow = run.because === 'subscribed' ? paint('cyan', '┄┄▷') : paint('yellow', '──▶')
  const facts = [
    run.attempt === undefined ? '' : `attempt ${run.attempt}`,
    span(run.ms),
    run.error ? paint('red', clean(`${run.error.name}: ${run.error.message}`)) : '',
  ].filter((fact) => fact !== '')
  const caused = all ? run.caused : run.caused.slice(0, mostRuns)
  const hidden = run.caused.length - caused.length + (run.more ?? 0)
  return [
    `${arrow} ${clean(run.service)}  ${stated(run.state, paint)}  ${facts.join('  ')}`.trimEnd(),
    ...caused.flatMap((trace) => traceLines(trace, paint, now, all, 2)),
    ...(hidden > 0 ? indented(2, [paint('dim', `… ${hidden} more (--all)`)]) : []),
  ]
}

const stated = (state: string, paint: Paint) => paint(states[state]?.[1] ?? 'reset', stateWord(state))

const indented = (depth: number, lines: readonly string[]): string[] => lines.map((line) => '  '.repeat(depth) + line)

/** Kind of entry → sign and colour. */
const kinds: Readonly<Record<TraceEntry['kind'], readonly [sign: string, style: Style]>> = {
  stored: ['+', 'dim'],
  started: ['◐', 'cyan'],
  progressed: ['…', 'dim'],
  succeeded: ['●', 'green'],
  failed: ['↻', 'yellow'],
  snoozed: ['◷', 'blue'],
  interrupted: ['⏸', 'dim'],
  cancelled: ['⊘', 'dim'],
  skipped: ['⊘', 'dim'],
  buried: ['✕', 'red'],
  ignored: ['?', 'dim'],
  redriven: ['↩', 'yellow'],
  discarded: ['⌫', 'dim'],
  audit: ['§', 'magenta'],
  dropped: ['!', 'red'],
}

/** One thing that happened, as a line. */
export function entryLine(entry: TraceEntry, paint: Paint, now: number): string {
  const { at, kind, style, name, id, service, attempt, ms, after, error, text, count } = entry
  const [sign, colour] = kinds[kind] ?? ['?', 'dim']
  const arrow = kind === 'stored' ? (style === 'implicit' ? '◇  ' : '■  ') : style === 'implicit' ? '┄┄▷' : '──▶'
  const facts = [
    service ?? '',
    attempt === undefined || attempt === 1 ? '' : `attempt ${attempt}`,
    span(ms),
    after === undefined ? '' : `again in ${span(after)}`,
    text ?? '',
    count === undefined ? '' : `${count}×`,
    error ? `${error.name}: ${error.message}` : '',
  ]
    .filter((fact) => fact !== '')
    .map(clean)
  const what =
    kind === 'audit' || kind === 'dropped'
      ? ''
      : `${paint(style === 'implicit' ? 'cyan' : 'yellow', `${arrow} ${clean(name)}`)}  ${clean(id)}  `
  return `${paint('dim', clock(at, now))}  ${paint(colour, `${sign} ${kind.padEnd(11)}`)}  ${what}${facts.join('  ')}`.trimEnd()
}

/** Reasons, each with what to do. */
export function becauseLines(reasons: readonly Because[], paint: Paint): string[] {
  return reasons.flatMap(({ code, text, fix }) => [
    `${clean(text)}  ${paint('dim', code)}`,
    ...(fix === undefined ? [] : [`  ${paint('bold', '→')} ${clean(fix)}`]),
  ])
}
