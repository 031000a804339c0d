/**
 * Between run and handler: gathers runs until there are enough, or until the first of them has waited long enough, and has one
 * handler called for all of them. Each stays a run of its own, with its own attempts, end and answer; only the call is shared.
 *
 * gathering   holds a slot and its lease is prolonged; its time has not begun
 * called      one of a batch; whoever says first how it ended has the word: the item itself, the batch, or a deadline
 *
 * Two are never called together with others: a run whose earlier hand-over ended with its process, and a run that makes
 * its last attempt. So one that kills the process, or fails the batch, does not take its neighbours with it. The mark of a suspect
 * is left when it is called, not when it is gathered: what waits behind a killer has not begun.
 * source: bisecting a failed batch, as stream consumers of the cloud providers do; here it needs one step.
 */

import { fault } from '../base/errors.ts'
import { noted } from './attempt.ts'
import type { Memory } from './binding.ts'
import { tick } from './heartbeat.ts'
import type { Run } from './run.ts'
import { Snooze } from './verdict.ts'

/** How long a suspect waits whose mark could not be left, in ms. */
const patience = 1000

/** When a batch is called, and how many at once. */
export interface BatchTerms {
  /** Items of one call at most. */
  readonly size: number
  /** ms the first one waits for the others at most. */
  readonly within: number
  /** Calls at once. */
  readonly concurrency: number
}

/** Says how one item ended. The first word counts. */
export interface Word {
  done(value: unknown): void
  fail(error: unknown): void
}

/** What is called for a batch: items, and a signal that aborts when none of them is wanted any more. Gives one entry for each, or nothing. */
export type Call<Item> = (items: readonly Item[], signal: () => AbortSignal) => unknown

/** Gathers runs. */
export interface Collector<Item> {
  /** Comes to the output of this run; rejects with what made it fail. `memory` is where a mark is left before a suspect runs. */
  add(run: Run, memory: Pick<Memory, 'note'>, itemOf: (word: Word) => Item): Promise<unknown>
  /** From now on nothing waits for others. */
  flush(): void
}

interface Member<Item> extends Word {
  readonly run: Run
  readonly item: Item
  readonly memory: Pick<Memory, 'note'>
  /** When it has waited long enough, in ms since 1970. */
  readonly due: number
}

interface Batch<Item> {
  readonly members: readonly Member<Item>[]
  /** Its handler came back. */
  back: boolean
  /** What must be told before the next is called is told. */
  told: boolean
}

/** A collector before a handler. */
export function collector<Item>({ size, within, concurrency }: BatchTerms, call: Call<Item>): Collector<Item> {
  const gathered: Member<Item>[] = []
  const alone: Member<Item>[] = []
  const called = new Set<Batch<Item>>()
  let closing = false
  let timer: NodeJS.Timeout | undefined
  let alarm = 0

  function turn(): void {
    // A handler that does not come back after its time holds no place.
    if (called.size >= concurrency)
      for (const batch of called) if (!batch.back && batch.members.every(({ run }) => run.ended)) called.delete(batch)
    for (let next = take(); next.length > 0; next = take()) begin(next)
    const [first = alone[0]] = gathered
    if (first !== undefined) wake(called.size >= concurrency ? Date.now() + tick : first.due)
  }

  /** Takes another turn at a time, unless one is to come before. */
  function wake(at: number): void {
    if (timer !== undefined && alarm <= at) return
    clearTimeout(timer)
    alarm = at
    timer = setTimeout(
      () => {
        timer = undefined
        turn()
      },
      Math.max(1, at - Date.now()),
    )
  }

  function take(): Member<Item>[] {
    if (called.size >= concurrency) return []
    if (alone.length > 0) return alone.splice(0, 1)
    if (gathered.length < size && !closing && Date.now() < (gathered[0]?.due ?? 0)) return []
    return gathered.splice(0, size)
  }

  function begin(members: readonly Member<Item>[]): void {
    // Called off, or handed back, while it was gathered.
    for (const { run, fail } of members) if (run.stopped !== undefined) fail(undefined)
    const wanted = members.filter(({ run }) => run.stopped === undefined && !run.ended)
    const [first] = wanted
    if (first === undefined) return
    const batch: Batch<Item> = { members: wanted, back: false, told: !lonely(first.run) }
    const over = () => {
      if (!batch.back || !batch.told) return
      called.delete(batch)
      turn()
    }
    called.add(batch)
    if (!batch.told)
      afterwards(first.run, () => {
        batch.told = true
        over()
      })
    void conclude(batch).then(() => {
      batch.back = true
      over()
    })
  }

  async function conclude({ members }: Batch<Item>): Promise<void> {
    try {
      for (const member of members) if (member.run.suspect) await mark(member)
      const now = Date.now()
      for (const { run } of members) run.startedAt = now
      const returned = await call(
        members.map(({ item }) => item),
        () => signalOf(members.map(({ run }) => run)),
      )
      const outputs = entries(returned, members.length)
      for (const [index, member] of members.entries()) {
        const output = outputs?.[index]
        if (output instanceof Error) member.fail(output)
        else member.done(output)
      }
    } catch (error) {
      for (const member of members) member.fail(error)
    }
  }

  return {
    add: (run, memory, itemOf) =>
      new Promise((resolve, reject) => {
        run.startedAt = 0
        const word = { done: resolve, fail: reject }
        const queue = lonely(run) ? alone : gathered
        queue.push({ run, memory, item: itemOf(word), due: Date.now() + within, ...word })
        turn()
      }),
    flush() {
      closing = true
      clearTimeout(timer)
      timer = undefined
      turn()
    },
  }
}

/** Leaves the mark of a suspect. Where that fails it is not its fault: it is tried again, at no attempt. */
async function mark({ run, memory }: Pick<Member<unknown>, 'run' | 'memory'>): Promise<void> {
  try {
    await memory.note(run.delivery, noted(run.delivery.count, run, 'begins', run))
  } catch (error) {
    throw new Snooze(patience, { cause: error })
  }
}

/** Calls back when the end of a run is told: what begins then cannot take it along any more. */
function afterwards(run: Run, told: () => void): void {
  const { leave } = run
  run.leave = () => {
    leave?.()
    setImmediate(told)
  }
}

/** Whether it may take others with it when it fails. */
const lonely = ({ suspect, attempt, terms }: Run): boolean => suspect || (attempt > 1 && attempt >= terms.policy.attempts)

/** What a batch handler returned: one entry for each item, or nothing. */
function entries(returned: unknown, size: number): readonly unknown[] | undefined {
  if (!Array.isArray(returned)) return undefined
  if (returned.length === size) return returned
  throw fault('BATCH_MISMATCH', `The handler of a batch of ${size} returned a list of ${returned.length}.`)
}

/** Aborts when all runs are told to stop, with what the last one was told. */
function signalOf(runs: readonly Run[]): AbortSignal {
  const all = new AbortController()
  let left = runs.length
  for (const { signal } of runs) {
    const stopped = () => --left === 0 && all.abort(signal.reason)
    if (signal.aborted) stopped()
    else signal.addEventListener('abort', stopped, { once: true })
  }
  return all.signal
}
