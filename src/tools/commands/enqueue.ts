/** `callboard enqueue`: names work that one worker does. */

import { refuseMisfit } from '../../board/payload.ts'
import type { EnqueueOptions, Receipt } from '../../index.ts'
import { type Call, given } from '../cli/call.ts'
import { payload, payloads } from '../cli/input.ts'
import { counting } from '../cli/progress.ts'
import { durationOf, handfuls, headersOf, timeOf } from '../cli/said.ts'
import { UsageError } from '../cli/usage.ts'
import { many } from '../cli/words.ts'
import { type NamedTask, taskNamed } from './contract.ts'

/** How many are sent in one go: so many are stored all or none. */
const atOnce = 1000

/** How long `--wait` waits: a task whose contract keeps no result would be waited for without end. */
const patience = '1m'

/** `callboard enqueue <task> [json]`. */
export async function enqueue(call: Call): Promise<undefined> {
  const [name = '', text] = call.args
  const options = optionsOf(call)
  if (call.on('lines')) return enqueueLines(call, name, text ?? '-', options)
  const input = await payload(text, call)
  const board = await call.board()
  const named = await taskNamed(call, board, name)
  const { task } = named
  if (call.on('dryRun')) {
    await refuseMisfit(task.input, input, name)
    return call.show({ ...placeOf(named), dryRun: true, checked: named.checked }, () => [
      `${square(call)}  ${name}  would be stored${named.checked ? ', it fits its schema' : '; no schema is known to check it by'}`,
      served(call, named),
    ])
  }
  const handle = await board.enqueue(task, input, options)
  const receipt: Receipt = { id: handle.id, sequence: handle.sequence, duplicate: handle.duplicate }
  if (!call.on('wait')) {
    return call.show({ ...placeOf(named), ...receipt }, () => [
      `${square(call)}  ${name}  ${receipt.id}${receipt.duplicate ? '  is waiting or running already, not stored again' : ''}`,
      served(call, named),
    ])
  }
  if (!('result' in handle)) throw new UsageError(`${name} keeps no result to wait for.`, 'Give the task an output schema, or track: true.')
  call.err.line(`${square(call)}  ${name}  ${receipt.id}`)
  if (named.asking === 0) call.err.line(served(call, named))
  const result = await handle.result({ timeout: durationOf(call, 'timeout') ?? patience })
  call.show(call.json ? { ...placeOf(named), ...receipt, result } : result, () => [JSON.stringify(result ?? null, undefined, 2)])
}

async function enqueueLines(call: Call, name: string, source: string, options: EnqueueOptions): Promise<undefined> {
  const { id, unique, ...shared } = options
  if (id !== undefined || unique !== undefined || call.on('wait'))
    throw new UsageError('--id, --unique and --wait are about one task, and --lines are many.', 'Leave one of them out.')
  const board = await call.board()
  const named = await taskNamed(call, board, name)
  const progress = counting(call.err, 'tasks')
  let stored = 0
  for await (const batch of handfuls(payloads(source, call), atOnce)) {
    if (call.on('dryRun')) for (const input of batch) await refuseMisfit(named.task.input, input, name)
    else await board.enqueueMany(named.task, batch, shared)
    stored += batch.length
    progress.to(stored)
  }
  progress.end()
  call.show({ ...placeOf(named), [call.on('dryRun') ? 'checked' : 'stored']: stored }, () => [
    `${square(call)}  ${name}  ${many(stored, 'task')}${call.on('dryRun') ? ' would be stored' : ''}`,
    served(call, named),
  ])
}

function optionsOf(call: Call): EnqueueOptions {
  return given({
    id: call.flag('id'),
    headers: headersOf(call),
    delay: durationOf(call, 'delay'),
    at: timeOf(call, 'at'),
    priority: call.flag('priority') as EnqueueOptions['priority'],
    unique: call.flag('unique'),
    expires: durationOf(call, 'expires'),
  })
}

const square = ({ out }: Call) => out.paint('yellow', '■ enqueue')
const placeOf = ({ task, asking }: NamedTask) => ({ style: 'explicit', task: task.name, queue: task.queue, asking })

/** Who will do it. */
function served({ out }: Call, { task, asking, known }: NamedTask): string {
  const state =
    asking > 0 ? 'workers ask for more' : known ? 'no worker asks for more now: it waits' : 'nobody has ever performed it: it waits'
  return `${out.paint('yellow', '──▶')} ${task.queue}  ${out.paint('dim', state)}`
}
