/** Keys: one listener, the newest binding first; off while somebody types, and single letters can be switched off for good. */

import { effect, signal } from '@preact/signals'

/** Key → what it does. `mod+k` is with Ctrl or ⌘. */
export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>

/** Whether single letters are keys (WCAG 2.1.4 wants a way to switch them off). */
export const letters = signal(localStorage.getItem('letters') !== 'off')

effect(() => localStorage.setItem('letters', letters.value ? 'on' : 'off'))

const layers: Keys[] = []

/** Binds keys. Gives back how to unbind them. */
export function onKeys(keys: Keys): () => void {
  layers.push(keys)
  return () => void layers.splice(layers.indexOf(keys), 1)
}

let leader = ''

addEventListener('keydown', (event) => {
  const target = event.target as HTMLElement
  const typing = target.matches('input:not([type=checkbox]), textarea, select, [contenteditable]')
  const modified = event.ctrlKey || event.metaKey
  if (event.altKey || (modified && event.key !== 'k')) return
  if (typing && event.key !== 'Escape' && !modified) return
  if (document.querySelector('dialog[open]') && event.key !== 'Escape' && !modified) return
  const name = `${leader}${modified ? 'mod+' : ''}${event.key}`
  const single = event.key.length === 1 && !modified
  if (single && !letters.value) return
  leader = ''
  const layer = layers.findLast((keys) => keys[name])
  if (layer) {
    // A button takes Enter and space for itself.
    if ((event.key === ' ' || event.key === 'Enter') && target !== document.body) return
    event.preventDefault()
    layer[name]?.(event)
  } else if (event.key === 'g') leader = 'g '
})
