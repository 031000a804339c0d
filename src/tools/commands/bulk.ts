/** What is done to all that match: counted, asked for, done with its progress shown, refusals told. */

import type { BulkOptions, BulkReport } from '../../extras/admin/index.ts'
import type { Call } from '../cli/call.ts'
import { clean } from '../cli/pen.ts'
import { counting } from '../cli/progress.ts'
import { UsageError } from '../cli/usage.ts'
import { count, many } from '../cli/words.ts'

/** What is to be done, in words. */
export interface Deed {
  /** `Redrive`. */
  readonly verb: string
  /** `redriven`. */
  readonly done: string
  /** `dead letter`. */
  readonly what: string
}

/** Refusals that are shown. */
const mostShown = 10

/** The selector that stands on the command line. All of them are only meant by `--all`. */
export function selectorOf(call: Call, needed: boolean): string {
  const selector = call.args.join(' ').trim()
  if (selector !== '' && call.on('all')) throw new UsageError('A selector and --all say two things.', 'Leave one of them out.')
  if (selector === '' && needed && !call.on('all'))
    throw new UsageError('It is not said which ones.', 'Give a selector, as queue:mail error:~451, or --all.')
  return selector
}

/** Counts, asks, does. Exit code 9 if some were refused. */
export async function bulk(
  call: Call,
  { verb, done, what }: Deed,
  run: (selector: string, options: BulkOptions) => Promise<BulkReport>,
): Promise<number> {
  const selector = selectorOf(call, true)
  const limit = call.number('limit')
  const most = limit === undefined ? {} : { limit }
  const seen = await run(selector, { dryRun: true, ...most })
  if (call.on('dryRun') || seen.matched === 0) {
    call.show(seen, () => [seen.matched === 0 ? `no ${what} matches` : `${many(seen.matched, what)} would be ${done}`])
    return 0
  }
  if (!(await call.sure(`${verb} ${many(seen.matched, what)}?`))) return 0
  const progress = counting(call.err, `${what}s`, seen.matched)
  const report = await run(selector, { ...most, signal: call.signal, progress: (each) => progress.to(each) })
  progress.end()
  call.show(report, () => [
    `${count(report.done)} ${done}${report.refusals > 0 ? ` · ${count(report.refusals)} refused` : ''}${report.stopped ? ' · stopped' : ''}`,
    ...report.refused
      .slice(0, mostShown)
      .map(({ id, what: why, code }) => `  ${call.out.paint('red', '✕')} ${clean(id)}  ${clean(why)}  ${call.out.paint('dim', code)}`),
    ...(report.refusals > mostShown ? [`  … ${count(report.refusals - mostShown)} more, see --json`] : []),
  ])
  return report.refusals > 0 || report.stopped ? 9 : 0
}
