/** Questions and commands about a board: one function each, plain data out. CLI, HTTP and dashboard render these and no others. */

import { hostname, userInfo } from 'node:os'
import { fault } from '../../base/errors.ts'
import { anything, callable, readOptions, text, time, whole } from '../../base/options.ts'
import type { Board, Duration, LedgerPoint, Occurrence, Schedule } from '../../index.ts'
import { besideOf, rateOf, selectableEntry, workerView } from './beside.ts'
import { type Commands, commands } from './commands.ts'
import { detailOf, entryView, type Sources, traceOf } from './detail.ts'
import type { Moment } from './fold.ts'
import { attention, judged } from './health.ts'
import { history } from './history.ts'
import { deadGroups, deadPage, deadView, errorView } from './letters.ts'
import { type ListOptions, matching, type Past, page } from './list.ts'
import { matchesSelector } from './match.ts'
import type {
  AuditView,
  Because,
  DeadGroupView,
  DeadView,
  Health,
  MessageDetail,
  MessageState,
  MessageView,
  Overview,
  Page,
  QueueView,
  ScheduleView,
  Series,
  SubscriptionView,
  TopicView,
  Trace,
  TraceEntry,
  WorkerView,
} from './model.ts'
import { opening, type Sealable } from './opening.ts'
import { parseSelector } from './selector.ts'
import { finest, type SeriesOptions, seriesOf } from './series.ts'
import { type Beside, known, queueView, subscriptionView, topicViews } from './views.ts'
import { whyQueue, whySubscription } from './why.ts'

/** How an admin is opened. */
export interface AdminOptions {
  /** Who acts, for the record of what was done. Default: the user and host of this process. */
  readonly who?: string
  /** How far back the ledger is read. Default 24 h. Edge: at least 1 min; what it keeps bounds it, too. */
  readonly history?: Duration
  /** Tasks and events of the past that are kept in memory. Default 100,000. Edge: at least 100; of older ones only those that wait or are dead are seen in lists. */
  readonly most?: number
  /** What is sealed is shown as it is inside where its contract is here, with its seal. Default: none, and it is shown as sealed. */
  readonly contracts?: readonly Sealable[]
  /** Hears what was done through it, beside the record in the ledger. Default: nobody. */
  readonly heard?: (entry: AuditView) => void
}

/** What is asked about by `why`. */
export type WhyTarget = { readonly id: string } | { readonly queue: string } | { readonly service: string; readonly topic: string }

/** What is heard by `tail`. */
export interface TailOptions {
  /** Which entries. Default: all. Edge: what an entry does not say does not match. */
  readonly selector?: string
  /** Where to begin: with what is new, with all that is kept, at a time, or behind the place of an entry. Default `new`. */
  readonly from?: LedgerPoint
  readonly signal?: AbortSignal
}

/** Questions and commands about a board. Names that are not there throw NOT_FOUND, selectors that cannot be read INVALID_SELECTOR. */
export interface Admin extends Commands {
  readonly board: Board
  overview(): Promise<Overview>
  topics(): Promise<TopicView[]>
  topic(name: string): Promise<TopicView>
  /** Every service's place in every topic; or of one service, of one topic. */
  subscriptions(of?: { readonly service?: string; readonly topic?: string }): Promise<SubscriptionView[]>
  subscription(service: string, topic: string): Promise<SubscriptionView>
  queues(): Promise<QueueView[]>
  queue(name: string): Promise<QueueView>
  /** Tasks and events that match, page by page. */
  messages(selector?: string, options?: ListOptions): Promise<Page<MessageView>>
  /** How many tasks and events match, by state. */
  counts(selector?: string): Promise<Partial<Record<MessageState, number>>>
  /** Everything about one task or event: its runs, its payload, what it caused, and why it is where it is. */
  message(id: string): Promise<MessageDetail>
  /** From what was said to every effect: who ran because they subscribed, and who because they were named. `most`: what one run caused that is shown, by default 100. */
  trace(id: string, options?: { readonly most?: number }): Promise<Trace>
  /** Why something waits, was retried, died or lags, in words. */
  why(target: WhyTarget): Promise<readonly Because[]>
  /** Processes that run services. One that was killed is gone after 15 s. */
  workers(): Promise<WorkerView[]>
  /** What happens, live, of those that match; `from` goes on behind the place of an entry. */
  tail(options?: TailOptions): AsyncIterable<TraceEntry>
  /** Numbers over time; by default of the last 15 min. */
  series(options?: Partial<SeriesOptions>): Promise<Series>
  /** What operators did, newest first. */
  audit(limit?: number): Promise<AuditView[]>
  /** How far back the views see, and how much they hold. */
  reach(): Promise<{ readonly since?: number; readonly entries: number; readonly messages: number; readonly forgotten: number }>
  /** Dead letters that match, newest first, page by page. */
  dead(selector?: string, options?: ListOptions): Promise<Page<DeadView>>
  deadLetter(sequence: number): Promise<DeadView>
  /** Dead letters that match, by kind of error, most first. */
  deadGroups(selector?: string): Promise<DeadGroupView[]>
  schedules(): Promise<ScheduleView[]>
  schedule(name: string): Promise<ScheduleView>
  /** Its next times. */
  upcoming(name: string, count?: number, zone?: string): Promise<Occurrence[]>
  health(): Promise<Health>
}

