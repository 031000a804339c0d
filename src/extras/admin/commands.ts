/** What an operator can do, by name and by selector: each a call of the board's public door. */

import { fault } from '../../base/errors.ts'
import {
  type Board,
  type DeadLetter,
  type Duration,
  type EnqueueOptions,
  type Leaving,
  type PublishOptions,
  type PurgeOptions,
  type Receipt,
  type Style,
  task,
  topic,
  type When,
} from '../../index.ts'
import { type BulkOptions, bulk } from './bulk.ts'
import { subscribableOf, taskOf, topicOf } from './contracts.ts'
import { deadMatching } from './letters.ts'
import { matching, type Past } from './list.ts'
import { type Listener, type ListenerOptions, listener } from './listener.ts'
import type { BulkReport, MessageView } from './model.ts'
import type { Sealable } from './opening.ts'
import { parseSelector } from './selector.ts'

/** What an operator can do. */
export interface Commands {
  /** Says something on a topic; nothing checks it, because no schema is known here. */
  publish(topic: string, event: unknown, options?: PublishOptions): Promise<Receipt>
  /** Enqueues a task by its name; nothing checks the input. `queue`: by default the one where tasks of this name are performed, else `default`. */
  enqueue(task: string, input: unknown, options?: EnqueueOptions & { readonly queue?: string }): Promise<Receipt>
  /** Sends dead letters that match back to where they died. */
  redrive(selector: string, options?: BulkOptions): Promise<BulkReport>
  /** Sends one back with another payload. Throws NOT_FOUND. */
  redriveEdited(sequence: number, payload: unknown): Promise<void>
  /** Removes dead letters that match, for good. */
  discard(selector: string, options?: BulkOptions): Promise<BulkReport>
  /** Calls tasks off that match, whether they wait, are scheduled or run. */
  cancel(selector: string, options?: BulkOptions): Promise<BulkReport>
  /** Makes scheduled tasks that match due now. */
  runNow(selector: string, options?: BulkOptions): Promise<BulkReport>
  /** No worker gets tasks of a queue until then, or until it is resumed. Enqueueing goes on. */
  pauseQueue(name: string, until?: Date): Promise<void>
  resumeQueue(name: string): Promise<void>
  /** Removes what waits in a queue, and gives how many. What a worker has taken stays. */
  purgeQueue(name: string, options?: PurgeOptions): Promise<number>
  /** Begins one more service that listens, beside all others. Throws INVALID_ARGUMENT for a name that is in use. */
  addSubscriber(service: string, topic: string, options?: ListenerOptions): Promise<Listener>
  /** Holds a subscription until then, or until it is resumed. */
  pauseSubscription(service: string, topic: string, until?: Date): Promise<void>
  resumeSubscription(service: string, topic: string): Promise<void>
  /** Goes on from a point, back or forth. */
  seekSubscription(service: string, topic: string, to: 'new' | 'all' | Date | number): Promise<void>
  /** Gives a window of the past to this subscription once more. Gives how many. */
  replaySubscription(service: string, topic: string, window: { readonly from: Date | number; readonly to?: Date | number }): Promise<number>
  /** The service leaves for good. False: it had not subscribed. */
  leaveSubscription(service: string, topic: string): Promise<boolean>
  pauseSchedule(name: string, until?: Date): Promise<void>
  resumeSchedule(name: string): Promise<void>
  /** Fires it now, besides its times. */
  runSchedule(name: string): Promise<Receipt>
  /** Gives it other times, and leaves all else. */
  retimeSchedule(name: string, when: When): Promise<void>
  removeSchedule(name: string): Promise<boolean>
  /** A worker takes nothing more, lets what runs finish for so long (30 s), hands back the rest at no attempt, and leaves. 0 interrupts what runs. Throws NOT_FOUND. */
  stopWorker(worker: string, drain?: Duration): Promise<Leaving>
  /** Keeps a record of something that was done beside it. */
  note(what: string): Promise<void>
}

/** Notes what was done: who, what, how many. */
export type Note = (what: string, selector?: string, count?: number) => Promise<void>

const alive: ReadonlySet<string> = new Set(['ready', 'scheduled', 'running', 'retrying'])

