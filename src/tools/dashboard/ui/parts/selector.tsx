/** The selector bar: the same language as in the command line, kept in the address. */

import { useSignal } from '@preact/signals'
import type { Trouble } from '../api.ts'
import { change, place } from '../route.ts'
import { Told } from './frame.tsx'

/** Words that are offered while one types. */
const words = [
  'state:ready',
  'state:scheduled',
  'state:running',
  'state:retrying',
  'state:dead',
  'style:explicit',
  'style:implicit',
  'queue:',
  'topic:',
  'task:',
  'service:',
  'worker:',
  'error:~',
  'reason:exhausted',
  'reason:rejected',
  'reason:unreadable',
  'attempt:>=2',
  'age:>10m',
  'since:2h',
  'data.',
  'sort:-age',
]

/** Takes a selector. `trouble` is what was wrong with the one in use. */
export function Selector({ trouble, placeholder }: { readonly trouble?: Trouble | undefined; readonly placeholder: string }) {
  const q = place.value.params.q ?? ''
  const typed = useSignal<string | undefined>(undefined)
  const value = typed.value ?? q
  const take = (event: Event): void => {
    event.preventDefault()
    change({ q: value, cursor: undefined })
    typed.value = undefined
  }
  const before = value.replace(/\S*$/, '')
  return (
    <search class="stack">
      <form class="selector" onSubmit={take}>
        <input
          data-search
          type="search"
          list="selector-words"
          aria-label="Selector"
          spellcheck={false}
          autocomplete="off"
          placeholder={placeholder}
          value={value}
          onInput={(event) => {
            typed.value = event.currentTarget.value
          }}
        />
        <datalist id="selector-words">
          {words.map((word) => (
            <option key={word} value={before + word} />
          ))}
        </datalist>
        <button type="submit">Select</button>
      </form>
      <Told trouble={trouble} />
    </search>
  )
}

/** Chips that set a selector. */
export function Chips({ choices }: { readonly choices: readonly (readonly [label: string, q: string])[] }) {
  const q = place.value.params.q ?? ''
  return (
    <div class="row">
      {choices.map(([label, wanted]) => (
        <button key={label} type="button" class="chip" aria-pressed={q === wanted} onClick={() => change({ q: wanted, cursor: undefined })}>
          {label}
        </button>
      ))}
    </div>
  )
}
