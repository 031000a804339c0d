/** `callboard dead …`: what was given up, why, and the way back. */

import type { DeadGroupView, DeadView } from '../../extras/admin/index.ts'
import type { Call } from '../cli/call.ts'
import { payload } from '../cli/input.ts'
import { clean } from '../cli/pen.ts'
import { type Column, table } from '../cli/table.ts'
import { UsageError } from '../cli/usage.ts'
import { ago, count, many, size, span } from '../cli/words.ts'
import { bulk, selectorOf } from './bulk.ts'

const what = ({ style, name }: Pick<DeadView, 'style' | 'name'>) => `${style === 'implicit' ? '◇' : '■'} ${name}`
const hue = ({ style }: Pick<DeadView, 'style'>) => (style === 'implicit' ? 'cyan' : 'yellow') as 'cyan' | 'yellow'

const columns = (now: number): readonly Column<DeadView>[] => [
  { head: 'NUMBER', field: 'sequence', right: true },
  { head: 'WHAT', field: 'name', text: what, style: hue },
  { head: 'ID', field: 'id', spare: 2 },
  { head: 'SERVICE', field: 'service', spare: 1 },
  { head: 'REASON', field: 'reason' },
  { head: 'TRIES', field: 'attempts', right: true, spare: 3 },
  { head: 'DIED', field: 'at', text: ({ at }) => ago(at, now), spare: 1 },
  { head: 'ERROR', field: 'error', text: ({ error }) => `${error.name}: ${error.message}`, style: () => 'red' },
]

/** How dead letters of one kind are shown. */
export const groupColumns = (now: number): readonly Column<DeadGroupView>[] => [
  { head: 'COUNT', field: 'count', right: true, text: (group) => count(group.count) },
  { head: 'WHAT', field: 'name' },
  { head: 'REASON', field: 'reason' },
  { head: 'FIRST', field: 'first', text: ({ first }) => ago(first, now), spare: 2 },
  { head: 'LAST', field: 'last', text: ({ last }) => ago(last, now), spare: 1 },
  { head: 'FINGERPRINT', field: 'fingerprint' },
  { head: 'ERROR', field: 'error', text: ({ error }) => `${error.name}: ${error.message}`, style: () => 'red' },
]

/** `callboard dead [selector]`. */
export async function dead(call: Call): Promise<undefined> {
  const admin = await call.admin()
  const { items, cursor, note } = await admin.dead(selectorOf(call, false), {
    limit: call.number('limit', 1) ?? 100,
    ...(call.flag('cursor') === undefined ? {} : { cursor: call.flag('cursor') as string }),
    ...(call.json ? { data: true } : {}),
  })
  call.show({ items, ...(cursor === undefined ? {} : { cursor }), ...(note === undefined ? {} : { note }) }, () => [
    ...(items.length === 0 ? ['no dead letters'] : table(columns(Date.now()), items, call.out)),
    ...(cursor === undefined ? [] : [call.out.paint('dim', `more: --cursor ${cursor}`)]),
    ...(note === undefined ? [] : [call.out.paint('dim', `searched: ${note}`)]),
  ])
}

/** `callboard dead groups [selector]`. */
export async function groups(call: Call): Promise<undefined> {
  const admin = await call.admin()
  const all = await admin.deadGroups(selectorOf(call, false))
  call.show(all, () =>
    all.length === 0
      ? ['no dead letters']
      : [
          ...table(groupColumns(Date.now()), all, call.out),
          call.out.paint('dim', 'callboard dead redrive fingerprint:… sends one group back'),
        ],
  )
}

