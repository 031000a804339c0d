/** graphile-worker over Postgres: `addJobs` by the thousand, a local queue of 2,000, completions in batches. */

import type { Pg } from './peer.ts'
import { load } from './peer.ts'
import type { Handler, Mail, Place, TaskClient } from './system.ts'
import { poll } from './system.ts'

interface Job {
  identifier: string
  payload: Mail
  runAt?: Date
}

interface Options {
  connectionString: string
  logger: unknown
  taskList: Record<string, (payload: Mail) => Promise<void>>
  preset: { worker: Record<string, unknown> }
  noHandleSignals: boolean
}

interface GraphileWorker {
  Logger: new (factory: () => () => void) => unknown
  makeWorkerUtils(options: { connectionString: string; logger: unknown }): Promise<{
    migrate(): Promise<void>
    addJob(identifier: string, payload: Mail): Promise<unknown>
    addJobs(jobs: Job[]): Promise<unknown>
    release(): Promise<void>
  }>
  run(options: Options): Promise<{ stop(): Promise<void> }>
}

const bulk = 1000

/** Connects. No job keys: its deduplication costs it much, and it is measured at its best. */
export async function open(place: Place): Promise<TaskClient> {
  const { Logger, makeWorkerUtils, run } = await load<GraphileWorker>(place, 'graphile-worker')
  const { Client } = await load<Pg>(place, 'pg')
  const logger = new Logger(() => () => {})
  const utils = await makeWorkerUtils({ connectionString: place.url, logger })
  const watcher = new Client({ connectionString: place.url })
  await watcher.connect()

  async function add(mails: Mail[], runAt?: Date): Promise<void> {
    for (let from = 0; from < mails.length; from += bulk) {
      await utils.addJobs(mails.slice(from, from + bulk).map((payload) => ({ identifier: 'mail', payload, ...(runAt ? { runAt } : {}) })))
    }
  }

  return {
    declare: () => utils.migrate(),
    enqueue: (mail) => utils.addJob('mail', mail),
    enqueueMany: (mails) => add(mails),
    laterMany: (mails, at) => add(mails, at),
    perform: async (handler: Handler) => {
      const worker = {
        concurrentJobs: 24,
        maxPoolSize: 26,
        pollInterval: 500,
        localQueue: { size: 2000 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      }
      const taskList = {
        mail: async (payload: Mail) => {
          await handler(payload)
        },
      }
      const runner = await run({ connectionString: place.url, logger, taskList, preset: { worker }, noHandleSignals: true })
      return { stop: () => runner.stop() }
    },
    settled: () =>
      poll(
        async () => (await watcher.query('select 1 from graphile_worker._private_jobs where run_at <= now() limit 1')).rows.length === 0,
        5,
      ),
    close: async () => {
      await watcher.end()
      await utils.release()
    },
  }
}
