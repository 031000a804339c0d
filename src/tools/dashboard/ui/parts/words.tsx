/** Small things that are said the same everywhere: states, kinds, names, times, errors. */

import type { ErrorView, MessageState } from '../../../../extras/admin/model.ts'
import { now } from '../live/live.ts'
import { address } from '../route.ts'
import { ago, clock, shortId, visible } from '../text.ts'

const states: Readonly<Record<string, readonly [glyph: string, tone: string]>> = {
  ready: ['○', ''],
  waiting: ['○', ''],
  scheduled: ['◷', 'soft'],
  running: ['◐', 'explicit'],
  retrying: ['↻', 'warn'],
  done: ['●', 'good'],
  succeeded: ['●', 'good'],
  dead: ['✕', 'bad'],
  buried: ['✕', 'bad'],
  failed: ['✕', 'bad'],
  expired: ['✕', 'bad'],
  lost: ['✕', 'bad'],
  cancelled: ['⊘', 'soft'],
  skipped: ['⊘', 'soft'],
  snoozed: ['◷', 'soft'],
  interrupted: ['↺', 'warn'],
  unknown: ['?', 'soft'],
}

/** A state: glyph, word and colour. */
export function StateBadge({ state }: { readonly state: MessageState | string }) {
  const [glyph, tone] = states[state] ?? ['·', '']
  return (
    <span class={`badge ${tone}`}>
      <span aria-hidden="true">{glyph}</span>
      {state}
    </span>
  )
}

/** Which way: ◇ for implicit, ■ for explicit. */
export function Kind({ style }: { readonly style: 'implicit' | 'explicit' }) {
  const word = style === 'implicit' ? 'event' : 'task'
  return (
    <span class={style} title={style === 'implicit' ? 'implicit: for everyone who listens' : 'explicit: for exactly one worker'}>
      <span aria-hidden="true">{style === 'implicit' ? '◇' : '■'}</span>
      <span class="hidden">{word}</span>
    </span>
  )
}

/** A text of unknown origin. Isolated, so that its direction stays its own. */
export function Text({ text, limit }: { readonly text: string | undefined; readonly limit?: number }) {
  return text === undefined ? <span class="soft">–</span> : <bdi>{visible(text, limit)}</bdi>
}

/** An id that leads to its detail. */
export function Id({ id, style }: { readonly id: string; readonly style?: string }) {
  return (
    <a class="mono nowrap" href={address('detail', { id, style })} title={visible(id)}>
      <bdi>{shortId(id)}</bdi>
    </a>
  )
}

/** How long ago, with the time itself on hovering. */
export function Ago({ at }: { readonly at: number | undefined }) {
  if (at === undefined) return <span class="soft">–</span>
  return (
    <time class="nowrap" dateTime={new Date(at).toISOString()} title={clock(at)}>
      {ago(at, now.value)}
    </time>
  )
}

/** An error in one line. */
export function Failure({ error }: { readonly error: ErrorView | undefined }) {
  if (!error) return null
  const said = `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}`
  return (
    <span class="clip bad" title={visible(said)}>
      <bdi>{visible(said)}</bdi>
    </span>
  )
}
