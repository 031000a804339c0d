/** What a handler is given beside its input. */

import { CallboardError } from '../base/errors.ts'
import { derivedId } from '../base/ids.ts'
import type { Run } from '../runtime/run.ts'
import { decode, encode } from '../wire/codec.ts'
import { header, type UserHeaders } from '../wire/envelope.ts'
import { keyToken, token } from '../wire/names.ts'
import type { Task, Topic } from './contract.ts'
import type { Core } from './core.ts'
import { type Logger, traced } from './log.ts'
import type { EnqueueOptions, Origin, PublishOptions, Receipt, Sender } from './sender.ts'

const week = 7 * 86_400_000

/** Wrapped, so that "nothing" is a value too. */
const valueIn = <T>(body: Uint8Array): T => (decode(body) as { value: T }).value

/** What every handler is given. */
class Context implements Sender {
  readonly #core: Core
  readonly #run: Run
  readonly #service: string
  readonly #contract: string
  /** Whose work this is: events come under one id to every subscription. */
  readonly #scope: string
  #log: Logger | undefined
  #said: Map<string, number> | undefined

  constructor(core: Core, run: Run, service: string, contract: string, scope: string) {
    this.#core = core
    this.#run = run
    this.#service = service
    this.#contract = contract
    this.#scope = scope
  }

  /** The id of the event or task; the same over all attempts. */
  get id(): string {
    return this.#run.id
  }

  /** 1 for the first run. Drains and snoozes do not count. */
  get attempt(): number {
    return this.#run.attempt
  }

  /** Aborts on timeout, cancel and the end of a drain. What the handler does then is not waited for. */
  get signal(): AbortSignal {
    return this.#run.signal
  }

  /** What the sender sent along. */
  get headers(): UserHeaders {
    return this.#run.delivery.headers.user
  }

  /** When it was stored; for a delayed task, when it fell due. */
  get sentAt(): Date {
    return new Date(this.#run.delivery.storedAt)
  }

  /** A logger that names service, contract, id, attempt and, where there is one, the trace in each line. */
  get log(): Logger {
    const { id, attempt, delivery } = this.#run
    this.#log ??= this.#core.log.child({ service: this.#service, name: this.#contract, id, attempt, ...traced(delivery.headers.trace) })
    return this.#log
  }

  /** Publishes. The id follows from this delivery and the event, so a retried handler publishes the same thing once, as long as the broker remembers ids. */
  publish<Input>(topic: Topic<Input>, event: NoInfer<Input>, options?: PublishOptions): Promise<Receipt> {
    return this.#core.say.publish(topic as Topic, event, options, this.#derived(topic.name))
  }

  /** Enqueues, and does not wait for results: that would hold this handler's slot hostage. The id follows from this delivery and the input, so a retried handler enqueues the same thing once, as long as the broker remembers ids. */
  async enqueue<Input>(task: Task<Input>, input: NoInfer<Input>, options?: EnqueueOptions): Promise<Receipt> {
    const { id, sequence, duplicate } = await this.#core.say.enqueue(task as Task, input, options, this.#derived(task.name))
    return { id, sequence, duplicate }
  }

  /**
   * Runs an effect once over all attempts: its result is kept under this task or subscription, the id of the delivery and `key`,
   * and given again instead of running the effect again. Kept for 7 days. What the effect returns must be something that can be sent.
   *
   * The gap that no library can close: a process that ends between the effect and the record repeats the effect. Where that
   * matters, let the effect carry `${ctx.id}/${key}` as its own idempotency key, or write the record in its transaction.
   */
  async once<T>(key: string, effect: () => T | Promise<T>): Promise<T> {
    const { table, names } = this.#core
    const record = names.record('once', this.#scope, keyToken(this.id), keyToken(key))
    const before = await table.get(record)
    if (before !== undefined) return valueIn<T>(before.body)
    const value = await effect()
    try {
      await table.put(record, encode({ value }), { ttl: week, revision: 0 })
      return value
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== 'ALREADY_EXISTS') throw error
      const first = await table.get(record)
      return first === undefined ? value : valueIn<T>(first.body)
    }
  }

  /** The same thing said twice in one run is meant twice; said again in a later run it is the same. */
  #derived(name: string): Origin {
    return {
      parent: this.id,
      service: this.#service,
      idFor: (body) => {
        this.#said ??= new Map()
        const once = derivedId(this.#scope, this.id, name, body)
        const times = (this.#said.get(once) ?? 0) + 1
        this.#said.set(once, times)
        return times === 1 ? once : derivedId(once, String(times))
      },
    }
  }

  /** @internal */
  protected tellProgress(value: unknown): void {
    const { id, attempt } = this.#run
    this.#run.progress = value
    this.#core.results.progress(id, encode(value))
    const { events } = this.#core
    if (events.heard('progressed'))
      events.tell('progressed', { style: 'explicit', service: this.#service, name: this.#contract, id, attempt, progress: value })
  }

  /** @internal */
  protected header(name: string): string | undefined {
    return this.#run.delivery.headers.get(name)
  }
}

/** What a subscriber is given beside the event. */
export class EventContext extends Context {
  /** The topic the event was published on; of interest where a wildcard was subscribed to. */
  readonly topic: string

  constructor(core: Core, run: Run, service: string, topic: string, subscription: string) {
    super(core, run, service, topic, subscription)
    this.topic = topic
  }

  /** When it was stored in its topic. */
  override get sentAt(): Date {
    const since = this.header(header.since)
    return since === undefined ? super.sentAt : new Date(Number(since))
  }

  /** What the event is about, if its publisher said so. */
  get key(): string | undefined {
    const key = this.header(header.key)
    return key === undefined ? undefined : decodeURIComponent(key)
  }
}

/** What a performer is given beside the input. */
export class TaskContext extends Context {
  readonly task: string

  constructor(core: Core, run: Run, service: string, task: string) {
    super(core, run, service, task, token(task))
    this.task = task
  }

  /** Tells how far the work is: any value that can be sent. Seen live by `handle.status()` and `handle.progress()`; not kept. */
  progress(value: unknown): void {
    this.tellProgress(value)
  }
}
