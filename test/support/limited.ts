/** The work that limited workers do, and how their histories are judged. */

import { type EnqueueOptions, queue, task, topic } from 'callboard'

/** What is to be done: for so many ms, on behalf of a key; `held` for as long as its worker is not told to let go. */
export interface Limited {
  readonly n: number
  readonly key: string
  readonly ms: number
}

/** What lasts until SIGHUP tells its worker to let go. */
export const held = -1

/** How many tasks the bounded queue holds at most. */
export const tight = 20

/** The contract of it. */
export const limited = task<Limited>('limited', { retry: { attempts: 3, backoff: 10 } })

/** That it is to be done, for whoever listens. */
export const limitedSaid = topic<Limited>('limited.said')

/** The same work in a bounded queue, on lanes, and with turns for keys, in one stream and in three. */
export const contracts = {
  plain: limited,
  bounded: task<Limited>('limited', {
    queue: queue('tight', { limit: { tasks: tight }, full: 'wait' }),
    retry: { attempts: 3, backoff: 10 },
  }),
  laned: task<Limited>('limited', { lanes: ['high', 'normal', 'low'], retry: { attempts: 3, backoff: 10 } }),
  fair: task<Limited>('limited', { fair: ({ key }) => key, retry: { attempts: 3, backoff: 10 } }),
  'fair in partitions': task<Limited>('limited', {
    queue: queue('wide', { partitions: 3 }),
    fair: ({ key }) => key,
    retry: { attempts: 3, backoff: 10 },
  }),
} as const

/** The id of one of many, where it follows from what it is. */
export const manyId = (n: number): string => `many-${n}`

/** How many that ask for the same become one. */
export const ways = ['debounce', 'throttle'] as const
/** How many things are asked for each way. */
export const keys = 3
/** How long one that is debounced waits for silence, and when it runs at the latest, in ms. */
export const silence = { wait: 200, max: 600 } as const
/** How long one that is throttled stands for all, in ms. */
export const per = 1000

/** How work of a key is asked for. */
export const keyedOptions = (way: (typeof ways)[number], key: string): EnqueueOptions =>
  way === 'debounce' ? { debounce: { key, ...silence } } : { throttle: { key, per } }

/** One run, as its worker tells it. Times in ms of the machine's monotonic clock. */
export interface LimitedRun {
  readonly n: number
  readonly key: string
  readonly attempt: number
  readonly id: string
  /** When the broker stored it, or found it due; ms since 1970. */
  readonly sentAt: number
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
    const [word, n = '', attempt = '', key = '', at = '', id = '', sentAt = ''] = line.split(' ')
    const name = `${id} ${n} ${attempt}`
    const began = { n: Number(n), key, attempt: Number(attempt), id, sentAt: Number(sentAt), began: Number(at), ended: end }
    if (word === 'began') runs.set(name, began)
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
