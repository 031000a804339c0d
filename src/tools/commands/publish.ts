/** `callboard publish`: says what happened, names nobody. */

import { refuseMisfit } from '../../board/payload.ts'
import type { Board, PublishOptions } from '../../index.ts'
import { type Call, given } from '../cli/call.ts'
import { payload, payloads } from '../cli/input.ts'
import { counting } from '../cli/progress.ts'
import { handfuls, headersOf } from '../cli/said.ts'
import { UsageError } from '../cli/usage.ts'
import { many } from '../cli/words.ts'
import { type NamedTopic, topicNamed } from './contract.ts'

/** How many are sent in one go: so many are stored all or none. */
const atOnce = 1000

/** `callboard publish <topic> [json]`. */
export async function publish(call: Call): Promise<undefined> {
  const [name = '', text] = call.args
  const options: PublishOptions = given({ id: call.flag('id'), key: call.flag('key'), headers: headersOf(call) })
  if (call.on('lines')) return publishLines(call, name, text ?? '-', options)
  const event = (await payload(text, call)) ?? null
  const board = await call.board()
  const named = await topicNamed(call, board, name)
  if (call.on('dryRun')) return dry(call, named, event)
  const receipt = await board.publish(named.topic, event, options)
  call.show({ style: 'implicit', topic: name, ...receipt, subscriptions: whoHears(named) }, () => [
    `${call.out.paint('cyan', '◇ publish')}  ${name}  ${receipt.id}${receipt.duplicate ? '  stored before, not stored again' : ''}`,
    ...reach(call, named),
  ])
}

async function publishLines(call: Call, name: string, source: string, options: PublishOptions): Promise<undefined> {
  if (options.id !== undefined) throw new UsageError('--id names one event, and --lines are many.', 'Leave one of them out.')
  const board: Board = await call.board()
  const named = await topicNamed(call, board, name)
  const progress = counting(call.err, 'events')
  let stored = 0
  for await (const batch of handfuls(payloads(source, call), atOnce)) {
    if (call.on('dryRun')) for (const event of batch) await refuseMisfit(named.topic.schema, event, name)
    else await board.publishMany(named.topic, batch, options)
    stored += batch.length
    progress.to(stored)
  }
  progress.end()
  call.show({ style: 'implicit', topic: name, [call.on('dryRun') ? 'checked' : 'stored']: stored, subscriptions: whoHears(named) }, () => [
    `${call.out.paint('cyan', '◇ publish')}  ${name}  ${many(stored, 'event')}${call.on('dryRun') ? ' would be stored' : ''}`,
    ...reach(call, named),
  ])
}

async function dry(call: Call, named: NamedTopic, event: unknown): Promise<undefined> {
  await refuseMisfit(named.topic.schema, event, named.topic.name)
  call.show({ style: 'implicit', topic: named.topic.name, dryRun: true, checked: named.checked, subscriptions: whoHears(named) }, () => [
    `${call.out.paint('cyan', '◇ publish')}  ${named.topic.name}  would be stored${named.checked ? ', it fits its schema' : '; no schema is known to check it by'}`,
    ...reach(call, named),
  ])
}

const whoHears = ({ subscriptions }: NamedTopic) =>
  subscriptions.map(({ service, topic, asking, paused }) => ({ service, topic, asking, paused }))

/** Who gets a copy, one line each. */
function reach({ out }: Call, { subscriptions, guess }: NamedTopic): string[] {
  if (subscriptions.length === 0)
    return [`  nobody subscribes; it is kept as long as its topic keeps events${guess ? `. Did you mean ${guess}?` : ''}`]
  return subscriptions.map(({ service, topic, asking, paused }) => {
    const state = paused ? 'paused: it waits' : asking > 0 ? 'listens' : 'no worker: it waits'
    return `${out.paint('cyan', '┄┄▷')} ${service}  ${out.paint('dim', `${topic}  ${state}`)}`
  })
}
