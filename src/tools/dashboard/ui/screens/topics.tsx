/** Topics: what is said, and how far everybody who listens has come. */

import type { SubscriptionView, TopicView } from '../../../../extras/admin/model.ts'
import { useData } from '../api.ts'
import { isOperator, mayAct, now } from '../live/live.ts'
import { ask } from '../parts/ask.tsx'
import { openDialog } from '../parts/dialog.tsx'
import { Empty, Head, Loaded } from '../parts/frame.tsx'
import { Join } from '../parts/join.tsx'
import { say } from '../parts/say.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Ago, Failure, Text } from '../parts/words.tsx'
import { address, go, place } from '../route.ts'
import { figure, many, rate, span, visible } from '../text.ts'
import { Figure, Hold } from './queues.tsx'

const columns: readonly Column<TopicView>[] = [
  {
    head: 'Topic',
    cell: ({ name }) => (
      <a href={address('topics', { topic: name })}>
        <span class="implicit" aria-hidden="true">
          ◇{' '}
        </span>
        <strong>
          <Text text={name} limit={60} />
        </strong>
      </a>
    ),
    by: ({ name }) => name,
  },
  { head: 'Kept', number: true, cell: ({ stored }) => figure(stored), by: ({ stored }) => stored },
  { head: 'Rate', number: true, cell: ({ rate: perSecond }) => rate(perSecond), by: ({ rate: perSecond }) => perSecond },
  { head: 'Oldest', cell: ({ oldest }) => <Ago at={oldest} />, by: ({ oldest }) => oldest },
  {
    head: 'Who listens',
    cell: ({ subscriptions }) => <Text text={subscriptions.map(({ service }) => service).join(', ') || 'nobody'} limit={120} />,
    by: ({ subscriptions }) => subscriptions.length,
  },
  {
    head: 'Most behind',
    number: true,
    cell: ({ subscriptions }) => figure(Math.max(0, ...subscriptions.map(({ waiting }) => waiting))),
    by: ({ subscriptions }) => Math.max(0, ...subscriptions.map(({ waiting }) => waiting)),
  },
]

const example = `export const bookReleased = topic('books.released', Book)
await board.publish(bookReleased, { isbn: '978-0', title: 'The Callboard' })`

/** The screen. */
export function Topics() {
  const { topic: wanted } = place.value.params
  const shown = useData<readonly TopicView[]>('topics')
  if (wanted !== undefined)
    return <OneTopic name={wanted} topic={shown.value.data?.find(({ name }) => name === wanted)} known={shown.value.data !== undefined} />
  return (
    <>
      <Head
        title="Topics"
        acts={
          isOperator.value ? (
            <button type="button" class="main" disabled={!mayAct.value} onClick={() => say('topic')}>
              Publish…
            </button>
          ) : null
        }
      >
        What happened, said to nobody in particular. Every service that subscribed gets a copy of each event.
      </Head>
      <Loaded shown={shown.value}>
        {(topics) =>
          topics.length === 0 ? (
            <div class="card">
              <Empty title="No topics." code={example}>
                A topic appears when something is published, or a service subscribes.
              </Empty>
            </div>
          ) : (
            <Table
              label="Topics"
              columns={columns}
              rows={topics}
              id={({ name }) => name}
              open={({ name }) => go('topics', { topic: name })}
            />
          )
        }
      </Loaded>
    </>
  )
}

