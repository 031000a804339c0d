/** One dead letter: what it was, what it died of, and how to send it back, as it is or mended. */

import { useSignal } from '@preact/signals'
import type { DeadView } from '../../../../extras/admin/model.ts'
import { act, type Trouble, useData } from '../api.ts'
import { isOperator, mayAct } from '../live/live.ts'
import { askMany } from '../parts/ask.tsx'
import { CopyAs } from '../parts/copy.tsx'
import { closeDialog, openDialog, say } from '../parts/dialog.tsx'
import { Head, Loaded, Told } from '../parts/frame.tsx'
import { Payload } from '../parts/payload.tsx'
import { Table } from '../parts/table.tsx'
import { Ago, Failure, Id, Kind, Text } from '../parts/words.tsx'
import { address, go, place } from '../route.ts'
import { bytes, clock, figure, span, visible } from '../text.ts'

type Letter = DeadView & { readonly cut?: true; readonly masked?: true }

/** The screen. */
export function LetterScreen() {
  const { sequence = '' } = place.value.params
  const shown = useData<Letter>('letter', { sequence })
  const letter = shown.value.data
  return (
    <>
      <Head
        title={
          <>
            <a href={address('dead')}>Dead letters</a> / {visible(sequence, 20)}
          </>
        }
        acts={isOperator.value && letter ? <Acts letter={letter} /> : null}
      />
      <Loaded shown={shown.value}>{(data) => <Body letter={data} />}</Loaded>
    </>
  )
}

function Acts({ letter }: { readonly letter: Letter }) {
  const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
  const selector = `id:${quoted(letter.id)} service:${quoted(letter.service)}`
  const whole = !letter.cut && !letter.masked && letter.data !== undefined
  return (
    <>
      <button type="button" class="main" disabled={!mayAct.value} onClick={() => askMany('redrive', selector)}>
        Redrive…
      </button>
      <button
        type="button"
        disabled={!mayAct.value || !whole}
        title={whole ? undefined : 'Only a payload that is shown whole can be edited.'}
        onClick={() => openDialog('Edit and redrive', () => <Edit letter={letter} />)}
      >
        Edit and redrive…
      </button>
      <button type="button" class="danger" disabled={!mayAct.value} onClick={() => askMany('discard', selector)}>
        Discard…
      </button>
    </>
  )
}

function Body({ letter }: { readonly letter: Letter }) {
  return (
    <>
      <section class="card pad stack">
        <h2>
          <Kind style={letter.style} /> <Text text={letter.name} /> <span class="bad">{letter.reason}</span>
        </h2>
        <p class="wrong mono">
          <bdi>{visible(`${letter.error.name}: ${letter.error.message}`, 2_000)}</bdi>
        </p>
        <dl class="facts">
          <dt>Id</dt>
          <dd>
            <Id id={letter.id} style={letter.style} />
          </dd>
          <dt>Service</dt>
          <dd>
            <Text text={letter.service} /> on <Text text={letter.worker} />
          </dd>
          <dt>Died</dt>
          <dd>
            <Ago at={letter.at} /> ({clock(letter.at)}), after {figure(letter.attempts)} {letter.attempts === 1 ? 'attempt' : 'attempts'}
          </dd>
          <dt>Size</dt>
          <dd>{bytes(letter.bytes)}</dd>
        </dl>
        {letter.error.stack ? (
          <details>
            <summary>Stack</summary>
            <pre>{visible(letter.error.stack, 8_000)}</pre>
          </details>
        ) : null}
      </section>
      <section class="card pad stack">
        <h2>Payload</h2>
        <Shown letter={letter} />
      </section>
      {letter.history.length > 0 ? (
        <Table
          label="Attempts"
          rows={letter.history}
          id={({ attempt, at }) => `${attempt} ${at}`}
          columns={[
            { head: 'Attempt', cell: ({ attempt }) => attempt },
            { head: 'When', cell: ({ at }) => clock(at) },
            { head: 'Ran', number: true, cell: ({ ms }) => span(ms) },
            { head: 'Worker', cell: ({ worker }) => <Text text={worker} limit={60} /> },
            { head: 'Error', wide: true, cell: ({ error }) => <Failure error={error} /> },
          ]}
        />
      ) : null}
    </>
  )
}

/** A payload, or why it is not shown. */
export function Shown({
  letter,
}: {
  readonly letter: { readonly data?: unknown; readonly sealed?: string; readonly cut?: true; readonly masked?: true }
}) {
  if (letter.masked) return <p class="soft">Payloads are not shown here.</p>
  return (
    <>
      {letter.cut ? <p class="notice">This is not the whole payload, or it holds what JSON cannot say. It cannot be edited here.</p> : null}
      <Payload value={letter.data} sealed={letter.sealed} />
    </>
  )
}

function Edit({ letter }: { readonly letter: Letter }) {
  const before = JSON.stringify(letter.data, null, 2)
  const typed = useSignal(before)
  const trouble = useSignal<Trouble | undefined>(undefined)
  const parsed = parse(typed.value)
  const send = async (event: Event): Promise<void> => {
    event.preventDefault()
    const answer = await act('redriveEdited', { sequence: letter.sequence, payload: parsed.value })
    trouble.value = answer.trouble
    if (answer.trouble) return
    closeDialog()
    say('It was sent back with the new payload.')
    go('detail', { id: letter.id, style: letter.style })
  }
  return (
    <form onSubmit={(event) => void send(event)}>
      <label class="field">
        Payload
        <textarea
          spellcheck={false}
          rows={12}
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value
          }}
        />
      </label>
      {parsed.wrong ? (
        <p class="wrong">{visible(parsed.wrong)}</p>
      ) : (
        <Difference before={before} after={JSON.stringify(parsed.value, null, 2)} />
      )}
      <Told trouble={trouble.value} />
      <div class="ends">
        {parsed.wrong ? null : <CopyAs action="redriveEdited" body={{ sequence: letter.sequence, payload: parsed.value }} />}
        <button type="button" onClick={closeDialog}>
          Leave it
        </button>
        <button type="submit" class="main" disabled={!mayAct.value || parsed.wrong !== undefined}>
          Redrive with this
        </button>
      </div>
    </form>
  )
}

/** What changes, line by line. */
function Difference({ before, after }: { readonly before: string; readonly after: string }) {
  const [old, next] = [before.split('\n'), after.split('\n')]
  const gone = old.filter((line) => !next.includes(line)).slice(0, 40)
  const come = next.filter((line) => !old.includes(line)).slice(0, 40)
  if (gone.length + come.length === 0) return <p class="soft">Nothing is changed.</p>
  return (
    <pre class="payload" data-difference>
      {gone.map((line) => (
        <span class="bad" key={`-${line}`}>
          − {visible(line, 200)}
          {'\n'}
        </span>
      ))}
      {come.map((line) => (
        <span class="good" key={`+${line}`}>
          + {visible(line, 200)}
          {'\n'}
        </span>
      ))}
    </pre>
  )
}

/** JSON as it was typed. */
export function parse(text: string): { readonly value?: unknown; readonly wrong?: string } {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    return { wrong: `This is no JSON: ${(error as Error).message}` }
  }
}
