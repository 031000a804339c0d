/** Queues: what waits for whom, how fast it goes, and what holds it up. */

import { gateInShort } from '../../../../extras/admin/held.ts'
import type { HoldView, QueueView } from '../../../../extras/admin/model.ts'
import { useData } from '../api.ts'
import { isOperator, mayAct, now } from '../live/live.ts'
import { ask } from '../parts/ask.tsx'
import { Empty, Head, Loaded } from '../parts/frame.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Why } from '../parts/why.tsx'
import { Ago, Text } from '../parts/words.tsx'
import { address, go, place } from '../route.ts'
import { bytes, figure, many, rate, span, visible } from '../text.ts'

/** What holds a queue or a subscription up, in words. */
export const holds: Readonly<Record<string, string>> = {
  none: '–',
  'no-worker': 'no worker is there',
  paused: 'paused',
  gate: 'held at a gate: a rate or a limit',
  busy: 'all workers are busy',
  scheduled: 'nothing is due yet',
  broker: 'the broker cannot be reached',
}

/** Says what holds it up; what needs somebody stands out. */
export function Hold({ blocked, at: [most] = [] }: { readonly blocked: string; readonly at?: readonly HoldView[] }) {
  return (
    <span class={blocked === 'no-worker' || blocked === 'broker' ? 'bad' : blocked === 'none' ? 'soft' : 'warn'}>
      {blocked === 'gate' && most ? <Text text={`held at a gate: ${gateInShort(most)}`} limit={80} /> : (holds[blocked] ?? blocked)}
    </span>
  )
}

const columns: readonly Column<QueueView>[] = [
  {
    head: 'Queue',
    cell: ({ name }) => (
      <a href={address('queues', { queue: name })}>
        <span class="explicit" aria-hidden="true">
          ■{' '}
        </span>
        <strong>
          <Text text={name} limit={60} />
        </strong>
      </a>
    ),
    by: ({ name }) => name,
  },
  { head: 'Ready', number: true, cell: ({ ready }) => figure(ready), by: ({ ready }) => ready },
  {
    head: 'Running',
    number: true,
    cell: ({ running, slots }) => (
      <>
        {figure(running)}{' '}
        {slots ? (
          <span class="gauge" title={`${figure(running)} of ${figure(slots)} slots`}>
            <span style={{ width: `${Math.min(100, (running / slots) * 100)}%` }} />
          </span>
        ) : null}
      </>
    ),
    by: ({ running }) => running,
  },
  { head: 'Scheduled', number: true, cell: ({ scheduled }) => figure(scheduled), by: ({ scheduled }) => scheduled },
  { head: 'Retrying', number: true, cell: ({ retrying }) => figure(retrying), by: ({ retrying }) => retrying },
  {
    head: 'Dead',
    number: true,
    cell: ({ dead, name }) =>
      dead > 0 ? (
        <a class="bad" href={address('dead', { q: `queue:${name}` })}>
          {figure(dead)}
        </a>
      ) : (
        figure(dead)
      ),
    by: ({ dead }) => dead,
  },
  {
    head: 'Oldest',
    number: true,
    cell: ({ oldest }) => (oldest === undefined ? '–' : span(Math.max(0, now.value - oldest))),
    by: ({ oldest }) => oldest,
  },
  { head: 'In', number: true, cell: ({ inRate }) => rate(inRate), by: ({ inRate }) => inRate },
  { head: 'Out', number: true, cell: ({ outRate }) => rate(outRate), by: ({ outRate }) => outRate },
  { head: 'Empty in', number: true, cell: ({ emptyIn, ready }) => (ready === 0 ? 'empty' : span(emptyIn)), by: ({ emptyIn }) => emptyIn },
  { head: 'Blocked because', cell: ({ blocked, holds }) => <Hold blocked={blocked} at={holds} />, by: ({ blocked }) => blocked },
]

const example = `export const sendMail = task('mail.send', { input: Mail, queue: 'mail' })
await board.enqueue(sendMail, { to: 'ann@example.org', subject: 'Hello' })`

/** The screen. */
export function Queues() {
  const { queue: wanted } = place.value.params
  const shown = useData<readonly QueueView[]>('queues')
  const one = wanted === undefined ? undefined : shown.value.data?.find(({ name }) => name === wanted)
  if (wanted !== undefined) return <OneQueue name={wanted} queue={one} known={shown.value.data !== undefined} />
  return (
    <>
      <Head title="Queues">Where tasks wait, each for exactly one worker.</Head>
      <Loaded shown={shown.value}>
        {(queues) => (
          <>
            {queues
              .filter(({ blocked }) => blocked === 'no-worker')
              .map(({ name, ready, retrying }) => (
                <p class="notice" key={name}>
                  <strong>No worker is there.</strong> {many(ready + retrying, 'task')} in {visible(name, 60)}{' '}
                  {ready + retrying === 1 ? 'waits' : 'wait'}. Start a service that performs {ready + retrying === 1 ? 'it' : 'them'}.
                </p>
              ))}
            {queues.length === 0 ? (
              <div class="card">
                <Empty title="No queues." code={example}>
                  A queue appears when a task is enqueued, or a service performs one.
                </Empty>
              </div>
            ) : (
              <Table
                label="Queues"
                columns={columns}
                rows={queues}
                id={({ name }) => name}
                open={({ name }) => go('queues', { queue: name })}
              />
            )}
          </>
        )}
      </Loaded>
    </>
  )
}

