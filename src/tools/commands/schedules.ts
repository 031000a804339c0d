/** `callboard schedules …`: what the broker says and asks later and repeatedly. */

import type { Occurrence, Schedule, When } from '../../index.ts'
import { type Call, given } from '../cli/call.ts'
import { payload } from '../cli/input.ts'
import { durationOf, headersOf, pairs, timeOf } from '../cli/said.ts'
import { type Column, table } from '../cli/table.ts'
import { UsageError } from '../cli/usage.ts'
import { ago, ahead, many } from '../cli/words.ts'
import { taskNamed, topicNamed } from './contract.ts'

/** A schedule as it is shown: plain data, times in ms since 1970. */
interface Row extends Omit<Schedule, 'paused' | 'next' | 'last'> {
  readonly paused: boolean
  readonly pausedUntil: number | undefined
  readonly next: number | undefined
  readonly last: number | undefined
}

const rowOf = ({ paused, next, last, ...rest }: Schedule): Row => ({
  ...rest,
  paused: paused !== false,
  pausedUntil: paused instanceof Date ? paused.getTime() : undefined,
  next: next?.getTime(),
  last: last?.getTime(),
})

const columns = (now: number): readonly Column<Row>[] => [
  { head: 'SCHEDULE', field: 'name' },
  {
    head: 'FIRES',
    field: 'contract',
    text: ({ kind, contract }) => `${kind === 'task' ? '■' : '◇'} ${contract}`,
    style: ({ kind }) => (kind === 'task' ? 'yellow' : 'cyan'),
  },
  { head: 'WHEN', field: 'when' },
  {
    head: 'NEXT',
    field: 'next',
    text: ({ next, paused, pausedUntil }) => (paused ? `paused${pausedUntil ? `, on ${ahead(pausedUntil, now)}` : ''}` : ahead(next, now)),
  },
  { head: 'LAST', field: 'last', text: ({ last }) => ago(last, now), spare: 1 },
  { head: 'OUTCOME', field: 'outcome', style: ({ outcome }) => (outcome === 'failed' || outcome === 'dead' ? 'red' : undefined), spare: 2 },
  { head: 'STATE', field: 'state', style: ({ state }) => (state === 'ok' ? undefined : 'red') },
]

/** `callboard schedules`. */
export async function list(call: Call): Promise<undefined> {
  const board = await call.board()
  const rows: Row[] = []
  for await (const each of board.schedules.list()) rows.push(rowOf(each))
  rows.sort((a, b) => (a.next ?? Number.POSITIVE_INFINITY) - (b.next ?? Number.POSITIVE_INFINITY) || (a.name < b.name ? -1 : 1))
  const bad = rows.filter(({ state }) => state !== 'ok').length
  call.show(rows, () => [
    ...(rows.length === 0 ? ['no schedules'] : table(columns(Date.now()), rows, call.out)),
    ...(bad > 0 ? [`${many(bad, 'schedule')} late: callboard schedules rearm`] : []),
  ])
}

/** `callboard schedules show <name>`. */
export async function show(call: Call): Promise<undefined> {
  const [name = ''] = call.args
  const board = await call.board()
  const [schedule, coming] = [await board.schedules.show(name), await board.schedules.next(name, 3)]
  const row = rowOf(schedule)
  call.show({ ...row, coming: coming.map(plain) }, () => [
    ...table(columns(Date.now()), [row], call.out),
    ...Object.entries(row.metadata).map(([key, value]) => `  ${key}: ${value}`),
    ...(row.error ? [`  ${call.out.paint('red', `${row.error.name}: ${row.error.message}`)}`] : []),
    ...coming.map((each) => `  next  ${each.there}${each.here === each.there ? '' : `   here ${each.here}`}`),
  ])
}

const plain = ({ at, there, here }: Occurrence) => ({ at: at.getTime(), there, here })

/** `callboard schedules next <name>`. */
export async function next(call: Call): Promise<undefined> {
  const [name = ''] = call.args
  const board = await call.board()
  const coming = await board.schedules.next(name, call.number('count', 1) ?? 5, given({ zone: call.flag('zone') }))
  const rows = coming.map(plain)
  const now = Date.now()
  call.show(rows, () =>
    rows.length === 0
      ? ['it does not fire: it is paused, or its time has passed']
      : table<(typeof rows)[number]>(
          [
            { head: 'FIRES', field: 'at', text: ({ at }) => ahead(at, now) },
            { head: 'THERE', field: 'there' },
            { head: 'HERE', field: 'here' },
          ],
          rows,
          call.out,
        ),
  )
}

