/** One slow tick for everything a consumer holds: prolongs leases, and finds handlers that run too long. */

import type { Run } from './run.ts'

/** How often leases and deadlines are looked at, in ms. A timeout is noticed this much late at most. */
export const tick = 100

/** Says "still working" for each held delivery whose lease is a third gone. `trouble` hears when a lease has run out: nobody got his turn. */
export function prolong(held: Iterable<Run>, lease: number, now: number, trouble: (what: string) => void): void {
  let longest = 0
  for (const run of held) {
    const since = now - run.touchedAt
    if (since < lease / 3) continue
    longest = Math.max(longest, since)
    run.touchedAt = now
    run.delivery.working()
  }
  if (longest > lease)
    trouble(`this process stood still for ${longest} ms, longer than the lease of ${lease} ms; what it holds may run elsewhere, too`)
}

/** The runs whose handlers have had their time. One whose end is being kept has ended. */
export function overdue(running: Iterable<Run>, now: number): Run[] {
  const late: Run[] = []
  for (const run of running) if (!run.ended && run.startedAt > 0 && now - run.startedAt >= run.allowance) late.push(run)
  return late
}
