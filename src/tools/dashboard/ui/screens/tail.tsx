/** Live tail: everything as it happens. */

import { signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { TraceEntry } from '../../../../extras/admin/model.ts'
import { frozen, isOperator, mayAct, watch } from '../live/live.ts'
import { Empty, Head } from '../parts/frame.tsx'
import { say } from '../parts/say.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Failure, Id, Kind, StateBadge, Text } from '../parts/words.tsx'
import { change, go, place } from '../route.ts'
import { clock, figure, span } from '../text.ts'

/** Lines that are kept. */
const kept = 200

const columns: readonly Column<TraceEntry>[] = [
  { head: 'When', cell: ({ at }) => <span class="mono">{clock(at)}</span> },
  { head: 'Kind', cell: ({ style }) => <Kind style={style} /> },
  { head: 'What', cell: ({ kind }) => <StateBadge state={kind} /> },
  { head: 'Name', cell: ({ name }) => <Text text={name} limit={60} /> },
  { head: 'Id', cell: ({ id, style }) => <Id id={id} style={style} /> },
  { head: 'Service', cell: ({ service }) => <Text text={service} limit={60} /> },
  { head: 'Worker', cell: ({ worker }) => <Text text={worker} limit={60} /> },
  { head: 'Attempt', number: true, cell: ({ attempt }) => figure(attempt) },
  { head: 'Ran', number: true, cell: ({ ms }) => span(ms) },
  { head: 'Error', wide: true, cell: ({ error }) => <Failure error={error} /> },
]

/** Whether a line is wanted: every word stands somewhere in it. */
function wanted(words: readonly string[], { kind, style, name, id, service = '', worker, error }: TraceEntry): boolean {
  const said = `${kind} ${style} ${name} ${id} ${service} ${worker} ${error?.name ?? ''} ${error?.message ?? ''}`.toLowerCase()
  return words.every((word) => said.includes(word))
}

/** They stay while one looks elsewhere, so that a broker that is lost takes nothing with it. */
const lines = signal<readonly TraceEntry[]>([])

/** The screen. */
export function Tail() {
  const missed = useSignal(0)
  const q = place.value.params.q ?? ''
  useEffect(
    () =>
      watch(({ entries, more }) => {
        lines.value = [...[...entries].reverse(), ...lines.value].slice(0, kept)
        missed.value += more
      }),
    [],
  )
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = lines.value.filter((each) => wanted(words, each))
  return (
    <>
      <Head
        title="Live tail"
        acts={
          <button type="button" aria-pressed={frozen.value} onClick={() => (frozen.value = !frozen.value)}>
            {frozen.value ? 'Go on' : 'Freeze'} <kbd>space</kbd>
          </button>
        }
      >
        Everything as it happens, newest first. The last {kept} are kept.
      </Head>
      <div class="stack">
        <div class="selector">
          <input
            data-search
            type="search"
            aria-label="Words that must occur"
            placeholder="failed mail.send"
            value={q}
            onInput={(event) => change({ q: event.currentTarget.value })}
          />
        </div>
        {missed.value > 0 ? <p class="soft">{figure(missed.value)} more happened than can be shown one by one.</p> : null}
        {shown.length === 0 ? (
          <div class="card">
            <Empty title={lines.value.length === 0 ? 'Waiting for something to happen.' : 'Nothing of late has these words.'}>
              {isOperator.value ? (
                <button type="button" disabled={!mayAct.value} onClick={() => say('topic')}>
                  Publish something…
                </button>
              ) : null}
            </Empty>
          </div>
        ) : (
          <Table
            label="What happened"
            columns={columns}
            rows={shown}
            id={({ place: at, kind, id, service = '' }) => `${at} ${kind} ${id} ${service}`}
            open={({ id, style }) => go('detail', { id, style })}
          />
        )}
      </div>
    </>
  )
}
