/** The stage: implicit above, explicit below, alike in shape, so that what differs is the difference. */

import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { gateInShort } from '../../../../extras/admin/held.ts'
import type { QueueView, TopicView, TraceEntry, WorkerView } from '../../../../extras/admin/model.ts'
import { useData } from '../api.ts'
import { onKeys } from '../keys.ts'
import { isOperator, mayAct, watch } from '../live/live.ts'
import { Empty, Head, Loaded } from '../parts/frame.tsx'
import { say } from '../parts/say.tsx'
import { address } from '../route.ts'
import { type Dots, dots } from '../stage/dots.ts'
import { Edges } from '../stage/edges.tsx'
import { explicitPlays, implicitPlays, type Play, type Senders, said, sentence, type Target } from '../stage/scene.ts'
import { Legend, Shape } from '../stage/shape.tsx'
import { count, counts, movesOf, type Names, remember, senderOf, withSenders } from '../stage/tally.ts'
import { figure, rate, visible } from '../text.ts'

interface StageData {
  readonly topics: readonly TopicView[]
  readonly queues: readonly QueueView[]
  readonly workers: readonly WorkerView[]
}

const calm = matchMedia('(prefers-reduced-motion: reduce)')

/** Where the running dots of each play are. */
type Canvases = Map<string, Dots>

/** The screen. */
export function Stage() {
  const shown = useData<StageData>('stage')
  const slow = useSignal(false)
  const senders = useSignal<Senders>({})
  const canvases = useRef<Canvases>(new Map())
  const names = useRef<Names>(new Map())
  useEffect(
    () =>
      watch(({ entries }) => {
        remember(names.current, entries)
        const sender = (entry: TraceEntry) => senderOf(entry, shown.value.data?.workers ?? [], names.current)
        const moves = movesOf(entries, sender)
        count(moves)
        senders.value = withSenders(senders.value, entries, sender)
        if (calm.matches) return
        // After the edges of new senders are drawn.
        requestAnimationFrame(() => {
          for (const [id, running] of canvases.current) running.send(moves.filter(({ edge }) => edge === id || edge.startsWith(`${id} `)))
        })
      }),
    [],
  )
  useEffect(() => {
    for (const running of canvases.current.values()) running.slow(slow.value ? 4 : 1)
  })
  useEffect(() => onKeys({ P: () => mayAct.value && say('topic'), E: () => mayAct.value && say('task') }), [])
  return (
    <>
      <Head
        title="Stage"
        acts={
          <>
            {calm.matches ? null : (
              <button type="button" aria-pressed={slow.value} onClick={() => (slow.value = !slow.value)}>
                {slow.value ? 'Normal speed' : 'Slow motion'}
              </button>
            )}
            {isOperator.value ? (
              <button type="button" class="main" disabled={!mayAct.value} onClick={() => say('topic')}>
                Publish <kbd>P</kbd>
              </button>
            ) : null}
          </>
        }
      >
        The same runtime, invoked in two ways. What moves here happens now.
      </Head>
      <Loaded shown={shown.value}>
        {({ topics, queues, workers }) => {
          const above = implicitPlays(topics, senders.value)
          const below = explicitPlays(queues, workers, senders.value)
          return (
            <div class="stage">
              <Band style="implicit" plays={above} canvases={canvases.current} slow={slow} />
              <Band style="explicit" plays={below} canvases={canvases.current} slow={slow} />
              <Words plays={[...above, ...below]} />
            </div>
          )
        }}
      </Loaded>
    </>
  )
}

const texts = {
  implicit: {
    title: 'Implicit: a topic',
    line: 'Say what happened, name nobody. Everyone who listens gets a copy.',
    heads: ['who says it', 'topic', 'who listens'],
    none: 'Nothing was published, and nobody listens yet.',
    code: "await board.publish(bookReleased, { isbn: '978-0', title: 'The Callboard' })",
  },
  explicit: {
    title: 'Explicit: a task',
    line: 'Name the work, keep control. Exactly one worker gets it.',
    heads: ['who asks for it', 'task', 'who performs it'],
    none: 'No task was enqueued, and nobody performs any yet.',
    code: "await board.enqueue(sendMail, { to: 'ann@example.org', subject: 'Hello' })",
  },
} as const

interface BandProps {
  readonly style: 'implicit' | 'explicit'
  readonly plays: readonly Play[]
  readonly canvases: Canvases
  readonly slow: Signal<boolean>
}

function Band({ style, plays, canvases, slow }: BandProps) {
  const text = texts[style]
  return (
    <section class={`band ${style}`} aria-label={text.title}>
      <header>
        <h2>
          <span aria-hidden="true">{style === 'implicit' ? '◇' : '■'}</span>
          {text.title}
        </h2>
        <p>{text.line}</p>
        <Legend style={style} />
      </header>
      {plays.length === 0 ? (
        <Empty title={text.none} code={text.code} />
      ) : (
        <>
          <div class="columns" aria-hidden="true">
            {text.heads.map((head) => (
              <span key={head}>{head}</span>
            ))}
          </div>
          {plays.map((play) => (
            <OnePlay key={play.id} play={play} canvases={canvases} slow={slow} />
          ))}
        </>
      )}
    </section>
  )
}

