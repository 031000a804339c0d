/** Deliveries from an array: all that the runtime asks of a broker, without one. Hands out what is asked for and keeps every answer. */

import type { Events } from '../../src/base/events.ts'
import type { Obituary } from '../../src/base/obituary.ts'
import type { Note } from '../../src/runtime/attempt.ts'
import type { Binding, Memory } from '../../src/runtime/binding.ts'
import { type Consumer, consumer } from '../../src/runtime/consumer.ts'
import { type Gate, Slots } from '../../src/runtime/gate.ts'
import { Pulse } from '../../src/runtime/pulse.ts'
import type { Policy } from '../../src/runtime/verdict.ts'
import { encode } from '../../src/wire/codec.ts'
import type { Delivery } from '../../src/wire/delivery.ts'
import { Headers, headerBlock } from '../../src/wire/envelope.ts'
import type { Intake, Receiver, Source } from '../../src/wire/source.ts'

/** How a delivery was answered. */
export type Answer =
  | { readonly say: 'ack' }
  | { readonly say: 'again'; readonly ms: number }
  | { readonly say: 'drop'; readonly reason: string }

/** One hand-over, with what was answered. */
export interface Handed extends Delivery {
  readonly value: unknown
  readonly answers: Answer[]
  /** How often it was said to be worked on. */
  readonly prolonged: number
}

/** A source that a test fills and reads. */
export interface ArraySource extends Source {
  /** What was handed over so far, oldest first. */
  readonly handed: Handed[]
  /** How much is asked for and not handed over. */
  readonly owed: number
  /** Asked for in one go at most. */
  readonly mostOwed: number
  readonly opened: Receiver
  readonly closed: boolean
  /** Adds something to hand over. `count`: how often it was handed over before, this time included. */
  add(value: unknown, more?: { count?: number; id?: string; storedAt?: number }): void
  /** So much of what was asked for will not come; without a number, nothing of it, as when a broker restarts. */
  lapse(lapsed?: number): void
}

/** `again`: whether what is to come again does, at once and with its count one higher. */
export function arraySource(values: readonly unknown[] = [], { lease = 30_000, again = false } = {}): ArraySource {
  const waiting: { value: unknown; count: number; id: string; sequence: number; storedAt: number }[] = []
  const handed: Handed[] = []
  let receiver: Receiver | undefined
  let owed = 0
  let mostOwed = 0
  let sequence = 0
  let closed = false
  let closing = false

  function handOver(): void {
    while (owed > 0 && waiting.length > 0 && receiver !== undefined && !closed) {
      owed--
      const next = waiting.shift() as (typeof waiting)[number]
      const answers: Answer[] = []
      const told = (answer: Answer) => {
        answers.push(answer)
        if (answer.say !== 'again' || !again || answers.length > 1) return
        waiting.push({ ...next, count: next.count + 1 })
        queueMicrotask(handOver)
      }
      const delivery = {
        ...next,
        subject: 'test',
        body: encode(next.value),
        headers: new Headers(headerBlock([['Nats-Msg-Id', next.id]])),
        answers,
        prolonged: 0,
        ack: () => told({ say: 'ack' }),
        again: (ms: number) => told({ say: 'again', ms }),
        drop: (reason: string) => told({ say: 'drop', reason }),
        working: () => delivery.prolonged++,
      }
      handed.push(delivery)
      receiver.deliver(delivery)
    }
  }

  const source: ArraySource = {
    lease,
    handed,
    get owed() {
      return owed
    },
    get mostOwed() {
      return mostOwed
    },
    get opened() {
      return receiver as Receiver
    },
    get closed() {
      return closed
    },
    async open(to): Promise<Intake> {
      receiver = to
      return {
        ask(n) {
          if (closing) throw new Error('asked after it was closed')
          owed += n
          mostOwed = Math.max(mostOwed, owed)
          queueMicrotask(handOver)
        },
        async close() {
          closing = true
          handOver()
          closed = true
        },
      }
    },
    add(value, { count = 1, id = `id-${sequence + 1}`, storedAt = 0 } = {}) {
      waiting.push({ value, count, id, sequence: ++sequence, storedAt })
      queueMicrotask(handOver)
    },
    lapse(lapsed) {
      owed -= lapsed ?? owed
      if (lapsed === undefined) receiver?.reset()
      else receiver?.lapsed(lapsed)
    },
  }
  for (const value of values) source.add(value)
  return source
}

/** Notes in a map. */
export function mapMemory(): Memory & { readonly notes: Map<number, Note> } {
  const notes = new Map<number, Note>()
  return {
    notes,
    recall: async ({ sequence }) => notes.get(sequence),
    note: async ({ sequence }, note) => void notes.set(sequence, note),
    forget: async ({ sequence }) => void notes.delete(sequence),
  }
}

/** A policy that tries again at once. */
export const policy: Policy = { attempts: 3, backoff: () => 0, timeout: 60_000, retriable: () => true, maxAge: 0, maxRuntime: 0 }

/** What a test says of a binding; the rest is plain. */
export interface Setting
  extends Partial<Pick<Binding, 'slots' | 'gates' | 'memory' | 'handle' | 'read' | 'terms' | 'bury' | 'label' | 'gathers'>> {
  readonly ended?: Binding['ended']
  readonly policy?: Partial<Policy>
  readonly concurrency?: number
}

/** A consumer of a source, with what it buried. */
export function consuming(source: Source, events: Events, setting: Setting = {}): Consumer & { readonly buried: Obituary[] } {
  const buried: Obituary[] = []
  const own = { ...policy, ...setting.policy }
  const gates: readonly Gate[] = setting.gates ?? []
  const binding: Binding = {
    label: setting.label ?? { style: 'explicit', service: 'service', name: 'contract' },
    source,
    slots: setting.slots ?? new Slots(setting.concurrency ?? 2),
    policy: own,
    gates,
    memory: setting.memory ?? mapMemory(),
    terms: setting.terms ?? (() => ({ expires: undefined, policy: own })),
    read: setting.read ?? ((delivery) => (delivery as Handed).value),
    handle: setting.handle ?? (() => undefined),
    ...(setting.gathers ? { gathers: setting.gathers } : {}),
    ends: () => setting.ended !== undefined,
    ended: setting.ended ?? (async () => {}),
    bury: setting.bury ?? (async (_, obituary) => void buried.push(obituary)),
  }
  return Object.assign(consumer(binding, 'worker', events, new Pulse(events)), { buried })
}
