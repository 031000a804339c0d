/**
 * Judges a history, in the manner of Jepsen's total-queue and set-full checkers: pure, so that it is tested with histories that
 * were made up.
 *
 * lost         acknowledged, and neither done nor a dead letter; for an event: by each subscription
 * unexplained  ran again after a run that did not throw, and no recorded fault explains it
 * ghost        refused for good, and ran
 * unsaid       ran, and nobody said it
 * torn         two results for one task, or a result that no run of it gave
 * early        ran before its time
 * exceeded     more at once than its gate allows
 * overtaken    of one key, begun before what was said before it had been done
 * buried       a dead letter that should be none, twice, or missing
 * stuck        not as it should be after everything was healed
 */

import { explanation, type Layout, repetition } from './explain.ts'
import type { Fault, Folded, Item, Run } from './fold.ts'

/** Something that must not be. */
export interface Anomaly {
  readonly rule: 'lost' | 'unexplained' | 'ghost' | 'unsaid' | 'torn' | 'early' | 'exceeded' | 'overtaken' | 'buried' | 'stuck'
  /** What it is about; empty: nothing single. */
  readonly id: string
  readonly sentence: string
}

/** What the checker found. */
export interface Judgement {
  readonly acknowledged: number
  readonly unknown: number
  readonly refused: number
  /** What was refused or unknown, by code; without one: its producer did not live to be told. */
  readonly codes: Readonly<Record<string, number>>
  readonly lost: number
  /** Runs after a run that did not throw. */
  readonly duplicated: number
  readonly unexplained: number
  /** What faults explain how many doubled runs. */
  readonly explained: Readonly<Record<string, number>>
  readonly dead: number
  readonly ok: boolean
  readonly anomalies: readonly Anomaly[]
}

/** What the checker must know of the run. */
export interface Rules extends Layout {
  /** Who has to run things of a kind. */
  readonly runners: (kind: string) => readonly string[]
  /** How many may run at once, by who runs them. */
  readonly atOnce: Readonly<Record<string, number>>
  /** What a thing keeps the order of. */
  readonly keyOf: (item: Item) => string | undefined
  /** Whether things of this kind end as dead letters. */
  readonly doomed: (kind: string) => boolean
}

/** What a run gives. */
export const resultOf = (id: string, run: string): string => `${id} by ${run}`

/** How much too early a broker may be, in ms: clocks are read before and after. */
const earliness = 2

/** Judges. */
export function check({ items, faults, stuck }: Folded, rules: Rules): Judgement {
  const anomalies: Anomaly[] = stuck.map((sentence) => ({ rule: 'stuck', id: '', sentence }))
  const explained: Record<string, number> = {}
  const count = { ok: 0, fail: 0, unknown: 0 }
  const codes: Record<string, number> = {}
  let duplicated = 0
  let dead = 0
  for (const item of items.values()) {
    const found = (rule: Anomaly['rule'], sentence: string) => anomalies.push({ rule, id: item.id, sentence })
    count[item.answer ?? 'unknown']++
    dead += item.dead.length
    if (item.answer !== 'ok') codes[item.code] = (codes[item.code] ?? 0) + 1
    if (Number.isNaN(item.said)) {
      found('unsaid', `${item.id} ran, and nobody said it`)
      continue
    }
    for (const as of rules.runners(item.kind)) {
      const runs = item.runs.filter((run) => run.as === as)
      judgeEnd(item, as, runs, faults, rules, found)
      for (const [before, again] of doubles(runs)) {
        duplicated++
        const fault = explanation(before, again, item, faults, rules)
        if (fault === undefined) found('unexplained', doubled(item, before, again))
        else explained[fault.what] = (explained[fault.what] ?? 0) + 1
      }
    }
    judgeRest(item, rules, found)
  }
  for (const [as, limit] of Object.entries(rules.atOnce)) anomalies.push(...exceeding(as, limit, { items, faults, stuck }))
  anomalies.push(...overtaking(items.values(), rules.keyOf))
  const of = (rule: Anomaly['rule']) => anomalies.filter((each) => each.rule === rule).length
  return {
    acknowledged: count.ok,
    unknown: count.unknown,
    refused: count.fail,
    codes,
    lost: of('lost'),
    duplicated,
    unexplained: of('unexplained'),
    explained,
    dead,
    ok: anomalies.length === 0,
    anomalies,
  }
}

type Found = (rule: Anomaly['rule'], sentence: string) => void

function judgeEnd(item: Item, as: string, runs: readonly Run[], faults: readonly Fault[], { doomed }: Rules, found: Found): void {
  const letters = item.dead.filter((by) => by === as).length
  if (letters > 1 && repetition(item, faults) === undefined) found('buried', `${item.id} is ${letters} dead letters of ${as}`)
  if (letters > 0 && !doomed(item.kind)) found('buried', `${item.id} is a dead letter of ${as}, and its handler has nothing against it`)
  const done = runs.some((run) => run.how === 'end')
  if (item.answer !== 'ok' || letters > 0) return
  if (doomed(item.kind)) found('buried', `${item.id} should be a dead letter of ${as}, and is none`)
  else if (!done) found('lost', `${item.id} was acknowledged, and ${as} has not done it`)
}

/** Each run that followed one that did not throw. */
function* doubles(runs: readonly Run[]): Generator<[Run, Run]> {
  for (const [index, again] of runs.entries()) {
    const before = runs[index - 1]
    if (before !== undefined && !(before.how === 'threw' && (before.ended as number) <= again.began)) yield [before, again]
  }
}