function OneTopic({ name, topic, known }: { readonly name: string; readonly topic: TopicView | undefined; readonly known: boolean }) {
  return (
    <>
      <Head
        title={
          <>
            <a href={address('topics')}>Topics</a> / <Text text={name} limit={80} />
          </>
        }
        acts={
          isOperator.value ? (
            <>
              <button type="button" disabled={!mayAct.value} onClick={() => openDialog('Add a subscriber', () => <Join topic={name} />)}>
                Add a subscriber…
              </button>
              <button type="button" class="main" disabled={!mayAct.value} onClick={() => say('topic', name)}>
                Publish…
              </button>
            </>
          ) : null
        }
      />
      {topic ? (
        <div class="stack">
          <dl class="figures">
            <Figure name="events kept" value={figure(topic.stored)} />
            <Figure name="rate" value={rate(topic.rate)} />
            <Figure name="oldest" value={topic.oldest === undefined ? '–' : span(Math.max(0, now.value - topic.oldest))} />
            <Figure name="subscriptions" value={figure(topic.subscriptions.length)} />
          </dl>
          {topic.subscriptions.length === 0 ? (
            <div class="card">
              <Empty title="Nobody listens.">What is published is kept, and a service that subscribes later can begin with it.</Empty>
            </div>
          ) : (
            <Table
              label={`Subscriptions of ${name}`}
              rows={topic.subscriptions}
              id={({ service, topic: pattern }) => `${service} ${pattern}`}
              columns={subscriptionColumns()}
            />
          )}
        </div>
      ) : known ? (
        <div class="card">
          <Empty title={`There is no topic ${visible(name, 60)}.`} />
        </div>
      ) : (
        <p class="soft">Looking…</p>
      )}
    </>
  )
}

function subscriptionColumns(): readonly Column<SubscriptionView>[] {
  return [
    {
      head: 'Service',
      cell: ({ service }) => (
        <strong>
          <Text text={service} limit={60} />
        </strong>
      ),
    },
    { head: 'By', cell: ({ topic, pattern }) => (pattern ? <Text text={topic} limit={60} /> : 'name') },
    { head: 'Behind', number: true, cell: ({ waiting }) => figure(waiting), by: ({ waiting }) => waiting },
    { head: 'Open', number: true, cell: ({ open }) => figure(open), by: ({ open }) => open },
    { head: 'Again', number: true, cell: ({ again }) => figure(again) },
    { head: 'Waits since', cell: ({ oldest }) => <Ago at={oldest} /> },
    { head: 'Last delivery', cell: ({ lastDelivery }) => <Ago at={lastDelivery} /> },
    { head: 'Blocked because', cell: ({ blocked, holds }) => <Hold blocked={blocked} at={holds} /> },
    { head: 'Last error', cell: ({ lastError }) => <Failure error={lastError} /> },
    ...(isOperator.value ? [{ head: 'Actions', cell: (each: SubscriptionView) => <Acts subscription={each} /> }] : []),
  ]
}

function Acts({ subscription: { service, topic, paused, waiting } }: { readonly subscription: SubscriptionView }) {
  const off = !mayAct.value
  const body = { service, topic }
  return (
    <span class="row nowrap">
      <button
        type="button"
        class="plain"
        disabled={off}
        onClick={() =>
          paused
            ? ask({
                verb: 'Resume',
                means: `${service} gets events of ${topic} again.`,
                action: 'resumeSubscription',
                body,
                done: `${service} goes on.`,
              })
            : ask({
                verb: 'Pause',
                means: `${service} gets no events of ${topic} until it is resumed. They wait for it.`,
                action: 'pauseSubscription',
                body,
                done: `${service} is paused.`,
              })
        }
      >
        {paused ? 'Resume…' : 'Pause…'}
      </button>
      <button
        type="button"
        class="plain"
        disabled={off}
        onClick={() =>
          ask({
            verb: 'Replay',
            means: `Gives everything that ${topic} still keeps to ${service} once more, and to nobody else.`,
            action: 'replaySubscription',
            body: { ...body, from: 1 },
            done: `${service} is given the past of ${topic} again.`,
          })
        }
      >
        Replay…
      </button>
      <button
        type="button"
        class="plain"
        disabled={off}
        onClick={() =>
          ask({
            verb: 'Skip',
            means: `${service} goes on with what is new: the ${many(waiting, 'event')} that wait are not handed to it.`,
            action: 'seekSubscription',
            body: { ...body, to: 'new' },
            done: `${service} goes on with what is new.`,
            typed: service,
          })
        }
      >
        Skip…
      </button>
      <button
        type="button"
        class="plain danger"
        disabled={off}
        onClick={() =>
          ask({
            verb: 'Leave',
            means: `${service} leaves ${topic} for good, and its place is forgotten.`,
            action: 'leaveSubscription',
            body,
            done: `${service} has left ${topic}.`,
            typed: service,
          })
        }
      >
        Leave…
      </button>
    </span>
  )
}
