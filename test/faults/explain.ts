/**
 * Which recorded fault explains that something ran again. A second run that no fault explains is a fault of callboard.
 *
 * The windows are narrow on purpose: a fault explains a run only if it touched the process that ran before while its answer was
 * under way, the process that runs now while the delivery waited in its buffer, or the broker meanwhile. What waits for leave to run was
 * handed over long before it runs: there what was done to the broker or to the process that runs now counts for as long as the delivery has
 * waited in it, which is written down. What is put back into its queue, because a server that ended or had no room kept it after it was
 * acknowledged, says so itself.
 */

import type { Fault, Item, Run } from './fold.ts'

/** How long after a handler has ended its answer may be under way, in ms. */
const underWay = 2_000
/** How long after the broker is back connections, leaders and consumers may still find each other, in ms. */
const aftermath = 4_000
/** How long before its run a delivery may have waited in the buffer of a process that something was done to, in ms. */
const buffered = 10_000
/** A broker on its own writes the places of consumers behind; killed, it forgets what they acknowledged in the last moments, in ms. */
const forgetful = 12_000

/** What is done to the broker as a whole; `whom` says which server. */
const toBroker = new Set([
  'broker killed',
  'broker stopped',
  'broker frozen',
  'broker slow',
  'broker full',
  'broker cut off',
  'leader stepped down',
  // All connections pass through the machine.
  'machine held up',
])
/** What makes a broker forget. */
const ending = new Set(['broker killed', 'broker stopped'])
/** What makes a broker keep what was acknowledged. */
const keeping = new Set([...ending, 'broker full'])
/** What excuses nobody: a process that is asked to end answers first, and one whose clock is wrong does as before. */
const harmless = new Set(['asked to end', 'left', 'clock wrong'])

const touches = (fault: Fault, from: number, to: number): boolean => {
  const until = fault.to + (toBroker.has(fault.what) ? aftermath : 0)
  return fault.from <= to && until >= from
}

const concerns = (fault: Fault, who: string): boolean => !harmless.has(fault.what) && (toBroker.has(fault.what) || fault.whom === who)

/** Whether what is acknowledged is only a place in a stream that stays, which a single broker writes late. */
export interface Layout {
  readonly placed: (as: string) => boolean
  /** Whether it may wait within a worker for leave to run. */
  readonly held: (as: string) => boolean
  readonly replicated: boolean
}

/** The fault that explains why it is stored twice: a repeated enqueue finds a broker that has forgotten the id of what was done and removed meanwhile. */
export function repetition({ answer, said, answered }: Item, faults: readonly Fault[]): Fault | undefined {
  return faults.find(({ what, from, to }) => ending.has(what) && answer !== undefined && from <= answered && to >= said)
}

/** The fault that explains why `again` followed `before`; undefined: none does. */
export function explanation(before: Run, again: Run, item: Item, faults: readonly Fault[], layout: Layout): Fault | undefined {
  const end = before.ended ?? again.began
  const since = Math.min(again.began, (layout.held(again.as) && item.waits.get(again.by)) || again.began) - buffered
  return (
    faults.find((fault) => concerns(fault, before.by) && touches(fault, before.began, end + underWay)) ??
    faults.find(
      (fault) =>
        (fault.whom === again.by || (layout.held(again.as) && toBroker.has(fault.what))) &&
        concerns(fault, again.by) &&
        touches(fault, since, again.began) &&
        touches(fault, layout.held(again.as) ? since : before.began - buffered, again.began),
    ) ??
    repetition(item, faults) ??
    (again.stayed ? faults.find((fault) => keeping.has(fault.what) && fault.from <= again.began) : undefined) ??
    (layout.placed(again.as) && !layout.replicated
      ? faults.find((fault) => ending.has(fault.what) && fault.from >= end && fault.from - end <= forgetful && fault.from <= again.began)
      : undefined)
  )
}
