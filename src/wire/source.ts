/**
 * Where deliveries come from. With what a delivery is, this is all that the runtime knows of a broker, so that the runtime
 * can be tested from an array.
 *
 * The JetStream side asks for what fits (pulls that overlap, so that the next messages are under way while the last are
 * worked on), hears when the broker falls silent, and comes back by itself after a restart, a new leader or a deleted
 * consumer.
 */

import { atMost } from '../base/deadline.ts'
import type { Answers } from './answers.ts'
import type { Link } from './connection.ts'
import type { Footing } from './declare.ts'
import { afterTokens, beginsWith, type Delivery, JetStreamDelivery } from './delivery.ts'
import type { Headers } from './envelope.ts'
import { headersIn, replyIn } from './raw.ts'

/** Who takes deliveries. */
export interface Receiver {
  deliver(delivery: Delivery): void
  /** So many of those asked for will not come. */
  lapsed(n: number): void
  /** Nothing of what was asked for and not delivered will come: ask anew. */
  reset(): void
  /** Something went wrong that heals by itself; told for the log. */
  trouble(what: string, error?: unknown): void
}

/** An open source. */
export interface Intake {
  /** Asks for `n` more deliveries. They come when there are any. */
  ask(n: number): void
  /** Stops asking. What was asked for may still arrive. */
  close(): Promise<void>
}

/** Where deliveries come from. */
export interface Source {
  /** How long the broker waits for an answer before it hands a delivery to somebody else, in ms; once open, what the broker says. */
  readonly lease: number
  open(receiver: Receiver): Promise<Intake>
}

/** What a JetStream source needs to know. */
export interface ConsumerPlace {
  readonly stream: string
  readonly consumer: string
  readonly lease: number
  /** Makes sure the consumer exists. `floor`: it was lost, and so may be its stream; what lies behind the floor is to come again. */
  declare(floor: number | undefined): Promise<Footing>
  /** Where it stands now. Absent where its stream keeps what is not acknowledged, so that nothing has to be remembered. */
  readonly footing?: () => Promise<Footing>
}

/** How the address that answers go to begins. */
const anyAnswer = Buffer.from('$JS.ACK.')

/** A pull stays open this long. */
const expires = 30_000
/** The broker says at least this often that it is alive while a pull is open; the shortest silence that means something. */
const heartbeat = 1000
const silence = heartbeat * 2.5
/** How long closing waits for what is on the wire. */
const closing = 5_000
/** After so many signs of the broker in a row, with nothing between them, nothing comes any more. */
const signs = 5
/** Far below what the broker buffers for one client before it cuts it off (64 MiB). */
const mostBytes = 8 * 1024 * 1024

/** A source that pulls from a JetStream consumer. */
export function consumerSource(link: Link, answers: Answers, place: ConsumerPlace): Source {
  let lease = place.lease
  return {
    get lease() {
      return lease
    },
    async open(receiver) {
      const footing = await place.declare(undefined)
      lease = footing.lease
      return pull(link, answers, place, receiver, footing.floor)
    },
  }
}

