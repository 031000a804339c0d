/** What listeners are told of a run. Built only where somebody listens. */

import type { EventMap, Events, Label, RunInfo } from '../base/events.ts'
import type { Run } from './run.ts'
import { type Outcome, Snooze, type Verdict } from './verdict.ts'

/** Whose run it is. */
export function runInfo({ style, service, name, queue }: Label, { id, attempt, delivery }: Run): RunInfo {
  return { style, service, name, queue, id, attempt, trace: delivery.headers.trace }
}

/** How a run ended: `retried` and `dead` are failures; `snoozed`, `interrupted`, `cancelled` and `skipped` cost no attempt. */
export type RunOutcome = 'succeeded' | 'retried' | 'dead' | 'snoozed' | 'interrupted' | 'cancelled' | 'skipped'

/** How a run ended, in a word, from what is told of its end. */
export function outcomeOf({ verdict, end, error }: Pick<EventMap['finished'], 'verdict' | 'end' | 'error'>): RunOutcome {
  if (end === 'returned') return 'succeeded'
  if (end === 'interrupted' || end === 'cancelled' || end === 'skipped') return end
  if (verdict === 'bury') return 'dead'
  return error instanceof Snooze ? 'snoozed' : 'retried'
}

/** Something that went wrong where a handler is called, or with one run of it. */
export function troubleOf(label: Label, what: string, error: unknown, run?: Run): EventMap['trouble'] {
  return { what: `${label.service}, ${label.name}: ${what}`, error, about: run === undefined ? label : runInfo(label, run) }
}

/** Tells whoever listens that a run has ended. `now` is its end. */
export function tellEnd(events: Events, label: Label, run: Run, outcome: Outcome, verdict: Verdict, now: number): void {
  const well = outcome.end === 'returned'
  if (well) events.success?.(label, run, now)
  if (!events.heard('finished') && (well || !events.heard('unsuccessful'))) return
  const told = finished(label, run, outcome, verdict, now)
  events.tell('finished', told)
  if (!well) events.tell('unsuccessful', told)
}

/** A run that has ended, with its verdict. `now` is its end. */
function finished(label: Label, run: Run, outcome: Outcome, verdict: Verdict, now: number): EventMap['finished'] {
  // Always of the same shape, which costs a tenth of spreading what there is.
  return {
    style: label.style,
    service: label.service,
    name: label.name,
    queue: label.queue,
    id: run.id,
    attempt: run.attempt,
    trace: run.delivery.headers.trace,
    verdict: verdict.say,
    end: outcome.end,
    ms: run.startedAt === 0 ? 0 : now - run.startedAt,
    after: verdict.say === 'again' ? verdict.after : undefined,
    error: 'error' in outcome ? outcome.error : undefined,
  }
}
