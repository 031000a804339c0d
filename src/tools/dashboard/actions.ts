/** What can be done: one command of the admin each. What comes in is read as options are, all complaints at once. */

import { fault } from '../../base/errors.ts'
import { anything, flag, oneOf, type Reader, readOptions, text, time, whole, wrong } from '../../base/options.ts'
import { check, listed } from '../../base/schema.ts'
import type { Admin, Listener } from '../../extras/admin/index.ts'
import type { EnqueueOptions, Schema, Task, Topic, When } from '../../index.ts'
import { bulkActions, type Jobs } from './jobs.ts'

/** What actions work with. */
export interface Means {
  readonly admin: Admin
  readonly jobs: Jobs
  /** Those who were added here, and listen as long as the dashboard is there. */
  readonly listeners: Map<string, Listener>
  /** Contracts by name: what goes through them is checked before it is stored. */
  readonly topics: ReadonlyMap<string, Topic<unknown>>
  readonly tasks: ReadonlyMap<string, Task<unknown>>
}

/** How long the handlers of a worker may finish that is asked to leave, unless it is said otherwise, in ms. */
const patience = 25_000

/** Subscribers added by hand, at most. */
const mostListeners = 20

const payload = anything<unknown>()
const point: Reader<'new' | 'all' | Date | number> = (value) => {
  if (value === 'new' || value === 'all') return value
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number
  const date = typeof value === 'string' ? new Date(value) : new Date(Number.NaN)
  return Number.isNaN(date.getTime()) ? wrong('it must be new, all, a date or a sequence') : date
}

const moment: Reader<Date> = (value) => {
  const date = new Date(typeof value === 'string' ? value : Number.NaN)
  return Number.isNaN(date.getTime()) ? wrong('it must be a time as 2027-03-01T09:00Z') : date
}

const readers = {
  topic: text,
  event: payload,
  task: text,
  input: payload,
  queue: text,
  id: text,
  delay: time(),
  priority: oneOf('high', 'normal', 'low'),
  unique: text,
  selector: (value: unknown) =>
    typeof value === 'string' && value.length <= 2_000 ? value : wrong('it must be text of at most 2,000 characters'),
  action: oneOf(...bulkActions),
  dryRun: flag,
  limit: whole(1, 1_000_000),
  job: text,
  sequence: whole(1, Number.MAX_SAFE_INTEGER),
  payload,
  service: text,
  name: text,
  for: time(1),
  cron: text,
  zone: text,
  every: time(1),
  at: moment,
  to: point,
  from: point,
}

type Given = ReturnType<typeof readOptions<typeof readers>>

/** One thing that can be done. */
type Action = (given: Given, means: Means) => Promise<unknown>

/** Until when something is held that was asked to be held for so many ms. */
const until = (ms: number | undefined): Date | undefined => (ms === undefined ? undefined : new Date(Date.now() + ms))

/** Refuses a payload that does not fit the schema of its contract, where that is known. */
async function refuseMisfit(schema: Schema | undefined, payload: unknown, name: string): Promise<void> {
  const checked = schema && (await check(schema, payload))
  if (checked && 'complaints' in checked)
    throw fault('INVALID_PAYLOAD', `${name} refuses the payload: ${listed(checked.complaints)}. Nothing was sent back.`)
}

function needed<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw fault('INVALID_ARGUMENT', `The action lacks ${name}.`)
  return value
}

