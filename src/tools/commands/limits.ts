/** `callboard limits`, `callboard queues set`: how much may run at once or in a time, across all workers, changed while they run. */

import { fault } from '../../base/errors.ts'
import { nearest } from '../../base/options.ts'
import { type LimitChange, type LimitState, type Limits, limits as limitsOf, type RateSetting } from '../../extras/limits/index.ts'
import type { Duration } from '../../index.ts'
import type { Call } from '../cli/call.ts'
import { type Column, table } from '../cli/table.ts'
import { UsageError } from '../cli/usage.ts'
import { count, many, span } from '../cli/words.ts'

type Said = LimitState['declared']

const pace = ({ count: beginnings, per, burst }: RateSetting): string =>
  `${count(beginnings)} within ${span(per)}${burst > 1 ? `, burst ${count(burst)}` : ''}`

const inWords = ({ concurrency, rate }: Said): string =>
  [...(concurrency === undefined ? [] : [`${count(concurrency)} at once`]), ...(rate ? [pace(rate)] : [])].join(' and ')

const columns: readonly Column<LimitState>[] = [
  { head: 'LIMIT', field: 'name' },
  { head: 'CODE SAYS', field: 'declared', text: ({ declared }) => inWords(declared) },
  { head: 'SET', field: 'set', text: ({ set }) => inWords(set), style: () => 'yellow' },
  { head: 'FOR', field: 'keyed', text: ({ keyed }) => (keyed ? 'each key' : 'all'), spare: 1 },
  {
    head: 'HELD',
    field: 'holders',
    right: true,
    text: ({ holders }) => {
      const held = Object.values(holders)
      return held.length === 0 ? '' : count(held.reduce((sum, each) => sum + each.held, 0))
    },
    spare: 2,
  },
  { head: 'USED BY', field: 'usedBy', text: ({ usedBy }) => usedBy.join(' ') },
]

/** `callboard limits`. */
export async function list(call: Call): Promise<undefined> {
  const all = await limitsOf(await call.board()).list()
  return call.show(all, () =>
    all.length === 0
      ? ["no limits: gates: [rate(40, '1s')] of callboard/limits sets one before a handler"]
      : [...table(columns, all, call.out), call.out.paint('dim', many(all.length, 'limit'))],
  )
}

/** `callboard limits set <name>`. */
export async function set(call: Call): Promise<undefined> {
  const [name = ''] = call.args
  const change = changeOf(call)
  const known = limitsOf(await call.board())
  const all = await known.list()
  const found = all.find((each) => each.name === name)
  if (found === undefined) {
    const guess = nearest(
      name,
      all.map((each) => each.name),
    )
    throw fault('NOT_FOUND', `There is no limit ${name}.`, {
      fix: guess ? `Did you mean ${guess}?` : 'callboard limits tells which there are.',
    })
  }
  refuseStrange(found, change)
  return changed(call, known, found, change)
}

/** `callboard queues set <queue>`: the limit that stands before the tasks of a queue, without its name. */
export async function setOfQueue(call: Call): Promise<undefined> {
  const [queue = ''] = call.args
  const change = changeOf(call)
  const admin = await call.admin()
  const tasks = new Set((await admin.queue(queue)).lanes.map(({ task }) => task))
  const known = limitsOf(admin.board)
  const own = (await known.list()).filter(({ usedBy }) => usedBy.some((who) => tasks.has(who.slice(who.indexOf(':') + 1))))
  const fitting = own.filter((each) => strange(each, change).length === 0)
  const [only, ...others] = fitting
  if (only === undefined)
    throw fault('NOT_FOUND', `No such limit stands before the tasks of ${queue}.`, {
      fix: `Give the handler one: gates: [rate(40, '1s')] or [concurrency(5)]. ${own.length > 0 ? `There is ${own.map(({ name }) => name).join(', ')}.` : ''}`.trim(),
    })
  if (others.length > 0)
    throw new UsageError(
      `${many(fitting.length, 'limit')} stand before the tasks of ${queue}.`,
      `Name one: callboard limits set ${fitting.map(({ name }) => name).join(', or ')}.`,
    )
  return changed(call, known, only, change)
}

/** What was said of a limit. Throws UsageError. */
function changeOf(call: Call): LimitChange {
  const concurrency = call.number('concurrency')
  const rate = call.flag('rate')
  const burst = call.number('burst', 1)
  if (call.on('asCode')) {
    if (concurrency !== undefined || rate !== undefined) throw new UsageError('--as-code takes back what was set.', 'Leave the others out.')
    return { concurrency: null, rate: null }
  }
  if (burst !== undefined && rate === undefined) throw new UsageError('--burst belongs to a rate.', 'Say --rate as well.')
  if (concurrency === undefined && rate === undefined)
    throw new UsageError('It is not said what to change.', 'Say --concurrency 5, --rate 40/1s, or --as-code.')
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(rate === undefined ? {} : { rate: { ...rateOf(rate), ...(burst === undefined ? {} : { burst }) } }),
  }
}

function rateOf(text: string): { count: number; per: Duration } {
  const [, beginnings, number, unit] = /^(\d{1,7})\/(\d{0,6})(ms|s|m|h|d)$/.exec(text) ?? []
  if (beginnings === undefined) throw new UsageError(`--rate is ${JSON.stringify(text)}.`, 'Write it as 40/1s, 100/m or 5/10s.')
  return { count: Number(beginnings), per: `${Number(number || 1)}${unit}` as Duration }
}

/** What a change names that the limit does not have. */
function strange({ declared, set: before }: LimitState, change: LimitChange): string[] {
  const has = { ...declared, ...before }
  return [
    ...(typeof change.concurrency === 'number' && has.concurrency === undefined ? ['how many run at once'] : []),
    ...(change.rate && has.rate === undefined ? ['how many begin in a time'] : []),
  ]
}

function refuseStrange(found: LimitState, change: LimitChange): void {
  const [what] = strange(found, change)
  if (what !== undefined)
    throw new UsageError(`${found.name} does not limit ${what}.`, `It allows ${inWords({ ...found.declared, ...found.set })}.`)
}

async function changed(call: Call, known: Limits, before: LimitState, change: LimitChange): Promise<undefined> {
  const { name } = before
  const kept = Object.fromEntries(Object.entries({ ...before.set, ...change }).filter(([, value]) => value !== null))
  if (call.on('dryRun')) {
    const would = { ...before.declared, ...kept } as Said
    return call.show({ ...before, would: kept }, () => [`${name} would allow ${allowance(would, before.keyed)}`])
  }
  await known.set(name, change)
  const now = await known.get(name)
  const words = allowance({ ...now.declared, ...now.set }, now.keyed)
  await (await call.admin()).note(`limit ${name}: ${words}`)
  return call.show(now, () => [`${name} allows ${words}${Object.keys(now.set).length === 0 ? ', as the code says' : ''}`])
}

const allowance = (said: Said, keyed: boolean): string => `${inWords(said)}${keyed ? ' for each key' : ''}`
