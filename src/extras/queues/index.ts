/** `callboard/queues`: queues for whoever operates them. */

export { type DrainOptions, type Load, type QueueConsumer, type QueueStatus, type QueuesOf, queues } from './queues.ts'