/** Opens the admin of a board. It is closed with the board. */
export function admin(given: Board, options?: AdminOptions): Admin {
  const {
    who = `${userInfo().username}@${hostname()}`,
    heard,
    contracts = [],
    history: age = 86_400_000,
    most = 100_000,
  } = readOptions('admin()', options, {
    who: text,
    contracts: anything<readonly Sealable[]>(),
    heard: callable<NonNullable<AdminOptions['heard']>>(),
    history: time(60_000),
    most: whole(100, 10_000_000),
  })
  const board = opening(given, contracts)
  const past = history(board, age, most)
  // Rates need the last minute only, which is read at once, however much history there is.
  const lately = history(board, 70_000, 1)

  async function look(): Promise<Beside> {
    const [alive] = await Promise.all([board.inspect.workers(), lately.caughtUp()])
    return besideOf(alive, lately)
  }

  async function moment(): Promise<Moment> {
    return { now: Date.now(), alive: new Set((await board.inspect.workers()).map(({ name }) => name)) }
  }

  async function pastNow(): Promise<Past> {
    await past.caughtUp()
    return { folded: past.folded, moment: await moment() }
  }

  const sources: Sources = {
    board,
    history: past,
    moment,
    queue: async (name) => (await queues()).find((each) => each.name === name),
  }

  async function subscriptions(of: { readonly service?: string; readonly topic?: string } = {}): Promise<SubscriptionView[]> {
    const [facts, beside] = await Promise.all([board.inspect.subscriptions(), look()])
    return facts
      .filter((each) => (of.service ?? each.service) === each.service && (of.topic ?? each.topic) === each.topic)
      .map((each) => subscriptionView(each, beside))
  }

  async function topics(): Promise<TopicView[]> {
    const [facts, all] = await Promise.all([board.inspect.topics(), subscriptions()])
    return topicViews(facts, all).map((each) => ({ ...each, rate: rateOf(lately, { topic: each.name }).stored }))
  }

  async function queues(): Promise<QueueView[]> {
    const [facts, beside] = await Promise.all([board.inspect.queues(), look()])
    return facts.map((fact) => queueView(fact, beside))
  }

  async function schedules(): Promise<ScheduleView[]> {
    const all: ScheduleView[] = []
    for await (const each of board.schedules.list()) all.push(scheduleView(each))
    return all.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async function workers(): Promise<WorkerView[]> {
    return (await board.inspect.workers()).map(workerView)
  }

  const view: Admin = {
    board,
    async overview() {
      const [every, places, waiting, planned, letters, alive] = await Promise.all([
        topics(),
        subscriptions(),
        queues(),
        schedules(),
        board.inspect.dead(),
        workers(),
      ])
      const sum = (of: (queue: QueueView) => number) => waiting.reduce((total, each) => total + of(each), 0)
      return {
        at: Date.now(),
        namespace: board.namespace,
        topics: every.length,
        subscriptions: places.length,
        queues: waiting.length,
        ready: sum(({ ready }) => ready),
        running: sum(({ running }) => running),
        scheduled: sum(({ scheduled }) => scheduled),
        retrying: sum(({ retrying }) => retrying),
        dead: letters.count,
        lagging: places.filter(({ waiting }) => waiting > 0).length,
        schedules: planned.length,
        workers: alive.length,
        rates: rateOf(lately, {}),
        attention: attention({ queues: waiting, subscriptions: places, schedules: planned, workers: alive }),
      }
    },
    topics,
    topic: async (name) => found(await topics(), ({ name: each }) => each === name, `topic ${name}`),
    subscriptions,
    subscription: async (service, topic) =>
      found(await subscriptions({ service, topic }), () => true, `subscription of ${service} to ${topic}`),
    queues,
    queue: async (name) => found(await queues(), ({ name: each }) => each === name, `queue ${name}`),
    async messages(selector = '', options) {
      const read = parseSelector(selector)
      return page(matching(board, read, options?.data, await pastNow()), read, options)
    },
    async counts(selector = '') {
      const counts: Partial<Record<MessageState, number>> = {}
      for await (const { state } of matching(board, parseSelector(selector), false, await pastNow()))
        counts[state] = (counts[state] ?? 0) + 1
      return counts
    },
    message: (id) => detailOf(sources, id),
    trace: (id, { most: shown = 100 } = {}) => traceOf(sources, id, shown),
    async why(target) {
      const now = Date.now()
      if ('queue' in target) return whyQueue(await view.queue(target.queue), now)
      if ('service' in target) return whySubscription(await view.subscription(target.service, target.topic), now)
      return (await detailOf(sources, target.id)).why
    },
    workers,
    async *tail({ selector = '', ...options } = {}) {
      const read = parseSelector(selector)
      for await (const entry of board.ledger.tail(options))
        if (matchesSelector(read, selectableEntry(entry), Date.now())) yield entryView(entry)
    },
    async series(options = {}) {
      await past.caughtUp()
      const to = options.to ?? Date.now()
      const from = options.from ?? to - 15 * 60_000
      return seriesOf(past.counted, { ...options, from, to, step: options.step ?? Math.max(finest, (to - from) / 120) })
    },
    async audit(limit = 100) {
      await past.caughtUp()
      return past.audit.slice(-limit).reverse()
    },
    async reach() {
      await past.caughtUp()
      const { folded, since, entries } = past
      return { entries, messages: folded.living.size + folded.dead.size, forgotten: folded.forgotten, ...known('since', since) }
    },
    dead: (selector = '', { limit = 100, cursor, data = false } = {}) =>
      deadPage(board, selector, Math.max(1, Math.min(1000, limit)), cursor, data),
    deadLetter: async (sequence) => deadView(await board.dead.show(sequence), true),
    deadGroups: (selector = '') => deadGroups(board, selector),
    schedules,
    schedule: async (name) => scheduleView(await board.schedules.show(name)),
    upcoming: (name, count = 5, zone) => board.schedules.next(name, count, zone === undefined ? {} : { zone }),
    async health() {
      const [broker, waiting, places, planned, alive] = await Promise.all([
        board.inspect.broker(),
        queues(),
        subscriptions(),
        schedules(),
        workers(),
      ])
      return judged({ namespace: board.namespace, broker, queues: waiting, subscriptions: places, schedules: planned, workers: alive })
    },
    ...commands(board, contracts, pastNow, async (what, selector, count) => {
      const more = { ...known('selector', selector), ...known('count', count) }
      heard?.({ at: Date.now(), who, what, ...more })
      await board.ledger.note({ who, text: what, ...more })
    }),
  }
  return view
}

function found<T>(all: readonly T[], is: (one: T) => boolean, what: string): T {
  const one = all.find(is)
  if (one === undefined) throw fault('NOT_FOUND', `There is no ${what}.`)
  return one
}

/** A schedule for people. */
export function scheduleView({ zone, paused, next, last, outcome, error, ...rest }: Schedule): ScheduleView {
  return {
    ...rest,
    paused: paused !== false,
    ...known('zone', zone),
    ...known('pausedUntil', paused instanceof Date ? paused.getTime() : undefined),
    ...known('next', next?.getTime()),
    ...known('last', last?.getTime()),
    ...known('outcome', outcome),
    ...known('error', error && errorView(error)),
  }
}
