/** Workers: the processes that are there, what they serve, and how they are. */

import type { WorkerView } from '../../../../extras/admin/model.ts'
import { useData } from '../api.ts'
import { now } from '../live/live.ts'
import { Empty, Head, Loaded } from '../parts/frame.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Ago, Text } from '../parts/words.tsx'
import { bytes, figure, span, visible } from '../text.ts'

/** A worker that has not told of itself for so long is marked, in ms. */
const quiet = 6_000

/** A loop that was held longer is marked, in ms. */
const held = 200

const columns: readonly Column<WorkerView>[] = [
  {
    head: 'Worker',
    cell: ({ name }) => (
      <strong>
        <Text text={name} limit={60} />
      </strong>
    ),
    by: ({ name }) => name,
  },
  {
    head: 'Serves',
    cell: ({ serves }) => (
      <ul class="serves">
        {serves.map(({ service, style, name, running, slots }) => (
          <li key={`${service} ${style} ${name}`} class="nowrap">
            <span class={style} aria-hidden="true">
              {style === 'implicit' ? '◇' : '■'}
            </span>{' '}
            <bdi>{visible(name, 60)}</bdi>{' '}
            <span class="soft">
              by {visible(service, 60)}, {figure(running)} of {figure(slots)}
            </span>
          </li>
        ))}
      </ul>
    ),
  },
  {
    head: 'Busy',
    number: true,
    cell: ({ running, slots }) => (
      <>
        {figure(running)} of {figure(slots)}{' '}
        <span class="gauge">
          <span style={{ width: `${Math.min(100, slots > 0 ? (running / slots) * 100 : 0)}%` }} />
        </span>
      </>
    ),
    by: ({ running }) => running,
  },
  {
    head: 'Loop held',
    number: true,
    cell: ({ loopLag, held: by }) => (
      <span class={loopLag > held ? 'bad' : ''} title={by && `${span(by.ms)} by ${by.name} of ${by.service}`}>
        {span(loopLag)}
      </span>
    ),
    by: ({ loopLag }) => loopLag,
  },
  { head: 'Memory', number: true, cell: ({ memory }) => bytes(memory), by: ({ memory }) => memory },
  { head: 'Where', cell: ({ host, pid }) => <Text text={`${host}, process ${pid}`} limit={80} /> },
  { head: 'Version', cell: ({ version, node }) => <Text text={`${version}, Node ${node.replace(/^v/, '')}`} limit={60} /> },
  { head: 'Since', cell: ({ startedAt }) => <Ago at={startedAt} />, by: ({ startedAt }) => startedAt },
  {
    head: 'Heard',
    cell: ({ seenAt, stage }) =>
      stage === 'draining' ? (
        <span class="warn">draining</span>
      ) : (
        <span class={now.value - seenAt > quiet ? 'bad' : 'good'}>
          <Ago at={seenAt} />
        </span>
      ),
    by: ({ seenAt }) => seenAt,
  },
]

const example = `await board.service('mailer')
  .perform(sendMail, async (mail) => { … })
  .start()`

/** The screen. */
export function Workers() {
  const shown = useData<readonly WorkerView[]>('workers')
  return (
    <>
      <Head title="Workers">
        The processes that are there. Each tells of itself every few seconds; who falls silent is gone from here soon after.
      </Head>
      <Loaded shown={shown.value}>
        {(workers) =>
          workers.length === 0 ? (
            <div class="card">
              <Empty title="No worker is connected." code={example}>
                Tasks wait in their queues, and events in their topics, until one is.
              </Empty>
            </div>
          ) : (
            <Table label="Workers" columns={columns} rows={workers} id={({ name }) => name} />
          )
        }
      </Loaded>
    </>
  )
}
