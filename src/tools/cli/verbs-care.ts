/** Verbs that take care of what is there. */

import type { Flag, Group, Verb } from './verb.ts'
import { paging } from './verbs-look.ts'
import { dryRun, schedules } from './verbs-schedule.ts'
import { limits, workers } from './verbs-steer.ts'

const all: Flag = { name: '--all', says: 'all of them, in place of a selector' }
const limit: Flag = { name: '--limit <number>', says: 'so many at most' }

const tasks: readonly Verb[] = [
  {
    words: 'tasks show',
    args: '<id>',
    says: 'one task or event: payload, attempts, what came of it, and why it is where it is',
    examples: ['tasks show book-1'],
    load: () => import('../commands/trace.ts').then(({ show }) => show),
  },
  {
    words: 'tasks wait',
    args: '<id>',
    says: 'wait for the result of a task and print it; exit code 7 if it does not succeed, 8 if it takes too long',
    flags: [{ name: '--timeout <duration>', says: 'how long to wait (1m); the task goes on' }],
    examples: ['tasks wait report-1'],
    load: () => import('../commands/tasks.ts').then(({ wait }) => wait),
  },
  {
    words: 'tasks cancel',
    args: '[selector...]',
    says: 'call tasks off that match, whether they wait or run',
    flags: [all, limit, dryRun],
    examples: ['tasks cancel queue:mail state:scheduled --dry-run', 'tasks cancel id:4711 --yes'],
    load: () => import('../commands/tasks.ts').then(({ cancel }) => cancel),
  },
  {
    words: 'tasks run-now',
    args: '[selector...]',
    says: 'make scheduled tasks that match due now',
    flags: [all, limit, dryRun],
    examples: ['tasks run-now queue:mail state:scheduled --yes'],
    load: () => import('../commands/tasks.ts').then(({ runNow }) => runNow),
  },
]

const queues: readonly Verb[] = [
  {
    words: 'queues pause',
    args: '<queue>',
    known: 'queues',
    says: 'hand out nothing until it is resumed; enqueueing goes on',
    flags: [{ name: '--for <duration>', says: 'go on by itself after this time' }],
    examples: ['queues pause mail --for 10m'],
    load: () => import('../commands/queues.ts').then(({ pause }) => pause),
  },
  {
    words: 'queues resume',
    args: '<queue>',
    known: 'queues',
    says: 'hand out again',
    examples: ['queues resume mail'],
    load: () => import('../commands/queues.ts').then(({ resume }) => resume),
  },
  {
    words: 'queues purge',
    args: '<queue>',
    known: 'queues',
    says: 'remove what waits, for good; what a worker has taken stays',
    flags: [
      { name: '--task <name>', says: 'only tasks of this name', known: 'tasks' },
      { name: '--priority <lane>', says: 'only of this lane', choices: ['high', 'normal', 'low'] },
      { name: '--delayed', says: 'also what waits for its time' },
      dryRun,
    ],
    examples: ['queues purge mail --dry-run', 'queues purge mail --task mail.send --yes'],
    load: () => import('../commands/queues.ts').then(({ purge }) => purge),
  },
  {
    words: 'queues drain',
    args: '<queue>',
    known: 'queues',
    says: 'wait until nothing waits or runs; exit code 8 if that takes too long',
    flags: [{ name: '--timeout <duration>', says: 'how long to wait (as long as it takes)' }],
    examples: ['queues drain mail --timeout 1m'],
    stays: true,
    load: () => import('../commands/queues.ts').then(({ drain }) => drain),
  },
]

