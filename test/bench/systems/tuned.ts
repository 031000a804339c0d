/**
 * The hand-made limit over the same connection: what remains when everything done per message is done once.
 *
 * An inbox of its own for publish acks with a counter as token, headers as prepared bytes, pulls of its own that overlap, the acks of one
 * turn of the event loop sent together, atomic batches for many. It lacks what a library must have: ids, retries by policy, context,
 * drain, metrics.
 */

import type { ConsumerConfig, JetStreamManager, StreamConfig } from '@nats-io/jetstream'
import { jetstreamManager, RetentionPolicy } from '@nats-io/jetstream'
import type { Msg, MsgHdrs, NatsConnection, PublishOptions } from 'nats'
import { connect, createInbox } from 'nats'
import { declare, durable, pack, settled, stream, subject, unpack } from './jetstream.ts'
import type { Client, Handler, Mail, PerformOptions, Place, Running, Shape } from './system.ts'
import { idOf } from './system.ts'

const ack = Buffer.from('+ACK')
const none = new Uint8Array(0)

/** How many messages may be asked for and not yet here, per consumer. */
const pull = 500

/** Opens the tuned client on work-queue retention. */
export function open(place: Place): Promise<Client> {
  return openTuned(place, RetentionPolicy.Workqueue)
}

/** Opens the tuned client with tasks kept as `retention` says; a log is trimmed behind the acknowledged floor once a second. */
export async function openTuned(place: Place, retention: RetentionPolicy): Promise<Client> {
  const shape = place.shape ?? {}
  const nc = await connect({ servers: place.url })
  const jsm = await jetstreamManager(nc)
  const acks = ackInbox(nc)
  const consumers: [string, string][] = []
  const trims: (() => Promise<void>)[] = []
  const timers: NodeJS.Timeout[] = []
  const answers = answerInbox(nc)
  const taskOf = shape.ownSubjects ? (mail: Mail) => `${subject.task}.${idOf(mail.n)}` : () => subject.task
  const headersOf = shape.ids === false ? undefined : (mail: Mail) => bytes(`Nats-Msg-Id: ${idOf(mail.n)}\r\n`)

  async function consume(of: string, name: string, handler: Handler, options: PerformOptions): Promise<Running> {
    const more: Partial<ConsumerConfig> = { max_ack_pending: 10_000 }
    if (of === stream.tasks) more.filter_subject = shape.ownSubjects ? `${subject.task}.>` : subject.task
    await durable(jsm, of, name, more)
    consumers.push([of, name])
    if (of === stream.tasks && retention === RetentionPolicy.Limits) {
      const trim = () => trimBehind(jsm, of, name)
      trims.push(trim)
      timers.push(setInterval(() => void trim().catch(() => {}), 1000))
    }
    return consumeByPull(nc, of, name, handler, options)
  }

  const config: Partial<StreamConfig> = { allow_atomic: true, retention }
  return {
    declare: (need) => declare(jsm, need.schedules ?? false, config),
    publish: (mail) => acks.publish(subject.topic, pack(mail), headersOf?.(mail)),
    publishMany: (mails) => sendBatches(acks, mails, shape, () => subject.topic),
    enqueue: (mail) => acks.publish(taskOf(mail), pack(mail), headersOf?.(mail)),
    enqueueMany: (mails) => sendBatches(acks, mails, shape, taskOf),
    laterMany: (mails, at) => {
      const due = `Nats-Schedule: @at ${at.toISOString()}\r\nNats-Schedule-Target: ${subject.task}\r\n`
      return sendBatches(acks, mails, shape, (mail) => `${subject.later}.${mail.n}`, due)
    },
    perform: (handler, options = {}) => consume(stream.tasks, 'mail', handler, options),
    subscribe: (service, handler) => consume(stream.topics, service, handler, {}),
    settled: async () => {
      await settled(jsm, consumers)
      for (const trim of trims) await trim()
    },
    ask: async (mail) => {
      const answer = answers.next()
      await acks.publish(subject.task, pack(mail), bytes(`Nats-Msg-Id: ${idOf(mail.n)}\r\nReply-To: ${answer.subject}\r\n`))
      return answer.value
    },
    close: async () => {
      for (const timer of timers) clearInterval(timer)
      acks.close()
      await nc.close()
    },
  }
}

