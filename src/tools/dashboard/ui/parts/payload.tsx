/** A payload: data, never markup. As a tree that opens level by level, so that a huge one costs what is looked at. */

import { useSignal } from '@preact/signals'
import { figure, visible } from '../text.ts'

/** How many members of one level are shown before one asks for more. */
const step = 50

/** Shows a value. */
export function Payload({ value, sealed }: { readonly value: unknown; readonly sealed?: string | undefined }) {
  if (value === undefined && sealed !== undefined)
    return <p class="soft">Sealed with {visible(sealed, 80)}. A dashboard that is given its contract with the key shows it.</p>
  if (value === undefined) return <p class="soft">The payload cannot be read, or is no longer kept.</p>
  return (
    <div class="payload mono tree">
      <Value value={value} open={2} />
    </div>
  )
}

function Value({ value, open }: { readonly value: unknown; readonly open: number }) {
  const most = useSignal(step)
  if (typeof value === 'string') return <bdi>"{visible(value, 1_000)}"</bdi>
  if (typeof value !== 'object' || value === null) return <span class="explicit">{String(value)}</span>
  const members = Object.entries(value)
  const [left, right] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  if (members.length === 0) return <span>{left + right}</span>
  return (
    <details open={open > 0}>
      <summary>
        {left} <span class="soft">{figure(members.length)}</span> {right}
      </summary>
      <ul>
        {members.slice(0, most.value).map(([key, each]) => (
          <li key={key}>
            <bdi class="key">{visible(key, 80)}</bdi>: <Value value={each} open={members.length > step ? 0 : open - 1} />
          </li>
        ))}
      </ul>
      {members.length > most.value ? (
        <button type="button" class="plain" onClick={() => (most.value += step)}>
          {figure(members.length - most.value)} more
        </button>
      ) : null}
    </details>
  )
}
