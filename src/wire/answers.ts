/**
 * Tells the broker how deliveries ended, many in one write, and sees to it that a lost connection swallows none.
 *
 * Answers of one turn of the event loop leave together. After each write the broker
 * is asked for a sign that it has read so far; until it comes the answers are kept, and told again after a reconnect.
 * Telling twice does no harm: the broker takes the second as said.
 */

import { asError } from '../base/errors.ts'
import { atTurnsEnd } from '../base/turn.ts'
import { type Link, mention } from './connection.ts'
import { Frames, framesIn } from './frames.ts'
import { senderOver } from './raw.ts'

/** The answers of all deliveries of a link. `reply` is the address a delivery came with. */
export interface Answers {
  ack(reply: Uint8Array): void
  again(reply: Uint8Array, ms: number): void
  drop(reply: Uint8Array, reason: string): void
  /** Not kept: the next one says it again. */
  working(reply: Uint8Array): void
  /** Resolves when the broker has read everything said so far, or the connection is lost. */
  flush(): Promise<void>
  /**
   * Says again what was said before the connection was lost about the message that comes with this address, if anything was:
   * a broker that crashed may have forgotten that it handed it over, and then it does not heed an answer that comes later.
   * False: nothing was said.
   */
  repeat(reply: Uint8Array): boolean
}

const ack = Buffer.from('+ACK')
const working = Buffer.from('+WPI')
const atOnce = Buffer.from('-NAK')

/** So many answers that the broker has read are remembered. */
const mostLate = 4096
/** For so many ms after a return the broker may hand over what it forgot; later it does so because somebody wants it. */
const forgetful = 10_000

/** Answers as they were written: nothing is kept of each but its bytes. */
interface Batch {
  readonly written: Uint8Array[]
  count: number
}

const fresh = (): Batch => ({ written: [], count: 0 })

/** Collects, writes and repeats answers. `trouble` hears what cannot be written. */
export function answersOver(link: Link, trouble: (error: Error) => void): Answers {
  const send = senderOver(link.nc)
  const frames = new Frames((bytes) => collected.written.push(bytes))
  let collected = fresh()
  let written = fresh()
  // What the broker is being asked a sign about; told again like the rest if the connection changes before it comes.
  let asking = fresh()
  let changes = 0
  let confirming: Promise<void> | undefined
  let confirmed = () => {}
  // The broker reads answers faster than it heeds them: what it had read last may have ended with it.
  const lately: Batch[] = []
  let late = 0
  /** What was said about which message and may be forgotten since the connection was lost. */
  const uncertain = new Map<string, { readonly count: number; readonly word: Uint8Array }>()
  let returned = 0

  function say(reply: Uint8Array, word: Uint8Array): void {
    frames.word(reply, word)
    if (++collected.count === 1) atTurnsEnd(write)
  }

  function write(): void {
    if (collected.count === 0) return
    frames.flush()
    const batch = collected
    collected = fresh()
    tell(batch)
    append(written, batch)
    ask()
  }

  /** Behind everything else that is written in this turn, so that it leaves together with that. */
  function ask(): void {
    if (confirming !== undefined || link.nc.isClosed()) return
    confirming = new Promise((resolve) => {
      confirmed = resolve
    })
    atTurnsEnd(confirm)
  }

  /** Asks for signs until everything written is known to be read. One question at a time, so its cost does not grow with the load. */
  function confirm(): void {
    const before = changes
    asking = written
    written = fresh()
    const answered = (heard: boolean) => {
      // A sign on another connection says nothing about what went into the last one.
      if (heard && before === changes) keep(asking)
      else {
        append(asking, written)
        written = asking
      }
      asking = fresh()
      if (heard && written.count > 0) return atTurnsEnd(confirm)
      confirming = undefined
      confirmed()
    }
    link.nc.flush().then(
      () => answered(true),
      () => answered(false),
    )
  }

  function keep(batch: Batch): void {
    lately.push(batch)
    late += batch.count
    while (late - (lately[0]?.count ?? 0) >= mostLate) late -= lately.shift()?.count ?? 0
  }

  function doubt(batch: Batch): void {
    for (const bytes of batch.written)
      for (const { subject, body } of framesIn(bytes)) {
        const { key, count } = messageOf(subject)
        uncertain.set(key, { count, word: body })
      }
  }

  function tell(batch: Batch): void {
    try {
      for (const bytes of batch.written) send(bytes)
    } catch (error) {
      trouble(asError(error))
    }
  }

  link.listen((event) => {
    if (event.type === 'refused') return
    changes++
    if (event.type !== 'back') return
    write()
    tell(asking)
    tell(written)
    returned = Date.now()
    uncertain.clear()
    for (const batch of [...lately, asking, written]) doubt(batch)
    if (written.count > 0) ask()
  })

  return {
    ack: (reply) => say(reply, ack),
    again: (reply, ms) => say(reply, ms < 1 ? atOnce : Buffer.from(`-NAK {"delay":${Math.round(ms)}000000}`)),
    drop: (reply, reason) => say(reply, Buffer.from(`+TERM ${reason}`)),
    working: (reply) => mention(link.nc, Buffer.from(reply).toString(), working),
    async flush() {
      write()
      await confirming
    },
    repeat(reply) {
      if (uncertain.size === 0) return false
      if (Date.now() - returned > forgetful) uncertain.clear()
      const { key, count } = messageOf(Buffer.from(reply).toString())
      const before = uncertain.get(key)
      // One more hand-over than then: the broker has heeded "again".
      if (before === undefined || (count > before.count && before.word[0] === nak)) return false
      uncertain.delete(key)
      say(reply, before.word)
      return true
    },
  }
}

/** The first letter of "again". */
const nak = '-'.charCodeAt(0)

/** Which message an address is about, and which hand-over of it: `$JS.ACK.<stream>.<consumer>.<count>.<sequence>.…`, with domain and account before the stream on newer servers. */
function messageOf(reply: string): { key: string; count: number } {
  const tokens = reply.split('.')
  const [stream, consumer, count, sequence] = tokens.slice(tokens.length > 9 ? 4 : 2)
  return { key: `${stream} ${consumer} ${sequence}`, count: Number(count) }
}

function append(to: Batch, from: Batch): void {
  to.written.push(...from.written)
  to.count += from.count
}
