/** Messages and tasks: any of them, by selector. */

import { useSignal } from '@preact/signals'
import type { MessageView, Page } from '../../../../extras/admin/model.ts'
import { useData } from '../api.ts'
import { isOperator, mayAct } from '../live/live.ts'
import { askMany } from '../parts/ask.tsx'
import { Empty, Head, Told } from '../parts/frame.tsx'
import { Chips, Selector } from '../parts/selector.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Ago, Failure, Id, Kind, StateBadge, Text } from '../parts/words.tsx'
import { go, place } from '../route.ts'
import { figure, span, visible } from '../text.ts'

/** How many more are asked for at a time; the page holds no more rows than this and the step before. */
const step = 50

const columns: readonly Column<MessageView>[] = [
  { head: 'Kind', cell: ({ style }) => <Kind style={style} /> },
  { head: 'Id', cell: ({ id, style }) => <Id id={id} style={style} /> },
  { head: 'Name', cell: ({ name }) => <Text text={name} limit={60} />, by: ({ name }) => name },
  { head: 'State', cell: ({ state }) => <StateBadge state={state} />, by: ({ state }) => state },
  {
    head: 'Where',
    cell: ({ queue, lane, service }) => <Text text={[queue, lane === 'normal' ? undefined : lane, service].filter(Boolean).join(' · ')} />,
  },
  { head: 'Attempt', number: true, cell: ({ attempt }) => figure(attempt), by: ({ attempt }) => attempt },
  { head: 'Stored', cell: ({ storedAt }) => <Ago at={storedAt} />, by: ({ storedAt }) => storedAt },
  { head: 'Due', cell: ({ due }) => <Ago at={due} />, by: ({ due }) => due },
  { head: 'Run', number: true, cell: ({ ms }) => span(ms), by: ({ ms }) => ms },
  { head: 'Error', wide: true, cell: ({ error }) => <Failure error={error} /> },
]

const states = [
  ['All', ''],
  ['Ready', 'state:ready'],
  ['Scheduled', 'state:scheduled'],
  ['Running', 'state:running'],
  ['Retrying', 'state:retrying'],
  ['Done', 'state:done'],
  ['Dead', 'state:dead'],
] as const

const key = ({ id, service = '', style }: MessageView): string => `${style} ${id} ${service}`

/** The screen. */
export function Messages() {
  const q = place.value.params.q ?? ''
  const limit = useSignal(step)
  const chosen = useSignal<ReadonlySet<string>>(new Set())
  const { data, trouble } = useData<Page<MessageView>>('messages', { q, limit: String(limit.value) }).value
  const items = data?.items ?? []
  const picked = items.filter((each) => chosen.value.has(key(each)))
  const selector = picked.length > 0 ? `id:${picked.map(({ id }) => `"${id.replace(/["\\]/g, '\\$&')}"`).join(',')}` : q
  return (
    <>
      <Head title="Messages & tasks">Everything that waits, runs, has ended or has died. Select by what you know of it.</Head>
      <div class="stack">
        <Selector
          trouble={data === undefined ? trouble : undefined}
          placeholder='queue:mail state:dead error:~"ECONNREFUSED" data.to:*@example.org'
        />
        <Chips choices={states} />
        {data && trouble ? <Told trouble={trouble} /> : null}
        {isOperator.value && items.length > 0 ? <Acts selector={selector} picked={picked.length} /> : null}
        {data === undefined ? (
          trouble ? null : (
            <p class="soft">Looking…</p>
          )
        ) : items.length === 0 ? (
          <div class="card">
            <Empty title={q === '' ? 'Nothing waits, and nothing has died.' : `Nothing matches ${visible(q, 120)}.`}>
              {q === '' ? 'Publish or enqueue something, and it is seen here.' : 'Take a word out of the selector, or look at all.'}
            </Empty>
          </div>
        ) : (
          <Table
            label="Messages and tasks"
            columns={columns}
            rows={items}
            id={key}
            open={({ id, style }) => go('detail', { id, style })}
            chosen={chosen.value}
            choose={(ids) => {
              chosen.value = ids
            }}
          />
        )}
        {data?.note ? <p class="soft">{visible(data.note)}</p> : null}
        {data?.cursor && limit.value < 200 ? (
          <button type="button" onClick={() => (limit.value = Math.min(200, limit.value + step))}>
            Show more
          </button>
        ) : null}
        {data?.cursor && limit.value >= 200 ? <p class="soft">The first 200 are shown. Select more closely to see others.</p> : null}
      </div>
    </>
  )
}

function Acts({ selector, picked }: { readonly selector: string; readonly picked: number }) {
  return (
    <fieldset class="row acts" aria-label="Actions">
      <span class="soft">{picked > 0 ? `${figure(picked)} chosen:` : 'All that match:'}</span>
      {(['cancel', 'runNow', 'redrive', 'discard'] as const).map((action) => (
        <button
          key={action}
          type="button"
          class={action === 'discard' ? 'danger' : ''}
          disabled={!mayAct.value}
          onClick={() => askMany(action, selector)}
        >
          {{ cancel: 'Cancel…', runNow: 'Run now…', redrive: 'Redrive…', discard: 'Discard…' }[action]}
        </button>
      ))}
    </fieldset>
  )
}
