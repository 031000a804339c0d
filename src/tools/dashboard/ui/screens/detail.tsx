/** One event or task: what it is, what became of it, what it led to, and why it stands where it stands. */

import type { MessageDetail, Trace, TraceEntry, TraceRun } from '../../../../extras/admin/model.ts'
import { useData } from '../api.ts'
import { isOperator, mayAct } from '../live/live.ts'
import { askMany } from '../parts/ask.tsx'
import { Copy } from '../parts/copy.tsx'
import { Empty, Head, Loaded } from '../parts/frame.tsx'
import { Table } from '../parts/table.tsx'
import { Reasons } from '../parts/why.tsx'
import { Ago, Failure, Id, Kind, StateBadge, Text } from '../parts/words.tsx'
import { address, place } from '../route.ts'
import { bytes, clock, figure, span, visible } from '../text.ts'
import { Shown } from './letter.tsx'

type Whole = MessageDetail & { readonly cut?: true; readonly masked?: true; readonly trace?: Trace }

/** The screen. */
export function Detail() {
  const { id = '', style } = place.value.params
  const shown = useData<Whole>('detail', { id, style })
  const message = shown.value.data
  return (
    <>
      <Head
        title={message ? <Title message={message} /> : 'Detail'}
        acts={
          <>
            <Copy text={id} label="Copy id" />
            {isOperator.value && message?.style === 'explicit' ? <Acts message={message} /> : null}
          </>
        }
      >
        <bdi class="mono">{visible(id)}</bdi>
      </Head>
      <Loaded shown={shown.value}>{(data) => <Body message={data} />}</Loaded>
    </>
  )
}

function Title({ message }: { readonly message: Whole }) {
  return (
    <>
      <Kind style={message.style} /> <Text text={message.name} limit={80} /> <StateBadge state={message.state} />
    </>
  )
}

function Acts({ message }: { readonly message: Whole }) {
  const selector = `id:"${message.id.replace(/["\\]/g, '\\$&')}"`
  const dead = message.state === 'dead' || message.state === 'expired'
  const waits = ['ready', 'scheduled', 'running', 'retrying'].includes(message.state)
  return (
    <>
      {message.state === 'scheduled' ? (
        <button type="button" disabled={!mayAct.value} onClick={() => askMany('runNow', selector)}>
          Run now…
        </button>
      ) : null}
      {waits ? (
        <button type="button" class="danger" disabled={!mayAct.value} onClick={() => askMany('cancel', selector)}>
          Cancel…
        </button>
      ) : null}
      {dead ? (
        <button type="button" class="main" disabled={!mayAct.value} onClick={() => askMany('redrive', selector)}>
          Redrive…
        </button>
      ) : null}
    </>
  )
}

function Body({ message }: { readonly message: Whole }) {
  return (
    <>
      <Reasons why={message.why} />
      <Facts message={message} />
      {message.trace && message.trace.runs.length > 0 ? (
        <section class="card pad stack" aria-label="What it led to">
          <h2>What it led to</h2>
          <Tree trace={message.trace} />
        </section>
      ) : null}
      {message.attempts.length > 0 ? (
        <Table
          label="Attempts"
          rows={message.attempts}
          id={({ attempt, service, startedAt }) => `${service} ${attempt} ${startedAt}`}
          columns={[
            { head: 'Attempt', cell: ({ attempt }) => attempt },
            { head: 'Service', cell: ({ service }) => <Text text={service} limit={60} /> },
            { head: 'Worker', cell: ({ worker }) => <Text text={worker} limit={60} /> },
            { head: 'Began', cell: ({ startedAt }) => clock(startedAt) },
            { head: 'Ran', number: true, cell: ({ ms }) => span(ms) },
            { head: 'State', cell: ({ state }) => <StateBadge state={state} /> },
            { head: 'Next', cell: ({ nextAt }) => <Ago at={nextAt} /> },
            { head: 'Error', wide: true, cell: ({ error }) => <Failure error={error} /> },
          ]}
        />
      ) : null}
      <section class="card pad stack">
        <h2>Payload</h2>
        <Shown letter={message} />
      </section>
      {message.timeline.length > 0 ? (
        <section class="card pad stack">
          <h2>What happened</h2>
          <Timeline entries={message.timeline} />
        </section>
      ) : null}
    </>
  )
}

