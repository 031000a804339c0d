/**
 * Later and repeatedly, held by the broker: it fires into the queue or the topic itself, whether anything of ours runs or
 * not. A schedule is one stored message; setting it again replaces it, and setting the same changes nothing.
 */

import { fault } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { FailureError } from '../base/obituary.ts'
import { type Occurrence, type PreviewOptions, previewOf, type Times, timesAfter, timesOf, type When } from '../base/when.ts'
import { inPlainWords } from '../base/when-words.ts'
import { sealedBy } from '../wire/codec.ts'
import { header, headerJson } from '../wire/envelope.ts'
import { type Lane, laneOf } from '../wire/names.ts'
import type { Task, Topic } from './contract.ts'
import type { Core } from './core.ts'
import { type Definition, effective, firedMessage, placeOf, type Stored } from './schedule-definition.ts'
import { type EventScheduleOptions, planned, type TaskScheduleOptions } from './schedule-plan.ts'
import type { ScheduleState } from './schedule-state.ts'
import { allSchedules, checkedScheduleName, findSchedule, findSchedules, firedSince, removeElsewhere, replace } from './schedule-store.ts'
import { judged, rearm } from './schedule-sweep.ts'
import { type FiringOutcome, forgetTrail, readEnding, readTrail } from './schedule-trail.ts'
import type { Receipt } from './sender.ts'

/** What setting a schedule came to. */
export type ScheduleChange = 'created' | 'replaced' | 'unchanged'

/** A schedule, as it stands. */
export interface Schedule {
  readonly name: string
  /** What it fires, and the name of that contract. */
  readonly kind: 'task' | 'topic'
  readonly contract: string
  /** Queue and lane of a task. */
  readonly queue?: string
  readonly lane?: Lane
  /** When, in plain words: `weekdays 09:00, Asia/Kolkata`. */
  readonly when: string
  /** The same as it was said: `{ cron, zone }`, `{ every }` or `{ at }`, in ms. */
  readonly times: Times
  /** The zone whose clock it reads; undefined for intervals and single times. */
  readonly zone: string | undefined
  /** It does not fire, or what it fires until this time is dropped. */
  readonly paused: boolean | Date
  /** When it fires next; undefined while it is paused, and for a single time that has passed. */
  readonly next: Date | undefined
  /** When it last fired, as far as that is known. */
  readonly last: Date | undefined
  /** How the newest firing of a task ended that has; `failed` means an attempt did and another will come. */
  readonly outcome: FiringOutcome | undefined
  /** What that threw. */
  readonly error: FailureError | undefined
  readonly state: ScheduleState
  readonly metadata: Readonly<Record<string, string>>
}

/** The schedules of a board. */
export interface Schedules {
  /**
   * Creates a schedule or replaces the one of this name. A pause stays; setting the same again changes nothing, so programs may
   * set their schedules whenever they start. A single time that has passed fires at once, and once only.
   * Throws INVALID_SCHEDULE, INVALID_TIMEZONE, INVALID_NAME, INVALID_OPTION, UNKNOWN_OPTION or INVALID_PAYLOAD; then nothing is stored.
   *
   * Exact: it fires with every process of ours dead; each firing is stored once and is then a task or event like any other.
   * Best effort: the second. The broker fires up to 0.3 s late, after a change of leader some seconds late.
   */
  set<Input>(name: string, when: When, task: Task<Input>, input: NoInfer<Input>, options?: TaskScheduleOptions): Promise<ScheduleChange>
  set<Input>(name: string, when: When, topic: Topic<Input>, event: NoInfer<Input>, options?: EventScheduleOptions): Promise<ScheduleChange>
  /** Gives it other times, and leaves all else as it is; on an interval, what was said of missed times is dropped. Throws NOT_FOUND, and as `set`. */
  retime(name: string, when: When): Promise<void>
  /** Ends a schedule. What it has fired stays. False: there was none. */
  remove(name: string): Promise<boolean>
  /**
   * Stops it from firing, until it is resumed; survives restarts of everything.
   *
   * until   it goes on by itself then, with nothing of ours alive: the broker goes on firing, and whoever is handed what was
   *         fired before that time drops it. Live listeners and readers in other languages see such events. A single time
   *         within the pause comes at its end.
   * Throws NOT_FOUND.
   */
  pause(name: string, options?: { readonly until?: Date }): Promise<void>
  /** Lets it fire again. What fell due meanwhile is not made up for. Throws NOT_FOUND. */
  resume(name: string): Promise<void>
  /** Fires now, besides its times and whatever its overlap policy. For a task, `board.handle(task, receipt.id)` is its handle. Throws NOT_FOUND. */
  run(name: string): Promise<Receipt>
  /** All schedules. */
  list(): AsyncIterable<Schedule>
  /** One of them. Throws NOT_FOUND. */
  show(name: string): Promise<Schedule>
  /** Its next times, on its own clock and on the reader's; none while it is paused for good. Throws NOT_FOUND. */
  next(name: string, count?: number, options?: Pick<PreviewOptions, 'zone'>): Promise<Occurrence[]>
  /** Arms again those that are stuck or overdue, which boards with running services do by themselves every few minutes. Gives their names. */
  rearm(): Promise<string[]>
}

