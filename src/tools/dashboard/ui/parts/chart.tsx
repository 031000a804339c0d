/** A chart over time. */

import { useEffect, useRef } from 'preact/hooks'
import Plot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { short, span } from '../text.ts'
import { theme } from '../theme.ts'

/** One line of a chart. */
export interface Line {
  readonly label: string
  /** Name of a colour of the palette. */
  readonly colour: string
  readonly values: readonly (number | null)[]
  /** Drawn broken, so that lines differ without their colours. */
  readonly dash?: readonly number[]
}

/** A chart: its lines over its times. */
export interface Props {
  readonly label: string
  /** Seconds since 1970. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  readonly unit: 'count' | 'ms'
  /** A span was marked, in seconds. */
  readonly mark?: (from: number, to: number) => void
}

/** Draws it. */
export function Chart({ label, times, lines, unit, mark }: Props) {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<Plot | undefined>(undefined)
  const data = [times as number[], ...lines.map(({ values }) => values as (number | null)[])] as Plot.AlignedData
  useEffect(() => {
    const element = host.current
    if (!element) return
    const drawn = new Plot(options(element, lines, unit, mark), data, element)
    plot.current = drawn
    const observer = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: 180 }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      drawn.destroy()
    }
  }, [theme.value, lines.map((each) => each.label).join()])
  useEffect(() => plot.current?.setData(data), [data])
  const last = lines.map(({ label: name, values }) => `${name} ${shown(values.at(-1) ?? 0, unit)}`).join(', ')
  return (
    <figure class="card pad chart" aria-label={`${label}: now ${last}`}>
      <figcaption class="row">
        <h2>{label}</h2>
        {lines.map((line) => (
          <span key={line.label} class="soft">
            <svg width="18" height="8" aria-hidden="true">
              <path d="M0 4H18" stroke={`var(--${line.colour})`} stroke-width="2.5" stroke-dasharray={line.dash?.join(' ')} />
            </svg>{' '}
            {line.label} <strong>{shown(line.values.at(-1) ?? 0, unit)}</strong>
          </span>
        ))}
      </figcaption>
      <div ref={host} aria-hidden="true" />
    </figure>
  )
}

const shown = (value: number, unit: 'count' | 'ms'): string => (unit === 'ms' ? span(value) : short(Math.round(value * 10) / 10))

/** A time below the axis; the day where it is another than the one before. */
function hour(seconds: number, before: number | undefined): string {
  const [date, last] = [new Date(seconds * 1_000), new Date((before ?? seconds) * 1_000)]
  if (date.getDate() !== last.getDate()) return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
  return date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
}

function options(element: HTMLElement, lines: readonly Line[], unit: 'count' | 'ms', mark: Props['mark']): Plot.Options {
  const style = getComputedStyle(element)
  // The palette is written for both themes; the canvas wants the one that is in use.
  const colour = (name: string): string => {
    const probe = document.createElement('i')
    probe.style.color = `var(--${name})`
    element.append(probe)
    const found = getComputedStyle(probe).color
    probe.remove()
    return found
  }
  const axis = {
    stroke: colour('soft'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  }
  return {
    width: element.clientWidth,
    height: 180,
    legend: { show: false },
    cursor: { drag: { x: mark !== undefined, y: false, setScale: false } },
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((each, index) => hour(each, splits[index - 1])) },
      { ...axis, size: 60, values: (_, splits) => splits.map((each) => shown(each, unit)) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 2,
        points: { show: false },
        ...(line.dash ? { dash: [...line.dash] } : {}),
      })),
    ],
    hooks: {
      setSelect: [
        (drawn) => {
          if (drawn.select.width > 4)
            mark?.(drawn.posToVal(drawn.select.left, 'x'), drawn.posToVal(drawn.select.left + drawn.select.width, 'x'))
        },
      ],
    },
  }
}
