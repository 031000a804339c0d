/** How much memory processes hold over time, and how fast that grows. Where there is no /proc, nothing is known. */

import { appendFileSync, readFileSync } from 'node:fs'

/** A process to look at. */
export interface Process {
  readonly name: string
  readonly pid: number
  /** Bytes in use on its heap, garbage included, where it tells. */
  readonly heap: number | undefined
}

/** What a process held at a moment: ms since 1970, and MB. */
export interface Sample {
  readonly at: number
  readonly mb: number
  /** Of it in use on its heap, garbage included. */
  readonly heap?: number
}

/** A straight line through what a process held: MB where it begins and ends, and MB per minute between the two. */
export interface Line {
  readonly first: number
  readonly last: number
  readonly slope: number
}

/** What became of a process after the warm-up. */
export interface Grown extends Line {
  /** The same of what is left on its heap when garbage is collected: the least of each span. */
  readonly heap?: Line
  /** MB at each tenth of the run, the first at its begin. */
  readonly tenths: readonly number[]
}

/** How often it is looked, in ms. */
const every = 2_000
/** The part of a run that is warm-up. */
const warming = 1 / 3
/** Within so many ms every heap is collected once. */
const collected = 120_000

/** What became of it. Undefined: there are too few samples. */
export function grown(samples: readonly Sample[]): Grown | undefined {
  const line = lineThrough(samples.slice(Math.floor(samples.length * warming)))
  if (line === undefined) return undefined
  const heap = lineThrough(least(samples.slice(Math.floor(samples.length * warming))))
  const tenths = Array.from({ length: 11 }, (_, n) => (samples[Math.round((n * (samples.length - 1)) / 10)] as Sample).mb)
  return { ...line, ...(heap && { heap }), tenths }
}

/** By least squares. Undefined: there are too few. */
function lineThrough(samples: readonly Sample[]): Line | undefined {
  const [begin] = samples
  if (begin === undefined || samples.length < 3) return undefined
  const minutes = ({ at }: Sample) => (at - begin.at) / 60_000
  const mean = (read: (sample: Sample) => number) => samples.reduce((sum, each) => sum + read(each), 0) / samples.length
  const [x, y] = [mean(minutes), mean(({ mb }) => mb)]
  const slope = mean((each) => (minutes(each) - x) * (each.mb - y)) / mean((each) => (minutes(each) - x) ** 2)
  const at = (minute: number) => y + slope * (minute - x)
  return { first: at(0), last: at(minutes(samples.at(-1) as Sample)), slope }
}

/** The smallest heap of each whole span of time. */
function least(samples: readonly Sample[]): Sample[] {
  const begin = samples[0]?.at ?? 0
  const spans = new Map<number, Sample>()
  for (const { at, heap } of samples) {
    if (heap === undefined) continue
    const span = Math.floor((at - begin) / collected)
    if (heap < (spans.get(span)?.mb ?? Number.POSITIVE_INFINITY)) spans.set(span, { at, mb: heap })
  }
  return [...spans.values()].slice(0, -1)
}

/** Looks at processes until it is stopped, and notes each look in a file; gives what became of each, by name. */
export function watchMemory(processes: () => Iterable<Process>, file: string): () => Readonly<Record<string, Grown>> {
  const seen = new Map<string, Sample[]>()
  const timer = setInterval(() => {
    const at = Date.now()
    for (const { name, pid, heap } of processes()) {
      const mb = heldBy(pid)
      if (mb === undefined) continue
      const sample = heap === undefined ? { at, mb } : { at, mb, heap: heap / 1024 ** 2 }
      appendFileSync(file, `${at}\t${name}\t${mb.toFixed(2)}\t${sample.heap?.toFixed(2) ?? ''}\n`)
      const samples = seen.get(name)
      if (samples === undefined) seen.set(name, [sample])
      else samples.push(sample)
    }
  }, every)
  return () => {
    clearInterval(timer)
    const became = [...seen].map(([name, samples]) => [name, grown(samples)] as const)
    return Object.fromEntries(became.flatMap(([name, each]) => (each === undefined ? [] : [[name, each]])))
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
