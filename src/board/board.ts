/** The board: a connection with its declared streams, which hands out the verbs. */

import type { Durability } from '../base/durability.ts'
import type { Duration } from '../base/duration.ts'
import { fault } from '../base/errors.ts'
import type { EventMap } from '../base/events.ts'
import { anything, flag, oneOf, type ReadersOf, readOptions, time, whole } from '../base/options.ts'
import type { Address } from '../wire/connection.ts'
import type { OnDrift } from '../wire/drift.ts'
import { keyToken } from '../wire/names.ts'
import { addressReaders, httpAddresses } from './address-options.ts'
import type { Around } from './around.ts'
import { askToLeave, type Leaving } from './asked.ts'
import type { Subscribable, Task, Topic, TopicPattern } from './contract.ts'
import { type Dead, dead } from './dead.ts'
import { defaults } from './defaults.ts'
import { fromEnvironment } from './environment.ts'
import { type HandleOf, TaskHandle } from './handle.ts'
import { type Inspect, inspect } from './inspect.ts'
import { type Ledger, ledger, ledgerDefaults, ledgerOption } from './ledger.ts'
import { type LedgerLevel, type LedgerOptions, type LedgerSettings, ledgerWriter } from './ledger-write.ts'
import { type Heard, type ListenOptions, listen } from './listen.ts'
import { type LogOption, logOption } from './log.ts'
import { checkList } from './many.ts'
import { type OpenCore, open, twoMinutes } from './open.ts'
import { type Plan, planned, prepare } from './prepare.ts'
import { type Queues, queues } from './queues.ts'
import type { Records } from './records.ts'
import { type Schedules, schedules } from './schedule.ts'
import { attendant } from './schedule-sweep.ts'
import type { EnqueueOptions, ManyOptions, PublishManyOptions, PublishOptions, Receipt, Sender } from './sender.ts'
import { type Service, type ServiceBuilder, type StopOptions, service } from './service.ts'
import { type Subscription, subscriptionOf } from './subscription.ts'
import { enqueue, enqueueMany } from './task.ts'
import { checkEnqueueMany, checkTask } from './task-options.ts'
import { publish, publishMany } from './topic.ts'
import { checkPublishMany, checkTopic } from './topic-options.ts'
import { presence } from './worker.ts'

/** Where the broker is, and how this board uses it. */
export interface BoardOptions extends Address {
  /** Everything of this board lies under this name on the broker; boards of other namespaces never meet it. Default: `CALLBOARD_NAMESPACE`, else `callboard`. Edge: one part, in lower case; streams are called by its upper case. */
  readonly namespace?: string
  /** Opens only where there is a board already: creates and changes nothing, and throws NOT_FOUND, naming what there is. Default false. Edge: it counts until it is open; a queue that is enqueued to is created all the same. */
  readonly existing?: boolean
  /** Copies of every stream. Default: three in a cluster, otherwise one. Edge: 1 to 5; a default of three becomes one where the cluster is too small. */
  readonly replicas?: number
  /** What to do where the broker's streams differ from the code: tell of it, refuse to start, or update the broker. Default `tell`. Edge: another retention, layout or storage is always refused, as `CONFIG_CONFLICT`. */
  readonly onDrift?: OnDrift
  /** How long an id is remembered: a message repeated within it is stored once. Default 2 min. Edge: at least 100 ms; what nobody answers is repeated for half of it, 30 s at most. */
  readonly dedupe?: Duration
  /** How long events are kept. Default 7 days. Edge: at least 1 s; shorter than `dedupe`, it shortens that for events. */
  readonly retention?: Duration
  /** Dead letters kept at most. When there is no room for another, burying is refused, told as `trouble` and tried again. Default 1,000,000. Edge: at least 1. */
  readonly deadLetters?: number
  /** A pino logger, a level for the built-in one, or false for none. Default `warn`. Edge: the built-in one writes JSON lines to standard error; payloads are never logged. */
  readonly log?: LogOption
  /** What is written down of what this board does: a level, or options. Default `all`. Edge: never waited for; what cannot be stored in time is left out and counted. */
  readonly ledger?: LedgerLevel | LedgerOptions
  /** Messages under way to the broker at most; more wait their turn. Default 1,000. Edge: 1 to 100,000. */
  readonly inFlight?: number
  /** Monitoring addresses of the servers, as `http://127.0.0.1:8222`: asked how often they sync, for `durability`. Default: `CALLBOARD_MONITOR`, else the broker is asked, which answers where its configuration lets it. Edge: a text may hold several with commas between. */
  readonly monitor?: string | readonly string[]
}

