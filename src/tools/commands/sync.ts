/** `callboard sync`: the streams of contracts, on the broker as the contracts say. It is said beforehand what that means. */

import type { BoardOptions, Plan, Task, Topic } from '../../index.ts'
import { type Call, given } from '../cli/call.ts'
import { complaintOf } from '../cli/complaint.ts'
import { contractsIn } from '../cli/contracts.ts'
import { clean } from '../cli/pen.ts'
import { durationOf } from '../cli/said.ts'
import { UsageError } from '../cli/usage.ts'
import { many } from '../cli/words.ts'

type Contract = Topic<never> | Task<never>

/** What is to be done for one contract; for the streams that all share, its name is that of the namespace. */
export interface SyncRow extends Plan {
  readonly name: string
  readonly kind: 'board' | 'topic' | 'task'
  /** Why it cannot be done. */
  readonly refused?: string
}

/** `callboard sync <file>`. Exit code 6 where something cannot be settled. */
export async function sync(call: Call): Promise<number> {
  const [file = ''] = call.args
  const { topics, tasks } = await contractsIn(file, call.host.cwd())
  const contracts = [...topics.values(), ...tasks.values()] as readonly Contract[]
  if (contracts.length === 0) throw new UsageError(`${file} exports no contracts.`, 'Export what topic() and task() gave.')
  const options = given({
    retention: durationOf(call, 'retention'),
    dedupe: durationOf(call, 'dedupe'),
    deadLetters: call.number('deadLetters', 1),
    replicas: call.number('replicas', 1),
  })
  const rows = await planned(call, options, contracts)
  const [creates, changes] = [sum(rows, 'creates'), sum(rows, 'changes')]
  const refused = rows.filter((row) => row.refused !== undefined).length
  const exit = refused > 0 ? 6 : 0
  const dry = call.on('dryRun')
  const todo = creates + changes > 0
  if (!dry && todo) {
    if (changes > 0 && !call.on('yes')) for (const line of lines(call, rows)) call.err.line(line)
    if (changes > 0 && !(await call.sure(`Change ${many(changes, 'setting')} on the broker?`))) return 0
    const board = await call.board({ ...options, onDrift: 'update' })
    await board.declare(...contracts.filter(({ name, kind }) => rows.some((row) => row.name === name && row.kind === kind && !row.refused)))
    await (await call.admin()).note(`sync of ${many(contracts.length, 'contract')}: ${creates} created, ${changes} changed`)
  }
  call.show({ done: !dry && todo, creates, changes, refused, contracts: rows }, () => [
    ...lines(call, rows),
    todo
      ? `${many(creates, 'stream')} ${dry ? 'would be ' : ''}created, ${many(changes, 'setting')} ${dry ? 'would be ' : ''}changed`
      : 'nothing to do',
  ])
  return exit
}

const sum = (rows: readonly SyncRow[], what: 'creates' | 'changes'): number => rows.reduce((total, row) => total + row[what].length, 0)

/** Asked of a board that creates nothing. Where there is none yet, all of it will be created. */
async function planned(call: Call, options: BoardOptions, contracts: readonly Contract[]): Promise<SyncRow[]> {
  const { callboard } = await import('../../index.ts')
  const address = call.address()
  const namespace = address.namespace ?? 'callboard'
  try {
    await using board = await callboard({ ...address, ...options, existing: true })
    const shared = await board.plan()
    const rows: SyncRow[] = [{ name: namespace, kind: 'board', ...shared }]
    for (const contract of contracts) rows.push(await rowOf(contract, shared, () => board.plan(contract)))
    return rows
  } catch (error) {
    if (complaintOf(error).code !== 'NOT_FOUND') throw error
    const all = (name: string, kind: SyncRow['kind']): SyncRow => ({ name, kind, creates: ['all it needs'], changes: [] })
    return [all(namespace, 'board'), ...contracts.filter(hasOwn).map(({ name, kind }) => all(name, kind))]
  }
}

/** Topics share a stream, unless they keep their events by a rule of their own. */
const hasOwn = (contract: Contract): boolean => contract.kind === 'task' || contract.retention !== undefined

async function rowOf({ name, kind }: Contract, shared: Plan, ask: () => Promise<Plan>): Promise<SyncRow> {
  try {
    const { creates, changes } = await ask()
    return {
      name,
      kind,
      creates: creates.filter((each) => !shared.creates.includes(each)),
      changes: changes.filter((each) => !shared.changes.includes(each)),
    }
  } catch (error) {
    const { code, what } = complaintOf(error)
    if (code !== 'CONFIG_CONFLICT') throw error
    return { name, kind, creates: [], changes: [], refused: what }
  }
}

function lines({ out }: Call, rows: readonly SyncRow[]): string[] {
  const marks = { board: '·', topic: '◇', task: '■' }
  return rows.flatMap(({ name, kind, creates, changes, refused }) => [
    `${marks[kind]} ${clean(name)}${creates.length + changes.length === 0 && refused === undefined ? '  is as it should be' : ''}`,
    ...creates.map((each) => `    ${out.paint('green', '+')} ${clean(each)}`),
    ...changes.map((each) => `    ${out.paint('yellow', '~')} ${clean(each)}`),
    ...(refused === undefined ? [] : [`    ${out.paint('red', '✕')} ${clean(refused)}`]),
  ])
}
