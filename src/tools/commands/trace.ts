/** `callboard trace`, `why` and `tasks show`: the story of one event or task. */

import type { AttemptView, MessageDetail } from '../../extras/admin/index.ts'
import { type Call, given } from '../cli/call.ts'
import { clean } from '../cli/pen.ts'
import { type Column, table } from '../cli/table.ts'
import { UsageError } from '../cli/usage.ts'
import { ago, ahead, many, size, span } from '../cli/words.ts'
import { becauseLines, mostRuns, traceLines } from './story.ts'
import { states, stateWord } from './tasks.ts'

/** As much as one answer may hold. */
const everything = 1000

/** `callboard trace <id>`. */
export async function trace(call: Call): Promise<undefined> {
  const [id = ''] = call.args
  const admin = await call.admin()
  const story = await admin.trace(id, { most: call.on('all') ? everything : mostRuns })
  call.show(story, () => traceLines(story, call.out.paint, Date.now(), call.on('all')))
}

/** `callboard why [id]`. */
export async function why(call: Call): Promise<undefined> {
  const [id] = call.args
  const [queue, service, topic] = [call.flag('queue'), call.flag('service'), call.flag('topic')]
  const asked = [id, queue, service].filter((each) => each !== undefined)
  if (asked.length !== 1 || (service === undefined) !== (topic === undefined))
    throw new UsageError('It is not said about what.', 'Say an id, or --queue, or --service and --topic.')
  const admin = await call.admin()
  const target = id !== undefined ? { id } : queue !== undefined ? { queue } : { service: service ?? '', topic: topic ?? '' }
  const reasons = await admin.why(target)
  call.show(reasons, () => (reasons.length === 0 ? ['nothing stands in its way'] : becauseLines(reasons, call.out.paint)))
}

const attemptColumns = (now: number): readonly Column<AttemptView>[] => [
  { head: 'TRY', field: 'attempt', right: true },
  { head: 'STATE', field: 'state', style: ({ state }) => states[state]?.[1] },
  { head: 'SERVICE', field: 'service' },
  { head: 'BEGAN', field: 'startedAt', text: ({ startedAt }) => ago(startedAt, now) },
  { head: 'TOOK', field: 'ms', right: true, text: ({ ms }) => span(ms) },
  { head: 'WORKER', field: 'worker', spare: 2 },
  { head: 'NEXT', field: 'nextAt', text: ({ nextAt }) => ahead(nextAt, now), spare: 1 },
  { head: 'ERROR', field: 'error', text: ({ error }) => (error ? `${error.name}: ${error.message}` : ''), style: () => 'red' },
]

/** `callboard tasks show <id>`. */
export async function show(call: Call): Promise<undefined> {
  const [id = ''] = call.args
  const admin = await call.admin()
  const one = await admin.message(id)
  call.show(one, () => detailLines(call, one, Date.now()))
}

function detailLines({ out }: Call, one: MessageDetail, now: number): string[] {
  const facts = given({
    queue: one.queue && `${one.queue}${one.lane ? `, ${one.lane}` : ''}`,
    key: one.key,
    stored: one.storedAt === undefined ? undefined : `${ago(one.storedAt, now)}${one.sender ? ` by ${one.sender}` : ''}`,
    due: one.due === undefined ? undefined : ahead(one.due, now),
    'caused by': one.parent,
    payload: one.bytes === undefined ? undefined : size(one.bytes),
  })
  const mark = one.style === 'implicit' ? out.paint('cyan', `◇ ${clean(one.name)}`) : out.paint('yellow', `■ ${clean(one.name)}`)
  return [
    `${mark}  ${clean(one.id)}  ${out.paint(states[one.state]?.[1] ?? 'reset', stateWord(one.state))}`,
    ...Object.entries(facts).map(([name, value]) => `  ${out.paint('dim', name.padEnd(9))} ${clean(String(value))}`),
    ...(one.data === undefined
      ? []
      : JSON.stringify(one.data, undefined, 2)
          .split('\n')
          .map((line) => `    ${clean(line)}`)),
    ...(one.attempts.length > 0 ? ['', ...table(attemptColumns(now), one.attempts, out)] : []),
    ...(one.caused.length > 0 ? ['', `${many(one.caused.length, 'message')} came of it: callboard trace ${clean(one.id)}`] : []),
    ...(one.why.length > 0 ? ['', ...becauseLines(one.why, out.paint)] : []),
  ]
}