function Facts({ message }: { readonly message: Whole }) {
  const headers = Object.entries(message.headers ?? {})
  const facts: readonly (readonly [string, unknown])[] = [
    ['Queue', message.queue],
    ['Lane', message.lane],
    ['Unique key', message.key],
    ['Service', message.service],
    ['Sent by', message.sender],
    ['Waited', message.wait === undefined ? undefined : span(message.wait)],
    ['Ran', message.ms === undefined ? undefined : span(message.ms)],
    ['Size', message.bytes === undefined ? undefined : bytes(message.bytes)],
    ['Place in the stream', message.sequence === undefined ? undefined : figure(message.sequence)],
  ]
  return (
    <section class="card pad">
      <dl class="facts">
        <dt>Stored</dt>
        <dd>
          <Ago at={message.storedAt} /> {message.storedAt === undefined ? '' : `(${clock(message.storedAt)})`}
        </dd>
        {message.due === undefined ? null : (
          <>
            <dt>Due</dt>
            <dd>
              <Ago at={message.due} /> ({clock(message.due)})
            </dd>
          </>
        )}
        {facts.map(([name, value]) =>
          value === undefined ? null : (
            <>
              <dt>{name}</dt>
              <dd>
                <Text text={String(value)} />
              </dd>
            </>
          ),
        )}
        {message.parent === undefined ? null : (
          <>
            <dt>Caused by</dt>
            <dd>
              <Id id={message.parent} />
            </dd>
          </>
        )}
        {message.deadLetters.length > 0 ? (
          <>
            <dt>Dead letters</dt>
            <dd>
              {message.deadLetters.map(({ sequence, service, reason }) => (
                <a key={sequence} href={address('letter', { sequence: String(sequence) })}>
                  {figure(sequence)} ({reason}, {visible(service, 60)}){' '}
                </a>
              ))}
            </dd>
          </>
        ) : null}
        {headers.map(([name, value]) => (
          <>
            <dt class="mono">{visible(name, 60)}</dt>
            <dd class="mono">
              <Text text={value} />
            </dd>
          </>
        ))}
        {message.progress === undefined ? null : (
          <>
            <dt>Progress</dt>
            <dd class="mono">
              <Text text={JSON.stringify(message.progress)} />
            </dd>
          </>
        )}
      </dl>
    </section>
  )
}

/** From what was said to every effect: dashed to those who listen, solid to the one who was named. */
export function Tree({ trace }: { readonly trace: Trace }) {
  return (
    <ul class="trace">
      {trace.runs.map((run) => (
        <li key={`${run.service} ${run.worker ?? ''}`}>
          <Run run={run} />
        </li>
      ))}
    </ul>
  )
}

function Run({ run }: { readonly run: TraceRun }) {
  const implicit = run.because === 'subscribed'
  return (
    <>
      <div class="row">
        <span class={`mono ${implicit ? 'implicit' : 'explicit'}`} title={implicit ? 'because it subscribed' : 'because it was named'}>
          <span aria-hidden="true">{implicit ? '┄┄▷' : '──▶'}</span>
          <span class="hidden">{implicit ? 'because it subscribed' : 'because it was named'}</span>
        </span>
        <Text text={run.service} limit={60} />
        <StateBadge state={run.state} />
        <span class="soft">
          {[run.attempt === undefined ? '' : `attempt ${run.attempt}`, run.ms === undefined ? '' : span(run.ms)].filter(Boolean).join(', ')}
        </span>
        <Failure error={run.error} />
      </div>
      {run.caused.length > 0 ? (
        <ul class="trace">
          {run.caused.map((caused) => (
            <li key={caused.message.id}>
              <div class="row">
                <Kind style={caused.message.style} />
                <Text text={caused.message.name} limit={60} />
                <Id id={caused.message.id} style={caused.message.style} />
                <StateBadge state={caused.message.state} />
              </div>
              {caused.runs.length > 0 ? <Tree trace={caused} /> : null}
            </li>
          ))}
        </ul>
      ) : null}
      {run.more ? <p class="soft">… {figure(run.more)} more</p> : null}
    </>
  )
}

/** What happened, oldest first. */
export function Timeline({ entries }: { readonly entries: readonly TraceEntry[] }) {
  if (entries.length === 0) return <Empty title="Nothing has happened yet." />
  return (
    <ol class="line">
      {entries.map((entry, index) => (
        <li key={`${entry.place} ${index}`}>
          <span aria-hidden="true" class={entry.style}>
            {entry.style === 'implicit' ? '◇' : '■'}
          </span>
          <span>
            <strong>{entry.kind}</strong> {entry.service ? <Text text={entry.service} limit={60} /> : null}{' '}
            <span class="soft">
              by <Text text={entry.worker} limit={60} />
              {entry.attempt === undefined ? '' : `, attempt ${entry.attempt}`}
              {entry.ms === undefined ? '' : `, ${span(entry.ms)}`}
              {entry.after === undefined ? '' : `, again in ${span(entry.after)}`}
            </span>
            <Failure error={entry.error} />
          </span>
          <time class="mono soft" dateTime={new Date(entry.at).toISOString()}>
            {clock(entry.at)}
          </time>
        </li>
      ))}
    </ol>
  )
}
