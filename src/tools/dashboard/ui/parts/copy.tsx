/** The same, said elsewhere: as a command, a request, or code. */

import { hello } from '../live/live.ts'
import { say } from './dialog.tsx'
import { cli, curl } from './same.ts'

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
    <button type="button" class="plain" title={text.length > 300 ? `${text.slice(0, 300)}…` : text} onClick={() => void copy()}>
      {label}
    </button>
  )
}

/** Copies what does the same as an action: a command, a request. */
export function CopyAs({ action, body }: { readonly action: string; readonly body: Readonly<Record<string, unknown>> }) {
  return (
    <>
      <Copy text={cli(action, body, hello.value?.namespace)} label="Copy as CLI" />
      <Copy text={curl(action, body, document.baseURI)} label="Copy as curl" />
    </>
  )
}
