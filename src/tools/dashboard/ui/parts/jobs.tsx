/** What is being done to many, how far it is, and how to stop it. */

import type { BulkReport } from '../../../../extras/admin/model.ts'
import { act, useData } from '../api.ts'
import { now } from '../live/live.ts'
import { figure, visible } from '../text.ts'

interface Job {
  readonly id: string
  readonly action: string
  readonly selector: string
  readonly endedAt?: number
  readonly done: number
  readonly matched: number
  readonly state: 'running' | 'done' | 'stopped' | 'failed'
  readonly report?: BulkReport
  readonly error?: string
}

/** How long one that has ended is still shown, in ms. */
const shownFor = 60_000

/** Shows those that run, and those that have just ended. */
export function Jobs() {
  const shown = (useData<readonly Job[]>('jobs').value.data ?? []).filter(
    ({ endedAt }) => endedAt === undefined || now.value - endedAt < shownFor,
  )
  if (shown.length === 0) return null
  return (
    <section class="card pad stack jobs" aria-label="Under way">
      {shown.map((job) => (
        <div class="row" key={job.id} data-job={job.state}>
          <strong>{job.action}</strong>
          <bdi class="mono soft">{visible(job.selector || '(everything)', 80)}</bdi>
          {job.state === 'running' ? <progress max={job.matched || 1} value={job.done} aria-label={`Progress of ${job.action}`} /> : null}
          <span>{outcome(job)}</span>
          {job.state === 'running' ? (
            <button type="button" onClick={() => void act('stop', { job: job.id })}>
              Stop
            </button>
          ) : null}
        </div>
      ))}
    </section>
  )
}

function outcome({ state, done, matched, report, error }: Job): string {
  if (state === 'running') return `${figure(done)} of ${figure(matched)}`
  if (state === 'failed' || !report) return `failed: ${visible(error ?? '')}`
  const first = report.refused[0]
  const refused = report.refusals > 0 ? `, ${figure(report.refusals)} refused${first ? ` (${visible(first.what)})` : ''}` : ''
  return `${state === 'stopped' ? 'stopped after' : 'done:'} ${figure(report.done)} of ${figure(report.matched)}${refused}`
}
