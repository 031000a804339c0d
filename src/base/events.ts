/**
 * What callboard tells about itself. Logs, ledger, traces and metrics are equal listeners; without a listener
 * nothing is built and nothing is paid.
 */

import type { Durability } from './durability.ts'
import type { Obituary } from './obituary.ts'

/** Which way something was invoked: because it subscribed, or because it was named. */
export type Style = 'implicit' | 'explicit'

/** Whose run it is. */
export interface Label {
  readonly style: Style
  readonly service: string
  /** Name of the contract. */
  readonly name: string
  /** Where it waits, if that has a name. */
  readonly queue?: string | undefined
}

/** One run of a handler. */
export interface RunInfo extends Label {
  readonly id: string
  readonly attempt: number
  /** The trace it belongs to, where its sender said so in a `traceparent` header: 32 hexadecimal digits. */
  readonly trace?: string | undefined
}

/** Event name → what listeners are told. */
export interface EventMap {
  /** Something was stored by this process. */
  stored: {
    readonly style: Style
    readonly name: string
    readonly id: string
    readonly duplicate: boolean
    /** Its place in the stream; 0 where it was stored before. */
    readonly sequence: number
    readonly queue?: string | undefined
    /** The service whose handler stored this, and what it was working on. */
    readonly service?: string | undefined
    readonly parent?: string | undefined
    /** When it is due, in ms since 1970, where it was asked for later. */
    readonly due?: number | undefined
  }
  /** A handler told how far it is. */
  progressed: RunInfo & { readonly progress: unknown }
  /** A sender called a task off that waited, or runs elsewhere. */
  cancelled: { readonly style: Style; readonly name: string; readonly id: string; readonly queue?: string }
  /** A dead letter was sent back to where it died, or removed for good. */
  exhumed: { readonly style: Style; readonly name: string; readonly id: string; readonly how: 'redriven' | 'discarded' }
  /** A handler begins. `wait`: ms since it was stored, or fell due, by the clocks of broker and worker; it takes in earlier attempts. */
  started: RunInfo & { readonly wait: number }
  /** A handler ended and its verdict is told. `ms` is how long it ran; `after` when it will be tried again. */
  finished: RunInfo & {
    readonly verdict: 'ack' | 'again' | 'bury'
    readonly end: string
    readonly ms: number
    readonly after: number | undefined
    readonly error: unknown
  }
  /** The same of those alone that did not succeed: who hears only these costs the others nothing. */
  unsuccessful: EventMap['finished']
  /** A firing of a schedule was dropped on arrival, for one of the reasons the schedule gave. */
  skipped: Label & { readonly id: string; readonly schedule: string; readonly why: 'overlap' | 'missed' | 'doubled' | 'paused' }
  /** A delivery was given up and is a dead letter now. */
  buried: RunInfo & { readonly obituary: Obituary }
  /** A handler went on after it had lost the right to answer. */
  ignored: RunInfo & { readonly why: string }
  /** Something went wrong that heals by itself. `about`: the run it is about, or the handler, or the message; as much as is known. */
  trouble: { readonly what: string; readonly error?: unknown; readonly about?: Partial<RunInfo> | undefined }
  /**
   * The event loop of this process stood still for `ms`: nothing else could run. `by`: the run that held it; where that is not
   * known (`sure` is false) the one that ended first when it moved again, or else what ran meanwhile. None: no handler ran.
   */
  blocked: { readonly ms: number; readonly by: readonly RunInfo[]; readonly sure: boolean }
  /** The broker differs from the code and was left as it is. */
  drift: { readonly sentences: readonly string[] }
  /** The broker had no room for something that this process wanted to store. */
  full: { readonly subject: string }
  /** What a power cut would cost here: told once, after the board was opened. */
  durability: Durability
  /** An operator has asked this process to stop its services: they drain, for so many ms at most. */
  asked: { readonly drain: number }
  /** The connection was lost or is back. */
  connection: { readonly state: 'lost' | 'back'; readonly server: string }
}

/** A run that has succeeded, as far as it is read here. */
export interface Success {
  readonly id: string
  readonly attempt: number
  readonly startedAt: number
}

/** Tells and hears. */
export class Events {
  /** Hears every run that has succeeded, without anything being made of it: the ledger, which writes them all down. */
  success: ((label: Label, run: Success, now: number) => void) | undefined
  readonly #listeners = new Map<keyof EventMap, Set<(payload: never) => void>>()

  /** Hears one kind of event. Gives back how to stop. What a listener throws is its own trouble: it is told as `trouble`. */
  on<K extends keyof EventMap>(name: K, listener: (payload: EventMap[K]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(name)
    }
  }

  /** Whether anybody hears this kind: ask before building something to tell. */
  heard(name: keyof EventMap): boolean {
    return this.#listeners.has(name)
  }

  tell<K extends keyof EventMap>(name: K, payload: EventMap[K]): void {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined) return
    for (const listener of listeners) {
      try {
        // A listener may be an async function: what it throws later would otherwise end the process.
        const later = (listener as (payload: EventMap[K]) => unknown)(payload)
        if (later instanceof Promise) later.catch((error: unknown) => this.#threw(name, error))
      } catch (error) {
        this.#threw(name, error)
      }
    }
  }

  #threw(name: keyof EventMap, error: unknown): void {
    if (name !== 'trouble') this.tell('trouble', { what: `a listener for "${name}" threw`, error })
  }
}
