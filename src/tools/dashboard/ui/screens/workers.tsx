/** Workers: the processes that are there, what they serve, and how they are. */

import { useRef } from 'preact/hooks'
import type { WorkerView } from '../../../../extras/admin/model.ts'
import { useData } from '../api.ts'
import { frozen, isOperator, mayAct, now } from '../live/live.ts'
import { ask } from '../parts/ask.tsx'
import { Empty, Head, Loaded } from '../parts/frame.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Ago, Text } from '../parts/words.tsx'
import { bytes, figure, span, visible } from '../text.ts'

/** A worker that has not told of itself for so long is marked, in ms. */
const quiet = 6_000

/** A loop that was held longer is marked, in ms. */
const held = 200

/** How long a handler that held the loop stays on the gauge, in ms. */
const lasting = 10_000

/** The longest a loop was held of late: a worker that tells twice in a moment must not hide it. */
function longestOf({ loopLag, held: by }: WorkerView): number {
  return by !== undefined && now.value - by.at < lasting ? Math.max(loopLag, by.ms) : loopLag
}

/** How often they are asked for at least, in ms: more often than they tell. */
const askedEvery = 2_000

/** Where the gauge of a loop is full, in ms. */
const mostHeld = 1_000

const columns = (): readonly Column<WorkerView>[] => [
  {
    head: 'Worker',
    cell: ({ name, host, pid, version, node, startedAt }) => (
      <>
        <strong>
          <Text text={name} limit={60} />
        </strong>
        <br />
        <small class="soft">
          <Text text={`${host}, process ${pid}`} limit={80} />
          <br />
          <Text text={`${version}, Node ${node.replace(/^v/, '')}`} limit={60} />
          <br />
          since <Ago at={startedAt} />
        </small>
      </>
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
    cell: (worker) => {
      const [ms, by] = [longestOf(worker), worker.held]
      return (
        <span class={ms > held ? 'bad' : ''} title={by && `${span(by.ms)} by ${by.name} of ${by.service}`}>
          {span(ms)}{' '}
          <span class="gauge">
            <span style={{ width: `${Math.min(100, (ms / mostHeld) * 100)}%` }} />
          </span>
        </span>
      )
    },
    by: longestOf,
  },
  { head: 'Memory', number: true, cell: ({ memory }) => bytes(memory), by: ({ memory }) => memory },
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
  ...(isOperator.value ? [{ head: 'Actions', cell: (worker: WorkerView) => <Acts worker={worker} /> }] : []),
]

function Acts({ worker: { name, running, services, stage } }: { readonly worker: WorkerView }) {
  const off = !mayAct.value || stage === 'draining'
  const serves = services.map((service) => visible(service, 60)).join(', ')
  return (
    <span class="stack">
      <button
        type="button"
        disabled={off}
        onClick={() =>
          ask({
            verb: 'Drain',
            means: `It takes nothing more of ${serves}. What runs (${figure(running)}) may finish for 25 s; then it is handed back, at no attempt, and the worker leaves.`,
            action: 'drainWorker',
            body: { name },
            done: `${visible(name, 60)} finishes and leaves.`,
          })
        }
      >
        Drain…
      </button>
      <button
        type="button"
        class="danger"
        disabled={off}
        onClick={() =>
          ask({
            verb: 'Stop',
            means: `It takes nothing more of ${serves}. What runs (${figure(running)}) is interrupted and handed back, at no attempt.`,
            action: 'stopWorker',
            body: { name },
            done: `${visible(name, 60)} leaves.`,
          })
        }
      >
        Stop…
      </button>
    </span>
  )
}

const example = `await board.service('mailer')
  .perform(sendMail, async (mail) => { … })
  .start()`

/** The screen. */
export function Workers() {
  // How a worker is changes without anything having happened.
  const pulse = useRef(0)
  if (!frozen.value) pulse.current = Math.floor(now.value / askedEvery)
  const shown = useData<readonly WorkerView[]>('workers', {}, pulse.current)
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
            <Table label="Workers" columns={columns()} rows={workers} id={({ name }) => name} />
          )
        }
      </Loaded>
    </>
  )
}
