/** `callboard tail`: what happens, as it happens, from the ledger. */

import { duration } from '../../base/duration.ts'
import type { LedgerPoint } from '../../index.ts'
import type { Call } from '../cli/call.ts'
import { durationOf } from '../cli/said.ts'
import { UsageError } from '../cli/usage.ts'
import { entryLine } from './story.ts'

/** `callboard tail [selector…]`. */
export async function tail(call: Call): Promise<undefined> {
  const most = call.number('limit', 1) ?? Number.POSITIVE_INFINITY
  const admin = await call.admin()
  if (!call.json) call.err.line(call.err.paint('dim', 'what happens from now on; Ctrl-C ends'))
  let count = 0
  for await (const entry of admin.tail({ selector: call.args.join(' '), from: fromOf(call), signal: call.signal })) {
    call.out.line(call.json ? JSON.stringify(entry) : entryLine(entry, call.out.paint, Date.now()))
    count++
    if (count >= most) return
  }
}

/** Where to begin: now, with all that is kept, this long ago, or behind a place. */
function fromOf(call: Call): LedgerPoint {
  const text = call.flag('from') ?? 'new'
  if (text === 'new' || text === 'all' || /^\d+\.-?\d+$/.test(text)) return text
  const ago = durationOf(call, 'from')
  if (ago === undefined) throw new UsageError('--from is empty.', 'Say all, new, 10m or a place.')
  return new Date(Date.now() - duration(ago, 'from'))
}
