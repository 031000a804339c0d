/** Health: the broker, what needs somebody, and what to do about it. */

import type { AuditView, Health as HealthView } from '../../../../extras/admin/model.ts'
import { useData } from '../api.ts'
import { Head, Loaded } from '../parts/frame.tsx'
import { Table } from '../parts/table.tsx'
import { Ago, Text } from '../parts/words.tsx'
import { bytes, figure, span, visible } from '../text.ts'
import { Figure } from './queues.tsx'

/** The screen. */
export function Health() {
  const shown = useData<HealthView>('health')
  const deeds = useData<readonly AuditView[]>('audit').value.data ?? []
  return (
    <>
      <Head title="Health">The broker, and whatever needs somebody.</Head>
      <Loaded shown={shown.value}>
        {({ ok, broker, checks }) => (
          <>
            <p class={ok ? 'good' : 'bad'} data-health={ok ? 'ok' : 'not-ok'}>
              <strong>{ok ? '● All is well.' : '✕ Something needs attention.'}</strong>
            </p>
            <dl class="figures">
              <Figure name="nats-server" value={visible(broker.version, 40)} />
              <Figure name="answers in" value={span(broker.rtt)} />
              <Figure name="streams" value={figure(broker.streams)} />
              <Figure name="consumers" value={figure(broker.consumers)} />
              <Figure name="stored" value={bytes(broker.storage)} />
              <Figure name="limit" value={broker.storageLimit > 0 ? bytes(broker.storageLimit) : 'none'} />
              <Figure name="largest message" value={bytes(broker.maxPayload)} />
              <Figure name="cluster" value={visible(broker.cluster ?? 'single server', 40)} />
            </dl>
            <ul class="card pad stack checks">
              {checks.map(({ name, ok: good, text, fix }) => (
                <li key={name + text}>
                  <strong class={good ? 'good' : 'bad'}>
                    <span aria-hidden="true">{good ? '●' : '✕'}</span> {visible(name, 60)}
                  </strong>{' '}
                  <bdi>{visible(text, 600)}</bdi> {fix ? <span class="soft">{visible(fix, 400)}</span> : null}
                </li>
              ))}
            </ul>
            {deeds.length > 0 ? (
              <Table
                label="Who did what"
                rows={deeds}
                id={({ at, who, what }) => `${at} ${who} ${what}`}
                columns={[
                  { head: 'When', cell: ({ at }) => <Ago at={at} /> },
                  { head: 'Who', cell: ({ who }) => <Text text={who} limit={80} /> },
                  { head: 'What', cell: ({ what }) => <Text text={what} limit={120} /> },
                  { head: 'To which', wide: true, cell: ({ selector }) => <Text text={selector} limit={120} /> },
                  { head: 'How many', number: true, cell: ({ count }) => figure(count) },
                ]}
              />
            ) : null}
          </>
        )}
      </Loaded>
    </>
  )
}
