/** What the server tells as it happens, over one stream of events. */

import type { TraceEntry } from '../../extras/admin/model.ts'

/** Who we are talking to, told when the stream opens. */
export interface Hello {
  readonly namespace: string
  readonly role: 'reader' | 'operator'
  readonly version: string
  readonly now: number
  /** There is a login that can be ended. */
  readonly login: boolean
}

/** Something has changed, or it was time to say that nothing has. */
export interface Tick {
  readonly now: number
  /** Counts what has changed; equal means nothing has. */
  readonly change: number
  readonly broker: 'ok' | 'lost'
  /** Since when the broker is lost. */
  readonly since?: number
}

/** What happened, for those who watch it move. */
export interface Flow {
  readonly entries: readonly TraceEntry[]
  /** How many more there were than are told. */
  readonly more: number
}

/** One message of the stream, named as its event. */
export type Message =
  | { readonly type: 'hello'; readonly data: Hello }
  | { readonly type: 'tick'; readonly data: Tick }
  | { readonly type: 'flow'; readonly data: Flow }
  /** Told by the browser's end: whether the stream is open. */
  | { readonly type: 'link'; readonly data: 'open' | 'broken' }
