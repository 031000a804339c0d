/** Batches as handlers see them: items, each of which can do what a single one can and has an end of its own. */

import type { Duration } from '../base/duration.ts'
import type { Label } from '../base/events.ts'
import { type ReadersOf, readOptions, time, whole } from '../base/options.ts'
import { type Collector, collector, type Word } from '../runtime/collect.ts'
import type { Run } from '../runtime/run.ts'
import type { Received } from './around.ts'
import { EventContext, TaskContext } from './context.ts'
import type { Core } from './core.ts'
import type { Logger } from './log.ts'

/** When a batch is handed to its handler. */
export interface BatchOptions {
  /** Items at most. Default: none, it must be given. Edge: 1 to 1,000. */
  readonly size: number
  /** How long the first item waits for others. Default 1 s. Edge: it waits longer while `concurrency` batches are being handled. */
  readonly within?: Duration
}

/** What a batch handler is given beside its items. */
export interface BatchContext {
  /** Aborts when no item of the batch is wanted any more: on timeout and at the end of a drain. Each item has a signal of its own. */
  readonly signal: AbortSignal
  /** A logger that names service and contract in each line. */
  readonly log: Logger
}

/** What a batch handler returns: nothing, or an entry for each item in their order; an Error makes that item fail. */
export type Entries<Returned> = readonly (Returned | Error)[]

/** What a batch handler may return; free where no result is kept. */
export type BatchReturn<Returned> = unknown extends Returned
  ? unknown
  : // biome-ignore lint/suspicious/noConfusingVoidType: a handler that says of each item how it ended returns nothing.
    Entries<Returned> | void | Promise<Entries<Returned> | void>

/** Handles many tasks with one call. What it throws fails every item that has no end yet. */
export type BatchPerformer<Parsed, Returned> = (items: readonly TaskItem<Parsed, Returned>[], batch: BatchContext) => BatchReturn<Returned>

/** Handles many events with one call. What it throws fails every item that has no end yet. */
export type BatchSubscriber<Event> = (items: readonly EventItem<Event>[], batch: BatchContext) => unknown

/** One task of a batch. */
export class TaskItem<Parsed = unknown, Returned = never> extends TaskContext {
  readonly input: Parsed
  readonly #word: Word

  constructor(core: Core, run: Run, service: string, task: string, input: Parsed, word: Word) {
    super(core, run, service, task)
    this.input = input
    this.#word = word
  }

  /** It is done, whatever becomes of the others: its result is kept and it is acknowledged at once. The first word about an item counts. */
  done(...[output]: unknown extends Returned ? [output?: Returned] : [output: Returned]): void {
    this.#word.done(output)
  }

  /** It failed, and the others did not: tried again by the policy of the contract. A Reject makes it a dead letter, a Snooze costs no attempt. */
  fail(error: unknown): void {
    this.#word.fail(error)
  }
}

/** One event of a batch. */
export class EventItem<out Event = unknown> extends EventContext {
  readonly event: Event
  readonly #word: Word

  constructor(core: Core, run: Run, service: string, topic: string, subscription: string, event: Event, word: Word) {
    super(core, run, service, topic, subscription)
    this.event = event
    this.#word = word
  }

  /** It is done, whatever becomes of the others, and acknowledged at once. The first word about an item counts. */
  done(): void {
    this.#word.done(undefined)
  }

  /** It failed, and the others did not: tried again by the policy of the subscription. A Reject makes it a dead letter, a Snooze costs no attempt. */
  fail(error: unknown): void {
    this.#word.fail(error)
  }
}

const batchReaders = { size: whole(1, 1000), within: time() } satisfies ReadersOf<BatchOptions>

/** Reads `batch: …`. Throws INVALID_OPTION or UNKNOWN_OPTION. */
export function batchTerms(where: string, given: BatchOptions): { size: number; within: number } {
  // Left out, it is asked for as what is missing.
  const { size = 0, within = 1000 } = readOptions(`${where}.batch`, { ...given, size: given.size ?? null }, batchReaders)
  return { size, within }
}

/** A collector that calls a batch handler. */
export function batching<Item extends Received>(
  core: Core,
  label: Label,
  terms: { readonly size: number; readonly within: number; readonly concurrency: number },
  handler: (items: readonly Item[], batch: BatchContext) => unknown,
): Collector<Item> {
  return collector(terms, (items, signal) => {
    let own: AbortSignal | undefined
    const batch: BatchContext = {
      get signal() {
        own ??= signal()
        return own
      },
      get log() {
        return core.log.child({ service: label.service, name: label.name, batch: items.length })
      },
    }
    return core.around.none ? handler(items, batch) : core.around.run(label, items, () => handler(items, batch))
  })
}
