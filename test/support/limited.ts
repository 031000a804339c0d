/** The work that limited workers do, and how their histories are judged. */

import { task } from 'callboard'

/** What is to be done: for so many ms, on behalf of a key. */
export interface Limited {
  readonly n: number
  readonly key: string
  readonly ms: number
}

/** The contract of it. */
export const limited = task<Limited>('limited', { retry: { attempts: 3, backoff: 10 } })

/** The same work on lanes, and with turns for keys. */
export const contracts = {
  plain: limited,
  laned: task<Limited>('limited', { lanes: ['high', 'normal', 'low'], retry: { attempts: 3, backoff: 10 } }),
  fair: task<Limited>('limited', { fair: ({ key }) => key, retry: { attempts: 3, backoff: 10 } }),
} as const

/** One run, as its worker tells it. Times in ms of the machine's monotonic clock. */
export interface LimitedRun {
  readonly n: number
  readonly key: string
  readonly attempt: number
  readonly began: number
  /** Infinity: it did not end. */
  readonly ended: number
}

/** Milliseconds of the machine's monotonic clock, the same in all processes. */
export const machineTime = (): number => Number(process.hrtime.bigint()) / 1e6

/** Reads what a worker wrote. What had not ended then ends with `end`. */
export function runsOf(lines: readonly string[], end = Number.POSITIVE_INFINITY): LimitedRun[] {
  const runs = new Map<string, LimitedRun>()
  for (const line of lines) {
    const [word, n = '', attempt = '', key = '', at = ''] = line.split(' ')
    const name = `${n} ${attempt}`
    if (word === 'began') runs.set(name, { n: Number(n), key, attempt: Number(attempt), began: Number(at), ended: end })
    const run = runs.get(name)
    if (word === 'ended' && run !== undefined) runs.set(name, { ...run, ended: Number(at) })
  }
  return [...runs.values()]
}

/** How many ran at once at most. */
export function mostAtOnce(runs: readonly LimitedRun[]): number {
  const changes = runs.flatMap(({ began, ended }): [number, number][] => [
    [began, 1],
    [ended, -1],
  ])
  // Where one ends as another begins, the end comes first.
  changes.sort(([a, up], [b, down]) => a - b || up - down)
  let [now, most] = [0, 0]
  for (const [, change] of changes) {
    now += change
    most = Math.max(most, now)
  }
  return most
}

/** How many began at most in any window of this length. */
export function mostWithin(runs: readonly LimitedRun[], window: number): number {
  const times = runs.map(({ began }) => began).sort((a, b) => a - b)
  let [from, most] = [0, 0]
  for (const [index, time] of times.entries()) {
    while ((times[from] as number) <= time - window) from++
    most = Math.max(most, index - from + 1)
  }
  return most
}
