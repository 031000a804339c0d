/** What a board tells of itself, counted. */

import { type Board, outcomeOf } from '../../index.ts'
import type { Instruments } from './table.ts'

/** Labels without those that say nothing. */
function labels(given: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const some: Record<string, string> = {}
  for (const name in given) if (given[name] !== undefined) some[name] = given[name]
  return some
}

/** Counts from now on. Gives how to stop each. */
export function listen(board: Board, to: Instruments): (() => void)[] {
  to.connected.set(1)
  // A counter that begins with its first count seems to have jumped: what is rare begins at 0.
  for (const rare of [to.storage_refusals_total, to.connection_losses_total]) rare.inc(0)
  Object.assign(to.ledger_dropped_total, {
    collect() {
      to.ledger_dropped_total.reset()
      to.ledger_dropped_total.inc(board.ledger.dropped)
    },
  })
  return [
    board.on('stored', ({ style, name, queue, duplicate }) =>
      to.messages_published_total.inc(labels({ style, name, queue, outcome: duplicate ? 'duplicate' : 'stored' })),
    ),
    board.on('started', ({ style, service, name, queue, attempt, wait }) => {
      // What waits for another attempt waits by the policy, not for a worker.
      if (attempt > 1) return
      const waited = style === 'explicit' ? to.task_wait_seconds : to.event_wait_seconds
      waited.observe(labels({ service, name, queue }), wait / 1000)
    }),
    board.on('finished', (told) => {
      const { style, service, name, queue, ms } = told
      const [ended, ran] = style === 'explicit' ? [to.tasks_total, to.task_run_seconds] : [to.events_total, to.event_run_seconds]
      ended.inc(labels({ service, name, queue, outcome: outcomeOf(told) }))
      ran.observe(labels({ service, name, queue }), ms / 1000)
    }),
    board.on('buried', ({ style, service, name, queue, obituary: { reason } }) =>
      to.buried_total.inc(labels({ style, service, name, queue, outcome: reason })),
    ),
    board.on('blocked', ({ ms, by: [first] }) =>
      to.blocked_seconds_total.inc({ service: first?.service ?? '', name: first?.name ?? '' }, ms / 1000),
    ),
    board.on('trouble', ({ about }) => to.troubles_total.inc({ service: about?.service ?? '', name: about?.name ?? '' })),
    board.on('full', () => to.storage_refusals_total.inc()),
    board.on('connection', ({ state }) => {
      to.connected.set(state === 'back' ? 1 : 0)
      if (state === 'lost') to.connection_losses_total.inc()
    }),
  ]
}
