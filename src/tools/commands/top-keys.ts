/** What a key does in `callboard top`. Pure: it gives the next state, and what is to be done beside. */

import type { DeadGroupView, QueueView, SubscriptionView } from '../../extras/admin/index.ts'
import { panes, rowsOf, type State } from './top-frame.ts'

/** What is to be done on the broker. */
export type Deed =
  | { readonly do: 'end' }
  | { readonly do: 'pauseQueue' | 'resumeQueue'; readonly queue: string }
  | { readonly do: 'pauseSub' | 'resumeSub'; readonly service: string; readonly topic: string }
  | { readonly do: 'redrive'; readonly selector: string; readonly count: number }

/** What a key came to. */
export interface Pressed {
  readonly state: State
  readonly deed?: Deed
}

const again = 'press r once more to send them back: '

/** Presses a key: a character, or `up`, `down`, `enter`, `escape`, `back`. */
export function press(before: State, key: string): Pressed {
  const state: State = { ...before, note: '' }
  if (state.typing) return { state: typed(state, key) }
  const pane = panes[Number(key) - 1]
  if (pane !== undefined) return { state: { ...state, pane, row: 0, help: false } }
  switch (key) {
    case 'q':
      return { state, deed: { do: 'end' } }
    case '?':
      return { state: { ...state, help: !state.help } }
    case '/':
      return { state: { ...state, typing: true, filter: '', row: 0 } }
    case 'escape':
      return { state: { ...state, filter: '', help: false, row: 0 } }
    case 'j':
    case 'down':
      return { state: { ...state, row: Math.max(0, Math.min(state.row + 1, rowsOf(state).length - 1)) } }
    case 'k':
    case 'up':
      return { state: { ...state, row: Math.max(0, state.row - 1) } }
    case 'p':
      return held(state)
    case 'r':
      return back(state, before.note.startsWith(again))
    default:
      return { state }
  }
}

function typed(state: State, key: string): State {
  if (key === 'enter') return { ...state, typing: false }
  if (key === 'escape') return { ...state, typing: false, filter: '' }
  if (key === 'back') return { ...state, filter: state.filter.slice(0, -1) }
  return key.length === 1 ? { ...state, filter: state.filter + key, row: 0 } : state
}

/** Holds the chosen row, or lets it go on. */
function held(state: State): Pressed {
  const row = rowsOf(state)[state.row]
  if (row !== undefined && state.pane === 'queues') {
    const { name, paused } = row as QueueView
    return { state, deed: { do: paused ? 'resumeQueue' : 'pauseQueue', queue: name } }
  }
  if (row !== undefined && state.pane === 'subs') {
    const { service, topic, paused } = row as SubscriptionView
    return { state, deed: { do: paused ? 'resumeSub' : 'pauseSub', service, topic } }
  }
  return { state: { ...state, note: 'only queues and subscriptions are paused' } }
}

/** Sends a group of dead letters back, when it is asked for twice. */
function back(state: State, sure: boolean): Pressed {
  const row = rowsOf(state)[state.row]
  if (row === undefined || state.pane !== 'dead') return { state: { ...state, note: 'choose dead letters first: press 4' } }
  const { name, fingerprint, count } = row as DeadGroupView
  if (!sure) return { state: { ...state, note: `${again}${count} of ${name}` } }
  return { state, deed: { do: 'redrive', selector: `name:${name} fingerprint:${fingerprint}`, count } }
}
