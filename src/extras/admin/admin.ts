/** Questions and commands about a board: one function each, plain data out. CLI, HTTP and dashboard render these and no others. */

import { hostname, userInfo } from 'node:os'
import { fault } from '../../base/errors.ts'
import { callable, readOptions, text } from '../../base/options.ts'
import type { Board, Occurrence, Schedule } from '../../index.ts'
import { type Commands, commands } from './commands.ts'
import { attention, judged } from './health.ts'
import { deadGroups, deadPage, deadView, errorView } from './letters.ts'
import { type ListOptions, matching, page } from './list.ts'
import type {
  AuditView,
  DeadGroupView,
  DeadView,
  Health,
  MessageView,
  Overview,
  Page,
  QueueView,
  ScheduleView,
  SubscriptionView,
  TopicView,
} from './model.ts'
import { parseSelector } from './selector.ts'
import { type Beside, known, queueView, subscriptionView, topicViews } from './views.ts'

/** How an admin is opened. */
export interface AdminOptions {
  /** Who acts, for the record of what was done. Default: the user and host of this process. */
  readonly who?: string
  /** Hears what was done through it. Default: nobody. */
  readonly heard?: (entry: AuditView) => void
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
export function admin(board: Board, options?: AdminOptions): Admin {
  const { who = `${userInfo().username}@${hostname()}`, heard } = readOptions('admin()', options, {
    who: text,
    heard: callable<NonNullable<AdminOptions['heard']>>(),
  })
  const beside: Beside = { servesTopic: () => [], servesTask: () => [] }

  async function subscriptions(of: { readonly service?: string; readonly topic?: string } = {}): Promise<SubscriptionView[]> {
    const facts = await board.inspect.subscriptions()
    return facts
      .filter((each) => (of.service ?? each.service) === each.service && (of.topic ?? each.topic) === each.topic)
      .map((each) => subscriptionView(each, beside))
  }

  async function topics(): Promise<TopicView[]> {
    const [facts, all] = await Promise.all([board.inspect.topics(), subscriptions()])
    return topicViews(facts, all)
  }

  async function queues(): Promise<QueueView[]> {
    return (await board.inspect.queues()).map((fact) => queueView(fact, beside))
  }

  async function schedules(): Promise<ScheduleView[]> {
    const all: ScheduleView[] = []
    for await (const each of board.schedules.list()) all.push(scheduleView(each))
    return all.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  return {
    board,
    async overview() {
      const [every, places, waiting, planned, letters] = await Promise.all([
        topics(),
        subscriptions(),
        queues(),
        schedules(),
        board.inspect.dead(),
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
        workers: 0,
        attention: attention({ queues: waiting, subscriptions: places, schedules: planned }),
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
      return page(matching(board, read, options?.data), read, options)
    },
    dead: (selector = '', { limit = 100, cursor, data = false } = {}) =>
      deadPage(board, selector, Math.max(1, Math.min(1000, limit)), cursor, data),
    deadLetter: async (sequence) => deadView(await board.dead.show(sequence), true),
    deadGroups: (selector = '') => deadGroups(board, selector),
    schedules,
    schedule: async (name) => scheduleView(await board.schedules.show(name)),
    upcoming: (name, count = 5, zone) => board.schedules.next(name, count, zone === undefined ? {} : { zone }),
    async health() {
      const [broker, waiting, places, planned] = await Promise.all([board.inspect.broker(), queues(), subscriptions(), schedules()])
      return judged({ namespace: board.namespace, broker, queues: waiting, subscriptions: places, schedules: planned })
    },
    ...commands(board, async (what, selector, count) => {
      heard?.({ at: Date.now(), who, what, ...known('selector', selector), ...known('count', count) })
    }),
  }
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
