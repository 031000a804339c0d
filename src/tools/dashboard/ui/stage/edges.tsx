/** The edges of one play: measured from where its boxes stand, drawn dashed or solid. */

import { useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useLayoutEffect } from 'preact/hooks'
import type { Play } from './scene.ts'

interface Edge {
  readonly id: string
  readonly d: string
  readonly head: string
  readonly idle: boolean
}

/** Draws them behind the boxes of `host`, which carry `data-node`. */
export function Edges({ play, host }: { readonly play: Play; readonly host: RefObject<HTMLDivElement | null> }) {
  const edges = useSignal<readonly Edge[]>([])
  const shape = JSON.stringify([play.senders, play.targets.map(({ id, blocked }) => [id, blocked])])
  useLayoutEffect(() => {
    const element = host.current
    if (!element) return
    const measure = (): void => {
      edges.value = measured(element, play)
    }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    measure()
    return () => observer.disconnect()
  }, [shape])
  return (
    <svg class={`edges ${play.style}`} aria-hidden="true">
      {edges.value.map(({ id, d, head, idle }, index) => (
        <g key={`${id} ${index}`} class={idle ? 'idle' : undefined}>
          <path d={d} data-edge={id} class="way" />
          <path d={head} class="arrow" />
        </g>
      ))}
    </svg>
  )
}

function measured(host: HTMLElement, play: Play): Edge[] {
  const origin = host.getBoundingClientRect()
  const box = (node: string): DOMRect | undefined =>
    [...host.querySelectorAll<HTMLElement>('[data-node]')].find((each) => each.dataset.node === node)?.getBoundingClientRect()
  const between = (from: DOMRect | undefined, to: DOMRect | undefined, id: string, idle: boolean): Edge[] => {
    if (!from || !to) return []
    const [x1, y1] = [from.right - origin.left + 3, from.top + from.height / 2 - origin.top]
    const [x2, y2] = [to.left - origin.left - 4, to.top + to.height / 2 - origin.top]
    const bend = Math.max(12, (x2 - x1) * 0.5)
    return [
      {
        id,
        idle,
        d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 6} ${y2}`,
        head: `M${x2 - 9} ${y2 - 5.5}L${x2} ${y2}L${x2 - 9} ${y2 + 5.5}Z`,
      },
    ]
  }
  const centre = box(play.id)
  return [
    ...play.senders.flatMap((sender) => between(box(`${play.id} from ${sender}`), centre, `${play.id} from ${sender}`, false)),
    ...play.targets.flatMap((target) => between(centre, box(target.id), target.id, target.blocked === 'no-worker')),
  ]
}
