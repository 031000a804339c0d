/**
 * Taking work yourself: a performer whose handlers hand over what they are given and wait for its answer. So everything is as
 * it is for performers: attempts, policy, results, dead letters, leases prolonged, cancelling.
 */

import { backoff } from '../../base/backoff.ts'
import { type Duration, duration } from '../../base/duration.ts'
import { asError, fault } from '../../base/errors.ts'
import { type ReadersOf, readOptions, signal, time, whole } from '../../base/options.ts'
import { type Board, Reject, Snooze, type Task, type TaskContext } from '../../index.ts'

/** What is taken, and for how long. */
export interface PullOptions {
  /** Tasks at most. Default 1. Edge: 1 to 1,000. */
  readonly max?: number
  /** How long to wait for the first one. Default 30 s. Edge: at least 100 ms; for more than one nobody waits. */
  readonly wait?: Duration
  /** How long each may take to be answered. Default: the timeout of the contract. Edge: 1 s to 20 days; what has no answer by then has failed, and is tried again by the policy. */
  readonly lease?: Duration
  /** The lease of those who perform this task, where it is not the default; all who take from one queue have the same. Default 30 s. Edge: at least 1 s. */
  readonly workerLease?: Duration
  /** Ends the waiting. Default: it ends after `wait`. Edge: what has come is there all the same. */
  readonly signal?: AbortSignal
}

/** How a pulled task is handed back. */
export interface NackOptions {
  /** Why. Default: none is said. Edge: a Reject makes it a dead letter, a Snooze costs no attempt. */
  readonly error?: unknown
  /** When it is tried again. Default: when the policy of the contract says. Edge: a task with a policy of its own follows that. */
  readonly delay?: Duration
}

/** Tasks that were taken. `await using` hands back what has no answer at the end of a block, at no attempt. */
export interface Pulled<Parsed = unknown, Returned = never> extends AsyncDisposable, Iterable<PulledTask<Parsed, Returned>> {
  /** How many. */
  readonly size: number
  /** Hands back what has no answer, at no attempt. Resolves when the broker has read all answers. Closing twice is closing once. */
  close(): Promise<void>
}

interface Answer {
  settle(value: unknown): void
  fail(error: unknown): void
  /** Has it tried again after so many ms. */
  delay(error: Error, ms: number): void
}

/** One task that was taken. The first answer counts, and later ones throw. */
export class PulledTask<Parsed = unknown, Returned = never> {
  readonly input: Parsed
  /** What a handler is given beside its input. */
  readonly ctx: TaskContext
  readonly #answer: Answer
  readonly #gone = new AbortController()
  #until = 0
  #timer: NodeJS.Timeout | undefined
  #over: string | undefined

  constructor(input: Parsed, ctx: TaskContext, answer: Answer, lease: number) {
    this.input = input
    this.ctx = ctx
    this.#answer = answer
    this.#lend(lease)
  }

  /** The same over all attempts. */
  get id(): string {
    return this.ctx.id
  }

  /** 1 for the first time. What was handed back by closing does not count. */
  get attempt(): number {
    return this.ctx.attempt
  }