/** The schedules of a board. */
export function schedules(core: Core): Schedules {
  return {
    set: async (name: string, when: When, contract: Task | Topic, payload: unknown, options?: TaskScheduleOptions | EventScheduleOptions) =>
      set(core, await planned(core, checkedScheduleName(name), when, contract, payload, options)),
    async retime(name, when) {
      const times = timesOf(when)
      const bare = 'every' in times ? { missed: undefined } : {}
      await change(core, name, (definition) => ({ ...definition, ...bare, times, since: Date.now() }))
    },
    async remove(name) {
      const removed = await removeElsewhere(core, checkedScheduleName(name))
      if (removed) await forgetTrail(core, name)
      return removed
    },
    async pause(name, options = {}) {
      const { until } = options
      if (until !== undefined && !(until instanceof Date && until.getTime() > Date.now()))
        throw fault('INVALID_OPTION', 'The end of the pause is not a Date in the future.')
      await change(core, name, (definition) => ({ ...definition, paused: until?.getTime() ?? true }))
    },
    async resume(name) {
      await change(core, name, ({ paused, ...definition }) => (paused === undefined ? undefined : { ...definition, since: Date.now() }))
    },
    async run(name) {
      const found = await findSchedule(core, name)
      const { fires } = found.definition
      const id = newId()
      const target =
        'task' in fires
          ? (fires.bounded ? core.names.due : core.names.addressed)(fires.queue, fires.task, fires.lane, undefined, id)
          : placeOf(core.names, found.definition).target
      const { sequence, duplicate } = await core.publisher.publish(firedMessage(found, target, id, alone(found, id)))
      return { id, sequence, duplicate }
    },
    async *list() {
      for await (const stored of allSchedules(core)) yield await face(core, stored)
    },
    show: async (name) => face(core, await findSchedule(core, name)),
    async next(name, count = 5, options = {}) {
      const stored = await findSchedule(core, name)
      const from = startOfNext(stored.definition, Date.now())
      if (from === undefined) return []
      return previewOf(effective(stored.definition), from, { ...options, count }, (await judged(core, stored)).counts)
    },
    async rearm() {
      const armed: string[] = []
      for await (const stored of allSchedules(core)) {
        const { state } = await judged(core, stored)
        if (state !== 'ok' && (await rearm(core, stored, state))) armed.push(stored.definition.name)
      }
      return armed
    },
  }
}

type Content = Pick<Stored, 'definition' | 'body' | 'fields'>

/** A sealed body opens as that of its schedule; what names the schedule beside an id of its own is no turn of it. */
const alone = ({ body, definition }: Stored, id: string): [string, string][] =>
  sealedBy(body) === undefined
    ? []
    : [
        [header.ownId, id],
        [header.definition, headerJson(definition)],
      ]

/** Stores a plan in the place of what is there, unless that is the same. */
async function set(core: Core, plan: Content): Promise<ScheduleChange> {
  const { definition } = plan
  const { name } = definition
  const { subject } = placeOf(core.names, definition)
  const others = (await findSchedules(core, name)).filter((each) => each.subject !== subject)
  const moved = others[0]
  const over = others.length === 0 && (await firedAlready(core, definition))
  let created = true
  const changed = await replace(core, definition, (before) => {
    created = before === undefined && moved === undefined
    const { paused } = (before ?? moved)?.definition ?? {}
    const wanted = paused === undefined ? plan : { ...plan, definition: { ...definition, paused } }
    return before === undefined ? (over ? undefined : wanted) : same(before, wanted) ? undefined : wanted
  })
  if (moved !== undefined) await removeElsewhere(core, name, subject)
  return changed ? (created ? 'created' : 'replaced') : 'unchanged'
}

/** A single time that has come is over, however often a program that starts sets it. */
async function firedAlready(core: Core, definition: Definition): Promise<boolean> {
  const { times } = definition
  if (!('at' in times) || times.at > Date.now()) return false
  for await (const [time] of firedSince(core, definition, times.at)) if (time === times.at) return true
  return (await readTrail(core, definition.name)).came.some(([time]) => time === times.at)
}

/** Whether two are the same schedule, whenever they were set. */
function same(a: Content, b: Content): boolean {
  const bare = ({ definition: { since: _, ...definition }, fields }: Content) => JSON.stringify([definition, fields])
  return bare(a) === bare(b) && Buffer.compare(a.body, b.body) === 0
}

/** Changes the definition of a schedule. Throws NOT_FOUND. */
async function change(core: Core, name: string, make: (definition: Definition) => Definition | undefined): Promise<void> {
  const found = await findSchedule(core, name)
  let gone = false
  await replace(core, found.definition, (before) => {
    gone = before === undefined
    const definition = before && make(before.definition)
    return before && definition && { ...before, definition }
  })
  if (gone) throw fault('NOT_FOUND', `There is no schedule ${name}.`)
}

/** After when the next time is looked for; undefined: it does not fire. */
function startOfNext({ paused }: Definition, now: number): number | undefined {
  return paused === true ? undefined : Math.max(now, paused === undefined ? 0 : paused - 1)
}

/** A schedule for people. */
async function face(core: Core, stored: Stored): Promise<Schedule> {
  const { definition } = stored
  const { name, fires, times, paused, metadata } = definition
  const now = Date.now()
  const [{ state, last, counts }, ending] = await Promise.all([judged(core, stored), readEnding(core, name)])
  const from = startOfNext(definition, now)
  const [next] = from === undefined ? [] : timesAfter(effective(definition), from, 1, counts)
  return {
    name,
    ...('task' in fires
      ? { kind: 'task', contract: fires.task, queue: fires.queue, lane: laneOf(fires.lane) }
      : { kind: 'topic', contract: fires.topic }),
    when: inPlainWords(times),
    times,
    zone: 'zone' in times ? times.zone : undefined,
    paused: typeof paused === 'number' ? paused > now && new Date(paused) : paused === true,
    next: next === undefined ? undefined : new Date(next),
    last: last && new Date(last[2]),
    outcome: ending?.outcome,
    error: ending?.error,
    state,
    metadata: metadata ?? {},
  }
}
