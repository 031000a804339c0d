/**
 * The official client, used as its documentation shows: `js.publish()`, `consume()` as an iterator, `ack()`.
 *
 * One documented switch is on, because leaving it off would flatter everybody else: `noAsyncTraces`, no stack trace per request.
 */

import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, createInbox, headers } from 'nats'
import { declare, durable, pack, settled, stream, subject, unpack } from './jetstream.ts'
import type { Client, Handler, Mail, PerformOptions, Place, Running } from './system.ts'
import { idOf, windowed } from './system.ts'

/** As many as the client's own documentation keeps unanswered. */
const inFlight = 256

/** Opens one connection; every other function of the system hangs on what it returns. */
export async function open(place: Place): Promise<Client> {
  const nc = await connect({ servers: place.url, noAsyncTraces: true })
  const js = jetstream(nc)
  const jsm = await jetstreamManager(nc)
  const consumers: [string, string][] = []
  let inbox: string | undefined
  const waiting = new Map<string, (answer: unknown) => void>()

  const publish = (mail: Mail) => js.publish(subject.topic, pack(mail), { msgID: idOf(mail.n) })
  const enqueue = (mail: Mail) => js.publish(subject.task, pack(mail), { msgID: idOf(mail.n) })

  async function consume(of: string, name: string, handler: Handler, options: PerformOptions): Promise<Running> {
    // Without a filter it would be handed the schedules themselves.
    await durable(jsm, of, name, of === stream.tasks ? { filter_subject: subject.task } : {})
    consumers.push([of, name])
    const consumer = await js.consumers.get(of, name)
    const messages = await consumer.consume()
    const loop = (async () => {
      for await (const m of messages) {
        try {
          const answer = await handler(unpack(m.data))
          if (options.answers) {
            const to = m.headers?.get('Reply-To')
            if (to) nc.publish(to, pack(answer))
          }
          m.ack()
        } catch {
          m.nak(options.retryAfter ?? 100)
        }
      }
    })()
    return {
      stop: async () => {
        await messages.close()
        await loop
      },
    }
  }

  return {
    declare: (need) => declare(jsm, need.schedules ?? false),
    publish,
    publishMany: (mails) => windowed(mails, inFlight, publish),
    enqueue,
    enqueueMany: (mails) => windowed(mails, inFlight, enqueue),
    laterMany: (mails, at) =>
      windowed(mails, inFlight, (mail) =>
        js.publish(`${subject.later}.${mail.n}`, pack(mail), {
          msgID: idOf(mail.n),
          schedule: { specification: at, target: subject.task },
        }),
      ),
    perform: (handler, options = {}) => consume(stream.tasks, 'mail', handler, options),
    subscribe: (service, handler) => consume(stream.topics, service, handler, {}),
    settled: () => settled(jsm, consumers),
    ask: async (mail) => {
      if (inbox === undefined) {
        inbox = createInbox()
        nc.subscribe(`${inbox}.*`, {
          callback: (_, m) => {
            waiting.get(m.subject)?.(unpack(m.data))
            waiting.delete(m.subject)
          },
        })
      }
      const replyTo = `${inbox}.${mail.n}`
      const answer = new Promise<unknown>((resolve) => waiting.set(replyTo, resolve))
      const h = headers()
      h.set('Reply-To', replyTo)
      await js.publish(subject.task, pack(mail), { msgID: idOf(mail.n), headers: h })
      return answer
    },
    close: () => nc.close(),
  }
}
