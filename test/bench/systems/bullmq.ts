/** BullMQ over Redis: `addBulk` by the thousand, a concurrency of 100, finished jobs removed, the job id for deduplication. */

import { load } from './peer.ts'
import type { Handler, Mail, Place, TaskClient } from './system.ts'
import { idOf, poll } from './system.ts'

interface Options {
  jobId: string
  removeOnComplete: boolean
  delay?: number
}

interface BullMQ {
  Queue: new (
    name: string,
    options: { connection: object },
  ) => {
    waitUntilReady(): Promise<unknown>
    add(name: string, data: Mail, options: Options): Promise<unknown>
    addBulk(jobs: { name: string; data: Mail; opts: Options }[]): Promise<unknown>
    close(): Promise<void>
  }
  Worker: new (
    name: string,
    run: (job: { data: Mail }) => Promise<unknown>,
    options: { connection: object; concurrency: number },
  ) => {
    waitUntilReady(): Promise<unknown>
    on(event: 'completed' | 'error', listener: () => void): void
    close(): Promise<void>
  }
}

const bulk = 1000

/** Opens a queue; workers connect when they perform. */
export async function open(place: Place): Promise<TaskClient> {
  const { Queue, Worker } = await load<BullMQ>(place, 'bullmq')
  const { hostname: host, port } = new URL(place.url)
  // null: what BullMQ asks of the connections of its workers.
  const connection = { host, port: Number(port), maxRetriesPerRequest: null }
  const queue = new Queue('mail', { connection })
  let begun = 0
  let completed = 0

  const optionsOf = (mail: Mail): Options => ({ jobId: idOf(mail.n), removeOnComplete: true })

  async function addBulk(mails: Mail[], due?: Date): Promise<void> {
    for (let from = 0; from < mails.length; from += bulk) {
      const delay = due ? { delay: due.getTime() - Date.now() } : {}
      await queue.addBulk(mails.slice(from, from + bulk).map((data) => ({ name: 'mail', data, opts: { ...optionsOf(data), ...delay } })))
    }
  }

  return {
    declare: async () => void (await queue.waitUntilReady()),
    enqueue: (mail) => queue.add('mail', mail, optionsOf(mail)),
    enqueueMany: (mails) => addBulk(mails),
    laterMany: (mails, at) => addBulk(mails, at),
    perform: async (handler: Handler) => {
      const run = (job: { data: Mail }) => {
        begun++
        return handler(job.data)
      }
      const worker = new Worker('mail', run, { connection, concurrency: 100 })
      worker.on('completed', () => {
        completed++
      })
      worker.on('error', () => {})
      await worker.waitUntilReady()
      return { stop: () => worker.close() }
    },
    settled: () => poll(async () => completed === begun),
    close: () => queue.close(),
  }
}
