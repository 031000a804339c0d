/** The frame around every screen: where to go, how live it is, whose board it is. */

import { useEffect } from 'preact/hooks'
import type { Overview } from '../../../extras/admin/model.ts'
import { act, useData } from './api.ts'
import { help } from './help.tsx'
import { onKeys } from './keys.ts'
import { frozen, hello, now, standing } from './live/live.ts'
import { palette } from './palette.tsx'
import { closeDialog, Dialogs } from './parts/dialog.tsx'
import { Jobs } from './parts/jobs.tsx'
import { address, go, place } from './route.ts'
import { views } from './screens/index.ts'
import { screens } from './screens/names.ts'
import { span } from './text.ts'
import { dense, theme, turn } from './theme.ts'

/** Everything. */
export function Shell() {
  const { screen } = place.value
  const found = screens.find(({ name }) => name === screen)
  useEffect(
    () =>
      onKeys({
        ...Object.fromEntries(screens.map(({ name, key }) => [`g ${key}`, () => go(name)])),
        '?': help,
        'mod+k': palette,
        t: turn,
        '.': () => {
          dense.value = !dense.value
        },
        ' ': () => {
          frozen.value = !frozen.value
        },
        '/': () => document.querySelector<HTMLElement>('[data-search]')?.focus(),
        Escape: () => {
          closeDialog()
          if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
        },
      }),
    [],
  )
  useEffect(() => {
    document.title = `${found?.title ?? screen} · callboard`
    scrollTo(0, 0)
  }, [screen])
  const View = Object.hasOwn(views, screen) ? views[screen as keyof typeof views] : views.stage
  return (
    <div class="shell">
      <Side screen={screen} />
      <main id="main" tabIndex={-1}>
        <Stale />
        <Jobs />
        <View key={screen} />
      </main>
      <Dialogs />
    </div>
  )
}

function Side({ screen }: { readonly screen: string }) {
  const dead = useData<Overview>('overview').value.data?.dead ?? 0
  return (
    <div class="side">
      <div class="top">
        <a class="brand" href={address('stage')}>
          <Mark />
          callboard
        </a>
      </div>
      <nav aria-label="Screens">
        <ul>
          {screens.map(({ name, title, glyph }) => (
            <li key={name}>
              <a href={address(name)} aria-current={screen === name ? 'page' : undefined}>
                <span class="glyph" aria-hidden="true">
                  {glyph}
                </span>
                {title}
                {name === 'dead' && dead > 0 ? <span class="count">{dead}</span> : null}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <footer>
        <Standing />
        <span>
          <bdi>{hello.value?.namespace ?? '…'}</bdi>
          {hello.value?.role === 'reader' ? ' · look only' : ''}
        </span>
        <span class="tools">
          <button type="button" class="plain" onClick={turn} title="Theme (t)">
            {theme.value === 'system' ? 'System' : theme.value === 'light' ? 'Light' : 'Dark'}
          </button>
          <button type="button" class="plain" onClick={help} title="Keys (?)">
            Keys
          </button>
          {hello.value?.login ? (
            <button type="button" class="plain" onClick={() => void act('logout', {}).then(() => location.reload())}>
              Log out
            </button>
          ) : null}
        </span>
      </footer>
    </div>
  )
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <path d="M11 4 20 13 11 22 2 13Z" fill="none" stroke="var(--implicit)" stroke-width="3" stroke-linejoin="round" />
      <rect x="15" y="14" width="15" height="15" rx="2.5" fill="var(--explicit)" />
    </svg>
  )
}

const marks = { live: ['●', 'good'], connecting: ['◐', 'soft'], reconnecting: ['◐', 'warn'], lost: ['✕', 'bad'] } as const

function Standing() {
  const { state } = standing.value
  const [glyph, tone] = frozen.value ? (['❚❚', 'warn'] as const) : marks[state]
  const word = frozen.value ? 'frozen' : state === 'lost' ? 'broker lost' : state
  return (
    <button type="button" class={`plain state ${tone}`} onClick={() => (frozen.value = !frozen.value)} title="Freeze or go on (space)">
      <span aria-hidden="true">{glyph}</span>
      <span>{word}</span>
    </button>
  )
}

/** Says so when what is shown is not how things are. */
function Stale() {
  const { state, since } = standing.value
  if (frozen.value)
    return (
      <p class="stale" role="status">
        ❚❚ Frozen. What you see does not move until you press space.
      </p>
    )
  if (state === 'live' || state === 'connecting') return null
  const gone = span(Math.max(0, now.value - since))
  const text =
    state === 'lost'
      ? `✕ The broker is lost for ${gone}. This is the last known state, and actions are off until it is back.`
      : `◐ No word from the dashboard server for ${gone}. This is the last known state; reconnecting.`
  return (
    <p class={`stale ${state}`} data-stale={state} role="status">
      {text}
    </p>
  )
}
