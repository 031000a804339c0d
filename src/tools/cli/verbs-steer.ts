/** Verbs that change how much is done, and by whom, while it is being done. */

import type { Flag, Verb } from './verb.ts'
import { dryRun } from './verbs-schedule.ts'

const change: readonly Flag[] = [
  { name: '--concurrency <number>', says: 'so many at once; 0 lets nothing in' },
  { name: '--rate <count/time>', says: 'so many beginnings in a time: 40/1s, 100/m' },
  { name: '--burst <number>', says: 'of a rate, so many at once after a pause (1)' },
  { name: '--as-code', says: 'take back what was set' },
  dryRun,
]

/** Verbs about limits. */
export const limits: readonly Verb[] = [
  {
    words: 'limits',
    says: 'how much may run at once or in a time, across all workers: what the code says, and what was set',
    examples: ['limits', 'limits --json'],
    load: () => import('../commands/limits.ts').then(({ list }) => list),
  },
  {
    words: 'limits set',
    args: '<name>',
    known: 'limits',
    says: 'change a limit while workers run; they follow within a second or so',
    more: 'What runs is not interrupted. It holds until it is set again, also for workers that start later: --as-code takes it back.',
    flags: change,
    examples: ['limits set mailer:mail.send --rate 20/1s', 'limits set mailer:mail.send --as-code'],
    load: () => import('../commands/limits.ts').then(({ set }) => set),
  },
  {
    words: 'queues set',
    args: '<queue>',
    known: 'queues',
    says: 'change the limit that stands before the tasks of a queue',
    more: 'The same as `limits set`, without the name of the limit, where there is one. What a queue may hold is said in its contract: see\n`callboard sync`.',
    flags: change,
    examples: ['queues set mail --rate 40/1s', 'queues set mail --rate 40/1s --dry-run'],
    load: () => import('../commands/limits.ts').then(({ setOfQueue }) => setOfQueue),
  },
]
