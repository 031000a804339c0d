/** `callboard tasks …`: what waits, runs and has ended, by selector. */

import type { MessageView } from '../../extras/admin/index.ts'
import type { Call } from '../cli/call.ts'
import type { Style } from '../cli/pen.ts'
import { durationOf } from '../cli/said.ts'
import { type Column, table } from '../cli/table.ts'
import { UsageError } from '../cli/usage.ts'
import { ago, ahead, span } from '../cli/words.ts'
import { bulk, selectorOf } from './bulk.ts'

/** State → sign and colour: never the colour alone. */
export const states: Readonly<Record<string, readonly [sign: string, style: Style]>> = {
  ready: ['○', 'reset'],
  scheduled: ['◷', 'blue'],
  running: ['◐', 'cyan'],
  retrying: ['↻', 'yellow'],
  done: ['●', 'green'],
  succeeded: ['●', 'green'],
  cancelled: ['⊘', 'dim'],
  skipped: ['⊘', 'dim'],
  expired: ['✕', 'red'],
  dead: ['✕', 'red'],
}

/** A state with its sign. */
export const stateWord = (state: string): string => `${states[state]?.[0] ?? '?'} ${state}`

const columns = (now: number): readonly Column<MessageView>[] => [
  { head: 'STATE', field: 'state', text: ({ state }) => stateWord(state), style: ({ state }) => states[state]?.[1] },
  {
    head: 'NAME',
    field: 'name',
    text: ({ name, style }) => `${style === 'implicit' ? '◇' : '■'} ${name}`,
    style: ({ style }) => (style === 'implicit' ? 'cyan' : 'yellow'),
  },
  { head: 'ID', field: 'id' },
  { head: 'QUEUE', field: 'queue', spare: 2 },
  { head: 'LANE', field: 'lane', spare: 4 },
  { head: 'TRY', field: 'attempt', right: true, spare: 2 },
  { head: 'AGE', field: 'storedAt', text: ({ storedAt, endedAt }) => ago(storedAt ?? endedAt, now), spare: 1 },
  { head: 'DUE', field: 'due', text: ({ due }) => ahead(due, now), spare: 3 },
  { head: 'TOOK', field: 'ms', right: true, text: ({ ms }) => span(ms), spare: 4 },
  { head: 'ERROR', field: 'error', text: ({ error }) => (error ? `${error.name}: ${error.message}` : ''), style: () => 'red' },
]

/** `callboard tasks [selector]`. */
export async function tasks(call: Call): Promise<undefined> {
  const admin = await call.admin()
  const selector = selectorOf(call, false)
  const { items, cursor, note } = await admin.messages(selector, {
    limit: call.number('limit', 1) ?? 100,
    ...(call.flag('cursor') === undefined ? {} : { cursor: call.flag('cursor') as string }),
    ...(call.json ? { data: true } : {}),
  })
  call.show({ items, ...(cursor === undefined ? {} : { cursor }), ...(note === undefined ? {} : { note }) }, () => [
    ...(items.length === 0 ? ['nothing matches'] : table(columns(Date.now()), items, call.out)),
    ...(cursor === undefined ? [] : [call.out.paint('dim', `more: --cursor ${cursor}`)]),
    ...(note === undefined ? [] : [call.out.paint('dim', `searched: ${note}`)]),
  ])
}

/** `callboard tasks cancel <selector>`. */
export async function cancel(call: Call): Promise<number> {
  const admin = await call.admin()
  return bulk(call, { verb: 'Cancel', done: 'cancelled', what: 'task' }, admin.cancel)
}

/** `callboard tasks run-now <selector>`. */
export async function runNow(call: Call): Promise<number> {
  const admin = await call.admin()
  return bulk(call, { verb: 'Run now', done: 'made due', what: 'task' }, admin.runNow)
}

/** How long `tasks wait` waits where nothing is said. */
const patience = '1m'

/** `callboard tasks wait <id>`. */
export async function wait(call: Call): Promise<undefined> {
  const [id = ''] = call.args
  const [admin, { task }] = await Promise.all([call.admin(), import('../../index.ts')])
  const { style, name, queue = 'default' } = await admin.message(id)
  if (style === 'implicit') throw new UsageError(`${id} is an event, and has no result.`, `callboard trace ${id} tells what it led to.`)
  const handle = admin.board.handle(task<unknown, unknown>(name, { queue, track: true }), id)
  const result = await handle.result({ timeout: durationOf(call, 'timeout') ?? patience })
  return call.show(call.json ? { task: name, id, result } : result, () => [JSON.stringify(result ?? null, undefined, 2)])
}
