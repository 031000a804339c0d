/** What topics, tasks, services and dead letters share: one open board, seen from the inside. */

import type { Events } from '../base/events.ts'
import type { Answers } from '../wire/answers.ts'
import type { Link } from '../wire/connection.ts'
import type { Names } from '../wire/names.ts'
import type { Publisher } from '../wire/publisher.ts'
import type { Layout } from '../wire/streams.ts'
import type { Table } from '../wire/table.ts'
import type { Logger } from './log.ts'
import type { Results } from './result.ts'

/** One open board, seen from the inside. */
export interface Core {
  readonly names: Names
  /** The connection that speaks. */
  readonly link: Link
  /** The connection that listens; opened when the first service starts. */
  listening(): Promise<{ link: Link; answers: Answers }>
  readonly publisher: Publisher
  readonly table: Table
  readonly layout: Layout
  readonly results: Results
  readonly events: Events
  readonly log: Logger
  /** How this process is called in dead letters, notes and answers. */
  readonly worker: string
  /** Declares the stream of a queue, once. Undefined if that is done: then nothing has to be waited for. */
  declareQueue(queue: string): Promise<void> | undefined
}

/** Everything that can be set on a binding, once. Times in ms. */
export const defaults = {
  /** Runs in all, the first included. */
  attempts: 5,
  /** Full jitter between nothing and a ceiling that doubles from the first to the second. */
  backoff: '1s..5m',
  /** One run; then ctx.signal aborts and the run counts as failed. */
  timeout: 60_000,
  /** Handlers at once, per binding and process. */
  concurrency: 10,
  /** How long the broker waits for a sign of life before it hands a delivery to another worker. */
  lease: 30_000,
  /** stop(): how long running handlers may finish. */
  drain: 30_000,
  /** How long a result is kept. */
  keep: 3_600_000,
} as const