  /** Aborts when it is cancelled, and when its lease runs out. */
  get signal(): AbortSignal {
    return AbortSignal.any([this.ctx.signal, this.#gone.signal])
  }

  /** When it must have been answered. */
  get until(): Date {
    return new Date(this.#until)
  }

  /** It is done: its result is kept, then it is acknowledged. Throws LEASE_LOST where it was answered before or came too late. */
  ack(...[output]: unknown extends Returned ? [output?: Returned] : [output: Returned]): void {
    this.#end('acknowledged')
    this.#answer.settle(output)
  }

  /** It failed: tried again by the policy of the contract, or a dead letter where no attempt is left. Throws LEASE_LOST. */
  nack({ error, delay }: NackOptions = {}): void {
    const ms = delay === undefined ? undefined : duration(delay, 'the delay of nack()')
    this.#end('handed back')
    const why = error === undefined ? new Error('It was handed back by whoever had taken it.') : asError(error)
    if (ms !== undefined) this.#answer.delay(why, ms)
    this.#answer.fail(why)
  }

  /** Never again: a dead letter, whatever attempts are left. Throws LEASE_LOST. */
  bury(error: unknown = new Error('It was buried by whoever had taken it.')): void {
    this.#end('buried')
    this.#answer.fail(
      error instanceof Reject ? error : new Reject(typeof error === 'string' ? error : asError(error).message, { cause: error }),
    )
  }

  /** Gives it so much time, from now. Throws LEASE_LOST where it was answered before or its time is over. */
  extend(lease: Duration): void {
    const ms = duration(lease, 'the lease of extend()')
    this.#refuseOver('extended')
    this.#lend(ms)
  }

  /** Hands it back at no attempt, if it has no answer. @internal */
  release(): void {
    if (this.#over !== undefined) return
    this.#end('handed back')
    this.#answer.fail(new Snooze(0))
  }

  #lend(ms: number): void {
    this.#until = Date.now() + ms
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#lapse(), Math.min(ms, longest))
  }

  #lapse(): void {
    this.#end(lapsed)
    const error = fault('LEASE_LOST', `${this.ctx.task} ${this.id} was not answered before its lease ran out.`)
    this.#answer.fail(error)
    this.#gone.abort(error)
  }

  #end(how: string): void {
    // A timer comes late in a process that stood still.
    if (this.#over === undefined && Date.now() > this.#until && how !== lapsed) this.#lapse()
    this.#refuseOver(how)
    this.#over = how
    clearTimeout(this.#timer)
  }

  #refuseOver(how: string): void {
    if (this.#over !== undefined) throw fault('LEASE_LOST', `${this.ctx.task} ${this.id} cannot be ${how}: it was ${this.#over} before.`)
  }
}

/** How the end of a lease is called. */
const lapsed = 'given to somebody else'
const day = 86_400_000
/** The longest that timers take, with room. */
const longest = 20 * day
/** How long nothing more must have come before what has come is handed over, in ms. */
const company = 20

const lease = (value: unknown) => time(1000)(value)

const pullReaders = { max: whole(1, 1000), wait: time(100), lease, workerLease: lease, signal } satisfies ReadersOf<PullOptions>

/** Takes work to do it here. Resolves when there is some, or when nothing came in time. Throws what starting a service throws. */
export async function pull<Parsed, Returned>(
  board: Pick<Board, 'service'>,
  task: Task<never, Parsed, unknown, boolean, Returned>,
  options?: PullOptions,
): Promise<Pulled<Parsed, NoInfer<Returned>>> {
  const read = readOptions('pull()', options, pullReaders)
  const { max = 1, wait = 30_000, workerLease } = read
  const items: PulledTask<Parsed, Returned>[] = []
  const delays = new WeakMap<Error, number>()
  const waits = backoff(task.retry?.backoff ?? '1s..5m')
  let heard: () => void = () => undefined
  // Its time is the lease of each, so no handler times out.
  const lent = {
    ...task,
    timeout: longest,
    retry: { ...task.retry, backoff: (attempt: number, error: unknown) => delays.get(error as Error) ?? waits(attempt, error) },
  }
  const service = await board
    .service('pull')
    .perform(
      lent,
      (input, ctx) =>
        new Promise<never>((settle, fail) => {
          const answer: Answer = { settle: settle as (value: unknown) => void, fail, delay: (error, ms) => delays.set(error, ms) }
          items.push(new PulledTask(input, ctx, answer, read.lease ?? task.timeout))
          heard()
        }),
      { concurrency: max, ...(workerLease === undefined ? {} : { lease: workerLease }) },
    )
    .start()
  /** Whether another one came within so many ms. */
  const another = (ms: number) =>
    new Promise<boolean>((resolve) => {
      const give = (came: boolean) => {
        clearTimeout(timer)
        read.signal?.removeEventListener('abort', abort)
        heard = () => undefined
        resolve(came)
      }
      const abort = () => give(false)
      const timer = setTimeout(abort, ms)
      heard = () => give(true)
      if (read.signal?.aborted) abort()
      else read.signal?.addEventListener('abort', abort, { once: true })
    })
  if (items.length > 0 || (await another(wait))) {
    // One that was handed over before is looked up first.
    while (items.length < max && ((await another(company)) || items.length < service.running));
  }
  // Nothing more is taken; what is in hand here has all the time it wants, and says itself when it is over.
  const stopped = service.stop({ drain: longest })
  if (items.length === 0) await stopped
  const pulled: Pulled<Parsed, Returned> = {
    size: items.length,
    [Symbol.iterator]: () => items[Symbol.iterator](),
    close() {
      for (const item of items) item.release()
      return stopped
    },
    [Symbol.asyncDispose]: () => pulled.close(),
  }
  return pulled
}
