/** How much memory processes hold over time, and how fast that grows. Where there is no /proc, nothing is known. */

import { readFileSync } from 'node:fs'

/** What a process held at a moment: ms since 1970, and MB. */
export interface Sample {
  readonly at: number
  readonly mb: number
}

/** What became of a process: MB after the warm-up and at the end, and MB per minute between the two. */
export interface Grown {
  readonly first: number
  readonly last: number
  readonly slope: number
}

/** How often it is looked, in ms. */
const every = 2_000
/** The part of a run that is warm-up. */
const warming = 1 / 3

/** The line through the samples behind the warm-up, by least squares. Undefined: there are too few of them. */
export function grown(samples: readonly Sample[]): Grown | undefined {
  const rest = samples.slice(Math.floor(samples.length * warming))
  const [begin] = rest
  if (begin === undefined || rest.length < 3) return undefined
  const minutes = ({ at }: Sample) => (at - begin.at) / 60_000
  const mean = (read: (sample: Sample) => number) => rest.reduce((sum, each) => sum + read(each), 0) / rest.length
  const [x, y] = [mean(minutes), mean(({ mb }) => mb)]
  const slope = mean((each) => (minutes(each) - x) * (each.mb - y)) / mean((each) => (minutes(each) - x) ** 2)
  const at = (minute: number) => y + slope * (minute - x)
  return { first: at(0), last: at(minutes(rest.at(-1) as Sample)), slope }
}

/** Looks at processes, by name, until it is stopped; gives what became of each. */
export function watchMemory(processes: () => Iterable<readonly [name: string, pid: number]>): () => Readonly<Record<string, Grown>> {
  const seen = new Map<string, Sample[]>()
  const timer = setInterval(() => {
    for (const [name, pid] of processes()) {
      const mb = heldBy(pid)
      if (mb !== undefined) seen.set(name, [...(seen.get(name) ?? []), { at: Date.now(), mb }])
    }
  }, every)
  return () => {
    clearInterval(timer)
    return Object.fromEntries(
      [...seen].flatMap(([name, samples]) => (grown(samples) === undefined ? [] : [[name, grown(samples) as Grown]])),
    )
  }
}

function heldBy(pid: number): number | undefined {
  try {
    const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kb === undefined ? undefined : Number(kb) / 1024
  } catch {
    return undefined
  }
}
