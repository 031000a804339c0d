/** One more who listens to a topic: nobody who publishes has to know. */

import { useSignal } from '@preact/signals'
import { act, type Trouble } from '../api.ts'
import { mayAct } from '../live/live.ts'
import { visible } from '../text.ts'
import { CopyAs } from './copy.tsx'
import { closeDialog, say } from './dialog.tsx'
import { Told } from './frame.tsx'

/** The form. */
export function Join({ topic }: { readonly topic: string }) {
  const service = useSignal('')
  const past = useSignal(false)
  const trouble = useSignal<Trouble | undefined>(undefined)
  const body = { service: service.value, topic, from: past.value ? 'all' : 'new' }
  const send = async (event: Event): Promise<void> => {
    event.preventDefault()
    const answer = await act('addSubscriber', body)
    trouble.value = answer.trouble
    if (answer.trouble) return
    closeDialog()
    say(`${service.value} listens. Publish something, and it gets a copy.`)
  }
  return (
    <form onSubmit={(event) => void send(event)}>
      <p>
        It gets a copy of every event of {visible(topic, 60)}, like all others who listen. Nobody who publishes is told, and nothing changes
        for them. This one takes its copies and does nothing with them, as long as the dashboard runs; a service of yours does so with{' '}
        <code>service.subscribe</code>.
      </p>
      <label class="field">
        Name of the service
        <input
          value={service.value}
          autocomplete="off"
          onInput={(event) => {
            service.value = event.currentTarget.value.trim()
          }}
        />
      </label>
      <label class="row">
        <input type="checkbox" checked={past.value} onChange={(event) => (past.value = event.currentTarget.checked)} />
        Begin with everything that is kept
      </label>
      <Told trouble={trouble.value} />
      <div class="ends">
        <CopyAs action="addSubscriber" body={body} />
        <button type="button" onClick={closeDialog}>
          Leave it
        </button>
        <button type="submit" class="main" disabled={!mayAct.value || service.value === ''}>
          Add
        </button>
      </div>
    </form>
  )
}