function judgeRest(item: Item, { runners }: Rules, found: Found): void {
  const strangers = item.runs.filter((run) => !runners(item.kind).includes(run.as))
  if (strangers.length > 0) found('unsaid', `${item.id} was run by ${strangers[0]?.as}, whom it does not concern`)
  if (item.answer === 'fail' && item.runs.length > 0) found('ghost', `${item.id} was refused for good, and ran`)
  const early = item.runs.find((run) => run.began < item.notBefore - earliness)
  if (early) found('early', `${item.id} ran ${Math.round(item.notBefore - early.began)} ms before its time`)
  const [result] = item.results
  if (new Set(item.results).size > 1) found('torn', `${item.id} has ${new Set(item.results).size} results`)
  if (result !== undefined && !item.runs.some((run) => result === resultOf(item.id, run.name)))
    found('torn', `${item.id} has the result ${result}, which no run of it gave`)
}

function doubled(item: Item, before: Run, again: Run): string {
  const ended =
    before.how === undefined
      ? 'had not ended'
      : `${before.how === 'end' ? 'was done' : 'threw'} after ${Math.round((before.ended as number) - before.began)} ms`
  return `${item.id}: ${before.as} ran it in ${before.by}, which ${ended}, and ${Math.round(again.began - before.began)} ms after its begin again in ${again.by}`
}

/** Each begin of a run that was one too many. What a process had begun ends with it; one that was held up for as long as its places are its own may have lost them. */
function exceeding(as: string, limit: number, { items, faults }: Folded): Anomaly[] {
  const runs = [...items.values()].flatMap((item) => item.runs.flatMap((run) => (run.as === as ? [{ run, id: item.id }] : [])))
  runs.sort((a, b) => a.run.began - b.run.began)
  const found: Anomaly[] = []
  let open: Run[] = []
  for (const { run, id } of runs) {
    open = open.filter((other) => lastOf(other, faults) > run.began)
    const sure = open.filter((other) => !heldLong(other.by, other.began, run.began, faults))
    if (sure.length >= limit)
      found.push({ rule: 'exceeded', id, sentence: `${id} was begun in ${run.by} while ${sure.length} others ran, and ${limit} may` })
    open.push(run)
  }
  return found
}

/** Each thing that began before the one before it of its key had been done once. Of a key the next thing is said when the last is answered, so of what was acknowledged the order is sure. */
function overtaking(items: Iterable<Item>, keyOf: Rules['keyOf']): Anomaly[] {
  const byKey = new Map<string, Item[]>()
  for (const item of items) {
    const key = item.answer === 'ok' ? keyOf(item) : undefined
    if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), item])
  }
  const found: Anomaly[] = []
  for (const [key, said] of byKey) {
    said.sort((a, b) => a.said - b.said)
    for (const [index, item] of said.entries()) {
      const before = said[index - 1]
      const done = Math.min(...(before?.runs ?? []).flatMap(({ how, ended }) => (how === 'end' ? (ended as number) : [])))
      if (before !== undefined && (item.runs[0]?.began ?? Number.POSITIVE_INFINITY) < done)
        found.push({ rule: 'overtaken', id: item.id, sentence: `${item.id} of ${key} was begun before ${before.id} was done` })
    }
  }
  return found
}

/** When it was over for sure: at its end, or at that of its process. */
const lastOf = ({ by, ended }: Run, faults: readonly Fault[]): number =>
  ended ?? faults.find(({ what, whom }) => (what === 'ended' || what === 'left') && whom === by)?.from ?? Number.POSITIVE_INFINITY

/** Places in a gate are given to others after this time without a sign of life, in ms, and a bit less for timers that are late. */
const placeLease = 8_000

const heldLong = (by: string, from: number, to: number, faults: readonly Fault[]): boolean =>
  faults.some((fault) => fault.whom === by && fault.to - fault.from > placeLease && fault.from <= to && fault.to >= from)

/** What happened around an anomaly, in order: everything about the thing itself, and the faults near it. */
export function story({ items, faults }: Folded, { id }: Anomaly): string[] {
  const item = items.get(id)
  if (item === undefined) return []
  const lines: [number, string][] = []
  const tell = (at: number, text: string) => lines.push([at, text])
  if (!Number.isNaN(item.said)) tell(item.said, `${item.by} says ${item.kind} ${id}`)
  if (item.answer !== undefined) tell(item.answered, `${item.by} is told: ${item.answer}`)
  for (const run of item.runs) {
    tell(run.began, `${run.by} begins it, as ${run.as}`)
    if (run.ended !== undefined) tell(run.ended, `${run.by} ${run.how === 'end' ? 'has done it' : 'has thrown'}`)
  }
  const times = lines.map(([at]) => at)
  const [first, last] = [Math.min(...times) - near, Math.max(...times) + near]
  for (const fault of faults.filter((each) => each.to >= first && each.from <= last)) {
    tell(fault.from, `✖ ${fault.whom} ${fault.what}`)
    if (fault.to > fault.from) tell(fault.to, `○ ${fault.whom} is over it (${fault.what})`)
  }
  for (const as of item.dead) lines.push([Number.POSITIVE_INFINITY, `in the end it is a dead letter of ${as}`])
  for (const result of new Set(item.results)) lines.push([Number.POSITIVE_INFINITY, `in the end its result is ${result}`])
  return lines
    .sort(([a], [b]) => a - b)
    .map(([at, text]) => `${Number.isFinite(at) ? `${((at - first - near) / 1000).toFixed(3)} s`.padStart(10) : ''.padStart(10)}  ${text}`)
}

/** How far from an anomaly a fault is still told, in ms. */
const near = 5_000

export type { Fault }
