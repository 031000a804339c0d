/** A named set of subscriptions and performers that start and stop together. */

import { atMost } from '../base/deadline.ts'
import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import { Events } from '../base/events.ts'
import { made, type ReadersOf, readOptions, time } from '../base/options.ts'
import type { Binding } from '../runtime/binding.ts'
import { type Consumer, consumer } from '../runtime/consumer.ts'
import { Lifecycle, type Stage } from '../runtime/lifecycle.ts'
import { checkedWord, type Lane } from '../wire/names.ts'
import type { BatchPerformer, BatchSubscriber } from './batch.ts'
import type { Subscribable, Task, Topic, TopicPattern } from './contract.ts'
import type { Core } from './core.ts'
import { defaults } from './defaults.ts'
import { inboxName } from './inbox.ts'
import { heedPause } from './pause.ts'
import { type Queue, queueOf } from './queue.ts'
import type { Working } from './roster.ts'
import { performance } from './task.ts'
import { type BatchPerformOptions, type Performer, type PerformOptions, someLanes } from './task-options.ts'
import { subscription } from './topic.ts'
import type { BatchSubscribeOptions, SubscribeOptions, Subscriber } from './topic-options.ts'
import type { DeskAnswer } from './whereabouts.ts'

/** A service being put together. Nothing happens before `start()`. */
export interface ServiceBuilder {
  /** Has a handler called for many events of a topic at once; each keeps its own attempts and its own end. */
  subscribe<Event>(
    topic: Topic<never, Event> | TopicPattern<Event>,
    handler: BatchSubscriber<NoInfer<Event>>,
    options: BatchSubscribeOptions<NoInfer<Event>>,
  ): ServiceBuilder
  /** Has a handler called for each event of a topic. Nobody has to know; the publisher certainly does not. */
  subscribe<Event>(
    topic: Subscribable<Event>,
    handler: Subscriber<NoInfer<Event>>,
    options?: SubscribeOptions<NoInfer<Event>>,
  ): ServiceBuilder
  /** Has a handler called for many tasks of a kind at once; each keeps its own attempts, its own result and its own end. */
  perform<Parsed, Returned>(
    task: Task<never, Parsed, unknown, boolean, Returned>,
    handler: BatchPerformer<Parsed, NoInfer<Returned>>,
    options: BatchPerformOptions,
  ): ServiceBuilder
  /** Has a handler called for each task of a kind. Every service that performs it shares the work: exactly one worker gets each task. */
  perform<Parsed, Returned>(
    task: Task<never, Parsed, unknown, boolean, Returned>,
    handler: Performer<Parsed, NoInfer<Returned>>,
    options?: PerformOptions,
  ): ServiceBuilder
  /** Declares what is needed on the broker and begins. Throws all complaints about options; what had begun is stopped again. */
  start(options?: StartOptions): Promise<Service>
}

/** What of a service one worker takes; others may take the rest. */
export interface StartOptions {
  /** Queues whose performers start. Default: all. Edge: each must be the queue of a performer; none is named by an empty list; subscriptions start in any case. */
  readonly queues?: readonly (string | Queue)[]
  /** Lanes that performers serve. Default: those of each performer. Edge: a performer with none of these lanes does not start. */
  readonly lanes?: readonly Lane[]
}

const startReaders = {
  queues: made((value: StartOptions['queues']) => {
    if (!Array.isArray(value)) throw fault('INVALID_OPTION', 'It must be a list.')
    return (value as NonNullable<typeof value>).map((each) => queueOf(each).name)
  }),
  lanes: someLanes,
} satisfies ReadersOf<StartOptions>

/** How to stop a service, or to close a board. */
export interface StopOptions {
  /** How long running handlers may finish; then their signals abort, and they are handed back at no attempt. Default 30 s. Edge: they have two more seconds, or less where this is less. */
  readonly drain?: Duration
}

/** A running service. `await using` stops it at the end of a block. */
export interface Service extends AsyncDisposable {
  readonly name: string
  readonly stage: Stage
  /** Handlers running now. */
  readonly running: number
  /**
   * Takes nothing more, hands back what has not begun, lets running handlers finish for up to `drain` (default 30 s), then
   * aborts their signals and hands them back, which costs no attempt. Stopping twice is stopping once.
   */
  stop(options?: StopOptions): Promise<void>
}

type Bind = (chosen: { readonly queues: readonly string[] | undefined; readonly lanes: readonly Lane[] | undefined }) => Promise<Binding[]>

/** How long stopping waits for the broker's sign that it has read the last answers, in ms. */
const patience = 5_000