/** Header bytes, ready to be sent; `lines` end with CRLF. */
function bytes(lines: string): Uint8Array {
  return Buffer.from(`NATS/1.0\r\n${lines}\r\n`, 'latin1')
}

/** The options of the next publish: one object for all of them, read before `publish` returns. */
class Options {
  reply = ''
  private current: Uint8Array = none
  private readonly carrier = { encode: () => this.current } as unknown as MsgHdrs
  headers?: MsgHdrs

  with(reply: string, headers: Uint8Array | undefined): PublishOptions {
    this.reply = reply
    if (headers) {
      this.current = headers
      this.headers = this.carrier
    } else delete this.headers
    return this
  }
}

interface AckInbox {
  publish(subject: string, data: Uint8Array, headers: Uint8Array | undefined): Promise<void>
  /** Sends and expects no answer: the members of a batch before its last. */
  send(subject: string, data: Uint8Array, headers: Uint8Array): void
  close(): void
}

/** One inbox for the answers to all publishes. The token is a counter; one timer sweeps what was not answered in five seconds. */
function ackInbox(nc: NatsConnection): AckInbox {
  const size = 1 << 16
  const resolves: (((value: undefined) => void) | undefined)[] = new Array(size)
  const rejects: (((error: Error) => void) | undefined)[] = new Array(size)
  const inbox = `${createInbox()}.`
  const options = new Options()
  const marks: number[] = []
  let counter = 0
  let swept = 0

  function settle(slot: number, error?: Error): void {
    const resolve = resolves[slot]
    if (!resolve) return
    if (error) rejects[slot]?.(error)
    else resolve(undefined)
    resolves[slot] = rejects[slot] = undefined
  }

  nc.subscribe(`${inbox}*`, {
    callback: (_, m) => {
      const slot = Number.parseInt(m.subject.slice(inbox.length), 36) & (size - 1)
      // {"stream":…} is an ack, {"error":…} a refusal, and an empty answer means that nobody stores this subject.
      if (m.data[2] === 0x73) settle(slot)
      else settle(slot, new Error(m.string() || 'no responders'))
    },
  })
  const sweep = setInterval(() => {
    if (marks.push(counter) <= 5) return
    for (const until = marks.shift() ?? 0; swept < until; swept++) settle(swept & (size - 1), new Error('no answer in 5 s'))
  }, 1000)

  return {
    publish: (to, data, headers) =>
      new Promise((resolve, reject) => {
        const slot = counter & (size - 1)
        if (resolves[slot]) return reject(new Error('too many publishes in flight'))
        resolves[slot] = resolve
        rejects[slot] = reject
        nc.publish(to, data, options.with(inbox + counter.toString(36), headers))
        counter++
      }),
    send: (to, data, headers) => nc.publish(to, data, options.with('', headers)),
    close: () => clearInterval(sweep),
  }
}

/** Sends atomic batches, two of them on the way at a time. `lines`: headers that every message carries. */
async function sendBatches(acks: AckInbox, mails: Mail[], shape: Shape, to: (mail: Mail) => string, lines = ''): Promise<void> {
  const size = shape.batch ?? 1000
  const open: Promise<void>[] = []
  for (let from = 0; from < mails.length; from += size) {
    if (open.length === 2) await open.shift()
    open.push(sendBatch(acks, mails.slice(from, from + size), to, lines, shape.ids !== false))
  }
  await Promise.all(open)
}

