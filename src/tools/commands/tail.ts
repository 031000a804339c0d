/** `callboard tail`: what happens, as it happens, from the ledger. */

import { duration } from '../../base/duration.ts'
import { matchesSelector, parseSelector, type Selectable } from '../../extras/admin/index.ts'
import type { LedgerEntry, LedgerPoint } from '../../index.ts'
import type { Call } from '../cli/call.ts'
import { durationOf } from '../cli/said.ts'
import { UsageError } from '../cli/usage.ts'
import { entryLine } from './story.ts'

/** What an entry says of the state of its message: so that a selector means here what it means elsewhere. */
const stateOf: Readonly<Partial<Record<LedgerEntry['kind'], string>>> = {
  stored: 'ready',
  started: 'running',
  progressed: 'running',
  succeeded: 'done',
  failed: 'retrying',
  snoozed: 'scheduled',
  interrupted: 'ready',
  cancelled: 'cancelled',
  skipped: 'skipped',
  buried: 'dead',
  redriven: 'ready',
}

/** `callboard tail [selector…]`. */
export async function tail(call: Call): Promise<undefined> {
  const selector = parseSelector(call.args.join(' '))
  const most = call.number('limit', 1) ?? Number.POSITIVE_INFINITY
  const board = await call.board()
  if (!call.json) call.err.line(call.err.paint('dim', 'what happens from now on; Ctrl-C ends'))
  let count = 0
  for await (const entry of board.ledger.tail({ from: fromOf(call), signal: call.signal })) {
    if (!matchesSelector(selector, selectable(entry), Date.now())) continue
    call.out.line(call.json ? JSON.stringify(entry) : entryLine(entry, call.out.paint, Date.now()))
    count++
    if (count >= most) return
  }
}

/** An entry as a selector sees it. */
export function selectable({
  kind,
  at,
  error,
  service,
  queue,
  worker,
  parent,
  attempt,
  ms,
  reason,
  id,
  style,
  name,
}: LedgerEntry): Selectable {
  const state = stateOf[kind]
  return {
    id,
    style,
    name,
    storedAt: at,
    worker,
    ...(state === undefined ? {} : { state }),
    ...(queue === undefined ? {} : { queue }),
    ...(service === undefined ? {} : { service }),
    ...(parent === undefined ? {} : { parent }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(ms === undefined ? {} : { ms }),
    ...(reason === undefined ? {} : { reason }),
    ...(error === undefined ? {} : { error: { ...error, fingerprint: '' } }),
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
