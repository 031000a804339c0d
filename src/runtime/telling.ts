/** What listeners are told of a run. Built only where somebody listens. */

import type { EventMap, Label } from '../base/events.ts'
import type { Run } from './run.ts'
import type { Outcome, Verdict } from './verdict.ts'

/** A run that has ended, with its verdict. `now` is its end. */
export function finished(label: Label, run: Run, outcome: Outcome, verdict: Verdict, now: number): EventMap['finished'] {
  return {
    ...label,
    id: run.id,
    attempt: run.attempt,
    verdict: verdict.say,
    end: outcome.end,
    ms: run.startedAt === 0 ? 0 : now - run.startedAt,
    ...(verdict.say === 'again' ? { after: verdict.after } : {}),
    ...('error' in outcome ? { error: outcome.error } : {}),
  }
}
