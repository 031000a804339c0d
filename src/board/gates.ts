/** Gates as a binding is given them: ready ones, and plans that are bound to it first. */

import type { Label } from '../base/events.ts'
import type { Binding } from '../runtime/binding.ts'
import type { Gate, Slots } from '../runtime/gate.ts'
import type { Run } from '../runtime/run.ts'
import { troubleOf } from '../runtime/telling.ts'
import type { Core } from './core.ts'
import type { Records } from './records.ts'

/** What a gate may know of the binding it stands before. */
export interface GateContext extends Label {
  /** Its place among the gates of the binding, from 0. */
  readonly place: number
  /** Handlers that this process runs at once for the binding. */
  readonly slots: number
  /** How this process is called in notes and dead letters. */
  readonly worker: string
  /** Values that all workers share; the same object for all gates of a board. */
  readonly records: Records
  /** The input of the handler, decoded once; a promise where its schema is asynchronous. Throws what cannot be read. */
  read(run: Run): unknown
  /** Tells of something that went wrong and heals by itself. */
  trouble(what: string, error?: unknown): void
}

/** A gate that has to know what it stands before. */
export interface GatePlan {
  /** Called once for each binding, when its service starts. */
  bind(context: GateContext): Gate
}

/** What may be given as a gate. */
export type GateLike = Gate | GatePlan

/** The gates of a binding that has so many consumers. One that was bound for it is closed when the last of them has drained. */
export function gatesOf(
  core: Core,
  label: Label,
  given: readonly GateLike[] | undefined,
  read: Binding['read'],
  { size }: Slots,
  consumers: number,
): readonly Gate[] {
  return (given ?? []).map((each, place) => {
    if (!('bind' in each)) return each
    const gate = each.bind({
      ...label,
      place,
      slots: size,
      worker: core.worker,
      records: core.records,
      read(run) {
        run.input ??= { value: read(run.delivery) }
        return run.input.value
      },
      trouble: (what, error) => core.events.tell('trouble', troubleOf(label, what, error)),
    })
    let open = consumers
    return {
      ask: (run, again) => gate.ask(run, again),
      enter: (run) => gate.enter(run),
      forget: (run) => gate.forget?.(run),
      holds: () => gate.holds?.() ?? [],
      close: async () => {
        if (--open === 0) await gate.close?.()
      },
    }
  })
}
