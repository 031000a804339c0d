/** How a schedule is doing, judged from what is known of it. Pure; it is given the time. */

import { type Times, timesBefore } from '../base/when.ts'
import { type Definition, effective } from './schedule-definition.ts'

/**
 * `ok`; `overdue`: a firing has not come at its time, as after the broker was killed, and the next one is awaited;
 * `stuck`: the broker has given it up, as when its storage was full at the wrong moment. A stuck schedule must be armed again.
 */
export type ScheduleState = 'ok' | 'overdue' | 'stuck'

/** How late a firing may be before anything is made of it: longer than a change of leader takes. */
export const margin = 6000

/** The broker counts from the second after the next, so the first time after setting may not come. */
export const firstSecond = 2000

/** What is known when the state is judged. Times in ms since 1970. */
export interface Known {
  readonly now: number
  /** When the schedule was stored. */
  readonly storedAt: number
  /** The time of its last firing, and when that was stored; 0: none is known. */
  readonly lastTime: number
  readonly lastStored: number
}

/** How a schedule is doing. */
export function stateOf(definition: Definition, known: Known): ScheduleState {
  if (definition.paused === true) return 'ok'
  const times = effective(definition)
  if ('at' in times) return known.now - times.at > margin ? 'stuck' : 'ok'
  return 'every' in times ? intervalState(times.every, known) : cronState(times, definition, known)
}

function intervalState(every: number, { now, storedAt, lastStored }: Known): ScheduleState {
  // The broker counts anew after it was killed, so one interval more is nothing to worry about.
  const silent = now - margin - Math.max(storedAt, lastStored)
  return silent > 2 * every ? 'stuck' : silent > every ? 'overdue' : 'ok'
}

function cronState(times: Times, { since }: Definition, { now, storedAt, lastTime }: Known): ScheduleState {
  const armed = Math.max(since, storedAt) + firstSecond
  const [last = 0, before = 0] = timesBefore(times, now - margin, 2).filter((time) => time > armed)
  if (lastTime >= last) return 'ok'
  return before > 0 && lastTime < before ? 'stuck' : 'overdue'
}
