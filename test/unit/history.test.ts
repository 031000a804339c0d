/** What the entries of the ledger come to, in whatever order they were written down. */

import { expect, test } from 'vitest'
import { emptyFold, entriesOfMessage, fold, messageOf } from '../../src/extras/admin/fold.ts'
import type { LedgerEntry } from '../../src/index.ts'

/** Entries of one task, told as `kind@time`. */
function stateOf(story: string): string | undefined {
  const folded = emptyFold(100)
  for (const [index, each] of story.split(' ').entries()) {
    const [kind = '', at = ''] = each.split('@')
    const attempt = kind === 'failed' || kind === 'succeeded' ? { attempt: 1, ms: 1 } : {}
    const entry = { kind, at: Number(at), place: `1.${index}`, style: 'explicit', name: 'mail.send', id: 'a', worker: 'w', ...attempt }
    fold(folded, entry as unknown as LedgerEntry)
  }
  return messageOf(entriesOfMessage(folded, 'a'), { now: 100 })?.state
}

test.each([
  ['sent back, and done', 'stored@1 failed@2 buried@3 redriven@4 succeeded@5', 'done'],
  ['done before it was told that it was sent back', 'stored@1 failed@2 buried@3 succeeded@5 redriven@6', 'done'],
  ['dead again before that was told', 'stored@1 failed@2 buried@3 failed@5 buried@6 redriven@7', 'dead'],
  ['sent back twice, told late each time', 'stored@1 buried@3 buried@6 redriven@7 succeeded@9 redriven@10', 'done'],
  ['sent back, and waits', 'stored@1 failed@2 buried@3 redriven@4', 'ready'],
  ['sent back, and nobody told that it had died', 'stored@1 failed@2 redriven@4', 'ready'],
])('a task that was %s', (_, story, state) => {
  expect(stateOf(story)).toBe(state)
})
