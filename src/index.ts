/** The public door: names, no logic. */

export type { Backoff } from './base/backoff.ts'
export type { Durability, Sync } from './base/durability.ts'
export type { Duration } from './base/duration.ts'
export {
  BrokerError,
  BugError,
  CallboardError,
  ConnectionError,
  type ErrorCode,
  InvalidInputError,
  MessageError,
  ServerError,
  TaskError,
  TimedOutError,
  UnknownOutcomeError,
} from './base/errors.ts'
export type { EventMap, Label, RunInfo, Style } from './base/events.ts'
export { type Failure, type FailureError, fingerprint as fingerprintOf, type Obituary, type Reason } from './base/obituary.ts'
export type { Schema } from './base/schema.ts'
export { type Occurrence, type PreviewOptions, preview, type Times, type When } from './base/when.ts'
export type { LocalTime } from './base/zone.ts'
export type { Around, Handling, Received, Sending } from './board/around.ts'
export type { Leaving } from './board/asked.ts'
export type {
  BatchContext,
  BatchOptions,
  BatchPerformer,
  BatchReturn,
  BatchSubscriber,
  Entries,
  EventItem,
  TaskItem,
} from './board/batch.ts'
export { type Board, type BoardOptions, callboard } from './board/board.ts'
export type { EventContext, TaskContext } from './board/context.ts'
export type {
  BuriedTopic,
  ErrorTest,
  Large,
  PatternOptions,
  RetentionOptions,
  RetryOptions,
  Subscribable,
  Task,
  TaskSettings,
  TaskShape,
  Topic,
  TopicOptions,
  TopicPattern,
} from './board/contract.ts'
export type { Dead, DeadGroup } from './board/dead.ts'
export type { GateContext, GateLike, GatePlan } from './board/gates.ts'
export type { Handle, HandleOf, ResultHandle, ResultOptions } from './board/handle.ts'
export type { Inspect, QueueFact, SubscriptionFact, TopicFact } from './board/inspect.ts'
export type { Deed, Ledger, LedgerPoint } from './board/ledger.ts'
export type { EntryKind, EntryLabel, EntryMore, LedgerEntry } from './board/ledger-entry.ts'
export type { LedgerLevel, LedgerOptions } from './board/ledger-write.ts'
export type { DeadLetter, DeadSelector } from './board/letter.ts'
export type { Heard, ListenOptions } from './board/listen.ts'
export type { Logger, LogOption } from './board/log.ts'
export type { MessageFact } from './board/message-fact.ts'
export type { PerformerFact } from './board/performers.ts'
export type { Plan } from './board/prepare.ts'
export type { PurgeOptions } from './board/purge.ts'
export { type LimitOptions, type Queue, type QueueOptions, queue } from './board/queue.ts'
export type { Queues } from './board/queues.ts'
export type { Record, RecordOptions, Records } from './board/records.ts'
export { type Rightful, type Rights, type Role, rightsOf } from './board/rights.ts'
export type { Schedule, ScheduleChange, Schedules } from './board/schedule.ts'
export type { EventScheduleOptions, ScheduleOptions, TaskScheduleOptions } from './board/schedule-plan.ts'
export type { ScheduleState } from './board/schedule-state.ts'
export type { FiringOutcome } from './board/schedule-trail.ts'
export type { Seal, SealedAs } from './board/seal.ts'
export type {
  DebounceOptions,
  EnqueueOptions,
  ManyOptions,
  PublishManyOptions,
  PublishOptions,
  Receipt,
  Sender,
  ThrottleOptions,
} from './board/sender.ts'
export type { Service, ServiceBuilder, StartOptions, StopOptions } from './board/service.ts'
export type { Point, Subscription } from './board/subscription.ts'
export { task } from './board/task.ts'
export type { BatchPerformOptions, Performer, PerformOptions } from './board/task-options.ts'
export { all, any, race } from './board/together.ts'
export { buried, pattern, topic } from './board/topic.ts'
export type { BatchSubscribeOptions, SubscribeOptions, Subscriber } from './board/topic-options.ts'
export type { State, Status } from './board/whereabouts.ts'
export type { Serving, WorkerFact } from './board/worker.ts'
export type { Gate, Hold, Leave } from './runtime/gate.ts'
export type { Run } from './runtime/run.ts'
export { outcomeOf, type RunOutcome } from './runtime/telling.ts'
export { Reject, Snooze } from './runtime/verdict.ts'
export type { Encoding } from './wire/codec.ts'
export type { UserHeaders } from './wire/envelope.ts'
export type { BrokerFact } from './wire/inventory.ts'
export type { Dial, Line } from './wire/line.ts'
export type { Lane } from './wire/names.ts'
export type { Standing } from './wire/place.ts'