/** `callboard dead show <number>`. */
export async function show(call: Call): Promise<undefined> {
  const admin = await call.admin()
  const one = await admin.deadLetter(numberOf(call))
  const { out } = call
  const row = (name: string, text: string) => `  ${out.paint('dim', name.padEnd(9))} ${clean(text)}`
  call.show(one, () => [
    `${out.paint(hue(one), what(one))}  ${clean(one.id)}  ${out.paint('red', `✕ ${one.reason}`)} after ${many(one.attempts, 'attempt')}`,
    row('service', one.service),
    row('worker', one.worker),
    ...(one.queue === undefined ? [] : [row('queue', one.queue)]),
    row('died', ago(one.at, Date.now())),
    row('error', `${one.error.name}: ${one.error.message}`),
    ...one.history.map((each) => row(`attempt ${each.attempt}`, `${span(each.ms)}  ${each.error.name}: ${each.error.message}`)),
    ...Object.entries(one.headers).map(([name, value]) => row('header', `${name}: ${value}`)),
    row('payload', payloadWord(one)),
    ...(one.data === undefined
      ? []
      : JSON.stringify(one.data, undefined, 2)
          .split('\n')
          .map((line) => `    ${clean(line)}`)),
    ...(call.on('stack') && one.error.stack ? one.error.stack.split('\n').map((line) => out.paint('dim', `  ${clean(line)}`)) : []),
    out.paint('dim', `callboard dead redrive ${one.sequence} sends it back`),
  ])
}

/** What is said of a payload before it is shown. */
function payloadWord({ data, bytes, sealed }: DeadView): string {
  const told = sealed === undefined ? 'that cannot be read' : `sealed with ${sealed}; --contracts with its key opens it`
  if (data === undefined) return `${size(bytes)} ${told}`
  return sealed === undefined ? '' : `opened, sealed with ${sealed}`
}

function numberOf(call: Call): number {
  const [text = ''] = call.args
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(`${JSON.stringify(text)} is no number of a dead letter.`, 'callboard dead shows the numbers.')
}

/** A single number on the command line is a dead letter, and no selector. */
const isNumber = ({ args }: Call) => args.length === 1 && /^\d{1,15}$/.test(args[0] ?? '')

/** `callboard dead redrive <selector>`. */
export async function redrive(call: Call): Promise<number> {
  const admin = await call.admin()
  const edited = call.flag('payload')
  if (edited === undefined && !isNumber(call)) return bulk(call, { verb: 'Redrive', done: 'redriven', what: 'dead letter' }, admin.redrive)
  const one = await admin.deadLetter(numberOf(call))
  const value = await payload(edited, call)
  if (!call.on('dryRun')) {
    if (edited !== undefined) await admin.redriveEdited(one.sequence, value)
    else {
      await admin.board.dead.redrive(one.sequence)
      await admin.note(`redrive of dead letter ${one.sequence}`)
    }
  }
  call.show({ ...one, redriven: !call.on('dryRun') }, () => [
    `${what(one)}  ${clean(one.id)}  ${call.on('dryRun') ? 'would go' : 'goes'} back to where it died`,
  ])
  return 0
}

/** `callboard dead discard <selector>`. */
export async function discard(call: Call): Promise<number> {
  const admin = await call.admin()
  if (!isNumber(call)) return bulk(call, { verb: 'Discard for good', done: 'discarded', what: 'dead letter' }, admin.discard)
  const one = await admin.deadLetter(numberOf(call))
  if (!call.on('dryRun')) {
    if (!(await call.sure(`Discard ${one.name} ${one.id} for good?`))) return 0
    await admin.board.dead.discard(one.sequence)
    await admin.note(`discard of dead letter ${one.sequence}`)
  }
  call.show({ ...one, discarded: !call.on('dryRun') }, () => [
    `${what(one)}  ${clean(one.id)}  ${call.on('dryRun') ? 'would be' : 'is'} discarded`,
  ])
  return 0
}

/** `callboard dead export [selector]`: lines of JSON, with payloads. */
export async function exported(call: Call): Promise<undefined> {
  const admin = await call.admin()
  const selector = selectorOf(call, false)
  let cursor: string | undefined
  do {
    const page = await admin.dead(selector, { limit: 1000, data: true, ...(cursor === undefined ? {} : { cursor }) })
    for (const each of page.items) call.out.line(JSON.stringify(each))
    cursor = page.cursor
  } while (cursor !== undefined && !call.signal.aborted)
}
