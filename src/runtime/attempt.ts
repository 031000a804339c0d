/**
 * Which attempt a delivery is. Counted by us: the broker counts hand-overs, and a hand-over that was drained, snoozed or
 * never begun is nobody's failure.
 *
 * The first hand-over is the first attempt, and nothing is read or written for it. After a failure, a drain or a snooze
 * a note is left: how many hand-overs there were and how many attempts they used. A hand-over nobody left a note about
 * ended with its process, or waited in its buffer; it is charged once. From then on the delivery is suspect for good, and
 * a mark is left before each run. So the next reader knows: began, and did not come back. What left no mark never began,
 * and is not charged a second time.
 */

import type { Failure, Reason } from '../base/obituary.ts'

/** What is remembered of a delivery. */
export interface Note {
  /** Hand-overs when it was written. */
  readonly count: number
  /** Attempts used by then. */
  readonly used: number
  /** The hand-over of this count had begun and has not ended yet. */
  readonly open: boolean
  /** A mark is left before each run; absent: not yet. */
  readonly suspect?: boolean
  readonly history: readonly Failure[]
  /** ms its runs took so far; absent: none. */
  readonly ran?: number
  /** It was given up for this reason, and could not be buried yet: it is not run again. */
  readonly doomed?: Reason
}

/** Which attempt this is, and whether a mark must be left before it runs. */
export interface Counted {
  readonly attempt: number
  readonly suspect: boolean
}

const first: Counted = { attempt: 1, suspect: false }

/** Counts. `note` is what was last remembered, if anything. */
export function count(handovers: number, note: Note | undefined): Counted {
  if (handovers <= 1) return first
  const { used, count: explained, open, suspect = false } = note ?? { used: 0, count: 0, open: false }
  const vanished = open || (!suspect && handovers - explained > 1)
  return vanished ? { attempt: used + 2, suspect: true } : { attempt: used + 1, suspect }
}

/** What is to be remembered of a hand-over: that it begins, that it failed, or that it ended and cost no attempt. */
export function noted(
  handovers: number,
  { attempt, suspect }: Counted,
  how: 'begins' | 'failed' | 'free',
  { history, ran }: Pick<Note, 'history' | 'ran'>,
): Note {
  const note = { count: handovers, used: how === 'failed' ? attempt : attempt - 1, open: how === 'begins', suspect, history }
  return ran === undefined ? note : { ...note, ran }
}

/** What a note says of earlier runs. */
export function past(note: Note | undefined): Pick<Note, 'history' | 'doomed'> & { ran: number } {
  return { history: note?.history ?? [], ran: note?.ran ?? 0, ...(note?.doomed === undefined ? {} : { doomed: note.doomed }) }
}
