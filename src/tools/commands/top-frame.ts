/** One frame of `callboard top`: a pure function from what is known to the lines of a screen. */

import type { DeadGroupView, Overview, QueueView, SubscriptionView, TopicView } from '../../extras/admin/index.ts'
import { clean, type Pen, shorten } from '../cli/pen.ts'
import { type Column, table } from '../cli/table.ts'
import { clock, count, many, span } from '../cli/words.ts'
import { groupColumns } from './dead.ts'
import { queueColumns } from './queues.ts'
import { placeColumns } from './subs.ts'
import { topicColumns } from './topics.ts'

/** What can be looked at. */
export const panes = ['queues', 'topics', 'subs', 'dead'] as const
/** One of them. */
export type Pane = (typeof panes)[number]

/** What was read of the board. */
export interface Known {
  /** When. */
  readonly at: number
  readonly overview: Overview
  readonly queues: readonly QueueView[]
  readonly topics: readonly TopicView[]
  readonly subs: readonly SubscriptionView[]
  readonly dead: readonly DeadGroupView[]
}

/** What is known, and what the viewer has chosen. */
export interface State {
  readonly now: number
  readonly namespace: string
  /** Undefined until it was read once. */
  readonly known: Known | undefined
  readonly pane: Pane
  /** The chosen row of the pane. */
  readonly row: number
  /** Only rows that hold this text. */
  readonly filter: string
  /** The viewer is typing the filter. */
  readonly typing: boolean
  readonly help: boolean
  /** What the last key came to. */
  readonly note: string
}

/** A row of some pane. */
export type Row = QueueView | TopicView | SubscriptionView | DeadGroupView

/** How old a screen may be before it says so, in ms. */
const fresh = 4000

const columnsOf = {
  queues: queueColumns,
  topics: topicColumns,
  subs: placeColumns,
  dead: groupColumns,
} as unknown as Readonly<Record<Pane, (now: number) => readonly Column<object>[]>>

/** The rows of the pane that hold the filter. */
export function rowsOf({ known, pane, filter }: State): readonly Row[] {
  const rows: readonly Row[] = known?.[pane] ?? []
  const wanted = filter.toLowerCase()
  return wanted === '' ? rows : rows.filter((row) => wordsIn(row).some((word) => word.toLowerCase().includes(wanted)))
}

/** Every text in a row, however deep; the names of its fields are none of them. */
function wordsIn(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(wordsIn)
  return typeof value === 'string' ? [value] : []
}

/** The lines of a screen: at most `height`, each at most as wide as the pen. */
export function frame(state: State, { paint, width = 80 }: Pick<Pen, 'paint' | 'width'>, height: number): string[] {
  const rows = rowsOf(state)
  const room = Math.max(1, height - 5)
  const first = Math.max(0, Math.min(state.row - room + 1, rows.length - room))
  const body = state.help ? helpLines.map((line) => shorten(line, width)) : bodyOf(state, rows, first, room, { paint, width })
  return [
    shorten(titleOf(state), width),
    shorten(state.known ? summaryOf(state.known.overview) : 'reading …', width),
    tabsOf(state, paint),
    ...body.slice(0, room + 1),
    shorten(state.typing ? `/${clean(state.filter)}▏` : footOf(state), width),
  ].slice(0, height)
}

function bodyOf(state: State, rows: readonly Row[], first: number, room: number, pen: Pick<Pen, 'paint' | 'width'>): string[] {
  if (state.known === undefined) return []
  if (rows.length === 0) return [`nothing here${state.filter === '' ? '' : ` holds ${JSON.stringify(state.filter)}`}`]
  // The chosen row is drawn without colours of its own: it stands out as a whole.
  const shown = rows.slice(first, first + room)
  const [head = '', ...lines] = table(columnsOf[state.pane](state.now), shown, pen)
  const [, ...bare] = table(columnsOf[state.pane](state.now), shown, { ...pen, paint: (_, text) => text })
  return [head, ...lines.map((line, index) => (first + index === state.row ? pen.paint('inverse', bare[index] ?? '') : line))]
}

function titleOf({ namespace, now, known }: State): string {
  const age = known === undefined ? 0 : now - known.at
  return `callboard top   ${namespace}   ${clock(now, now)}${age > fresh ? `   THE BROKER HAS NOT ANSWERED FOR ${span(age)}` : ''}`
}

function summaryOf({ ready, running, scheduled, retrying, dead, lagging, attention }: Overview): string {
  const counts = [
    `${count(ready)} ready`,
    `${count(running)} running`,
    `${count(scheduled)} scheduled`,
    `${count(retrying)} retrying`,
    `${count(dead)} dead`,
  ]
  if (lagging > 0) counts.push(`${many(lagging, 'subscription')} behind`)
  return `${counts.join(' · ')}${attention[0] ? `   ! ${clean(attention[0].text)}` : ''}`
}

function tabsOf({ pane }: State, paint: Pen['paint']): string {
  return panes.map((each, index) => paint(each === pane ? 'inverse' : 'dim', ` ${index + 1} ${each} `)).join(' ')
}

function footOf({ note, help, filter }: State): string {
  if (note !== '') return note
  if (help) return '? back'
  return `? help   / filter${filter === '' ? '' : ` (${clean(filter)})`}   q quit`
}

const helpLines = [
  'KEYS',
  '1 2 3 4     queues, topics, subscriptions, dead letters by kind of error',
  '↑ ↓ j k     choose a row',
  '/           only rows that hold a text: Enter keeps it, Esc takes it away',
  'p           pause the chosen queue or subscription, or let it go on',
  'r r         send the chosen dead letters back',
  '?           this help',
  'q, Ctrl-C   end',
]