/** A connection with its declared streams; hands out the verbs. `await using` closes it at the end of a block. */
export interface Board extends Sender, AsyncDisposable {
  readonly namespace: string
  /** Says what happened. Resolves when the broker has stored it; names nobody. */
  publish<Input>(topic: Topic<Input>, event: NoInfer<Input>, options?: PublishOptions): Promise<Receipt>
  /** Says many things of one kind, at batch speed and in order; all or none up to 1,000. */
  publishMany<Input>(topic: Topic<Input>, events: readonly NoInfer<Input>[], options?: PublishManyOptions): Promise<Receipt[]>
  /** Names the work. Resolves, with a handle, when the broker has stored it. */
  enqueue<Input, Output, Tracked extends boolean>(
    task: Task<Input, unknown, Output, Tracked>,
    input: NoInfer<Input>,
    options?: EnqueueOptions,
  ): Promise<HandleOf<Output, Tracked>>
  /** Names much work of one kind, at batch speed; all or none up to 1,000. */
  enqueueMany<Input, Output, Tracked extends boolean>(
    task: Task<Input, unknown, Output, Tracked>,
    inputs: readonly NoInfer<Input>[],
    options?: ManyOptions,
  ): Promise<HandleOf<Output, Tracked>[]>
  /** The handle of a task enqueued elsewhere. A receipt finds what its id alone does not: a task that is not tracked, unique or delayed. */
  handle<Output, Tracked extends boolean>(task: Task<never, unknown, Output, Tracked>, id: string | Receipt): HandleOf<Output, Tracked>
  /** Sees to it that the streams of these contracts are there: for who may, before others come who may not. */
  declare(...contracts: readonly (Topic<never> | Task<never>)[]): Promise<void>
  /** Says which streams `declare` would create, and where those that are there differ; changes nothing. Throws CONFIG_CONFLICT where that cannot be settled. */
  plan(...contracts: readonly (Topic<never> | Task<never>)[]): Promise<Plan>
  /** Begins a service: a named set of subscriptions and performers. */
  service(name: string): ServiceBuilder
  /** Events as they come, live: not durable, not acknowledged. `from` as for a subscription; a sequence resumes. */
  listen<Event>(topic: Topic<never, Event> | TopicPattern<Event>, options?: ListenOptions): AsyncIterable<Heard<Event>>
  /** A service's durable place in a topic: see it, pause it, move it, replay to it, end it. */
  subscription(service: string, topic: Subscribable<unknown>): Subscription
  /** What was given up, on both sides. */
  readonly dead: Dead
  /** What the broker enqueues or publishes later and repeatedly. */
  readonly schedules: Schedules
  /** Where tasks wait: hold them and empty them. More is in `callboard/queues`. */
  readonly queues: Queues
  /** Asks what a power cut would cost: how many copies there are, and how often the servers sync, where they say so. */
  durability(): Promise<Durability>
  /** What there is, for whoever operates it: asked of the broker, changing nothing. */
  readonly inspect: Inspect
  /** Values that all processes of the namespace share: the last one of each key. */
  readonly records: Records
  /** What happened, by whom and when: written on the side by every board, bounded, and read by every view. */
  readonly ledger: Ledger
  /** The services of this board that have been started and have not stopped. */
  readonly services: readonly Service[]
  /** Asks another process to stop its services, as `stop` of each would; a drain of 0 interrupts what runs. Throws NOT_FOUND where no worker of this name hears. */
  stopWorker(worker: string, options?: StopOptions): Promise<Leaving>
  /** Stands around everything this board sends, and every call of its handlers, from now on: for tracing and its like. Gives back how to stop. */
  use(around: Around): () => void
  /** Hears what callboard tells about itself. Gives back how to stop. */
  on<K extends keyof EventMap>(event: K, listener: (payload: EventMap[K]) => void): () => void
  /** Stops all services of this board, then closes its connections. Closing twice is closing once. */
  close(options?: StopOptions): Promise<void>
}

const boardReaders = {
  ...addressReaders,
  namespace: anything<string>(),
  existing: flag,
  replicas: whole(1, 5),
  onDrift: oneOf('tell', 'refuse', 'update'),
  dedupe: time(100),
  retention: time(1000),
  deadLetters: whole(1, Number.MAX_SAFE_INTEGER),
  log: logOption,
  ledger: ledgerOption,
  inFlight: whole(1, 100_000),
  monitor: httpAddresses,
} satisfies ReadersOf<BoardOptions>