/** Begins a service. `started` hears of it when it runs, `moved` when it comes a step on, `stopped` when it no longer does. */
export function service(
  core: Core,
  name: string,
  keep: { started(service: Service): void; moved(): void; stopped(service: Service): void },
): ServiceBuilder {
  checkedWord('service', name)
  const binds: Bind[] = []
  const names = new Set<string>()
  const desks: (readonly [Task, () => readonly Consumer[]])[] = []
  const heeds: (() => Promise<() => void>)[] = []

  function once(kind: string, contract: string): void {
    if (names.has(`${kind} ${contract}`)) throw fault('DUPLICATE_HANDLER', `${name} has two handlers for ${kind} ${contract}.`)
    names.add(`${kind} ${contract}`)
  }

  const heed = (queue: string, bound: () => readonly Binding[]) =>
    heeds.push(() => heedPause(core, queue, { hold: (on) => bound()[0]?.slots.hold(on) }))

  const builder: ServiceBuilder = {
    subscribe<Event>(topic: Subscribable<Event>, handler: Subscriber<Event> | BatchSubscriber<Event>, options?: SubscribeOptions<Event>) {
      if (topic?.kind !== 'topic' && topic?.kind !== 'pattern' && topic?.kind !== 'buried')
        throw fault('INVALID_ARGUMENT', `The first argument of ${name}.subscribe() is not a topic.`)
      once('topic', topic.name)
      let bound: Binding[] = []
      binds.push(async () => (bound = await subscription(core, name, topic, handler, options)))
      if (typeof options?.ordered === 'function') heed(inboxName(name, topic), () => bound)
      return builder
    },
    perform<Parsed, Returned>(
      task: Task<never, Parsed, unknown, boolean, Returned>,
      handler: Performer<Parsed, Returned> | BatchPerformer<Parsed, Returned>,
      options?: PerformOptions,
    ) {
      if (task?.kind !== 'task') throw fault('INVALID_ARGUMENT', `The first argument of ${name}.perform() is not a task.`)
      once('task', task.name)
      let bound: Binding[] = []
      binds.push(async ({ queues, lanes }) => {
        const served = lanes?.filter((lane) => (options?.lanes ?? task.lanes).includes(lane))
        if (queues?.includes(task.queue) === false || served?.length === 0) return []
        bound = await performance(core, name, task, handler, served ? { ...options, lanes: served } : options)
        return bound
      })
      desks.push([task, () => running.filter((each) => bound.includes(each.binding))])
      heed(task.queue, () => bound)
      return builder
    },
    start(options) {
      starting ??= start(options)
      return starting
    },
  }

  const life = new Lifecycle()
  const running: Consumer[] = []
  const unsubscribe: (() => void)[] = []
  let starting: Promise<Service> | undefined
  let stopping: Promise<void> | undefined

  async function start(options: StartOptions | undefined): Promise<Service> {
    const { queues, lanes } = readOptions(`${name}.start()`, options, startReaders)
    const strange = queues?.filter((each) => desks.every(([task]) => task.queue !== each)) ?? []
    if (strange.length > 0)
      throw fault('INVALID_OPTION', `${name}.start() is to serve ${strange.join(' and ')}, where ${name} performs nothing.`, {
        fix: `Name queues of its tasks: ${[...new Set(desks.map(([task]) => task.queue))].join(', ')}.`,
      })
    life.move('starting')
    keep.started(instance)
    core.roster.add(working)
    try {
      for (const bind of binds)
        for (const binding of await bind({ queues, lanes }))
          running.push(consumer(binding, core.worker, binding.silent ? new Events() : core.events, core.pulse))
      for (const [task, consumers] of desks) unsubscribe.push(await openDesk(core, task, consumers))
      for (const heed of heeds) unsubscribe.push(await heed())
      for (const each of running) await each.start()
    } catch (error) {
      await stop(0)
      throw error
    }
    life.move('running')
    keep.moved()
    return instance
  }

  async function stop(drain: number): Promise<void> {
    life.move('draining')
    keep.moved()
    await Promise.all(running.map((each) => each.drain(drain)))
    for (const close of unsubscribe) close()
    if (running.length > 0) await atMost(patience, (await core.listening()).answers.flush())
    life.move('stopped')
    core.roster.delete(working)
    keep.moved()
    keep.stopped(instance)
  }

  const working: Working = {
    service: name,
    get stage() {
      return life.stage
    },
    consumers: running,
  }

  const instance: Service = {
    name,
    get stage() {
      return life.stage
    },
    get running() {
      return running.reduce((sum, each) => sum + each.running, 0)
    },
    async stop(options) {
      const { drain = defaults.drain } = readOptions('stop()', options, { drain: time() })
      // What is starting is stopped when it has started; what failed to start has stopped already.
      stopping ??= Promise.resolve(starting).then(
        () => stop(drain),
        () => undefined,
      )
      return stopping
    },
    [Symbol.asyncDispose]: () => instance.stop(),
  }
  return builder
}

/** The desk of a task: whoever asks about a task that runs here is answered, and may call it off. */
async function openDesk(core: Core, task: Task, consumers: () => readonly Consumer[]): Promise<() => void> {
  const { link } = await core.listening()
  const subscription = link.nc.subscribe(core.names.desk(task.queue, task.name), {
    callback: (error, message) => {
      if (error) return
      const { ask, id } = questionIn(message)
      for (const each of consumers()) {
        if (ask === 'cancel') each.cancel(id)
        const run = each.find(id)
        if (run === undefined) continue
        const answer: DeskAnswer = {
          attempt: run.attempt,
          worker: core.worker,
          ...(run.progress === undefined ? {} : { progress: run.progress }),
        }
        message.respond(JSON.stringify(answer))
      }
    },
  })
  return () => subscription.unsubscribe()
}

/** What is asked at a desk. What is no question asks for nothing. */
function questionIn(message: { json<T>(): T }): { ask: string; id: string } {
  const nothing = { ask: '', id: '' }
  try {
    return message.json<{ ask: string; id: string } | null>() ?? nothing
  } catch {
    return nothing
  }
}
