/** How the board and its broker are: looked at, and said in words. */

import type { BrokerFact } from '../../index.ts'
import type { Because, Health, HealthCheck, QueueView, ScheduleView, SubscriptionView, WorkerView } from './model.ts'
import { known } from './views.ts'

/** What the judgement is made of. */
export interface HealthFacts {
  readonly namespace: string
  readonly broker: BrokerFact
  readonly queues: readonly QueueView[]
  readonly subscriptions: readonly SubscriptionView[]
  readonly schedules: readonly ScheduleView[]
  readonly workers: readonly WorkerView[]
}

/** Storage beyond this share of the limit is worth a word. */
const nearlyFull = 0.8
/** A broker slower than this is worth a word, in ms. */
const slow = 100

/** An event loop held longer than this is worth a word, in ms. */
const tooLate = 1000

/** Judges. */
export function judged(facts: HealthFacts): Health {
  const { broker, namespace } = facts
  const { cluster, ...rest } = broker
  const checks: HealthCheck[] = [
    { name: 'connection', ok: true, text: `nats-server ${broker.version} at ${broker.server} answers in ${broker.rtt} ms.` },
    ...(broker.rtt > slow
      ? [
          {
            name: 'latency',
            ok: false,
            text: `The broker took ${broker.rtt} ms to answer.`,
            fix: 'Look at its load, its disk and the network.',
          },
        ]
      : []),
    storage(broker),
    ...attention(facts).map(({ code, text, fix }) => ({ name: code, ok: false, text, ...known('fix', fix) })),
  ]
  return { ok: checks.every((check) => check.ok), namespace, broker: { ...rest, ...known('cluster', cluster) }, checks }
}

function storage({ storage, storageLimit }: BrokerFact): HealthCheck {
  if (storageLimit <= 0) return { name: 'storage', ok: true, text: `${storage} bytes are stored; the account has no limit of its own.` }
  const share = storage / storageLimit
  const text = `${storage} of ${storageLimit} bytes are stored (${Math.round(share * 100)} %).`
  return share < nearlyFull
    ? { name: 'storage', ok: true, text }
    : { name: 'storage', ok: false, text, fix: 'Raise the limit of the server, shorten retentions, or discard dead letters.' }
}

/** Whose handler it was, as far as it is known. */
const holder = (held: WorkerView['held']): string =>
  held === undefined ? '' : `${held.sure ? ' by' : ' while there ran'} ${held.name} of ${held.service}`

/** What needs somebody, the worst first. */
export function attention({ queues, subscriptions, schedules, workers }: Omit<HealthFacts, 'broker' | 'namespace'>): Because[] {
  const deserted = queues
    .filter(({ blocked }) => blocked === 'no-worker')
    .map(({ name, ready, retrying, running }) => ({
      code: 'no-worker',
      text: `${ready + retrying + running} tasks wait in ${name} and no worker serves it.`,
      fix: 'Start a service that performs them.',
    }))
  const stuck = schedules
    .filter(({ state }) => state !== 'ok')
    .map(({ name, state }) => ({
      code: `schedule-${state}`,
      text: `The schedule ${name} is ${state}.`,
      fix: 'Boards with running services arm it again within minutes; board.schedules.rearm() does it now.',
    }))
  const lagging = subscriptions
    .filter(({ blocked }) => blocked === 'no-worker')
    .map(({ service, topic, waiting }) => ({
      code: 'no-subscriber',
      text: `${waiting} events of ${topic} wait for ${service}, and none of its workers is there.`,
      fix: `Start the service ${service}, or let it leave the topic for good.`,
    }))
  const dead = queues
    .filter((queue) => queue.dead > 0)
    .map((queue) => ({
      code: 'dead',
      text: `${queue.dead} tasks of ${queue.name} are dead letters.`,
      fix: `callboard dead groups queue:${queue.name}`,
    }))
  const paused = queues
    .filter((queue) => queue.paused)
    .map(({ name }) => ({ code: 'paused', text: `The queue ${name} is paused.`, fix: `callboard queues resume ${name}` }))
  const late = workers
    .filter(({ loopLag, held }) => loopLag > tooLate || (held?.ms ?? 0) > tooLate)
    .map(({ name, loopLag, held }) => ({
      code: 'loop-lag',
      text: `The event loop of ${name} was held for ${held?.ms ?? loopLag} ms${holder(held)}: answers and timers were late.`,
      fix: 'Move work that computes into a thread, or cut it into pieces.',
    }))
  const silent = workers
    .filter(({ dropped }) => dropped > 0)
    .map(({ name, dropped }) => ({
      code: 'ledger-dropped',
      text: `${name} has left out ${dropped} entries of the ledger: views of what it did have gaps.`,
    }))
  const full = queues
    .filter((queue) => queue.full)
    .map(({ name }) => ({
      code: 'full',
      text: `The queue ${name} is full: what comes is refused, or waits.`,
      fix: 'Add workers, slow the sender, or raise its limit.',
    }))
  return [...deserted, ...full, ...stuck, ...lagging, ...dead, ...paused, ...late, ...silent]
}
