/** Go anywhere: screens by name, messages by id. */

import { useSignal } from '@preact/signals'
import { closeDialog, openDialog } from './parts/dialog.tsx'
import { address, go } from './route.ts'
import { screens } from './screens/names.ts'

/** Opens it. */
export function palette(): void {
  openDialog('Go to', () => <Palette />)
}

interface Target {
  readonly label: string
  readonly screen: string
  readonly params?: Readonly<Record<string, string>>
}

function targets(typed: string): readonly Target[] {
  const word = typed.trim()
  const found = screens
    .filter(({ title }) => title.toLowerCase().includes(word.toLowerCase()))
    .map(({ name, title }): Target => ({ label: title, screen: name }))
  if (word === '') return found
  return [
    ...found,
    { label: `Messages that match ${word}`, screen: 'messages', params: { q: word } },
    { label: `The message with the id ${word}`, screen: 'detail', params: { id: word } },
  ]
}

function Palette() {
  const typed = useSignal('')
  const found = targets(typed.value)
  const enter = (event: Event): void => {
    event.preventDefault()
    const first = found[0]
    closeDialog()
    if (first) go(first.screen, first.params)
  }
  return (
    <form onSubmit={enter}>
      <input
        aria-label="Screen, selector or id"
        placeholder="Screen, selector or id"
        value={typed.value}
        onInput={(event) => {
          typed.value = event.currentTarget.value
        }}
      />
      <ul>
        {found.map(({ label, screen, params }) => (
          <li key={label}>
            <a href={address(screen, params)} onClick={closeDialog}>
              {label}
            </a>
          </li>
        ))}
      </ul>
    </form>
  )
}
