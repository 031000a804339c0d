/**
 * Asking the broker about its streams, and not taking a bad moment for an answer: what was asked over a connection that was lost is
 * asked again when it is back, and a cluster that is choosing a leader is asked again until it has one. All that is asked this way
 * may be asked twice.
 */

import type { Msg, NatsConnection } from 'nats'
import type { Link } from './connection.ts'
import { type ApiError, forbiddenSubject, refusalOf, told } from './refusal.ts'

/** Between two questions while there is no leader, in ms. */
const pause = 200
/** What was asked again has at least so long to be answered, in ms. */
const least = 1_000

/** The connection of a link, whose `request` has patience. */
export function asking(link: Link): NatsConnection {
  const { nc } = link
  const request: NatsConnection['request'] = async (subject, payload, options) => {
    const { timeout } = options ?? { timeout: least }
    const end = Date.now() + timeout
    for (;;) {
      const left = Math.max(least, end - Date.now())
      const answer = await untilBack(link, nc.request(subject, payload, { ...options, timeout: left })).catch((error: unknown) => {
        if (forbiddenSubject(error) !== undefined) told(error, 'asking the broker')
        if (!leaderless(nc, error) || Date.now() > end) throw error
        return 'again' as const
      })
      if (answer === 'back') continue
      if (answer !== 'again' && (!passing(answer) || Date.now() > end)) return answer
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  return Object.create(nc, { request: { value: request } }) as NatsConnection
}

/** What comes of a question, or `back` if the connection comes back before: then nobody will answer any more. */
async function untilBack(link: Link, answer: Promise<Msg>): Promise<Msg | 'back'> {
  let deafen = () => {}
  const back = new Promise<'back'>((resolve) => {
    deafen = link.listen((event) => event.type === 'back' && resolve('back'))
  })
  try {
    return await Promise.race([answer, back])
  } finally {
    deafen()
  }
}

/** In a cluster nobody answers while a leader is chosen. A server of its own that does not answer keeps no streams. */
function leaderless(nc: NatsConnection, error: unknown): boolean {
  return nc.info?.cluster !== undefined && /no responders/i.test(error instanceof Error ? error.message : '')
}

function passing({ data }: Msg): boolean {
  if (data.length > 1_000) return false
  const text = Buffer.from(data).toString('latin1')
  if (!text.includes('"err_code"')) return false
  return refusalOf((JSON.parse(text) as { error: ApiError }).error) === 'again'
}
