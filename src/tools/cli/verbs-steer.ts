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

/** Verbs about workers. */
export const workers: readonly Verb[] = [
  {
    words: 'workers drain',
    args: '<worker>',
    known: 'workers',
    says: 'let a process take nothing more, finish what runs, and leave',
    more: 'A part of its name will do, where no other has it. What has not finished in time is interrupted and handed back, at no attempt. A process that `callboard start` runs ends then.',
    flags: [{ name: '--for <duration>', says: 'how long running handlers may finish (25s)' }, dryRun],
    examples: ['workers drain web-1/4711/1f2e', 'workers drain 4711 --for 2m --yes'],
    load: () => import('../commands/workers.ts').then(({ drain }) => drain),
  },
  {
    words: 'workers stop',
    args: '<worker>',
    known: 'workers',
    says: 'the same at once: what runs is interrupted and handed back, at no attempt',
    flags: [dryRun],
    examples: ['workers stop web-1/4711/1f2e --yes'],
    load: () => import('../commands/workers.ts').then(({ stop }) => stop),
  },
]

/** Verbs about what is declared and set. */
export const settings: readonly Verb[] = [
  {
    words: 'sync',
    args: '<file>',
    says: 'see to it that the streams of a module of contracts are on the broker as the contracts say',
    more: 'It says first what is missing and what differs, and asks before it changes what is there. What no broker changes, as another\nretention, is refused with exit code 6. Consumers come with the service that starts. Options of the board that are not the\ndefaults must be said here, too, for the streams that all contracts share.',
    flags: [
      { name: '--retention <duration>', says: 'how long events are kept (7d)' },
      { name: '--dedupe <duration>', says: 'how long an id is remembered (2m)' },
      { name: '--dead-letters <number>', says: 'how many are kept (1000000)' },
      { name: '--replicas <number>', says: 'copies of every stream (3 in a cluster, else 1)' },
      dryRun,
    ],
    examples: ['sync ./contracts.mjs --dry-run', 'sync ./contracts.mjs --yes'],
    begins: true,
    load: () => import('../commands/sync.ts').then(({ sync }) => sync),
  },
  {
    words: 'config',
    says: 'which broker and which namespace this is about, and who says so',
    more: 'A flag beats a context that is named, that beats the environment, that beats the context in use. What is secret is not shown. No\nbroker is asked.',
    flags: [{ name: '--explain', says: 'where each value comes from, and what else would have said it' }],
    examples: ['config', 'config --explain', 'config --explain --json'],
    load: () => import('../commands/config.ts').then(({ config }) => config),
  },
  {
    words: 'cheat',
    args: '[page]',
    says: 'what is said most, on a page; `cheat celery` is for who comes from there',
    examples: ['cheat', 'cheat celery', 'cheat --json'],
    load: () => import('../commands/cheat.ts').then(({ cheat }) => cheat),
  },
]
