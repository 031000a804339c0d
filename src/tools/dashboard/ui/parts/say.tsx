/** Saying something from here: publish or enqueue, with a form where a schema is known, and as JSON everywhere. */

import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ContractView } from '../../contracts.ts'
import { act, look, type Trouble, useData } from '../api.ts'
import { mayAct } from '../live/live.ts'
import { go } from '../route.ts'
import { visible } from '../text.ts'
import { Copy, CopyAs } from './copy.tsx'
import { closeDialog, openDialog, say as tell } from './dialog.tsx'
import { example, Fields } from './form.tsx'
import { Told } from './frame.tsx'

/** Opens the form, for a contract or for a name. */
export function say(kind: 'topic' | 'task', name?: string): void {
  openDialog(kind === 'topic' ? 'Publish' : 'Enqueue', () => <Say kind={kind} name={name} />)
}

type Kind = 'topic' | 'task'

function Say({ kind: first, name: given }: { readonly kind: Kind; readonly name: string | undefined }) {
  const contracts = useData<readonly ContractView[]>('contracts').value.data ?? []
  const names = useSignal<readonly (readonly [Kind, string])[]>([])
  const kind = useSignal<Kind>(first)
  const name = useSignal(given ?? '')
  useEffect(() => {
    void namesThere().then((found) => {
      names.value = found
      if (name.value === '') name.value = found.find(([each]) => each === kind.value)?.[1] ?? ''
    })
  }, [])
  const contract = contracts.find((each) => each.kind === kind.value && each.name === name.value)
  const list = [...new Set([...contracts.map((each) => [each.kind, each.name] as const), ...names.value].map((each) => each.join(' ')))]
  return (
    <>
      <fieldset class="row" aria-label="Which way">
        {(['topic', 'task'] as const).map((each) => (
          <button key={each} type="button" class="chip" aria-pressed={kind.value === each} onClick={() => (kind.value = each)}>
            <span class={kind.value === each ? '' : each === 'topic' ? 'implicit' : 'explicit'} aria-hidden="true">
              {each === 'topic' ? '◇' : '■'}
            </span>
            {each === 'topic' ? 'Publish an event' : 'Enqueue a task'}
          </button>
        ))}
      </fieldset>
      <label class="field">
        {kind.value === 'topic' ? 'Topic' : 'Task'}
        <input
          list="say-names"
          value={name.value}
          autocomplete="off"
          onInput={(event) => {
            name.value = event.currentTarget.value.trim()
          }}
        />
      </label>
      <datalist id="say-names">
        {list
          .filter((each) => each.startsWith(`${kind.value} `))
          .map((each) => (
            <option key={each} value={each.slice(kind.value.length + 1)} />
          ))}
      </datalist>
      <Try key={`${kind.value} ${contract?.name ?? ''}`} kind={kind.value} name={name.value} contract={contract} />
    </>
  )
}

async function namesThere(): Promise<readonly (readonly [Kind, string])[]> {
  const [topics, queues] = await Promise.all([
    look<readonly { readonly name: string }[]>('topics'),
    look<readonly { readonly lanes: readonly { readonly task: string }[] }[]>('queues'),
  ])
  return [
    ...(topics.data ?? []).map(({ name }) => ['topic', name] as const),
    ...(queues.data ?? []).flatMap(({ lanes }) => lanes.map(({ task }) => ['task', task] as const)),
  ]
}

/** The payload, and the button that sends it. */
export function Try({ kind, name, contract }: { kind: Kind; name: string; contract: ContractView | undefined }) {
  const value = useSignal<unknown>(example(contract?.schema))
  const text = useSignal(JSON.stringify(value.value, null, 2))
  const wrong = useSignal<string | undefined>(undefined)
  const delay = useSignal('')
  const priority = useSignal('')
  const trouble = useSignal<Trouble | undefined>(undefined)
  const set = (next: unknown): void => {
    value.value = next
    text.value = JSON.stringify(next, null, 2)
    wrong.value = undefined
  }
  const write = (typed: string): void => {
    text.value = typed
    try {
      value.value = JSON.parse(typed)
      wrong.value = undefined
    } catch (error) {
      wrong.value = `This is no JSON: ${(error as Error).message}`
    }
  }
  const action = kind === 'topic' ? 'publish' : 'enqueue'
  const body =
    kind === 'topic'
      ? { topic: name, event: value.value }
      : {
          task: name,
          input: value.value,
          ...(contract?.queue ? { queue: contract.queue } : {}),
          ...(delay.value === '' ? {} : { delay: delay.value }),
          ...(priority.value === '' ? {} : { priority: priority.value }),
        }
  const send = async (event: Event): Promise<void> => {
    event.preventDefault()
    const answer = await act<{ readonly id: string }>(action, body)
    trouble.value = answer.trouble
    if (answer.trouble) return
    tell(kind === 'topic' ? `Published on ${name}.` : `Enqueued ${name}.`)
    closeDialog()
    if (kind === 'task') go('detail', { id: answer.data?.id, style: 'explicit' })
  }
  return (
    <form class="stack" onSubmit={(event) => void send(event)} data-try={name}>
      {contract?.schema ? <Fields schema={contract.schema} value={value.value} set={set} label="" /> : null}
      <label class="field">
        {kind === 'topic' ? 'Event' : 'Input'} as JSON
        <textarea spellcheck={false} value={text.value} onInput={(event) => write(event.currentTarget.value)} />
        <small>
          {contract?.checked
            ? 'Checked against the schema of its contract before anything is stored.'
            : 'No schema is known here: whoever gets it checks it, and what does not fit becomes a dead letter.'}
        </small>
      </label>
      {kind === 'task' ? <Control delay={delay} priority={priority} lanes={contract?.lanes} /> : null}
      {wrong.value ? <p class="wrong">{visible(wrong.value)}</p> : null}
      <Told trouble={trouble.value} />
      <div class="ends">
        <CopyAs action={action} body={body} />
        <Copy text={code(kind, name, value.value, delay.value, priority.value)} label="Copy as TypeScript" />
        <button type="submit" class="main" disabled={!mayAct.value || name === '' || wrong.value !== undefined}>
          {kind === 'topic' ? 'Publish' : 'Enqueue'}
        </button>
      </div>
    </form>
  )
}

/** What only the sender of a task has. */
function Control({
  delay,
  priority,
  lanes = ['normal'],
}: {
  delay: Signal<string>
  priority: Signal<string>
  lanes: readonly string[] | undefined
}) {
  return (
    <fieldset class="row" aria-label="Only the sender of a task may say when">
      <label class="field">
        Delay
        <input
          placeholder="30s"
          size={8}
          value={delay.value}
          onInput={(event) => {
            delay.value = event.currentTarget.value.trim()
          }}
        />
      </label>
      {lanes.length > 1 ? (
        <label class="field">
          Priority
          <select
            value={priority.value}
            onChange={(event) => {
              priority.value = event.currentTarget.value
            }}
          >
            <option value="">as usual</option>
            {lanes.map((lane) => (
              <option key={lane}>{lane}</option>
            ))}
          </select>
        </label>
      ) : null}
    </fieldset>
  )
}

function code(kind: Kind, name: string, value: unknown, delay: string, priority: string): string {
  const said = JSON.stringify(value)
  if (kind === 'topic') return `await board.publish(topic(${JSON.stringify(name)}), ${said})`
  const options = { ...(delay === '' ? {} : { delay }), ...(priority === '' ? {} : { priority }) }
  const last = Object.keys(options).length > 0 ? `, ${JSON.stringify(options)}` : ''
  return `await board.enqueue(task(${JSON.stringify(name)}), ${said}${last})`
}
