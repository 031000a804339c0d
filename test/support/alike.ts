/** Deeds that are done on two brokers, and what came of each in words that do not depend on when and where. */

import { headers, type Msg, type NatsConnection } from 'nats'

/** One deed; all of it is plain, so that it can be drawn and shown. */
export type Deed =
  | { readonly do: 'publish'; readonly subject: string; readonly head: Readonly<Record<string, string>>; readonly size: number }
  | { readonly do: 'batch'; readonly members: readonly { readonly subject: string; readonly head: Readonly<Record<string, string>> }[] }
  | { readonly do: 'pull'; readonly consumer: string; readonly batch: number }
  | { readonly do: 'answer'; readonly nth: number; readonly word: string }
  | { readonly do: 'ask'; readonly question: string; readonly body: unknown }
  | { readonly do: 'read'; readonly question: string; readonly body: unknown }

const patience = 3_000

/** A broker on which deeds are done, with the deliveries that were made on it. */
export class Doer {
  readonly #nc: NatsConnection
  readonly #stream: string
  readonly #deliveries: string[] = []
  #batches = 0

  constructor(nc: NatsConnection, stream: string) {
    this.#nc = nc
    this.#stream = stream
  }

  async do(deed: Deed): Promise<unknown> {
    if (deed.do === 'publish') return this.#ask(this.#place(deed.subject), 'x'.repeat(deed.size), deed.head)
    if (deed.do === 'batch') return this.#batch(deed.members)
    if (deed.do === 'pull') return this.#pull(deed)
    if (deed.do === 'answer') return this.#answer(deed)
    if (deed.do === 'ask') return this.#ask(this.#question(deed.question), JSON.stringify(this.#placed(deed.body)))
    return this.#read(this.#question(deed.question), JSON.stringify(this.#placed(deed.body)))
  }

  /** Subjects lie below the name of the stream, in lower case. */
  #place(subject: string): string {
    return `${this.#stream.toLowerCase()}.${subject}`
  }

  #placed(body: unknown): unknown {
    return JSON.parse(
      JSON.stringify(body ?? {})
        .replaceAll('"%"', `"${this.#stream}"`)
        .replaceAll('"@', `"${this.#stream.toLowerCase()}.`),
    )
  }

  #question(question: string): string {
    return `$JS.API.${question.replace('@', this.#stream)}`
  }

  async #ask(subject: string, body: string, head: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const message = await this.#nc.request(subject, body, { timeout: patience, ...this.#headers(head) }).catch((error: Error) => {
      if (/no responders/.test(error.message)) return undefined
      throw error
    })
    if (message === undefined) return 'nobody answers'
    return this.#plain(message.data.length === 0 ? '' : message.json())
  }

  #headers(head: Readonly<Record<string, string>>) {
    const made = headers()
    for (const [name, value] of Object.entries(head)) made.set(name, value.replaceAll('@', `${this.#stream.toLowerCase()}.`))
    return Object.keys(head).length === 0 ? {} : { headers: made }
  }

  async #batch(members: Extract<Deed, { do: 'batch' }>['members']): Promise<unknown> {
    const id = `${++this.#batches}`
    for (const [index, { subject, head }] of members.entries()) {
      const place = { ...head, 'Nats-Batch-Id': id, 'Nats-Batch-Sequence': `${index + 1}` }
      if (index === members.length - 1) return this.#ask(this.#place(subject), 'b', { ...place, 'Nats-Batch-Commit': '1' })
      this.#nc.publish(this.#place(subject), 'b', this.#headers(place))
    }
    return undefined
  }

  /** Takes what there is now; the broker says when there is no more. */
  async #pull({ consumer, batch }: { readonly consumer: string; readonly batch: number }): Promise<unknown> {
    const question = `$JS.API.CONSUMER.MSG.NEXT.${this.#stream}.${consumer}`
    const got = await this.#several(
      question,
      JSON.stringify({ batch, no_wait: true }),
      batch,
      ({ headers: head }) => (head?.code ?? 0) >= 400,
    )
    return got.map((message) => {
      if ((message.headers?.code ?? 0) >= 400) return { status: message.headers?.code }
      this.#deliveries.push(message.reply as string)
      const [, , , , count, sequence, nth] = (message.reply as string).split('.')
      return { subject: this.#bare(message.subject), count, sequence, nth, head: this.#bare(message.headers?.toString() ?? '') }
    })
  }

  async #answer({ nth, word }: { readonly nth: number; readonly word: string }): Promise<unknown> {
    const reply = this.#deliveries[nth % Math.max(1, this.#deliveries.length)]
    if (reply === undefined) return 'nothing to answer'
    return this.#ask(reply, word)
  }

  async #read(question: string, body: string): Promise<unknown> {
    const { batch } = JSON.parse(body) as { batch?: number }
    const most = batch === undefined ? 1 : batch + 1
    const got = await this.#several(question, body, most, ({ headers: head }) => (head?.code ?? 0) > 0)
    return got.map((message) => ({ head: this.#bare(message.headers?.toString() ?? ''), size: message.data.length }))
  }

  async #several(question: string, body: string, most: number, last: (message: Msg) => boolean): Promise<Msg[]> {
    const got: Msg[] = []
    const inbox = `_INBOX.alike.${Math.random().toString(36).slice(2)}`
    const subscription = this.#nc.subscribe(inbox, { timeout: patience })
    this.#nc.publish(question, body, { reply: inbox })
    for await (const message of subscription) {
      got.push(message)
      if (last(message) || got.length >= most) break
    }
    subscription.unsubscribe()
    return got
  }

  #bare(text: string): string {
    return text
      .replaceAll(this.#stream.toLowerCase(), '@')
      .replaceAll(this.#stream, '@')
      .replaceAll(/Nats-Time-Stamp: [^\r]*/g, 'Nats-Time-Stamp')
  }

  /** Without what depends on the hour and the place. */
  #plain(value: unknown): unknown {
    if (typeof value === 'string') return this.#bare(value)
    if (Array.isArray(value)) return value.map((each) => this.#plain(each))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).filter(([name]) => !passing.has(name))
    return Object.fromEntries(entries.map(([name, each]) => [name, this.#plain(each)]))
  }
}

/** Times, where it runs, what it writes of itself, and how far a consumer has looked past what it does not hand over. */
const passing = new Set([
  'stream_seq',
  'created',
  'ts',
  'time',
  'first_ts',
  'last_ts',
  'last_active',
  'pause_remaining',
  'cluster',
  'metadata',
  'api',
])
