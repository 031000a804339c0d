/** What listeners are told of a run. Built only where somebody listens. */

import type { EventMap, Label } from '../base/events.ts'
import type { Run } from './run.ts'
import type { Outcome, Verdict } from './verdict.ts'

/** A run that has ended, with its verdict. `now` is its end. */
export function finished(label: Label, run: Run, outcome: Outcome, verdict: Verdict, now: number): EventMap['finished'] {
  // Every run of every handler makes one: always of the same shape, which costs a tenth of spreading what there is.
  return {
    style: label.style,
    service: label.service,
    name: label.name,
    queue: label.queue,
    id: run.id,
    attempt: run.attempt,
    verdict: verdict.say,
    end: outcome.end,
    ms: run.startedAt === 0 ? 0 : now - run.startedAt,
    after: verdict.say === 'again' ? verdict.after : undefined,
    error: 'error' in outcome ? outcome.error : undefined,
  }
}
