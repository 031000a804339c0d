/** Verbs about schedules. */

import type { Flag, Verb } from './verb.ts'

/** Nothing is done. */
export const dryRun: Flag = { name: '--dry-run', says: 'say what would be done, do nothing' }
const zone: Flag = { name: '--zone <name>', says: 'the clock that is read, as Asia/Kolkata (UTC)' }

/** Verbs about schedules. */
export const schedules: readonly Verb[] = [
  {
    words: 'schedules',
    says: '◷ what is said and asked later and repeatedly, the next first',
    examples: ['schedules', 'schedules --json'],
    load: () => import('../commands/schedules.ts').then(({ list }) => list),
  },
  {
    words: 'schedules show',
    args: '<name>',
    known: 'schedules',
    says: 'one of them, with its next times',
    examples: ['schedules show digest'],
    load: () => import('../commands/schedules.ts').then(({ show }) => show),
  },
  {
    words: 'schedules next',
    args: '<name>',
    known: 'schedules',
    says: 'its next times, on its own clock and on yours',
    flags: [
      { name: '--count <number>', says: 'how many (5)' },
      { ...zone, says: 'your zone (that of this machine)' },
    ],
    examples: ['schedules next digest --count 10 --zone Europe/Berlin'],
    load: () => import('../commands/schedules.ts').then(({ next }) => next),
  },
  {
    words: 'schedules set',
    args: '<name> [json]',
    known: 'schedules',
    says: 'create one, or replace the one of this name',
    flags: [
      { name: '--task <name>', says: '■ what it asks for', known: 'tasks' },
      { name: '--topic <name>', says: '◇ what it announces', known: 'topics' },
      { name: '--queue <name>', says: 'the queue of the task, where no contract says so', known: 'queues' },
      { name: '--cron <expression>', says: "five fields, six with seconds first, or @daily: '0 9 * * 1-5'" },
      { name: '--every <duration>', says: 'an interval of a second or more' },
      { name: '--at <time>', says: 'once: 2027-03-01T09:00' },
      { ...zone, says: 'the clock of --cron and --at, as Asia/Kolkata (UTC)' },
      { name: '--missed <policy>', says: 'times that nothing came for', choices: ['one', 'skip'] },
      { name: '--overlap <policy>', says: 'a firing while the last one is not done', choices: ['run', 'skip', 'queue'] },
      { name: '--spread <duration>', says: 'wait a part of this, another for each name' },
      { name: '--header <name=value>', says: 'text that is sent along', many: true },
      { name: '--metadata <name=value>', says: 'text that is kept with it', many: true },
    ],
    examples: [
      `schedules set digest '{"edition":"daily"}' --task mail.digest --cron '0 9 * * 1-5' --zone Asia/Kolkata`,
      'schedules set beat --topic clock.minute --every 1m',
    ],
    begins: true,
    load: () => import('../commands/schedules.ts').then(({ set }) => set),
  },
  {
    words: 'schedules retime',
    args: '<name>',
    known: 'schedules',
    says: 'give it other times, and leave all else as it is',
    flags: [
      { name: '--cron <expression>', says: "five fields, six with seconds first, or @daily: '0 9 * * 1-5'" },
      { name: '--every <duration>', says: 'an interval of a second or more' },
      { name: '--at <time>', says: 'once: 2027-03-01T09:00' },
      { ...zone, says: 'the clock of --cron and --at, as Asia/Kolkata (UTC)' },
    ],
    examples: [`schedules retime digest --cron '0 8 * * 1-5' --zone Asia/Kolkata`],
    load: () => import('../commands/schedules.ts').then(({ retime }) => retime),
  },
  {
    words: 'schedules pause',
    args: '<name>',
    known: 'schedules',
    says: 'let it not fire, until it is resumed',
    flags: [{ name: '--until <time>', says: 'go on by itself then: 2027-03-01T09:00Z' }],
    examples: ['schedules pause digest'],
    load: () => import('../commands/schedules.ts').then(({ pause }) => pause),
  },
  {
    words: 'schedules resume',
    args: '<name>',
    known: 'schedules',
    says: 'let it fire again; what fell due meanwhile is not made up for',
    examples: ['schedules resume digest'],
    load: () => import('../commands/schedules.ts').then(({ resume }) => resume),
  },
  {
    words: 'schedules run',
    args: '<name>',
    known: 'schedules',
    says: 'fire now, besides its times',
    examples: ['schedules run digest'],
    load: () => import('../commands/schedules.ts').then(({ run }) => run),
  },
  {
    words: 'schedules remove',
    args: '<name>',
    known: 'schedules',
    says: 'end it; what it has fired stays',
    flags: [dryRun],
    examples: ['schedules remove digest --yes'],
    load: () => import('../commands/schedules.ts').then(({ remove }) => remove),
  },
  {
    words: 'schedules rearm',
    says: 'arm again those that are late; running services do so by themselves',
    examples: ['schedules rearm'],
    load: () => import('../commands/schedules.ts').then(({ rearm }) => rearm),
  },
]
