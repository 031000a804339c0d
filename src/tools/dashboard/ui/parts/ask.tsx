/** Asking before something is done: what will happen, to how many, and, where it is for good, that it is meant. */

import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import type { BulkReport } from '../../../../extras/admin/model.ts'
import { act, type Trouble } from '../api.ts'
import { mayAct } from '../live/live.ts'
import { figure, many, visible } from '../text.ts'
import { CopyAs } from './copy.tsx'
import { closeDialog, openDialog, say } from './dialog.tsx'
import { Told } from './frame.tsx'

interface Deed {
  /** As the button says it: `Pause`. */
  readonly verb: string
  /** What will happen, in a sentence. */
  readonly means: ComponentChildren
  /** The action and what it is given. */
  readonly action: string
  readonly body: Readonly<Record<string, unknown>>
  /** What to say when it is done. */
  readonly done: string
  /** It cannot be taken back: this has to be typed. */
  readonly typed?: string
}

/** Asks, does it, says so. */
export function ask(deed: Deed): void {
  openDialog(deed.verb, () => <Asked deed={deed} />)
}

function Asked({ deed }: { readonly deed: Deed }) {
  const trouble = useSignal<Trouble | undefined>(undefined)
  const doIt = async (): Promise<void> => {
    const answer = await act(deed.action, deed.body)
    if (answer.trouble) {
      trouble.value = answer.trouble
      return
    }
    closeDialog()
    say(deed.done)
  }
  return (
    <Confirm
      {...(deed.typed === undefined ? {} : { typed: deed.typed })}
      verb={deed.verb}
      doIt={doIt}
      action={deed.action}
      body={deed.body}
    >
      <p>{deed.means}</p>
      <Told trouble={trouble.value} />
    </Confirm>
  )
}

interface ConfirmProps {
  readonly verb: string
  readonly typed?: string
  readonly doIt: () => Promise<void>
  readonly action: string
  readonly body: Readonly<Record<string, unknown>>
  readonly children: ComponentChildren
  readonly off?: boolean
}

function Confirm({ verb, typed, doIt, action, body, children, off = false }: ConfirmProps) {
  const given = useSignal('')
  const busy = useSignal(false)
  const ready = mayAct.value && !busy.value && !off && (typed === undefined || given.value === typed)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (!ready) return
    busy.value = true
    await doIt()
    busy.value = false
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      {children}
      {typed === undefined ? null : (
        <label class="field">
          This cannot be taken back. Type {typed} to go on.
          <input
            value={given.value}
            autocomplete="off"
            onInput={(event) => {
              given.value = event.currentTarget.value
            }}
          />
        </label>
      )}
      <div class="ends">
        <CopyAs action={action} body={body} />
        <button type="button" onClick={closeDialog}>
          Leave it
        </button>
        <button type="submit" class={typed === undefined ? 'main' : 'danger'} disabled={!ready}>
          {verb}
        </button>
      </div>
    </form>
  )
}

/** What can be done to all that match, as it is said. */
const bulk = {
  redrive: ['Redrive', 'Sends dead letters back to where they died, with all their attempts before them.'],
  discard: ['Discard', 'Removes dead letters for good.'],
  cancel: ['Cancel', 'Calls tasks off, whether they wait, are scheduled or run.'],
  runNow: ['Run now', 'Makes scheduled tasks due now.'],
} as const

/** Counts what matches, asks, and has it done by the server, which goes on when this page is closed. */
export function askMany(action: keyof typeof bulk, selector: string): void {
  openDialog(bulk[action][0], () => <AskedMany action={action} selector={selector} />)
}

function AskedMany({ action, selector }: { readonly action: keyof typeof bulk; readonly selector: string }) {
  const [verb, means] = bulk[action]
  const counted = useSignal<number | undefined>(undefined)
  const trouble = useSignal<Trouble | undefined>(undefined)
  useEffect(() => {
    void act<BulkReport>('count', { action, selector }).then((answer) => {
      trouble.value = answer.trouble
      counted.value = answer.data?.matched
    })
  }, [])
  const start = async (): Promise<void> => {
    const answer = await act('start', { action, selector })
    trouble.value = answer.trouble
    if (!answer.trouble) closeDialog()
  }
  const count = counted.value
  return (
    <Confirm
      verb={count === undefined ? verb : `${verb} ${figure(count)}`}
      {...(action === 'discard' ? { typed: 'discard' } : {})}
      off={!count}
      doIt={start}
      action="start"
      body={{ action, selector }}
    >
      <p>{means}</p>
      <p class="mono">
        <bdi>{visible(selector === '' ? '(everything)' : selector)}</bdi>
      </p>
      <p role="status">
        <strong>{count === undefined ? 'Counting…' : count === 0 ? 'Nothing matches.' : `${many(count, 'message')} match.`}</strong>
      </p>
      <Told trouble={trouble.value} />
    </Confirm>
  )
}