/** Name → what it does. */
export const actions: Readonly<Record<string, Action>> = {
  async publish({ topic, event, id }, { admin, topics }) {
    const name = needed(topic, 'topic')
    const options = id === undefined ? {} : { id }
    const contract = topics.get(name)
    return contract ? admin.board.publish(contract, event, options) : admin.publish(name, event, options)
  },
  async enqueue({ task, input, queue, id, delay, priority, unique }, { admin, tasks }) {
    const name = needed(task, 'task')
    const options: EnqueueOptions = Object.fromEntries(
      Object.entries({ id, delay, priority, unique }).filter(([, value]) => value !== undefined),
    )
    const contract = tasks.get(name)
    if (!contract) return admin.enqueue(name, input, { ...options, ...(queue === undefined ? {} : { queue }) })
    const { id: given, sequence, duplicate } = await admin.board.enqueue(contract, input, options)
    return { id: given, sequence, duplicate }
  },
  count: async ({ action, selector }, { admin }) => admin[needed(action, 'action')](needed(selector, 'selector'), { dryRun: true }),
  start: async ({ action, selector, limit }, { jobs }) => jobs.start(needed(action, 'action'), needed(selector, 'selector'), limit),
  stop: async ({ job }, { jobs }) => ({ stopped: jobs.stop(needed(job, 'job')) }),
  async redriveEdited({ sequence, payload }, { admin, topics, tasks }) {
    const at = needed(sequence, 'sequence')
    const { style, name } = await admin.deadLetter(at)
    await refuseMisfit(style === 'implicit' ? topics.get(name)?.schema : tasks.get(name)?.input, payload, name)
    await admin.redriveEdited(at, payload)
  },
  pauseSubscription: async (given, { admin }) =>
    admin.pauseSubscription(needed(given.service, 'service'), needed(given.topic, 'topic'), until(given.for)),
  resumeSubscription: async ({ service, topic }, { admin }) => admin.resumeSubscription(needed(service, 'service'), needed(topic, 'topic')),
  seekSubscription: async ({ service, topic, to }, { admin }) =>
    admin.seekSubscription(needed(service, 'service'), needed(topic, 'topic'), needed(to, 'to')),
  async replaySubscription({ service, topic, from }, { admin }) {
    const start = needed(from, 'from')
    const window = { from: start === 'all' || start === 'new' ? 1 : start }
    return { count: await admin.replaySubscription(needed(service, 'service'), needed(topic, 'topic'), window) }
  },
  async addSubscriber({ service, topic, from = 'new' }, { admin, listeners }) {
    const [name, on] = [needed(service, 'service'), needed(topic, 'topic')]
    if (listeners.size >= mostListeners)
      throw fault('INVALID_ARGUMENT', `${mostListeners} subscribers were added here, and that is enough.`, {
        fix: 'Let one of them leave.',
      })
    listeners.set(`${name} ${on}`, await admin.addSubscriber(name, on, { from: from === 'all' ? 'all' : 'new' }))
  },
  async leaveSubscription({ service, topic }, { admin, listeners }) {
    const [name, on] = [needed(service, 'service'), needed(topic, 'topic')]
    const own = listeners.get(`${name} ${on}`)
    if (own === undefined) return { left: await admin.leaveSubscription(name, on) }
    await own.leave()
    return { left: listeners.delete(`${name} ${on}`) }
  },
  pauseQueue: async (given, { admin }) => admin.pauseQueue(needed(given.queue, 'queue'), until(given.for)),
  resumeQueue: async ({ queue }, { admin }) => admin.resumeQueue(needed(queue, 'queue')),
  purgeQueue: async ({ queue }, { admin }) => ({ removed: await admin.purgeQueue(needed(queue, 'queue')) }),
  drainWorker: async (given, { admin }) => admin.stopWorker(needed(given.name, 'name'), given.for ?? patience),
  stopWorker: async ({ name }, { admin }) => admin.stopWorker(needed(name, 'name'), 0),
  pauseSchedule: async (given, { admin }) => admin.pauseSchedule(needed(given.name, 'name'), until(given.for)),
  resumeSchedule: async ({ name }, { admin }) => admin.resumeSchedule(needed(name, 'name')),
  runSchedule: async ({ name }, { admin }) => admin.runSchedule(needed(name, 'name')),
  async retimeSchedule({ name, cron, zone, every, at }, { admin }) {
    const said = Object.fromEntries(Object.entries({ cron, zone, every, at }).filter(([, value]) => value !== undefined))
    await admin.retimeSchedule(needed(name, 'name'), said as unknown as When)
  },
  removeSchedule: async ({ name }, { admin }) => ({ removed: await admin.removeSchedule(needed(name, 'name')) }),
}

/** Does it. Undefined: there is no such action. */
export function perform(name: string, body: unknown, means: Means): Promise<unknown> | undefined {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (!action) return undefined
  return (async () => (await action(readOptions(`the action ${name}`, body, readers), means)) ?? {})()
}