function pull(link: Link, answers: Answers, place: ConsumerPlace, receiver: Receiver, firstFloor: number): Intake {
  const { nc } = link
  const inbox = link.inbox()
  const request = `$JS.API.CONSUMER.MSG.NEXT.${place.stream}.${place.consumer}`
  const prefix = Buffer.from(`$JS.ACK.${place.stream}.${place.consumer}.`)
  let outstanding = 0
  let arrivals = 0
  let pulls = 0
  let heard = Date.now()
  let silent = false
  // Up to here everything is answered, whoever answered it: a consumer that is lost is set up again from there.
  let floor = firstFloor
  let moved = false
  let closed = false
  let healing = false

  const subscription = nc.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error) return receiver.trouble('the subscription for deliveries was refused', error)
      heard = Date.now()
      const reply = replyIn(message)
      if (reply !== undefined && beginsWith(reply, anyAnswer)) {
        if (outstanding > 0) outstanding--
        arrivals++
        moved = true
        const numbersAt = beginsWith(reply, prefix) ? prefix.length : afterTokens(reply, 6)
        if (answers.repeat(reply)) receiver.lapsed(1)
        else receiver.deliver(new JetStreamDelivery(message, reply, numbersAt, answers))
      } else told(headersIn(message))
    },
  })

  /** The broker speaks of a pull, not of a message. */
  function told(status: Headers): void {
    if (status.status === 100) return
    const left = status.get('Nats-Pending-Messages')
    // Whoever moves a consumer deletes it and makes it anew: that goes first, or what lies before the new place is heard twice.
    if (status.status === 409 && /deleted/i.test(status.statusText)) healSoon(`the consumer ${place.consumer} was deleted`)
    // Nobody takes the question: there is no such consumer, or it has no leader just now. Asking again would be answered so for ever.
    else if (status.status === 503) healSoon(`nobody answers for the consumer ${place.consumer}`)
    else if (left !== undefined) {
      outstanding = Math.max(0, outstanding - Number(left))
      if (!closed) receiver.lapsed(Number(left))
    } else restart()
  }

  function healSoon(why: string): void {
    setTimeout(() => void heal(why), 250).unref()
  }

  function restart(): void {
    outstanding = 0
    if (!closed) receiver.reset()
  }

  /** Sets the consumer up again where it is missing, and asks anew. Tries until it works or the source is closed. */
  async function heal(why: string): Promise<void> {
    if (healing || closed) return
    healing = true
    receiver.trouble(why)
    while (!closed) {
      try {
        floor = (await place.declare(floor)).floor
        break
      } catch (error) {
        receiver.trouble(`the consumer ${place.consumer} could not be set up again`, error)
        await new Promise((resolve) => setTimeout(resolve, 1000).unref())
      }
    }
    healing = false
    heard = Date.now()
    restart()
  }

  /** Remembers where the consumer stands, as long as it moves. */
  async function remember(): Promise<void> {
    if (!moved || healing || place.footing === undefined) return
    moved = false
    try {
      floor = (await place.footing()).floor
    } catch {
      // The broker is away or the consumer is gone, which is noticed elsewhere. The old floor holds.
      moved = true
    }
  }

  /**
   * Waits until what was asked for has come, or nothing comes any more. What the broker sends to somebody who has just left it
   * hands over again at once, but counts as handed over, and nobody can say that it was not begun.
   */
  async function quieten(): Promise<void> {
    for (let quiet = 0; outstanding > 0 && quiet < signs; ) {
      const before = arrivals
      await nc.flush()
      quiet = arrivals === before ? quiet + 1 : 0
    }
  }

  const watch = setInterval(() => {
    const quiet = outstanding > 0 && Date.now() - heard > silence && !nc.isClosed()
    // Only if it is still so a beat later: after a busy spell of this process the clock comes before what was heard meanwhile.
    if (quiet && silent) void heal(`nothing was heard of consumer ${place.consumer} for ${silence} ms`)
    silent = quiet
    void remember()
  }, heartbeat)
  watch.unref()
  const deafen = link.listen((event) => {
    if (event.type === 'back') restart()
  })

  return {
    ask(n) {
      if (closed || n <= 0) return
      outstanding += n
      heard = Date.now()
      const body = `{"batch":${n},"expires":${expires}000000,"idle_heartbeat":${heartbeat}000000,"max_bytes":${Math.max(mostBytes, 2 * link.maxPayload)}}`
      try {
        nc.publish(request, body, { reply: `${inbox}.${++pulls}` })
      } catch (error) {
        receiver.trouble('asking for deliveries failed', error)
      }
    },
    async close() {
      closed = true
      clearInterval(watch)
      deafen()
      // The broker hears that nobody listens any more before it is asked for a sign: what it had sent by then arrives and is
      // handed back, and nothing is sent after it.
      await atMost(
        closing,
        quieten().then(() => subscription.drain()),
      ).catch(() => undefined)
      subscription.unsubscribe()
    },
  }
}