/** `callboard schedules set <name> [json]`. */
export async function set(call: Call): Promise<undefined> {
  const [name = '', text] = call.args
  const [task, topic] = [call.flag('task'), call.flag('topic')]
  if ((task === undefined) === (topic === undefined))
    throw new UsageError('A schedule fires a task or an event.', 'Say one of --task and --topic.')
  const when = whenOf(call)
  const board = await call.board()
  const value = await payload(text, call)
  const common = given({
    headers: headersOf(call),
    metadata: metadataOf(call),
    spread: durationOf(call, 'spread'),
    missed: call.flag('missed') as 'one' | 'skip' | undefined,
  })
  let change: string
  if (topic !== undefined) {
    const named = await topicNamed(call, board, topic)
    change = await board.schedules.set(name, when, named.topic, value ?? null, common)
  } else {
    const named = await taskNamed(call, board, task ?? '')
    const overlap = call.flag('overlap') as 'run' | 'skip' | 'queue' | undefined
    change = await board.schedules.set(name, when, named.task, value, { ...common, ...given({ overlap }) })
  }
  await (await call.admin()).note(`schedule ${name} ${change}`)
  const row = rowOf(await board.schedules.show(name))
  call.show({ change, ...row }, () => [`${change} ${name}: ${row.when}, next ${ahead(row.next, Date.now())}`])
}

function metadataOf(call: Call): Record<string, string> | undefined {
  const said = pairs(call, 'metadata')
  return Object.keys(said).length === 0 ? undefined : said
}

function whenOf(call: Call): When {
  const [cron, every, at] = [call.flag('cron'), durationOf(call, 'every'), timeOf(call, 'at')]
  if ([cron, every, at].filter((each) => each !== undefined).length !== 1)
    throw new UsageError('It is not said when it fires, or in more than one way.', 'Say one of --cron, --every and --at.')
  if (cron !== undefined) return { cron, ...given({ zone: call.flag('zone') }) }
  return every !== undefined ? { every } : { at: at as NonNullable<typeof at> }
}

/** `callboard schedules retime <name>`. */
export async function retime(call: Call): Promise<undefined> {
  const [name = ''] = call.args
  const when = whenOf(call)
  const admin = await call.admin()
  await admin.retimeSchedule(name, when)
  const row = rowOf(await admin.board.schedules.show(name))
  call.show(row, () => [`${name}: ${row.when}, next ${ahead(row.next, Date.now())}`])
}

/** `callboard schedules pause <name>`. */
export async function pause(call: Call): Promise<undefined> {
  const [name = ''] = call.args
  const until = timeOf(call, 'until')
  if (until !== undefined && !(until instanceof Date))
    throw new UsageError('--until has no zone.', 'Write it as 2027-03-01T09:00Z or with an offset.')
  const admin = await call.admin()
  await admin.pauseSchedule(name, until)
  call.show({ name, paused: true, ...(until ? { pausedUntil: until.getTime() } : {}) }, () => [
    `${name} is paused${until ? ` until ${until.toISOString()}` : ''}`,
  ])
}

/** `callboard schedules resume <name>`. */
export async function resume(call: Call): Promise<undefined> {
  const [name = ''] = call.args
  const admin = await call.admin()
  await admin.resumeSchedule(name)
  const row = rowOf(await admin.board.schedules.show(name))
  call.show(row, () => [`${name} fires again, next ${ahead(row.next, Date.now())}`])
}

/** `callboard schedules run <name>`. */
export async function run(call: Call): Promise<undefined> {
  const [name = ''] = call.args
  const admin = await call.admin()
  const receipt = await admin.runSchedule(name)
  call.show({ name, ...receipt }, () => [`${name} fired: ${receipt.id}`])
}

/** `callboard schedules remove <name>`. */
export async function remove(call: Call): Promise<number> {
  const [name = ''] = call.args
  const admin = await call.admin()
  const row = rowOf(await admin.board.schedules.show(name))
  if (call.on('dryRun')) {
    call.show({ ...row, removed: false }, () => [`${name} would be removed: ${row.when}`])
    return 0
  }
  if (!(await call.sure(`Remove ${name} (${row.when})?`))) return 0
  const removed = await admin.removeSchedule(name)
  call.show({ ...row, removed }, () => [removed ? `${name} is removed; what it has fired stays` : `${name} is gone already`])
  return removed ? 0 : 5
}

/** `callboard schedules rearm`. */
export async function rearm(call: Call): Promise<undefined> {
  const board = await call.board()
  const names = await board.schedules.rearm()
  call.show({ rearmed: names }, () => [names.length === 0 ? 'none was late' : `armed again: ${names.join(', ')}`])
}
