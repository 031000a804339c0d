/** What the fault machine says and asks for, and who has to answer. */

import { queue } from '../../src/board/queue.ts'
import { task } from '../../src/board/task.ts'
import { topic } from '../../src/board/topic.ts'
import type { QueueLayout } from '../../src/wire/streams.ts'

/**
 * What becomes of it in the hands of its handler.
 *
 * good    is done
 * fails   throws once, and is done
 * bad     is rejected
 * poison  kills its process, each time
 */
export type Kind = 'good' | 'fails' | 'bad' | 'poison'

/** The body of everything: what it is called in the history. */
export interface Body {
  readonly id: string
  readonly kind: Kind
  /** What is ordered: of what. */
  readonly key?: string
}

/** How long things are kept: as long as any run lasts; or so briefly that as much goes as comes, and what the broker holds says nothing of leaks. */
export const kept = {
  all: { retention: '1h', results: '1h', ledger: '7d' },
  soaking: { retention: '5m', results: '2m', ledger: '5m' },
} as const

/** Keeping, by name. */
export type Kept = keyof typeof kept

/** The contracts, on a queue of one layout or the other; what a log cannot do has a work queue of its own. */
export function contracts(layout: QueueLayout, keeping: Kept = 'all') {
  const jobs = queue('jobs', { layout })
  const retry = { attempts: 12, backoff: '10ms..200ms' } as const
  return {
    job: task<Body>('job', { queue: jobs, retry }),
    poison: task<Body>('poison', { queue: jobs, retry: { attempts: 3, backoff: 10 } }),
    tracked: task<Body, string>('tracked', { queue: jobs, retry, track: true, keep: kept[keeping].results }),
    gated: task<Body>('gated', { queue: jobs, retry }),
    ordered: task<Body>('ordered', { queue: 'turns', retry, ordered: ({ key }) => key ?? '', strands }),
    narrow: task<Body>('narrow', { queue: queue('narrow', { limit: { tasks: room } }), retry }),
    patient: task<Body>('patient', { queue: queue('patient', { limit: { tasks: room }, full: 'wait' }), retry }),
    slot: task<null>('slot', { queue: jobs, retry }),
    event: topic<Body>('event'),
  }
}

/** Keys of an ordered task that may run at once. */
const strands = 4

/** How many tasks the bounded queues take. */
export const room = 10

/** How often the schedule fires, in s. */
export const slotEvery = 5

/** The tasks that are judged by themselves: as their kind is called, and as who runs them. */
export const ownKinds: readonly string[] = ['gated', 'ordered', 'narrow', 'patient', 'slot']

/** How many of the gated tasks may run at once, over all workers. */
export const atOnce = 3

/** The services that hear events. */
export const listeners = ['alpha', 'beta'] as const

/** What producers are told, as JSON in their only argument. */
export interface Orders {
  /** The process, with its incarnation. */
  readonly by: string
  readonly servers: readonly string[]
  readonly namespace: string
  readonly layout: QueueLayout
  readonly keeping: Kept
  /** Where the history is written. */
  readonly folder: string
  /** Producers: things said per second. */
  readonly rate: number
  /** Producers: whether to say one that kills its worker. */
  readonly poison: boolean
  /** Workers: ms. */
  readonly lease: number
}

/** What a process is told while it runs. */
export type Order =
  | { readonly order: 'finish' }
  | { readonly order: 'hold' | 'go' }
  | { readonly order: 'block' | 'clock'; readonly ms: number }

/** What it tells: how many things it has said and been told, or done; and the bytes in use on its heap. */
export interface Count {
  readonly said: number
  readonly done: number
  readonly heap: number
}
