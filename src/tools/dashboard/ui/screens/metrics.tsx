/** Metrics: how much, how fast, how long; of the last minutes or the last days. */

import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Series } from '../../../../extras/admin/model.ts'
import { useData } from '../api.ts'
import type { Props as ChartProps } from '../parts/chart.tsx'
import { Empty, Head, Loaded } from '../parts/frame.tsx'
import { change, go, place } from '../route.ts'

const spans = [
  ['15 min', 15 * 60_000],
  ['1 h', 3_600_000],
  ['6 h', 6 * 3_600_000],
  ['1 d', 86_400_000],
  ['7 d', 7 * 86_400_000],
] as const

/** The charts come when they are first wanted: no other screen needs them. */
const chart = signal<ComponentType<ChartProps> | undefined>(undefined)

function Chart(props: ChartProps) {
  const Loaded = chart.value
  useEffect(() => {
    void import('../parts/chart.tsx').then((loaded) => {
      chart.value = loaded.Chart
    })
  }, [])
  return Loaded ? <Loaded {...props} /> : <p class="soft">Looking…</p>
}

/** The screen. */
export function Metrics() {
  const wide = place.value.params.span ?? String(15 * 60_000)
  const shown = useData<Series>('series', { span: wide })
  return (
    <>
      <Head title="Metrics">What the ledger tells, counted. Mark a span in a chart to see its messages.</Head>
      <div class="stack">
        <div class="row">
          {spans.map(([label, ms]) => (
            <button key={label} type="button" class="chip" aria-pressed={wide === String(ms)} onClick={() => change({ span: String(ms) })}>
              {label}
            </button>
          ))}
        </div>
        <Loaded shown={shown.value}>{(series) => <Charts series={series} />}</Loaded>
      </div>
    </>
  )
}

function Charts({ series: { points, step } }: { readonly series: Series }) {
  if (!points.some(({ stored, succeeded, failed }) => stored + succeeded + failed > 0))
    return (
      <div class="card">
        <Empty title="Nothing has happened in this time.">The first points are here a few seconds after something has.</Empty>
      </div>
    )
  const times = points.map(({ at }) => at / 1_000)
  const each = (of: (point: (typeof points)[number]) => number | undefined) => points.map((point) => of(point) ?? null)
  const perSecond = (of: (point: (typeof points)[number]) => number) => points.map((point) => of(point) / (step / 1_000))
  const mark = (from: number, to: number): void =>
    go('messages', { q: `since:${new Date(from * 1_000).toISOString()} until:${new Date(to * 1_000).toISOString()}` })
  return (
    <>
      <Chart
        label="Per second"
        times={times}
        unit="count"
        mark={mark}
        lines={[
          { label: 'stored', colour: 'implicit', values: perSecond(({ stored }) => stored), dash: [4, 4] },
          { label: 'succeeded', colour: 'explicit', values: perSecond(({ succeeded }) => succeeded) },
          { label: 'failed', colour: 'bad', values: perSecond(({ failed }) => failed), dash: [10, 4] },
        ]}
      />
      <Chart
        label="Time a run takes"
        times={times}
        unit="ms"
        mark={mark}
        lines={[
          { label: 'half', colour: 'explicit', values: each(({ runP50 }) => runP50) },
          { label: '95 of 100', colour: 'warn', values: each(({ runP95 }) => runP95), dash: [10, 4] },
          { label: '99 of 100', colour: 'bad', values: each(({ runP99 }) => runP99), dash: [3, 3] },
        ]}
      />
    </>
  )
}
