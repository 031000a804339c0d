/** One slow tick for everything a consumer holds: prolongs leases, and finds handlers that run too long. */

import type { Run } from './run.ts'

/** How often leases and deadlines are looked at, in ms. A timeout is noticed this much late at most. */
export const tick = 100

/** Says "still working" for each held delivery whose lease is a third gone. */
export function prolong(held: Iterable<Run>, lease: number, now: number): void {
  for (const run of held) {
    if (now - run.touchedAt < lease / 3) continue
    run.touchedAt = now
    run.delivery.working()
  }
}

/** The runs whose handlers have had their time. One whose end is being kept has ended. */
export function overdue(running: Iterable<Run>, now: number): Run[] {
  const late: Run[] = []
  for (const run of running) if (!run.ended && run.startedAt > 0 && now - run.startedAt >= run.allowance) late.push(run)
  return late
}
