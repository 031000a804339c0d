/** Schedules: what the broker says later and repeatedly, in words, with its next times on both clocks. */

import type { ScheduleView } from '../../../../extras/admin/model.ts'
import { useData } from '../api.ts'
import { isOperator, mayAct } from '../live/live.ts'
import { ask } from '../parts/ask.tsx'
import { openDialog } from '../parts/dialog.tsx'
import { Empty, Head, Loaded } from '../parts/frame.tsx'
import { Retime } from '../parts/retime.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Ago, Failure, Kind, StateBadge, Text } from '../parts/words.tsx'
import { address, go, place } from '../route.ts'
import { visible } from '../text.ts'

const columns = (): readonly Column<ScheduleView>[] => [
  {
    head: 'Schedule',
    cell: ({ name }) => (
      <a href={address('schedules', { name })}>
        <strong>
          <Text text={name} limit={60} />
        </strong>
      </a>
    ),
    by: ({ name }) => name,
  },
  {
    head: 'Says',
    cell: ({ kind, contract }) => (
      <>
        <Kind style={kind === 'topic' ? 'implicit' : 'explicit'} /> <Text text={contract} limit={60} />
      </>
    ),
  },
  { head: 'When', cell: ({ when, zone }) => <Text text={zone ? `${when}, ${zone}` : when} limit={120} /> },
  { head: 'Next', cell: ({ next, paused }) => (paused ? <span class="warn">paused</span> : <Ago at={next} />), by: ({ next }) => next },
  { head: 'Last', cell: ({ last }) => <Ago at={last} />, by: ({ last }) => last },
  { head: 'Came to', cell: ({ outcome }) => (outcome ? <StateBadge state={outcome} /> : '–') },
  { head: 'State', cell: ({ state }) => <span class={state === 'ok' ? 'good' : 'bad'}>{state}</span> },
  { head: 'Error', cell: ({ error }) => <Failure error={error} /> },
  ...(isOperator.value ? [{ head: 'Actions', cell: (each: ScheduleView) => <Acts schedule={each} /> }] : []),
]

const example = `await board.schedules.set('digest', { cron: '0 0 9 * * 1-5', zone: 'Asia/Kolkata' }, sendDigest, {})`

/** The screen. */
export function Schedules() {
  const shown = useData<readonly ScheduleView[]>('schedules')
  const { name } = place.value.params
  return (
    <>
      <Head title="Schedules">What the broker enqueues or publishes later and repeatedly. No process of yours has to be there for it.</Head>
      <Loaded shown={shown.value}>
        {(schedules) =>
          schedules.length === 0 ? (
            <div class="card">
              <Empty title="No schedules." code={example} />
            </div>
          ) : (
            <>
              {name === undefined ? null : <Upcoming key={name} name={name} />}
              <Table
                label="Schedules"
                columns={columns()}
                rows={schedules}
                id={(each) => each.name}
                open={(each) => go('schedules', { name: each.name })}
              />
            </>
          )
        }
      </Loaded>
    </>
  )
}

interface Time {
  readonly at: string
  readonly there: string
  readonly here: string
}

/** The next times of one, on its own clock and on the reader's. */
function Upcoming({ name }: { readonly name: string }) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const times = useData<readonly Time[]>('upcoming', { name, zone, count: '5' })
  return (
    <section class="stack" aria-label={`Next times of ${visible(name, 60)}`}>
      <h2>
        Next times of <Text text={name} limit={80} />
      </h2>
      <Loaded shown={times.value}>
        {(rows) => (
          <Table
            label={`Next times of ${visible(name, 60)}`}
            rows={rows}
            id={({ at }) => at}
            columns={[
              { head: 'On its clock', cell: ({ there }) => there },
              { head: `On yours (${zone})`, cell: ({ here }) => here },
              { head: 'In', cell: ({ at }) => <Ago at={Date.parse(at)} /> },
            ]}
          />
        )}
      </Loaded>
    </section>
  )
}

function Acts({ schedule }: { readonly schedule: ScheduleView }) {
  const { name, paused } = schedule
  const off = !mayAct.value
  const body = { name }
  return (
    <span class="row nowrap">
      <button
        type="button"
        class="plain"
        disabled={off}
        onClick={() =>
          ask({ verb: 'Run', means: `Fires ${name} now, besides its times.`, action: 'runSchedule', body, done: `${name} was fired.` })
        }
      >
        Run…
      </button>
      <button type="button" class="plain" disabled={off} onClick={() => openDialog('Other times', () => <Retime schedule={schedule} />)}>
        Edit…
      </button>
      <button
        type="button"
        class="plain"
        disabled={off}
        onClick={() =>
          paused
            ? ask({ verb: 'Resume', means: `${name} fires at its times again.`, action: 'resumeSchedule', body, done: `${name} goes on.` })
            : ask({
                verb: 'Pause',
                means: `${name} does not fire until it is resumed.`,
                action: 'pauseSchedule',
                body,
                done: `${name} is paused.`,
              })
        }
      >
        {paused ? 'Resume…' : 'Pause…'}
      </button>
      <button
        type="button"
        class="plain danger"
        disabled={off}
        onClick={() =>
          ask({
            verb: 'Remove',
            means: `${name} fires no more, and is forgotten.`,
            action: 'removeSchedule',
            body,
            done: `${name} is removed.`,
            typed: name,
          })
        }
      >
        Remove…
      </button>
    </span>
  )
}
