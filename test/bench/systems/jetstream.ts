/** The streams and consumers that `stock`, `tuned` and the layouts measure on: the same for all, so that only the clients differ. */

import type { ConsumerConfig, JetStreamManager, StreamConfig } from '@nats-io/jetstream'
import { AckPolicy, RetentionPolicy } from '@nats-io/jetstream'
import { Packr } from 'msgpackr'
import type { Mail } from './system.ts'
import { poll } from './system.ts'

export const stream = { tasks: 'BENCH_TASKS', topics: 'BENCH_TOPICS' } as const
export const subject = { task: 'bench.task.mail', later: 'bench.later.mail', topic: 'bench.topic.books' } as const

const packr = new Packr({ useRecords: false })

export const pack = (body: unknown): Uint8Array => packr.pack(body)
export const unpack = (bytes: Uint8Array): Mail => packr.unpack(bytes)

/** Declares the work queue for tasks and the log for events; `more` is what one system needs beyond that. */
export async function declare(jsm: JetStreamManager, schedules: boolean, more: Partial<StreamConfig> = {}): Promise<void> {
  const later = schedules ? { allow_msg_schedules: true, allow_msg_ttl: true } : {}
  await jsm.streams.add({
    name: stream.tasks,
    subjects: [`${subject.task}.>`, subject.task, `${subject.later}.>`],
    retention: RetentionPolicy.Workqueue,
    ...later,
    ...more,
  })
  const { retention: _, ...shared } = more
  await jsm.streams.add({ name: stream.topics, subjects: [subject.topic], ...shared })
}

/** The durable consumer of the one performer, or of one subscribing service. */
export async function durable(jsm: JetStreamManager, of: string, name: string, more: Partial<ConsumerConfig> = {}): Promise<void> {
  await jsm.consumers.add(of, { durable_name: name, ack_policy: AckPolicy.Explicit, ...more })
}

/** Resolves when nothing waits and nothing is unacknowledged: acknowledgements are processed after they are sent. */
export async function settled(jsm: JetStreamManager, consumers: Iterable<readonly [string, string]>): Promise<void> {
  for (const [of, name] of consumers) {
    await poll(async () => {
      const info = await jsm.consumers.info(of, name)
      return info.num_pending === 0 && info.num_ack_pending === 0
    })
  }
}