function sendBatch(acks: AckInbox, mails: Mail[], to: (mail: Mail) => string, lines: string, ids: boolean): Promise<void> {
  const last = mails.length - 1
  const start = `Nats-Batch-Id: ${createInbox().slice(7)}\r\n${lines}`
  for (let i = 0; i < last; i++) {
    const mail = mails[i] as Mail
    acks.send(to(mail), pack(mail), bytes(`${start}Nats-Batch-Sequence: ${i + 1}\r\n${ids ? `Nats-Msg-Id: ${idOf(mail.n)}\r\n` : ''}`))
  }
  const mail = mails[last] as Mail
  const end = `${start}Nats-Batch-Sequence: ${last + 1}\r\nNats-Batch-Commit: 1\r\n`
  return acks.publish(to(mail), pack(mail), bytes(`${end}${ids ? `Nats-Msg-Id: ${idOf(mail.n)}\r\n` : ''}`))
}

/** One inbox for all answers of handlers. */
function answerInbox(nc: NatsConnection): { next(): { subject: string; value: Promise<unknown> } } {
  const inbox = `${createInbox()}.`
  const waiting = new Map<string, (answer: unknown) => void>()
  let counter = 0
  let subscribed = false
  return {
    next: () => {
      if (!subscribed) {
        subscribed = true
        nc.subscribe(`${inbox}*`, {
          callback: (_, m) => {
            waiting.get(m.subject)?.(unpack(m.data))
            waiting.delete(m.subject)
          },
        })
      }
      const subject = inbox + (counter++).toString(36)
      return { subject, value: new Promise((resolve) => waiting.set(subject, resolve)) }
    },
  }
}

/** Pulls on a core subscription: asks again when half is here, so that the next answer is on the way before this one is used up. */
function consumeByPull(nc: NatsConnection, of: string, name: string, handler: Handler, options: PerformOptions): Running {
  const inbox = createInbox()
  const next = `$JS.API.CONSUMER.MSG.NEXT.${of}.${name}`
  const request = Buffer.from(JSON.stringify({ batch: pull, expires: 30_000_000_000 }))
  const asked = { reply: inbox }
  const nak = Buffer.from(`-NAK {"delay":${(options.retryAfter ?? 100) * 1e6}}`)
  let done: string[] = []
  let expected = 0
  let stopped = false

  function flush(): void {
    const replies = done
    done = []
    for (const reply of replies) nc.publish(reply, ack)
  }

  function acknowledge(reply: string): void {
    if (done.push(reply) === 1) setImmediate(flush)
  }

  function ask(): void {
    while (!stopped && expected <= pull) {
      expected += pull
      nc.publish(next, request, asked)
    }
  }

  function end(m: Msg, answer: unknown): void {
    if (options.answers) {
      const to = m.headers?.get('Reply-To')
      if (to) nc.publish(to, pack(answer))
    }
    acknowledge(m.reply as string)
  }

  /** 408 and 409 end a pull and say how much of it was not delivered. */
  function status(m: Msg): void {
    const pending = Number(m.headers?.get('Nats-Pending-Messages') ?? Number.NaN)
    if (Number.isFinite(pending)) expected = Math.max(0, expected - pending)
    ask()
  }

  const sub = nc.subscribe(inbox, {
    callback: (_, m) => {
      if (!m.reply) return status(m)
      if (--expected <= pull) ask()
      handler(unpack(m.data)).then(
        (answer) => end(m, answer),
        () => nc.publish(m.reply as string, nak),
      )
    },
  })
  ask()
  return {
    stop: async () => {
      stopped = true
      flush()
      await nc.flush()
      sub.unsubscribe()
    },
  }
}

/** Removes from a log what its only consumer has acknowledged without a gap. */
async function trimBehind(jsm: JetStreamManager, of: string, name: string): Promise<void> {
  const { ack_floor } = await jsm.consumers.info(of, name)
  if (ack_floor.stream_seq > 0) await jsm.streams.purge(of, { seq: ack_floor.stream_seq + 1 })
}
