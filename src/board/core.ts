/** What topics, tasks, services and dead letters share: one open board, seen from the inside. */

import type { Durability } from '../base/durability.ts'
import type { Events } from '../base/events.ts'
import type { Pulse } from '../runtime/pulse.ts'
import type { Answers } from '../wire/answers.ts'
import type { Link } from '../wire/connection.ts'
import type { Names } from '../wire/names.ts'
import type { Publisher } from '../wire/publisher.ts'
import type { Layout } from '../wire/streams.ts'
import type { Table } from '../wire/table.ts'
import type { Arounds } from './around.ts'
import type { Task, Topic } from './contract.ts'
import type { Logger } from './log.ts'
import type { Queue } from './queue.ts'
import type { Records } from './records.ts'
import type { Results } from './result.ts'
import type { Room, Storing } from './room.ts'
import type { Roster } from './roster.ts'
import type { EnqueueOptions, Origin, PublishOptions, Receipt } from './sender.ts'

/** One open board, seen from the inside. */
export interface Core {
  readonly names: Names
  /** The connection that speaks. */
  readonly link: Link
  /** The connection that listens; opened when the first service starts. */
  listening(): Promise<{ link: Link; answers: Answers }>
  readonly publisher: Publisher
  /** How long topics keep events that have no stream of their own, in ms. */
  readonly retention: number
  /** How tasks are stored in a queue. `timeout`: ms to wait for room in one that is full. */
  storing(queue: Queue, timeout?: number): Storing
  /** Room in a queue; undefined where it has no limit. */
  room(queue: Queue): Room | undefined
  readonly table: Table
  /** The part of it that is the users'. */
  readonly records: Records
  readonly layout: Layout
  readonly results: Results
  /** Asks what a power cut would cost. */
  durability(): Promise<Durability>
  readonly events: Events
  /** Whether the event loop moves. */
  readonly pulse: Pulse
  /** What stands around sending and running. */
  readonly around: Arounds
  readonly log: Logger
  /** The services that run in this process. */
  readonly roster: Roster
  /** How this process is called in dead letters, notes and answers. */
  readonly worker: string
  /** The verbs, for code below them. `origin`: the run of a handler that says it. */
  readonly say: {
    publish(topic: Topic, event: unknown, options?: PublishOptions, origin?: Origin): Promise<Receipt>
    enqueue(task: Task, input: unknown, options?: EnqueueOptions, origin?: Origin): Promise<Receipt>
  }
  /** Where the plain messages of a contract go: of a task those of the lane `normal`. */
  subjectOf(contract: Topic<never> | Task<never>): string
  /** Declares the streams of a queue, once. Undefined if that is done: then nothing has to be waited for. */
  declareQueue(queue: Queue): Promise<void> | undefined
  /** The same for the stream of a topic. */
  declareTopic(topic: Pick<Topic, 'name' | 'retention'>): Promise<void> | undefined
}
