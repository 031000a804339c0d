/** A history, gathered by what it is about: everything that was said, with its answers, runs and ends. */

import type { Op } from './history.ts'

/** One run of a handler. */
export interface Run {
  readonly name: string
  readonly by: string
  readonly as: string
  readonly began: number
  ended: number | undefined
  how: 'end' | 'threw' | undefined
  /** Whether it had stayed in its queue after it was acknowledged, and was put there again. */
  stayed?: true
}

/** Everything about one thing that was said. */
export interface Item {
  readonly id: string
  kind: string
  by: string
  /** ms since 1970; NaN: nobody said it. */
  said: number
  notBefore: number
  answer: 'ok' | 'fail' | 'unknown' | undefined
  /** The code it was refused with. */
  code: string
  answered: number
  readonly runs: Run[]
  /** Since when it has waited for leave to run, by process. */
  readonly waits: Map<string, number>
  /** Who gave it up, once for each letter. */
  readonly dead: string[]
  readonly results: string[]
}

/** Something that was done to somebody. */
export interface Fault {
  readonly what: string
  readonly whom: string
  readonly from: number
  readonly to: number
}

/** A history, gathered. */
export interface Folded {
  readonly items: ReadonlyMap<string, Item>
  readonly faults: readonly Fault[]
  /** What was not as it should be after everything was healed. */
  readonly stuck: readonly string[]
}

/** Gathers. The lines of one process are in order; processes may come in any order. */
export function fold(ops: Iterable<Op>): Folded {
  const items = new Map<string, Item>()
  const runs = new Map<string, Run>()
  const faults: Fault[] = []
  const stuck: string[] = []
  const itemOf = (id: string): Item => {
    const known = items.get(id)
    if (known !== undefined) return known
    const fresh: Item = {
      id,
      kind: '',
      by: '',
      said: Number.NaN,
      notBefore: 0,
      answer: undefined,
      code: '',
      answered: 0,
      runs: [],
      waits: new Map(),
      dead: [],
      results: [],
    }
    items.set(id, fresh)
    return fresh
  }
  for (const { at, by, op, what, id, extra } of ops) {
    if (op === 'fault') faults.push({ what, whom: id, from: at, to: Number(extra) })
    else if (op === 'stuck') stuck.push(what)
    else if (op === 'say') Object.assign(itemOf(id), { kind: what, by, said: at, notBefore: Number(extra || 0) })
    else if (op === 'ok' || op === 'fail' || op === 'unknown') Object.assign(itemOf(id), { answer: op, code: what, answered: at })
    else if (op === 'result') itemOf(id).results.push(extra)
    else if (op === 'dead') itemOf(id).dead.push(what)
    else if (op === 'wait') {
      const { waits } = itemOf(id)
      if (!waits.has(by)) waits.set(by, at)
    } else if (op === 'stayed') Object.assign(runs.get(extra) ?? {}, { stayed: true })
    else if (op === 'begin') {
      const run: Run = { name: extra, by, as: what, began: at, ended: undefined, how: undefined }
      runs.set(extra, run)
      itemOf(id).runs.push(run)
    } else {
      const run = runs.get(extra)
      if (run === undefined) stuck.push(`${by} ended the run ${extra} of ${id}, which had not begun`)
      else Object.assign(run, { ended: at, how: op })
      runs.delete(extra)
    }
  }
  faults.sort((a, b) => a.from - b.from)
  for (const { runs } of items.values()) runs.sort((a, b) => a.began - b.began)
  return { items, faults, stuck }
}
