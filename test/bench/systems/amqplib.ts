/** RabbitMQ through amqplib, a durable classic queue: persistent messages, publisher confirms, a prefetch of 500. It has no deduplication. */

import { pack, unpack } from './jetstream.ts'
import { load } from './peer.ts'
import type { Handler, Mail, Place, TaskClient } from './system.ts'

interface Message {
  content: Uint8Array
}

interface Channel {
  prefetch(count: number): Promise<unknown>
  assertQueue(name: string, options: { durable: boolean; arguments: Record<string, string> }): Promise<unknown>
  checkQueue(name: string): Promise<unknown>
  consume(name: string, run: (message: Message | null) => void): Promise<{ consumerTag: string }>
  cancel(tag: string): Promise<unknown>
  ack(message: Message): void
  nack(message: Message): void
}

interface ConfirmChannel extends Channel {
  sendToQueue(name: string, content: Buffer, options: { persistent: boolean }, confirmed: (error: unknown) => void): boolean
}

interface Amqplib {
  connect(url: string): Promise<{
    createChannel(): Promise<Channel>
    createConfirmChannel(): Promise<ConfirmChannel>
    close(): Promise<void>
  }>
}

/** Opens a classic queue. */
export const open = (place: Place): Promise<TaskClient> => openQueue(place, 'classic')

/** Opens a queue of a kind that RabbitMQ knows: `classic` or `quorum`. */
export async function openQueue(place: Place, kind: string): Promise<TaskClient> {
  const { connect } = await load<Amqplib>(place, 'amqplib')
  const connection = await connect(place.url)
  const sending = await connection.createConfirmChannel()
  const receiving = await connection.createChannel()
  await receiving.prefetch(500)

  const send = (mail: Mail) =>
    new Promise<void>((resolve, reject) => {
      sending.sendToQueue('mail', pack(mail) as Buffer, { persistent: true }, (error) => (error ? reject(error) : resolve()))
    })

  return {
    declare: async () => {
      await sending.assertQueue('mail', { durable: true, arguments: { 'x-queue-type': kind } })
    },
    enqueue: send,
    enqueueMany: (mails) => Promise.all(mails.map(send)),
    laterMany: () => Promise.reject(new Error('RabbitMQ delays by a plugin only')),
    perform: async (handler: Handler) => {
      const { consumerTag } = await receiving.consume('mail', (message) => {
        if (message === null) return
        handler(unpack(message.content)).then(
          () => receiving.ack(message),
          () => receiving.nack(message),
        )
      })
      return { stop: async () => void (await receiving.cancel(consumerTag)) }
    },
    // The queue answers on the same channel after everything that was acknowledged on it before.
    settled: async () => void (await receiving.checkQueue('mail')),
    close: () => connection.close(),
  }
}
