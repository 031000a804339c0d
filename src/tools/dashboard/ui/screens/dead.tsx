/** Dead letters: what was given up, by what it died of. */

import { useSignal } from '@preact/signals'
import type { DeadGroupView, DeadView, Page } from '../../../../extras/admin/model.ts'
import { useData } from '../api.ts'
import { isOperator, mayAct } from '../live/live.ts'
import { askMany } from '../parts/ask.tsx'
import { Empty, Head, Told } from '../parts/frame.tsx'
import { Selector } from '../parts/selector.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Ago, Failure, Id, Kind, Text } from '../parts/words.tsx'
import { address, change, go, place } from '../route.ts'
import { figure, many, visible } from '../text.ts'

const reasons: Readonly<Record<string, string>> = {
  rejected: 'rejected: permanent, its handler said so',
  exhausted: 'exhausted: all attempts failed',
  expired: 'expired: had not started in time',
  unreadable: 'unreadable: could not be decoded, or no longer fits its schema',
}

const columns: readonly Column<DeadView>[] = [
  { head: 'Kind', cell: ({ style }) => <Kind style={style} /> },
  {
    head: 'Letter',
    cell: ({ sequence }) => (
      <a class="mono" href={address('letter', { sequence: String(sequence) })}>
        {sequence}
      </a>
    ),
    by: ({ sequence }) => sequence,
  },
  { head: 'Id', cell: ({ id, style }) => <Id id={id} style={style} /> },
  { head: 'Name', cell: ({ name }) => <Text text={name} limit={60} />, by: ({ name }) => name },
  { head: 'Service', cell: ({ service }) => <Text text={service} limit={60} />, by: ({ service }) => service },
  { head: 'Reason', cell: ({ reason }) => <span title={reasons[reason]}>{reason}</span>, by: ({ reason }) => reason },
  { head: 'Attempts', number: true, cell: ({ attempts }) => figure(attempts), by: ({ attempts }) => attempts },
  { head: 'Died', cell: ({ at }) => <Ago at={at} />, by: ({ at }) => at },
  { head: 'Error', wide: true, cell: ({ error }) => <Failure error={error} /> },
]

const both = (q: string, more: string): string => [q, more].filter(Boolean).join(' ')

/** The screen. */
export function Dead() {
  const q = place.value.params.q ?? ''
  const chosen = useSignal<ReadonlySet<string>>(new Set())
  const { data, trouble } = useData<Page<DeadView>>('dead', { q, limit: '100' }).value
  const groups = useData<readonly DeadGroupView[]>('groups', { q }).value.data ?? []
  const items = data?.items ?? []
  const picked = items.filter(({ sequence }) => chosen.value.has(String(sequence)))
  const selector = picked.length > 0 ? `id:${[...new Set(picked.map(({ id }) => `"${id.replace(/["\\]/g, '\\$&')}"`))].join(',')}` : q
  return (
    <>
      <Head
        title="Dead letters"
        acts={
          isOperator.value && items.length > 0 ? (
            <Acts selector={selector} label={picked.length > 0 ? `${picked.length} chosen` : 'all that match'} />
          ) : null
        }
      >
        What was given up for good, kept with its reason and its payload. Redrive sends it back to where it died.
      </Head>
      <div class="stack">
        <Selector trouble={data === undefined ? trouble : undefined} placeholder="queue:mail reason:exhausted error:~timeout" />
        {data && trouble ? <Told trouble={trouble} /> : null}
        {groups.length > 0 ? <Groups groups={groups} q={q} /> : null}
        {data === undefined ? (
          trouble ? null : (
            <p class="soft">Looking…</p>
          )
        ) : items.length === 0 ? (
          <div class="card">
            <Empty title={q === '' ? 'No dead letters.' : `No dead letter matches ${visible(q, 120)}.`}>That is good news.</Empty>
          </div>
        ) : (
          <Table
            label="Dead letters"
            columns={columns}
            rows={items}
            id={({ sequence }) => String(sequence)}
            open={({ sequence }) => go('letter', { sequence: String(sequence) })}
            chosen={chosen.value}
            choose={(ids) => {
              chosen.value = ids
            }}
          />
        )}
        {data?.cursor ? (
          <p class="soft">The newest 100 are shown. Select more closely to see others; actions mean all that match.</p>
        ) : null}
      </div>
    </>
  )
}

function Acts({ selector, label }: { readonly selector: string; readonly label: string }) {
  return (
    <>
      <button type="button" class="main" disabled={!mayAct.value} onClick={() => askMany('redrive', selector)}>
        Redrive {label}…
      </button>
      <button type="button" class="danger" disabled={!mayAct.value} onClick={() => askMany('discard', selector)}>
        Discard {label}…
      </button>
    </>
  )
}

function Groups({ groups, q }: { readonly groups: readonly DeadGroupView[]; readonly q: string }) {
  return (
    <section class="stack groups" aria-label="By what they died of">
      {groups.slice(0, 12).map((group) => {
        const own = both(q, `fingerprint:${group.fingerprint}`)
        const narrowed = q.includes(`fingerprint:${group.fingerprint}`)
        return (
          <article class="card pad group" key={`${group.fingerprint} ${group.name} ${group.reason}`} data-group={group.fingerprint}>
            <div class="row">
              <strong class="bad">{many(group.count, 'letter')}</strong>
              <Text text={group.name} limit={60} />
              <span class="soft">{reasons[group.reason] ?? group.reason}</span>
              <span class="soft">
                first <Ago at={group.first} />, last <Ago at={group.last} />
              </span>
            </div>
            <p class="mono">
              <bdi>{visible(`${group.error.name}: ${group.error.message}`, 300)}</bdi>
            </p>
            <div class="row">
              {narrowed ? null : (
                <button type="button" class="plain" onClick={() => change({ q: own })}>
                  Only these
                </button>
              )}
              {isOperator.value ? (
                <>
                  <button type="button" disabled={!mayAct.value} onClick={() => askMany('redrive', narrowed ? q : own)}>
                    Redrive these…
                  </button>
                  <button type="button" class="danger" disabled={!mayAct.value} onClick={() => askMany('discard', narrowed ? q : own)}>
                    Discard these…
                  </button>
                </>
              ) : null}
            </div>
          </article>
        )
      })}
    </section>
  )
}