function OneQueue({ name, queue, known }: { readonly name: string; readonly queue: QueueView | undefined; readonly known: boolean }) {
  return (
    <>
      <Head
        title={
          <>
            <a href={address('queues')}>Queues</a> / <Text text={name} limit={80} />
          </>
        }
        acts={queue && isOperator.value ? <Acts queue={queue} /> : null}
      >
        {queue ? <Hold blocked={queue.blocked === 'none' ? '' : queue.blocked} at={queue.holds} /> : null}
      </Head>
      {queue ? (
        <div class="stack">
          <Why of={{ queue: name }} />
          <dl class="figures">
            <Figure name="ready" value={figure(queue.ready)} />
            <Figure name="running" value={figure(queue.running)} />
            <Figure name="scheduled" value={figure(queue.scheduled)} />
            <Figure name="retrying" value={figure(queue.retrying)} />
            <Figure name="dead" value={figure(queue.dead)} />
            <Figure name="in" value={rate(queue.inRate)} />
            <Figure name="out" value={rate(queue.outRate)} />
            <Figure name="kept" value={bytes(queue.bytes)} />
          </dl>
          {queue.lanes.length === 0 ? (
            <div class="card">
              <Empty title="Nobody has ever performed a task of this queue." />
            </div>
          ) : (
            <Table
              label={`Tasks of ${name}`}
              rows={queue.lanes}
              id={({ task, lane }) => `${task} ${lane}`}
              open={({ task }) => go('messages', { q: `task:${task}` })}
              columns={[
                {
                  head: 'Task',
                  cell: ({ task }) => (
                    <a href={address('messages', { q: `task:${task}` })}>
                      <Text text={task} limit={80} />
                    </a>
                  ),
                },
                { head: 'Lane', cell: ({ lane }) => lane },
                { head: 'Waiting', number: true, cell: ({ waiting }) => figure(waiting) },
                { head: 'Open', number: true, cell: ({ open }) => figure(open) },
                { head: 'Oldest', cell: ({ oldest }) => <Ago at={oldest} /> },
                {
                  head: 'Workers',
                  cell: ({ workers, asking }) => (workers.length > 0 ? figure(workers.length) : asking > 0 ? 'asking' : 'none'),
                },
                {
                  head: 'Paused',
                  cell: ({ paused, pausedUntil }) => (paused ? <>until {pausedUntil ? <Ago at={pausedUntil} /> : 'resumed'}</> : '–'),
                },
              ]}
            />
          )}
          <p>
            <a href={address('messages', { q: `queue:${name}` })}>All its tasks</a>
          </p>
        </div>
      ) : known ? (
        <div class="card">
          <Empty title={`There is no queue ${visible(name, 60)}.`} />
        </div>
      ) : (
        <p class="soft">Looking…</p>
      )}
    </>
  )
}

/** A figure with its name. */
export function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function Acts({ queue: { name, paused, ready } }: { readonly queue: QueueView }) {
  const off = !mayAct.value
  return (
    <>
      {paused ? (
        <button
          type="button"
          class="main"
          disabled={off}
          onClick={() =>
            ask({
              verb: 'Resume',
              means: `Workers take tasks of ${name} again.`,
              action: 'resumeQueue',
              body: { queue: name },
              done: `${name} goes on.`,
            })
          }
        >
          Resume…
        </button>
      ) : (
        <button
          type="button"
          disabled={off}
          onClick={() =>
            ask({
              verb: 'Pause',
              means: `Workers take no more tasks of ${name} until it is resumed. What runs goes on, and what is enqueued waits.`,
              action: 'pauseQueue',
              body: { queue: name },
              done: `${name} is paused.`,
            })
          }
        >
          Pause…
        </button>
      )}
      <button
        type="button"
        class="danger"
        disabled={off}
        onClick={() =>
          ask({
            verb: 'Purge',
            means: `Removes what waits in ${name}, for good: ${figure(ready)} ready, and what is scheduled. What a worker has taken stays.`,
            action: 'purgeQueue',
            body: { queue: name },
            done: `What waited in ${name} is removed.`,
            typed: name,
          })
        }
      >
        Purge…
      </button>
    </>
  )
}
