/**
 * One pull consumer of a fake broker: hands over in the order of its stream, what came back first; remembers what is open.
 *
 * open      handed over and not answered: by its sequence, with how often, and until when the answer is waited for
 * again     of these, those that are to be handed over once more, in the order they came back
 */

import { type ConsumerConfig, filtersOf } from './consumer-config.ts'
import type { Shelf } from './host.ts'
import { Position } from './position.ts'
import { type Asked, Pull } from './pull.ts'
import { cannot } from './refused.ts'
import { type Message, sizeOf } from './store.ts'
import { covers, matcher } from './subject.ts'
import { nanoseconds } from './time.ts'

const nothing = Buffer.alloc(0)

/** One pull consumer. */
export class Consumer {
  readonly stream: Shelf
  readonly created: number
  config: ConsumerConfig
  #matches: (subject: string) => boolean
  pending = 0
  lastDelivery = 0
  lastAsked: number
  readonly position: Position
  #pulls: Pull[] = []
  #stopWatch = () => {}
  #watching = Number.POSITIVE_INFINITY
  #stopPause = () => {}

  constructor(stream: Shelf, config: ConsumerConfig) {
    this.stream = stream
    this.config = config
    this.created = this.lastAsked = stream.host.clock.now()
    this.#matches = matcher(filtersOf(config))
    this.position = new Position(this.#start())
    this.#count()
    if (config.pause_until !== undefined) this.pause(Date.parse(config.pause_until))
  }

  #start(): number {
    const { store } = this.stream
    const { deliver_policy: policy, opt_start_seq, opt_start_time } = this.config
    if (policy === 'new') return store.last + 1
    if (policy === 'last') return [...store.all()].reverse().find(({ subject }) => this.#matches(subject))?.seq ?? store.last + 1
    if (policy === 'by_start_sequence') return Math.max(1, opt_start_seq ?? 1)
    if (policy === 'by_start_time') return store.at(Date.parse(opt_start_time ?? ''))
    return Math.max(1, store.first)
  }

  #count(): void {
    this.pending = 0
    for (const { seq, subject } of this.stream.store.all()) if (seq >= this.position.next && this.#matches(subject)) this.pending++
  }

  update(config: ConsumerConfig): void {
    this.config = config
    this.#matches = matcher(filtersOf(config))
    this.#count()
    this.serve()
  }

  get waiting(): number {
    this.#forsaken()
    return this.#pulls.length
  }

  /** When it hands over again; 0: it does. */
  get pausedUntil(): number {
    const until = this.config.pause_until === undefined ? 0 : Date.parse(this.config.pause_until)
    return until > this.stream.host.clock.now() ? until : 0
  }

  pause(until: number): void {
    this.#stopPause()
    const { clock } = this.stream.host
    if (until <= clock.now()) delete this.config.pause_until
    else {
      this.config.pause_until = new Date(until).toISOString()
      this.#stopPause = clock.at(until, () => this.serve())
    }
    this.serve()
  }

  /** Somebody asks for messages. */
  ask(reply: string, asked: Asked): void {
    this.lastAsked = this.stream.host.clock.now()
    const teller = { clock: this.stream.host.clock, status: (to: string, headers: Buffer) => this.#say(to, headers) }
    const full = this.waiting >= this.config.max_waiting
    const pull = new Pull(
      reply,
      asked,
      teller,
      (late) => this.#lapse(late, '408 Request Timeout'),
      () => [
        ['Nats-Last-Consumer', String(this.position.handed)],
        ['Nats-Last-Stream', String(this.position.next - 1)],
      ],
    )
    const none = asked.noWait && this.pending === 0 && this.position.again.length === 0
    if (full || none) pull.end(full ? '409 Exceeded MaxWaiting' : '404 No Messages')
    else {
      this.#pulls.push(pull)
      this.serve()
      if (asked.noWait && this.#pulls.includes(pull)) this.#lapse(pull, '404 No Messages')
    }
  }

  #say(to: string, headers: Buffer): void {
    this.stream.host.tell(to, { subject: to, reply: '', headers, body: nothing })
  }

  #lapse(pull: Pull, status: string): void {
    this.#pulls = this.#pulls.filter((each) => each !== pull)
    pull.end(status)
  }

  /** Nobody is sent anything who does not listen any more. */
  #forsaken(): void {
    for (const pull of this.#pulls) if (!this.stream.host.hears(pull.reply)) pull.end()
    this.#pulls = this.#pulls.filter(({ reply }) => this.stream.host.hears(reply))
  }

  /** Hands over what there is to whoever asks. */
  serve(): void {
    this.stream.expire()
    if (this.pausedUntil > 0) return
    for (;;) {
      this.#forsaken()
      const pull = this.#pulls[0]
      const message = pull && this.#upcoming()
      if (pull === undefined || message === undefined) return
      const size = sizeOf(message)
      if (pull.asked.bytes > 0 && size > pull.bytes) this.#lapse(pull, '409 Message Size Exceeds MaxBytes')
      else this.#hand(message, pull, size)
    }
  }

  #upcoming(): Message | undefined {
    const { store } = this.stream
    while (this.position.again.length > 0) {
      const message = store.get(this.position.again[0] as number)
      if (message !== undefined) return message
      this.position.again.shift()
    }
    const most = this.config.max_ack_pending
    if (this.config.ack_policy === 'explicit' && most > 0 && this.position.open.size >= most) return undefined
    const message = store.next(this.position.next, this.#matches)
    if (message === undefined) this.position.next = Math.max(this.position.next, store.last + 1)
    return message
  }

  #hand(message: Message, pull: Pull, size: number): void {
    const { host } = this.stream
    const now = host.clock.now()
    if (this.position.again[0] === message.seq) this.position.again.shift()
    else {
      this.position.next = message.seq + 1
      this.pending--
    }
    const count = (this.position.counts.get(message.seq) ?? 0) + 1
    this.position.handed++
    this.lastDelivery = now
    if (this.config.ack_policy === 'explicit') {
      this.position.counts.set(message.seq, count)
      const until = now + this.config.ack_wait / 1_000_000
      this.position.open.set(message.seq, { nth: this.position.open.get(message.seq)?.nth ?? this.position.handed, until, resting: false })
      this.#watch(until)
    }
    const reply = `$JS.ACK.${this.stream.config.name}.${this.config.name}.${count}.${message.seq}.${this.position.handed}.${nanoseconds(message.time)}.${this.pending}`
    pull.left--
    pull.bytes -= size
    pull.heard()
    if (pull.left === 0) {
      pull.end()
      this.#pulls.shift()
    }
    host.tell(pull.reply, { subject: message.subject, reply, headers: message.headers, body: message.body })
  }