function OnePlay({ play, canvases, slow }: { readonly play: Play; readonly canvases: Canvases; readonly slow: Signal<boolean> }) {
  const host = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (!canvas.current || !host.current) return
    const element = host.current
    const edge = (way: string, leg: 'in' | 'out') => {
      const all = [...element.querySelectorAll<SVGPathElement>('[data-edge]')]
      // Who has no edge of his own is among those that are shown as one, which comes last.
      return all.find((each) => each.dataset.edge === way) ?? (leg === 'in' ? all[0] : all.at(-1))
    }
    const running = dots(canvas.current, edge)
    running.slow(slow.value ? 4 : 1)
    canvases.set(play.id, running)
    return () => {
      running.stop()
      canvases.delete(play.id)
    }
  }, [play.id])
  const said = counts.value.get(play.id) ?? 0
  return (
    <div class={`play ${play.style}`} ref={host} data-play={play.id}>
      <Edges play={play} host={host} />
      {calm.matches ? null : <canvas ref={canvas} />}
      <ul aria-label={`Senders of ${play.name}`}>
        {play.senders.map((sender) => (
          <li key={sender}>
            <div class="node sender" data-node={`${play.id} from ${sender}`}>
              <bdi class="name" title={visible(sender)}>
                {visible(sender, 60)}
              </bdi>
            </div>
          </li>
        ))}
      </ul>
      <div class="shape" data-node={play.id}>
        <svg viewBox="0 0 44 44" aria-hidden="true">
          <Shape style={play.style} x={22} y={22} size={17} />
        </svg>
        <a
          class="name"
          href={play.style === 'implicit' ? address('topics', { topic: play.name }) : address('queues', { queue: play.queue })}
        >
          <bdi>
            {visible(play.name, 80)
              .split(/(?<=\.)/)
              .map((part) => (
                <>
                  {part}
                  <wbr />
                </>
              ))}
          </bdi>
        </a>
        <small>
          <span data-said={play.id}>{figure(said)}</span> {play.style === 'implicit' ? 'published' : 'enqueued'}
          {play.rate === undefined ? '' : ` · ${rate(play.rate)}`}
          {play.waiting > 0 ? ` · ${figure(play.waiting)} waiting` : ''}
          <Hold blocked={play.blocked} holds={play.holds ?? []} />
        </small>
      </div>
      <Targets play={play} />
    </div>
  )
}

function Hold({ blocked, holds: [most] = [] }: Pick<Play, 'blocked' | 'holds'>) {
  const word = said(blocked)
  if (word === '') return null
  return (
    <strong class="warn">
      {word}
      {blocked === 'gate' && most ? ` (${visible(gateInShort(most), 60)})` : null}
    </strong>
  )
}

function Targets({ play }: { readonly play: Play }) {
  if (play.targets.length === 0)
    return (
      <p class="soft">
        {play.style === 'implicit'
          ? 'Nobody listens yet. What is published is kept.'
          : `No worker performs it. ${figure(play.waiting)} waiting.`}
      </p>
    )
  return (
    <ul aria-label={play.style === 'implicit' ? `Subscriptions of ${play.name}` : `Workers of ${play.name}`}>
      {play.targets.map((target) => (
        <li key={target.id}>
          <TargetNode target={target} />
        </li>
      ))}
    </ul>
  )
}

function TargetNode({ target }: { readonly target: Target }) {
  const note = [target.note, target.waiting > 0 ? `${figure(target.waiting)} waiting` : '', said(target.blocked).slice(2)].filter(Boolean)
  return (
    <a class={`node ${said(target.blocked) === '' ? '' : 'blocked'}`} data-node={target.id} href={address(target.screen, target.params)}>
      <bdi class="name" title={visible(target.label)}>
        {visible(target.label, 60)}
      </bdi>
      <span class="tally" data-done={target.id}>
        {figure(counts.value.get(target.id) ?? 0)}
      </span>
      {note.length > 0 ? <small>{note.join(' · ')}</small> : null}
    </a>
  )
}

/** The picture, for those who do not see it. */
function Words({ plays }: { readonly plays: readonly Play[] }) {
  if (plays.length === 0) return null
  return (
    <details class="card pad words">
      <summary>The same in words</summary>
      <ul>
        {plays.map((play) => (
          <li key={play.id}>
            <span class="hidden">{play.style}: </span>
            <bdi>
              {visible(
                sentence(play, (id) => counts.value.get(id) ?? 0),
                2_000,
              )}
            </bdi>
          </li>
        ))}
      </ul>
    </details>
  )
}
