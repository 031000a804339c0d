/** Topics, subscriptions and queues as people see them: pure functions from what the broker says. */

import type { PerformerFact, QueueFact, SubscriptionFact, TopicFact, WorkerFact } from '../../index.ts'
import { heldBy } from './held.ts'
import type { Blocked, LaneView, QueueView, SubscriptionView, TopicView } from './model.ts'

/** What is known beside what the broker says; nothing of it has to be. */
export interface Beside {
  /** Workers that serve a subscription. */
  servesTopic(service: string, topic: string): readonly Serving[]
  /** Workers that serve a task, and what they say of it. */
  servesTask(task: string, queue: string): readonly Serving[]
  /** Tasks stored and succeeded per second. */
  rates(queue: string): { readonly in: number; readonly out: number }
}

/** What one worker says of one contract. */
export interface Serving extends Pick<WorkerFact['serves'][number], 'name' | 'running' | 'slots' | 'gated' | 'holds'> {
  readonly worker: string
}

/** A value, or nothing at all: what is not known is left out of the JSON. */
export const known = <K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: T }

/** A subscription. */
export function subscriptionView(fact: SubscriptionFact, beside: Pick<Beside, 'servesTopic'>): SubscriptionView {
  const { pausedUntil, lastDelivery, oldest, ...standing } = fact
  const servings = beside.servesTopic(fact.service, fact.topic)
  const gated = gatedAmong(servings)
  return {
    ...standing,
    pattern: /[*>]/.test(fact.topic),
    workers: servings.map(({ worker }) => worker),
    blocked: blockedOf(fact, servings.length > 0 || fact.asking > 0, gated),
    gated,
    holds: heldBy(servings),
    ...known('pausedUntil', pausedUntil),
    ...known('lastDelivery', lastDelivery),
    ...known('oldest', oldest),
  }
}

/** Topics with their subscriptions; those that are subscribed to and have no event are there, too. */
export function topicViews(topics: readonly TopicFact[], subscriptions: readonly SubscriptionView[]): TopicView[] {
  const plain = subscriptions.filter(({ pattern, topic }) => !pattern && topic !== buriedTopic)
  const missing = plain.filter(({ topic }) => !topics.some(({ name }) => name === topic))
  const names = new Map<string, TopicFact>(topics.map((each) => [each.name, each]))
  for (const { topic, own } of missing) names.set(topic, { name: topic, own, retention: undefined, stored: 0, oldest: undefined })
  return [...names.values()]
    .map(({ name, own, stored, oldest }) => ({
      name,
      own,
      stored,
      subscriptions: subscriptions.filter((each) => covers(each, name, own)),
      ...known('oldest', oldest),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The name under which everything that is given up can be subscribed to. */
export const buriedTopic = 'callboard.buried'

/** Whether a subscription gets the events of a topic. Patterns do not see a topic with a stream of its own. */
function covers(subscription: SubscriptionView, topic: string, own: boolean): boolean {
  if (!subscription.pattern) return subscription.topic === topic
  return !own && matchesPattern(topic, subscription.topic)
}

/** Whether a name is one of those a pattern means: `*` is one part, `>` all that follow. */
export function matchesPattern(name: string, pattern: string): boolean {
  const parts = name.split('.')
  const wanted = pattern.split('.')
  for (const [index, word] of wanted.entries()) {
    if (word === '>') return parts.length > index
    if (parts[index] === undefined || (word !== '*' && word !== parts[index])) return false
  }
  return parts.length === wanted.length
}

/** A queue. */
export function queueView(fact: QueueFact, beside: Beside): QueueView {
  const lanes = fact.performers.map((each) => laneView(each, fact.name, beside))
  // Lanes of one task share its workers.
  const servings = [...new Set(fact.performers.map(({ task }) => task))].flatMap((task) => beside.servesTask(task, fact.name))
  const rates = beside.rates(fact.name)
  const sum = (of: (each: PerformerFact) => number) => fact.performers.reduce((total, each) => total + of(each), 0)
  const running = servings.length > 0 ? servings.reduce((total, each) => total + each.running, 0) : sum(({ open, again }) => open - again)
  const paused = fact.pausedUntil !== undefined || (fact.performers.length > 0 && fact.performers.every((each) => each.paused))
  const workers = [...new Set(servings.map((each) => each.worker))]
  const oldest = least(fact.performers.map((each) => each.oldest))
  const pausedUntil = paused ? (fact.pausedUntil ?? least(fact.performers.map((each) => each.pausedUntil))) : undefined
  const slots = servings.length > 0 ? servings.reduce((total, each) => total + each.slots, 0) : undefined
  const gated = gatedAmong(servings)
  const [waiting, open] = [sum((each) => each.waiting), sum((each) => each.open)]
  return {
    name: fact.name,
    layout: fact.layout,
    bytes: fact.bytes,
    ready: waiting,
    running,
    scheduled: fact.scheduled,
    retrying: Math.max(
      0,
      Math.min(
        sum(({ again }) => again),
        open - running,
      ),
    ),
    dead: fact.dead,
    workers,
    inRate: rates.in,
    outRate: rates.out,
    paused,
    blocked: blockedOf({ waiting, open, paused, scheduled: fact.scheduled }, workers.length > 0 || sum(({ asking }) => asking) > 0, gated),
    gated,
    holds: heldBy(servings),
    lanes,
    ...known('oldest', oldest),
    ...known('pausedUntil', pausedUntil),
    ...(fact.limit === undefined ? {} : { limit: fact.limit, held: fact.held, full: isFull(fact.limit, fact.held) }),
    ...known('slots', slots),
    ...known('emptyIn', rates.out > rates.in && waiting > 0 ? Math.round((waiting / (rates.out - rates.in)) * 1000) : undefined),
  }
}

function isFull(limit: NonNullable<QueueFact['limit']>, held: QueueFact['held']): boolean {
  return (limit.tasks > 0 && held.tasks >= limit.tasks) || (limit.bytes > 0 && held.bytes >= limit.bytes)
}

function laneView(fact: PerformerFact, queue: string, beside: Beside): LaneView {
  const { known: _known, pausedUntil, lastDelivery: _last, oldest, ...standing } = fact
  return {
    ...standing,
    workers: beside.servesTask(fact.task, queue).map(({ worker }) => worker),
    ...known('pausedUntil', pausedUntil),
    ...known('oldest', oldest),
  }
}

/** Why nothing goes on, as far as standing and workers tell. `gated`: deliveries that wait at gates. */
function blockedOf(
  { waiting, open, paused, scheduled = 0 }: { waiting: number; open: number; paused: boolean; scheduled?: number },
  served: boolean,
  gated: number,
): Blocked {
  if (paused) return 'paused'
  if (waiting + open === 0) return scheduled > 0 ? 'scheduled' : 'none'
  if (!served) return 'no-worker'
  if (gated > 0) return 'gate'
  return waiting > 0 && open > 0 ? 'busy' : 'none'
}

const gatedAmong = (servings: readonly Serving[]): number => servings.reduce((total, { gated }) => total + gated, 0)

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