/** What an operator can do with a board. `note` keeps a record of each. */
export function commands(board: Board, contracts: readonly Sealable[], past: () => Promise<Past>, note: Note): Commands {
  async function seat(service: string, name: string) {
    const found = (await board.inspect.subscriptions()).find((each) => each.service === service && each.topic === name)
    if (!found) throw fault('NOT_FOUND', `${service} has no subscription to ${name}.`)
    return board.subscription(service, subscribableOf(name, found.own))
  }

  /** What is sealed was so by its contract, and goes back so. */
  function contractOf(style: Style, name: string) {
    const seal = contracts.find((each) => each.name === name && (each.kind === 'task') === (style === 'explicit'))?.seal
    const sealed = seal && { seal }
    return style === 'explicit' ? task<unknown>(name, sealed) : topic<unknown>(name, sealed)
  }

  async function noted<T>(what: string, work: Promise<T>): Promise<T> {
    const done = await work
    await note(what)
    return done
  }

  async function many(action: string, selector: string, work: () => Promise<BulkReport>): Promise<BulkReport> {
    const report = await work()
    if (!report.dryRun) await note(`${action}${report.stopped ? ', stopped' : ''}`, selector, report.done)
    return report
  }

  async function* letters(selector: string): AsyncGenerator<DeadLetter> {
    yield* deadMatching(board, parseSelector(selector))
  }

  async function* tasks(selector: string): AsyncGenerator<MessageView> {
    for await (const each of matching(board, parseSelector(selector), false, await past()))
      if (each.style === 'explicit' && alive.has(each.state)) yield each
  }

  const handleOf = ({ name, queue = 'default', id, sequence = 0 }: MessageView) =>
    board.handle(task(name, { queue, track: true }), { id, sequence, duplicate: false })

  return {
    publish: async (name, event, options) => board.publish(await topicOf(board, name), event, options),
    enqueue: async (name, input, { queue, ...options } = {}) => {
      const { id, sequence, duplicate } = await board.enqueue(await taskOf(board, name, queue), input, options)
      return { id, sequence, duplicate }
    },
    redrive: (selector, options) =>
      many('redrive', selector, () =>
        bulk('redrive', selector, letters(selector), async ({ sequence }) => (await board.dead.redrive(sequence)) > 0, options),
      ),
    async redriveEdited(sequence, payload) {
      const { name, style } = await board.dead.show(sequence)
      await noted(
        `redrive of dead letter ${sequence} with another payload`,
        board.dead.redriveEdited(sequence, contractOf(style, name), payload),
      )
    },
    discard: (selector, options) =>
      many('discard', selector, () =>
        bulk('discard', selector, letters(selector), async ({ sequence }) => (await board.dead.discard(sequence)) > 0, options),
      ),
    cancel: (selector, options) =>
      many('cancel', selector, () => bulk('cancel', selector, tasks(selector), (each) => handleOf(each).cancel(), options)),
    runNow: (selector, options) =>
      many('run now', selector, () => bulk('run now', selector, tasks(selector), (each) => handleOf(each).runNow(), options)),
    pauseQueue: (name, until) => noted(`pause of queue ${name}`, board.queues.pause(name, until === undefined ? {} : { until })),
    resumeQueue: (name) => noted(`resume of queue ${name}`, board.queues.resume(name)),
    async purgeQueue(name, options) {
      const count = await board.queues.purge(name, options)
      await note(`purge of queue ${name}${options === undefined ? '' : ` ${JSON.stringify(options)}`}`, undefined, count)
      return count
    },
    addSubscriber: async (service, topic, options = {}) =>
      noted(`${service} listens to ${topic}`, listener(board, service, topic, options)),
    pauseSubscription: async (service, name, until) => noted(`pause of ${service} on ${name}`, (await seat(service, name)).pause(until)),
    resumeSubscription: async (service, name) => noted(`resume of ${service} on ${name}`, (await seat(service, name)).resume()),
    seekSubscription: async (service, name, to) => noted(`seek of ${service} on ${name}`, (await seat(service, name)).seek(to)),
    replaySubscription: async (service, name, window) =>
      noted(`replay to ${service} of ${name}`, (await seat(service, name)).replay(window)),
    leaveSubscription: async (service, name) => noted(`${service} leaves ${name}`, (await seat(service, name)).leave()),
    pauseSchedule: (name, until) => noted(`pause of schedule ${name}`, board.schedules.pause(name, until === undefined ? {} : { until })),
    resumeSchedule: (name) => noted(`resume of schedule ${name}`, board.schedules.resume(name)),
    runSchedule: (name) => noted(`run of schedule ${name}`, board.schedules.run(name)),
    retimeSchedule: async (name, when) => noted(`other times for schedule ${name}`, board.schedules.retime(name, when)),
    stopWorker: (worker, drain) =>
      noted(`${drain === 0 ? 'stop' : 'drain'} of worker ${worker}`, board.stopWorker(worker, drain === undefined ? {} : { drain })),
    note: (what) => note(what),
    removeSchedule: (name) => noted(`removal of schedule ${name}`, board.schedules.remove(name)),
  }
}
