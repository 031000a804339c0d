/** What can be asked: one question of the admin each, answered once for all who ask at the same time. */

import { oneOf, readOptions, text, whole, wrong } from '../../base/options.ts'
import type { Admin, MessageDetail, Trace } from '../../extras/admin/index.ts'

/** Query parameters. */
export type Params = Readonly<Record<string, string>>

const number =
  (least: number, most: number) =>
  (value: unknown): number | ReturnType<typeof wrong> =>
    whole(least, most)(Number(value)) as number | ReturnType<typeof wrong>

/** Every parameter there is, with its bounds. */
const readers = {
  q: (value: unknown) => (String(value).length <= 2_000 ? String(value) : wrong('it must be at most 2,000 characters')),
  id: (value: unknown) => (String(value).length <= 300 ? text(value) : wrong('it must be at most 300 characters')),
  style: oneOf('implicit', 'explicit'),
  name: text,
  queue: text,
  service: text,
  topic: text,
  zone: text,
  cursor: text,
  limit: number(1, 200),
  count: number(1, 20),
  sequence: number(1, Number.MAX_SAFE_INTEGER),
  span: number(60_000, 7 * 86_400_000),
}

type Read = ReturnType<typeof readOptions<typeof readers>>

/** Question → answer. */
export const questions: Readonly<Record<string, (admin: Admin, params: Read) => Promise<unknown>>> = {
  overview: (admin) => admin.overview(),
  stage: async (admin) => {
    const [topics, queues, workers] = await Promise.all([admin.topics(), admin.queues(), admin.workers()])
    return { topics, queues, workers }
  },
  topics: (admin) => admin.topics(),
  queues: (admin) => admin.queues(),
  messages: (admin, { q = '', limit = 50, cursor }) => admin.messages(q, { limit, ...(cursor === undefined ? {} : { cursor }) }),
  dead: (admin, { q = '', limit = 50, cursor }) => admin.dead(q, { limit, ...(cursor === undefined ? {} : { cursor }) }),
  groups: (admin, { q = '' }) => admin.deadGroups(q),
  detail,
  letter: (admin, { sequence = 0 }) => admin.deadLetter(sequence),
  schedules: (admin) => admin.schedules(),
  upcoming: (admin, { name = '', count = 5, zone }) => admin.upcoming(name, count, zone),
  why: async (admin, { queue, service, topic = '' }) => {
    if (queue !== undefined) return admin.why({ queue })
    return service === undefined ? [] : admin.why({ service, topic })
  },
  audit: (admin) => admin.audit(50),
  workers: (admin) => admin.workers(),
  series: (admin, { span = 15 * 60_000 }) => {
    const to = Date.now()
    return admin.series({ from: to - span, to, step: Math.max(finest, span / points) })
  },
  health: (admin) => admin.health(),
}

/** One event or task, with what it led to. Throws NOT_FOUND. */
async function detail(admin: Admin, { id = '' }: Read): Promise<MessageDetail & { readonly trace: Trace }> {
  const trace = admin.trace(id, { most: 20 })
  // Of one that is not there, the message says so best.
  trace.catch(() => undefined)
  return { ...(await admin.message(id)), trace: await trace }
}

/** Points of a chart, and the shortest step between them, in ms. */
const points = 120
const finest = 5_000

/** How long an answer is good for, in ms: many tabs look again at the same moment. */
const fresh = 150

/** Answers questions. */
export interface Asker {
  /** Undefined: there is no such question. `version` grows with every change; an older answer is not given then. */
  ask(name: string, params: Params, version: number): Promise<unknown> | undefined
}

/** Remembers the newest answers, and asks the same only once at a time. */
export function asker(admin: Admin): Asker {
  const answers = new Map<string, { endedAt: number; readonly answer: Promise<unknown> }>()
  return {
    ask(name, params, version) {
      const question = Object.hasOwn(questions, name) ? questions[name] : undefined
      if (!question) return undefined
      const key = JSON.stringify([version, name, Object.entries(params).sort()])
      const now = Date.now()
      for (const [old, { endedAt }] of answers) if (now - endedAt > fresh) answers.delete(old)
      const known = answers.get(key)
      if (known) return known.answer
      const entry = {
        endedAt: Number.POSITIVE_INFINITY,
        answer: (async () => question(admin, readOptions(`the question ${name}`, params, readers)))().finally(() => {
          entry.endedAt = Date.now()
        }),
      }
      answers.set(key, entry)
      return entry.answer
    },
  }
}
