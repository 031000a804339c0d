/** The same, said elsewhere: as a command, a request, or code. */

import { say } from './dialog.tsx'

/** Copies a text. */
export function Copy({ text, label }: { readonly text: string; readonly label: string }) {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      say('Copied.')
    } catch {
      say('The browser does not let this page copy. Mark the text and copy it yourself.', true)
    }
  }
  return (
    <button type="button" class="plain" onClick={() => void copy()}>
      {label}
    </button>
  )
}
