/** `callboard listen`: hears a topic, beside everybody else who does. */

import type { Call } from '../cli/call.ts'
import { clean } from '../cli/pen.ts'
import { UsageError } from '../cli/usage.ts'
import { aborted } from './start.ts'

interface Heard {
  readonly topic: string
  readonly id: string
  readonly event: unknown
}

/** `callboard listen <topic>`. */
export async function listen(call: Call): Promise<undefined> {
  const [name = ''] = call.args
  const from = call.flag('from') ?? 'new'
  if (from !== 'new' && from !== 'all') throw new UsageError(`--from is ${JSON.stringify(from)}.`, 'Say new or all.')
  const end = new AbortController()
  call.signal.addEventListener('abort', () => end.abort(), { once: true })
  let left = call.number('limit', 1) ?? Number.POSITIVE_INFINITY
  const tell = ({ topic, id, event }: Heard): void => {
    if (left <= 0) return
    const said = call.json ? JSON.stringify({ topic, id, event }) : `${call.out.paint('cyan', '┄┄▷')} ${topic}  ${id}  ${shown(event)}`
    call.out.line(said)
    if (--left <= 0) end.abort()
  }
  const service = call.flag('as')
  await (service === undefined ? live(call, name, from, end.signal, tell) : asService(call, name, service, from, end.signal, tell))
}

/** A listener that keeps no place: what is published while it is away is nothing to it. */
async function live(call: Call, name: string, from: 'new' | 'all', signal: AbortSignal, tell: (heard: Heard) => void): Promise<void> {
  const [board, { pattern, topic }] = await Promise.all([call.board(), import('../../index.ts')])
  const own = (await board.inspect.topics()).some((each) => each.name === name && each.own)
  const wanted = /[*>]/.test(name) ? pattern(name) : own ? topic(name, { retention: {} }) : topic(name)
  call.err.line(call.err.paint('dim', `listens to ${clean(name)}; Ctrl-C ends`))
  for await (const heard of board.listen(wanted, { from, signal })) tell(heard)
}

/** A subscriber like any other, as long as this runs: it leaves the topic at the end. */
async function asService(
  call: Call,
  topic: string,
  service: string,
  from: 'new' | 'all',
  signal: AbortSignal,
  tell: (heard: Heard) => void,
): Promise<void> {
  const admin = await call.admin()
  const listener = await admin.addSubscriber(service, topic, { from, hear: tell })
  call.err.line(call.err.paint('dim', `${clean(service)} listens to ${clean(topic)}, a copy of its own of each event; Ctrl-C ends`))
  await aborted(signal)
  await listener.leave()
}

const shown = (event: unknown): string => clean(JSON.stringify(event ?? null)).slice(0, 400)
