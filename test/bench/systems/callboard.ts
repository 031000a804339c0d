/** callboard as its guide shows it, with everything a user gets by default. One setting differs: 100 handlers at a time, as the peers have. */

import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from 'nats'
import { concurrency as concurrencyOf, perKey, rate } from '../../../src/extras/limits/index.ts'
import { type Board, type BoardOptions, callboard, type SubscribeOptions, type Task, task, topic } from '../../../src/index.ts'
import { settled } from './jetstream.ts'
import type { Client, Mail, Place } from './system.ts'

const bookReleased = topic<Mail>('books.released')
const plainMail = task<Mail>('mail.send', { queue: 'mail', retry: { backoff: '100ms' } })
const askMail = task<Mail, unknown>('mail.ask', { queue: 'mail', track: true })

const concurrency = 100

/** Gates that are never shut, as far as a limit of so much goes. */
const gates = {
  concurrency: [concurrencyOf(1000)],
  rate: [rate(1_000_000, '1s', { burst: 1000 })],
  key: [perKey(({ n }: Mail) => n % 100, { concurrency: 100 })],
}

/** Opens a board, and a plain connection beside it that only watches what the broker has recorded. */
export const open = (place: Place): Promise<Client> => opened(place, {})

/** The same with some options of the board, another task, and order for whoever listens. `begun` is given the board first. */
export async function opened(
  place: Place,
  options: BoardOptions,
  sendMail: Task<Mail, Mail, void, false, unknown> = plainMail,
  begun: (board: Board) => void = () => undefined,
  order: Pick<SubscribeOptions<Mail>, 'ordered'> = {},
): Promise<Client> {
  const board = await callboard({ servers: place.url, ...options })
  begun(board)
  const watcher = await connect({ servers: place.url })
  const jsm = await jetstreamManager(watcher)
  let consumers: [string, string][] | undefined

  /** Consumers of topics and queues; the board's own, such as those of tables, are not work. */
  async function look(): Promise<[string, string][]> {
    const found: [string, string][] = []
    for await (const stream of jsm.streams.names()) {
      if (!/_(TOPICS|QUEUE_.+)$/.test(stream)) continue
      for await (const { name } of jsm.consumers.list(stream)) found.push([stream, name])
    }
    return found
  }

  return {
    declare: async () => {},
    publish: (mail) => board.publish(bookReleased, mail),
    publishMany: (mails) => board.publishMany(bookReleased, mails),
    enqueue: (mail) => board.enqueue(sendMail, mail),
    enqueueMany: (mails) => board.enqueueMany(sendMail, mails),
    laterMany: (mails, at) => board.enqueueMany(sendMail, mails, { at }),
    ask: async (mail) => (await board.enqueue(askMail, mail)).result(),
    perform: async (handler, options) => {
      const builder = board.service('mailer')
      if (options?.answers) builder.perform(askMail, handler, { concurrency })
      else
        builder.perform(sendMail, async (mail) => void (await handler(mail)), {
          concurrency,
          gates: options?.gate ? gates[options.gate] : [],
        })
      consumers = undefined
      return builder.start()
    },
    performMany: async (handler, size) => {
      consumers = undefined
      const many = { batch: { size, within: 5 }, concurrency: 4 }
      return board
        .service('mailer')
        .perform(sendMail, async (items) => void (await handler(items.map(({ input }) => input))), many)
        .start()
    },
    subscribe: async (name, handler) => {
      consumers = undefined
      return board
        .service(name)
        .subscribe(bookReleased, async (mail) => void (await handler(mail)), { concurrency, ...order })
        .start()
    },
    settled: async () => {
      consumers ??= await look()
      await settled(jsm, consumers)
    },
    close: async () => {
      await board.close()
      await watcher.close()
    },
  }
}
