/** Dialogs: asked one at a time, closed by Escape, and never by chance after something was typed. */

import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

const content = signal<{ readonly title: string; readonly body: () => ComponentChildren } | undefined>(undefined)

/** Opens a dialog. */
export function openDialog(title: string, body: () => ComponentChildren): void {
  content.value = { title, body }
}

/** Closes it. */
export function closeDialog(): void {
  content.value = undefined
}

const told = signal<{ readonly text: string; readonly bad: boolean } | undefined>(undefined)
let fading: ReturnType<typeof setTimeout> | undefined

/** Says in one sentence what came of something. */
export function say(text: string, bad = false): void {
  told.value = { text, bad }
  clearTimeout(fading)
  fading = setTimeout(() => (told.value = undefined), bad ? 12_000 : 5_000)
}

/** Where dialogs and sentences appear. */
export function Dialogs() {
  const ref = useRef<HTMLDialogElement>(null)
  const shown = content.value
  // At once, and not after the next picture: what is typed right behind the key that opens it belongs into it.
  useLayoutEffect(() => {
    if (shown) ref.current?.showModal()
    else ref.current?.close()
  }, [shown])
  return (
    <>
      <dialog ref={ref} onClose={closeDialog} aria-labelledby="dialog-title">
        {shown ? (
          <div class="form">
            <h2 id="dialog-title">{shown.title}</h2>
            {shown.body()}
          </div>
        ) : null}
      </dialog>
      <div role="status" aria-live="polite">
        {told.value ? <div class="toast">{told.value.text}</div> : null}
      </div>
    </>
  )
}
