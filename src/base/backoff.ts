/** How long to wait after a failed attempt. Pure. */

import { type Duration, duration } from './duration.ts'
import { fault, shown } from './errors.ts'

/**
 * The wait after a failed attempt.
 *
 * text      `'1s..5m'`: full jitter between nothing and a ceiling that doubles from the first to the second
 * duration  the same wait each time
 * function  given the attempt that has just failed (1, 2, 3 …) and its error, gives milliseconds or a duration
 */
export type Backoff = `${string}..${string}` | Duration | ((attempt: number, error: unknown) => Duration)

/** Milliseconds to wait, given the attempt that has just failed and what it threw. */
export type Waiting = (attempt: number, error: unknown) => number

/** Turns a backoff option into a function. Throws INVALID_OPTION. */
export function backoff(option: Backoff, random: () => number = Math.random): Waiting {
  if (typeof option === 'function') return (attempt, error) => duration(option(attempt, error), 'the wait returned by backoff()')
  if (typeof option !== 'string' || !option.includes('..')) {
    const wait = duration(option as Duration, 'backoff')
    return () => wait
  }
  const [first, last, ...more] = option.split('..')
  if (more.length > 0) throw fault('INVALID_OPTION', `backoff is ${shown(option)}.`, { why: 'It must be two durations, as in "1s..5m".' })
  const from = duration(first as Duration, 'the start of backoff')
  const to = duration(last as Duration, 'the end of backoff')
  if (from > to) throw fault('INVALID_OPTION', `backoff is ${shown(option)}.`, { why: 'It must not begin longer than it ends.' })
  return (attempt) => fullJitter(attempt, from, to, random)
}

/**
 * Evenly spread between nothing and a ceiling: `from × 2^(attempt−1)`, at most `to`.
 *
 * attempt   1, 2, 3 …, the one that has just failed
 * returns   milliseconds, at least 1
 * source    "full jitter", AWS Architecture Blog, Exponential Backoff And Jitter, 2015
 */
export function fullJitter(attempt: number, from: number, to: number, random: () => number): number {
  const ceiling = Math.min(to, from * 2 ** Math.min(attempt - 1, 40))
  return Math.max(1, Math.round(random() * ceiling))
}