/** Opens a board. Throws what a connection or the declared streams may throw, and complaints about options. */
export async function callboard(options?: BoardOptions): Promise<Board> {
  const read = { ...fromEnvironment(process.env), ...readOptions('callboard()', options, boardReaders) }
  if (read.retention !== undefined && read.retention < (read.dedupe ?? twoMinutes))
    throw fault('INVALID_OPTION', `retention is ${read.retention} ms, shorter than dedupe, which is ${read.dedupe ?? twoMinutes} ms.`, {
      fix: 'Keep events at least as long as their ids are remembered.',
    })
  const { ledger, ...rest } = read
  const core = await open(rest)
  return face(core, ledger ?? ledgerDefaults)
}

const closedFault = () => fault('CLOSED', 'The board is closed.')

function face(core: OpenCore, settings: LedgerSettings): Board {
  const services = new Set<Service>()
  const sweeping = attendant(core)
  const writing = ledgerWriter(core, settings)
  const here = presence(
    core,
    () => writing.dropped,
    (drain) => {
      const asked = [...services]
      core.events.tell('asked', { drain })
      for (const each of asked) void each.stop({ drain })
      return { services: asked.map(({ name }) => name), running: asked.reduce((sum, { running }) => sum + running, 0) }
    },
  )
  let closing: Promise<void> | undefined
  const closed = new AbortController()
  const refuseClosed = () => {
    if (closing) throw closedFault()
  }
  const board: Board = {
    namespace: core.names.namespace,
    publish: (topic, event, options) => (closing ? Promise.reject(closedFault()) : publish(core, topic, event, options)),
    async publishMany(topic, events, options) {
      checkTopic(topic, 'publishMany()')
      checkPublishMany(options)
      checkList(events, 'publishMany()', options?.ids)
      refuseClosed()
      if (core.around.none) return publishMany(core, topic, events, options)
      return core.around.send(topic, events.length, undefined, options, (all) => publishMany(core, topic, events, all))
    },
    enqueue(task, input, options) {
      if (closing) return Promise.reject(closedFault())
      if (task?.track) core.results.listen()
      return enqueue(core, task, input, options, undefined, (receipt) => new TaskHandle(core, task, receipt, true))
    },
    async enqueueMany(task, inputs, options) {
      checkTask(task, 'enqueueMany()')
      checkEnqueueMany(options)
      checkList(inputs, 'enqueueMany()', options?.ids)
      refuseClosed()
      if (task.track) core.results.listen()
      const as = (receipt: Receipt) => new TaskHandle(core, task, receipt, true)
      if (core.around.none) return enqueueMany(core, task, inputs, options, as)
      return core.around.send(task, inputs.length, undefined, options, (all) => enqueueMany(core, task, inputs, all, as))
    },
    handle(task, id) {
      checkTask(task, 'handle()')
      const receipt = typeof id === 'string' ? { id, sequence: 0, duplicate: false } : id
      return new TaskHandle(core, task, { ...receipt, id: nameable(receipt?.id) }, false)
    },
    async declare(...contracts) {
      refuseClosed()
      await prepare(core, settings.age, contracts)
    },
    async plan(...contracts) {
      refuseClosed()
      return planned(core, settings.age, contracts)
    },
    service(name) {
      refuseClosed()
      return service(core, name, {
        started(each) {
          services.add(each)
          sweeping.begin()
        },
        moved: () => here.changed(),
        stopped(each) {
          services.delete(each)
          if (services.size === 0) sweeping.end()
        },
      })
    },
    async *listen<Event>(topic: Topic<never, Event> | TopicPattern<Event>, options: ListenOptions = {}) {
      refuseClosed()
      if (topic?.kind !== 'topic' && topic?.kind !== 'pattern')
        throw fault('INVALID_ARGUMENT', 'The first argument of listen() is not a topic.')
      yield* listen(core, topic, options, closed.signal)
    },
    subscription: (service, topic) => subscriptionOf(core, service, topic),
    dead: dead(core),
    schedules: schedules(core),
    queues: queues(core),
    async durability() {
      refuseClosed()
      return core.durability()
    },
    inspect: inspect(core),
    records: core.records,
    ledger: ledger(core, writing, settings.age),
    get services() {
      return [...services]
    },
    async stopWorker(worker, options) {
      const { drain = defaults.drain } = readOptions('stopWorker()', options, { drain: time() })
      return askToLeave(core, worker, drain)
    },
    use: (around) => core.around.use(around),
    on: (event, listener) => core.events.on(event, listener),
    async close(options) {
      readOptions('close()', options, { drain: time() })
      closing ??= (async () => {
        await Promise.all([...services].map((each) => each.stop(options)))
        closed.abort()
        await Promise.all([writing.close(), here.close()])
        await core.close()
      })()
      return closing
    },
    [Symbol.asyncDispose]: () => board.close(),
  }
  return board
}

/** Ids from elsewhere may hold anything that has a place on the broker. */
function nameable(id: string): string {
  keyToken(id)
  return id
}
