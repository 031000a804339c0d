/** pg-boss over Postgres: inserts by the thousand, four fetchers of 5,000 that go on while batches are full and are woken by NOTIFY. */

import type { Pg } from './peer.ts'
import { load } from './peer.ts'
import type { Handler, Mail, Place, TaskClient } from './system.ts'
import { poll } from './system.ts'

interface Insert {
  id: string
  data: Mail
  startAfter?: Date
}

interface WorkOptions {
  batchSize: number
  localConcurrency: number
  pollingIntervalSeconds: number
  notifyPollingIntervalSeconds: number
  burstWhenBatchFull: boolean
}

interface PgBossModule {
  PgBoss: new (options: {
    connectionString: string
    useListenNotify: boolean
    supervise: boolean
    schedule: boolean
  }) => {
    on(event: 'error', listener: () => void): void
    start(): Promise<unknown>
    stop(options: { graceful: boolean }): Promise<void>
    createQueue(name: string, options: { notify: boolean }): Promise<void>
    send(name: string, data: Mail, options: { id: string }): Promise<unknown>
    insert(name: string, jobs: Insert[]): Promise<unknown>
    work(name: string, options: WorkOptions, run: (jobs: { data: Mail }[]) => Promise<void>): Promise<string>
    offWork(name: string): Promise<void>
  }
}

const bulk = 1000

/** Its ids are UUIDs, and a second job with an id is refused silently: that is its deduplication. */
const uuid = (n: number) => `01980000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

/** Starts pg-boss, which makes its schema if need be. */
export async function open(place: Place): Promise<TaskClient> {
  const { PgBoss } = await load<PgBossModule>(place, 'pg-boss')
  const { Client } = await load<Pg>(place, 'pg')
  const boss = new PgBoss({ connectionString: place.url, useListenNotify: true, supervise: false, schedule: false })
  boss.on('error', () => {})
  await boss.start()
  const watcher = new Client({ connectionString: place.url })
  await watcher.connect()

  async function insert(mails: Mail[], startAfter?: Date): Promise<void> {
    for (let from = 0; from < mails.length; from += bulk) {
      const part = mails.slice(from, from + bulk)
      await boss.insert(
        'mail',
        part.map((data) => ({ id: uuid(data.n), data, ...(startAfter ? { startAfter } : {}) })),
      )
    }
  }

  return {
    declare: () => boss.createQueue('mail', { notify: true }),
    enqueue: (mail) => boss.send('mail', mail, { id: uuid(mail.n) }),
    enqueueMany: (mails) => insert(mails),
    laterMany: (mails, at) => insert(mails, at),
    perform: async (handler: Handler) => {
      const options = { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5, burstWhenBatchFull: true }
      await boss.work('mail', { batchSize: 5000, localConcurrency: 4, ...options }, async (jobs) => {
        for (const job of jobs) await handler(job.data)
      })
      return { stop: () => boss.offWork('mail') }
    },
    settled: () =>
      poll(
        async () =>
          (await watcher.query(`select 1 from pgboss.job where state < 'completed' and start_after <= now() limit 1`)).rows.length === 0,
        5,
      ),
    close: async () => {
      await watcher.end()
      await boss.stop({ graceful: false })
    },
  }
}