  /** Somebody answers the delivery of a message, the nth of all. What is not open any more needs no answer. */
  answer(seq: number, nth: number, word: string): void {
    if (word === '' || word.startsWith('+ACK') || word.startsWith('+TERM')) this.#done(seq)
    else if (word.startsWith('+WPI')) this.#prolong(seq)
    else if (word.startsWith('-NAK')) this.#back(seq, nth, word)
    else throw cannot(`answers as ${word.slice(0, 20)}`)
    this.serve()
  }

  #done(seq: number): void {
    if (seq >= this.position.next) return
    this.position.close(seq)
    if (this.stream.config.retention === 'workqueue') this.stream.store.remove(seq)
  }

  #prolong(seq: number): void {
    const open = this.position.open.get(seq)
    if (open !== undefined) open.until = this.stream.host.clock.now() + this.config.ack_wait / 1_000_000
  }

  #back(seq: number, nth: number, word: string): void {
    const open = this.position.open.get(seq)
    if (open === undefined || nth <= this.position.floorNth || nth > this.position.handed) return
    const json = word.indexOf('{')
    const delay = json < 0 ? 0 : Number((JSON.parse(word.slice(json)) as { delay?: number }).delay ?? 0) / 1_000_000
    open.resting = delay > 0
    if (delay > 0) {
      open.until = this.stream.host.clock.now() + delay
      this.#watch(open.until)
    } else if (!this.position.again.includes(seq)) this.position.again.push(seq)
  }

  /** Its stream was purged within a pattern, so that nothing of it lies before `first` (0: nothing at all) any more. */
  purged(filter: string, first: number): void {
    const filters = filtersOf(this.config)
    const whole = filter === '>' || (filters.length > 0 && filters.every((each) => covers(filter, each)))
    const part = !whole && (filters.length === 0 || filters.some((each) => covers(each, filter)))
    const { store } = this.stream
    if (whole) this.position.skip(first === 0 ? store.last + 1 : first, () => false)
    else if (part) this.position.skip(store.first, (seq) => store.get(seq) === undefined)
  }

  /** Sees to it that what nobody answers comes again in time. Answers leave the alarm as it is: what it finds then is late or not. */
  #watch(until: number): void {
    if (until >= this.#watching) return
    this.#stopWatch()
    this.#watching = until
    this.#stopWatch = this.stream.host.clock.at(until, () => {
      this.#watching = Number.POSITIVE_INFINITY
      this.#overdue()
    })
  }

  #overdue(): void {
    const now = this.stream.host.clock.now()
    const out = [...this.position.open].filter(([seq]) => !this.position.again.includes(seq)).sort(([, a], [, b]) => a.until - b.until)
    for (const [seq, open] of out) {
      if (open.until > now) {
        this.#watch(open.until)
        break
      }
      open.resting = false
      this.position.again.push(seq)
    }
    this.serve()
  }

  /** What is with a worker now, as `<stream> <consumer> <sequence>`. */
  get running(): string[] {
    const held = [...this.position.open].filter(([seq, { resting }]) => !resting && !this.position.again.includes(seq))
    return held.map(([seq]) => `${this.stream.config.name} ${this.config.name} ${seq}`)
  }

  stored(message: Message): void {
    if (!this.#matches(message.subject)) return
    if (message.seq >= this.position.next) this.pending++
    this.serve()
  }

  /** A message is gone. `alone`: not with others in a purge, which tells of itself. */
  removed(message: Message, alone: boolean): void {
    if (!this.#matches(message.subject)) return
    if (message.seq >= this.position.next) this.pending--
    else if (alone && this.position.open.has(message.seq)) this.position.close(message.seq)
  }

  restart(): void {
    for (const pull of this.#pulls) pull.end()
    this.#pulls = []
  }

  /** Ends it, and tells whoever asks it. */
  end(): void {
    this.#stopWatch()
    this.#stopPause()
    for (const pull of this.#pulls) pull.end('409 Consumer Deleted')
    this.#pulls = []
  }
}

/** Whether it is one that goes by itself, and has been left alone for long enough. */
export function isLeft(consumer: Consumer): boolean {
  const threshold = consumer.config.inactive_threshold ?? (consumer.config.durable_name === undefined ? 5_000_000_000 : 0)
  return threshold > 0 && consumer.waiting === 0 && consumer.stream.host.clock.now() - consumer.lastAsked > threshold / 1_000_000
}
