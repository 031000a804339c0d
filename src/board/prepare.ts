/** Streams of contracts: seen to, and said beforehand what that would create or change. */

import { inWords } from '../wire/drift.ts'
import type { Task, Topic } from './contract.ts'
import type { Core } from './core.ts'
import { homeOf } from './home.ts'
import { laterOf } from './keyed.ts'

/** What declaring would do. */
export interface Plan {
  /** Names of streams that are not there. */
  readonly creates: readonly string[]
  /** Where the broker differs from the code, in words; changed with `onDrift: 'update'`. */
  readonly changes: readonly string[]
}

type Contract = Topic<never> | Task<never>

/** Sees to it that the streams of contracts are there, and the ledger. */
export async function prepare(core: Core, ledgerAge: number, contracts: readonly Contract[]): Promise<void> {
  await core.layout.ledger(ledgerAge)
  for (const each of contracts) {
    if (each.large !== 'refuse') await core.layout.objects()
    await (each.kind === 'task' ? core.declareQueue(each.place) : core.declareTopic(each))
    // Whoever throttles or schedules later may not be allowed to ask for it.
    await core.layout.expiring(each.kind === 'task' ? laterOf(core, each) : homeOf(core.names, each).stream)
  }
}

/** What that, and opening a board, would do; nothing is done. */
export async function planned(core: Core, ledgerAge: number, contracts: readonly Contract[]): Promise<Plan> {
  const [creates, changes] = [new Set<string>(), new Set<string>()]
  const dry = await core.layout.dry({
    missing: (stream) => void creates.add(stream),
    tell: (drift) => {
      for (const each of drift) changes.add(inWords(each))
    },
  })
  await Promise.all([dry.topics(), dry.table(), dry.dead(), dry.ledger(ledgerAge)])
  for (const each of contracts) {
    if (each.large !== 'refuse') await dry.objects()
    await (each.kind === 'task' ? dry.queue(each.place) : each.retention && dry.topic(each.name, each.retention))
  }
  return { creates: [...creates], changes: [...changes] }
}
