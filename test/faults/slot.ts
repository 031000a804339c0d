/** The times of the schedule that fires while the machine runs, and what each is called in the history. */

import { slotEvery } from './contract.ts'

const every = slotEvery * 1000
/** So much before its time the broker may fire, in ms. */
export const early = 100

/** The schedule. */
export const times = { cron: `*/${slotEvery} * * * * *` } as const
/** Every time that was missed is made up for, not the last one alone. */
export const terms = { missed: { within: '1h' } } as const

const called = (time: number): string => `slot-${new Date(time).toISOString()}`

/** What the time is called that a firing is for: it says so where it was made up for, else it is the last one before it was stored. */
export function slotId(id: string, storedAt: Date): string {
  const madeUp = /@(\d{4}-.*Z)$/.exec(id)?.[1]
  return called(madeUp === undefined ? Math.floor((Number(storedAt) + early) / every) * every : Date.parse(madeUp))
}

/** All times behind one instant and up to another, in ms since 1970. */
export function* slotsWithin(after: number, until: number): Generator<{ readonly id: string; readonly time: number }> {
  for (let time = Math.floor(after / every) * every + every; time <= until; time += every) yield { id: called(time), time }
}
