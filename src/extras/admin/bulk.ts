/** The same done to all that match: counted first, told on the way, stopped when asked, and each refusal kept. */

import { asError, CallboardError } from '../../base/errors.ts'
import type { BulkReport } from './model.ts'

/** How something is done to many. */
export interface BulkOptions {
  /** Only counts. Default false. */
  readonly dryRun?: boolean
  /** At most so many. Default: all that match. */
  readonly limit?: number
  /** Stops between two of them; what is done stays done. */
  readonly signal?: AbortSignal
  /** Hears how far it is: how many were done or refused, of how many. */
  readonly progress?: (done: number, matched: number) => void
}

/** One of those that are meant. */
export interface Target {
  readonly id: string
}

const mostRefusals = 100

/** Does `work` to every target. `work` answers false where there was nothing to do any more. */
export async function bulk<T extends Target>(
  action: string,
  selector: string,
  targets: AsyncIterable<T>,
  work: (target: T) => Promise<boolean>,
  options: BulkOptions = {},
): Promise<BulkReport> {
  const chosen: T[] = []
  const { limit = Number.POSITIVE_INFINITY, signal, dryRun = false } = options
  if (limit > 0)
    for await (const target of targets) {
      chosen.push(target)
      if (chosen.length >= limit || signal?.aborted) break
    }
  const report = { action, selector, matched: chosen.length, done: 0, refused: [] as BulkReport['refused'][number][], refusals: 0 }
  const refuse = (id: string, what: string, code: string) => {
    report.refusals++
    if (report.refused.length < mostRefusals) report.refused.push({ id, what, code })
  }
  if (dryRun) return { ...report, dryRun, stopped: false }
  for (const target of chosen) {
    if (signal?.aborted) break
    try {
      if (await work(target)) report.done++
      else refuse(target.id, 'it is not there any more', 'NOT_FOUND')
    } catch (thrown) {
      const error = asError(thrown)
      // Of a closed board or a lost broker every further one would say the same.
      if (error instanceof CallboardError && ['CLOSED', 'CONNECTION_FAILED'].includes(error.code)) throw error
      refuse(
        target.id,
        error instanceof CallboardError ? error.what : error.message,
        error instanceof CallboardError ? error.code : error.name,
      )
    }
    options.progress?.(report.done + report.refusals, report.matched)
  }
  return { ...report, dryRun, stopped: report.done + report.refusals < report.matched }
}