const subs: readonly Verb[] = [
  {
    words: 'subs',
    says: "┄┄▷ each service's place in each topic",
    flags: [
      { name: '--service <name>', says: 'of one service', known: 'services' },
      { name: '--topic <name>', says: 'of one topic', known: 'topics' },
    ],
    examples: ['subs', 'subs --service mail-planner --json'],
    load: () => import('../commands/subs.ts').then(({ subs }) => subs),
  },
  {
    words: 'subs pause',
    args: '<service> <topic>',
    known: 'services',
    says: 'hand it nothing until it is resumed; its events are kept',
    flags: [{ name: '--for <duration>', says: 'go on by itself after this time' }],
    examples: ['subs pause mail-planner books.released --for 1h'],
    load: () => import('../commands/subs.ts').then(({ pause }) => pause),
  },
  {
    words: 'subs resume',
    args: '<service> <topic>',
    known: 'services',
    says: 'let it go on',
    examples: ['subs resume mail-planner books.released'],
    load: () => import('../commands/subs.ts').then(({ resume }) => resume),
  },
  {
    words: 'subs seek',
    args: '<service> <topic>',
    known: 'services',
    says: 'go on from a point, back or forth',
    flags: [{ name: '--to <point>', says: 'all, new, a time as 2027-03-01T09:00Z, or a sequence' }, dryRun],
    examples: ['subs seek mail-planner books.released --to all --yes'],
    load: () => import('../commands/subs.ts').then(({ seek }) => seek),
  },
  {
    words: 'subs replay',
    args: '<service> <topic>',
    known: 'services',
    says: 'give it a window of the past once more, beside what is new',
    flags: [
      { name: '--from <point>', says: 'a time as 2027-03-01T09:00Z, or a sequence' },
      { name: '--to <point>', says: 'the same; without it, up to now' },
    ],
    examples: ['subs replay mail-planner books.released --from 1 --to 100 --yes'],
    load: () => import('../commands/subs.ts').then(({ replay }) => replay),
  },
  {
    words: 'subs leave',
    args: '<service> <topic>',
    known: 'services',
    says: 'end it for good; stop the service first',
    flags: [dryRun],
    examples: ['subs leave old-planner books.released --yes'],
    load: () => import('../commands/subs.ts').then(({ leave }) => leave),
  },
]

const dead: readonly Verb[] = [
  {
    words: 'dead',
    args: '[selector...]',
    says: '✕ what was given up, newest first',
    flags: paging,
    examples: ['dead', 'dead queue:mail reason:rejected', 'dead error:~451 --json'],
    load: () => import('../commands/dead.ts').then(({ dead }) => dead),
  },
  {
    words: 'dead groups',
    args: '[selector...]',
    says: 'the same by kind of error, most first',
    examples: ['dead groups', 'dead groups since:1h'],
    load: () => import('../commands/dead.ts').then(({ groups }) => groups),
  },
  {
    words: 'dead show',
    args: '<number>',
    says: 'one of them: payload, error, attempts',
    flags: [{ name: '--stack', says: 'with the stack of its error' }],
    examples: ['dead show 1'],
    load: () => import('../commands/dead.ts').then(({ show }) => show),
  },
  {
    words: 'dead redrive',
    args: '[selector...]',
    says: 'send those that match back to where they died, or one by its number',
    flags: [all, limit, dryRun, { name: '--payload <json>', says: 'with another payload: JSON, @file or -; for one by its number' }],
    examples: ['dead redrive queue:mail error:~451 --dry-run', 'dead redrive 1', 'dead redrive fingerprint:1f2e3d4c --yes'],
    load: () => import('../commands/dead.ts').then(({ redrive }) => redrive),
  },
  {
    words: 'dead discard',
    args: '[selector...]',
    says: 'remove those that match for good, or one by its number',
    flags: [all, limit, dryRun],
    examples: ['dead discard reason:expired --dry-run', 'dead discard 2 --yes'],
    load: () => import('../commands/dead.ts').then(({ discard }) => discard),
  },
  {
    words: 'dead export',
    args: '[selector...]',
    says: 'a line of JSON for each that matches, with its payload',
    examples: ['dead export', 'dead export queue:mail > mail.ndjson'],
    load: () => import('../commands/dead.ts').then(({ exported }) => exported),
  },
]

/** Verbs that take care of what is there. */
export const care: Group = { title: 'Take care', verbs: [...queues, ...limits, ...workers, ...tasks, ...subs, ...dead, ...schedules] }
