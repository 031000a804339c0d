/** Reading stored messages beside all consumers, one or many at a time. */

import type { Question } from './api.ts'
import { blockOf } from './header.ts'
import type { Told } from './protocol.ts'
import { cannot } from './refused.ts'
import type { Message } from './store.ts'
import type { Stream } from './stream.ts'
import { covers } from './subject.ts'

interface Query {
  readonly seq?: number
  readonly start_time?: string
  readonly last_by_subj?: string
  readonly next_by_subj?: string
  readonly batch?: number
  readonly max_bytes?: number
}

const understood = new Set(['seq', 'start_time', 'last_by_subj', 'next_by_subj', 'batch', 'max_bytes'])
const nothing = Buffer.alloc(0)
const status = (text: string) => ({ headers: blockOf([], text), body: nothing })

/** The answers to a direct read, in order; undefined: nobody answers for that stream. */
export function read(streams: ReadonlyMap<string, Stream>, { words, body }: Question): Pick<Told, 'headers' | 'body'>[] | undefined {
  const stream = streams.get(words[0] ?? '')
  if (stream === undefined || !stream.config.allow_direct) return undefined
  stream.expire()
  if (words.length > 1) return one(stream, stream.store.latest(words.slice(1).join('.')))
  const query = (body.length === 0 ? {} : JSON.parse(body.toString())) as Query
  for (const name of Object.keys(query)) if (!understood.has(name)) throw cannot(`direct reads with ${name}`)
  if (query.last_by_subj !== undefined) return one(stream, stream.store.latest(query.last_by_subj))
  const from = query.start_time === undefined ? (query.seq ?? 1) : stream.store.at(Date.parse(query.start_time))
  if (query.batch !== undefined) return many(stream, query, from)
  const next = query.next_by_subj
  return one(stream, next === undefined ? stream.store.get(from) : stream.store.next(from, (subject) => covers(next, subject)))
}

function one(stream: Stream, message: Message | undefined): Pick<Told, 'headers' | 'body'>[] {
  return [message === undefined ? status('404 Message Not Found') : stream.shown(message)]
}

function many(
  stream: Stream,
  { batch = 0, next_by_subj: pattern = '>', max_bytes: bytes = 0 }: Query,
  from: number,
): Pick<Told, 'headers' | 'body'>[] {
  const found = [...stream.store.all()].filter(({ seq, subject }) => seq >= from && covers(pattern, subject))
  if (found.length === 0) return [status('404 Message Not Found')]
  const answers: Pick<Told, 'headers' | 'body'>[] = []
  let last = 0
  let size = 0
  for (const message of found.slice(0, batch)) {
    size += message.headers.length + message.body.length
    if (bytes > 0 && size > bytes && answers.length > 0) break
    const left = found.length - answers.length - 1
    answers.push(
      stream.shown(message, [
        ['Nats-Num-Pending', String(left)],
        ['Nats-Last-Sequence', String(last)],
      ]),
    )
    last = message.seq
  }
  const end = blockOf(
    [
      ['Nats-Num-Pending', String(found.length - answers.length)],
      ['Nats-Last-Sequence', String(last)],
    ],
    '204 EOB',
  )
  return [...answers, { headers: end, body: nothing }]
}
