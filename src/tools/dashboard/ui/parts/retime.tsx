/** Other times for a schedule; what it says, and all else, stays as it is. */

import { useSignal } from '@preact/signals'
import type { ScheduleView } from '../../../../extras/admin/model.ts'
import { act, type Trouble } from '../api.ts'
import { mayAct } from '../live/live.ts'
import { go } from '../route.ts'
import { visible } from '../text.ts'
import { CopyAs } from './copy.tsx'
import { closeDialog, say } from './dialog.tsx'
import { Told } from './frame.tsx'

const kinds = {
  cron: ['On a clock, as cron', 'Five fields, or six with seconds first: 0 9 * * 1-5'],
  every: ['Every so often', '30s, 10m, 6h'],
  at: ['Once', '2027-03-01T09:00Z'],
} as const

type Kind = keyof typeof kinds

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** A span as it is typed: `6h`. */
function typed(ms: number): string {
  const [unit, size] = units.find(([, each]) => ms % each === 0) ?? ['ms', 1]
  return `${ms / size}${unit}`
}

/** How the times of a schedule are typed. */
function textOf(times: ScheduleView['times']): { readonly kind: Kind; readonly text: string; readonly zone: string } {
  if ('cron' in times) return { kind: 'cron', text: times.cron, zone: times.zone }
  if ('every' in times) return { kind: 'every', text: typed(times.every), zone: 'UTC' }
  return { kind: 'at', text: new Date(times.at).toISOString(), zone: 'UTC' }
}

/** The form. */
export function Retime({ schedule: { name, times } }: { readonly schedule: ScheduleView }) {
  const before = textOf(times)
  const kind = useSignal<Kind>(before.kind)
  const text = useSignal(before.text)
  const zone = useSignal(before.zone)
  const trouble = useSignal<Trouble | undefined>(undefined)
  const body = { name, [kind.value]: text.value, ...(kind.value === 'cron' ? { zone: zone.value } : {}) }
  const send = async (event: Event): Promise<void> => {
    event.preventDefault()
    const answer = await act('retimeSchedule', body)
    trouble.value = answer.trouble
    if (answer.trouble) return
    closeDialog()
    say(`${name} has other times.`)
    go('schedules', { name })
  }
  return (
    <form onSubmit={(event) => void send(event)}>
      <p>When {visible(name, 60)} fires. What it says, and all else, stays as it is.</p>
      <label class="field">
        How
        <select
          value={kind.value}
          onChange={(event) => {
            kind.value = event.currentTarget.value as Kind
            text.value = kind.value === before.kind ? before.text : ''
          }}
        >
          {Object.entries(kinds).map(([each, [label]]) => (
            <option key={each} value={each}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        When
        <input
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value
          }}
        />
        <small>{kinds[kind.value][1]}</small>
      </label>
      {kind.value === 'cron' ? (
        <label class="field">
          Clock
          <input
            list="zones"
            value={zone.value}
            onInput={(event) => {
              zone.value = event.currentTarget.value
            }}
          />
          <datalist id="zones">
            {Intl.supportedValuesOf('timeZone').map((each) => (
              <option key={each} value={each} />
            ))}
          </datalist>
        </label>
      ) : null}
      <Told trouble={trouble.value} />
      <div class="ends">
        <CopyAs action="retimeSchedule" body={body} />
        <button type="button" onClick={closeDialog}>
          Leave it
        </button>
        <button type="submit" class="main" disabled={!mayAct.value || text.value === ''}>
          Save
        </button>
      </div>
    </form>
  )
}
