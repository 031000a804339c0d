/** Verbs that look, and change nothing. */

import type { Flag, Group } from './verb.ts'

/** Flags of lists that come page by page. */
export const paging: readonly Flag[] = [
  { name: '--limit <number>', says: 'how many at most (100)' },
  { name: '--cursor <place>', says: 'go on where the page before ended' },
]

/** Verbs that look. */
export const look: Group = {
  title: 'Look',
  verbs: [
    {
      words: 'topics',
      args: '[name]',
      known: 'topics',
      says: '◇ what is announced, and who hears it',
      examples: ['topics', 'topics books.released', 'topics --json'],
      load: () => import('../commands/topics.ts').then(({ topics }) => topics),
    },
    {
      words: 'queues',
      args: '[name]',
      known: 'queues',
      says: '■ where tasks wait, how many, and what for',
      examples: ['queues', 'queues mail', 'queues --json'],
      load: () => import('../commands/queues.ts').then(({ queues }) => queues),
    },
    {
      words: 'tasks',
      args: '[selector...]',
      says: 'what waits, runs and has died, by selector',
      more: 'A selector is words like state:scheduled queue:mail age:>10m error:~"timed out" data.to:*@example.org sort:-age; all must hold,\na,b is either, a minus before the key is not. In front of a word that begins with a minus, put -- once.',
      flags: paging,
      examples: ['tasks', 'tasks queue:mail state:ready', "tasks 'age:>10m sort:-age' --limit 20"],
      load: () => import('../commands/tasks.ts').then(({ tasks }) => tasks),
    },
    {
      words: 'trace',
      args: '<id>',
      says: 'from what was said to every effect: ┄┄▷ who ran because it subscribed, ──▶ who because it was named',
      flags: [{ name: '--all', says: 'everything, however much it is' }],
      examples: ['trace book-1', 'trace book-1 --all --json'],
      load: () => import('../commands/trace.ts').then(({ trace }) => trace),
    },
    {
      words: 'why',
      args: '[id]',
      says: 'why a task or event waits, was retried or died; why a queue or a subscription does not move',
      flags: [
        { name: '--queue <name>', says: 'about a queue', known: 'queues' },
        { name: '--service <name>', says: 'about the subscription of a service, with --topic', known: 'services' },
        { name: '--topic <name>', says: 'its topic', known: 'topics' },
      ],
      examples: ['why book-1', 'why --queue mail', 'why --service mail-planner --topic books.released'],
      load: () => import('../commands/trace.ts').then(({ why }) => why),
    },
    {
      words: 'workers',
      args: '[name]',
      known: 'workers',
      says: 'the processes that run services: load, lateness, when they last told of themselves',
      examples: ['workers', 'workers --json'],
      load: () => import('../commands/workers.ts').then(({ workers }) => workers),
    },
    {
      words: 'tail',
      args: '[selector...]',
      says: 'what happens, as it happens: a line for each thing',
      flags: [
        { name: '--from <point>', says: 'begin with all that is kept, 10m ago, or behind a place of --json (new)' },
        { name: '--limit <number>', says: 'end after so many' },
      ],
      examples: ['tail', 'tail task:mail.send reason:rejected,exhausted', 'tail --from 10m --json'],
      stays: true,
      load: () => import('../commands/tail.ts').then(({ tail }) => tail),
    },
    {
      words: 'listen',
      args: '<topic>',
      known: 'topics',
      says: '┄┄▷ hear a topic: a line for each event',
      more: 'With --as it is a subscriber like any other, with a place and copies of its own, as long as this runs; a name that is in use\nis refused, for it would take the events of that service. Without, it only hears what is said while it is there.',
      flags: [
        { name: '--as <service>', says: 'subscribe under this name, and leave at the end' },
        { name: '--from <point>', says: 'new, or all that is kept (new)' },
        { name: '--limit <number>', says: 'end after so many' },
      ],
      examples: ['listen books.released', 'listen books.released --as spare --from all', 'listen books.* --json'],
      stays: true,
      load: () => import('../commands/listen.ts').then(({ listen }) => listen),
    },
    {
      words: 'top',
      says: 'all of it on a terminal, live, with keys',
      more: 'Keys: 1 to 4 choose what is shown, arrows or j and k a row, / filters, p pauses or resumes, r twice sends dead letters back, ? help,\nq ends.',
      flags: [{ name: '--once', says: 'one look, without a terminal' }],
      examples: ['top', 'top --once', 'top --json'],
      stays: true,
      load: () => import('../commands/top.ts').then(({ top }) => top),
    },
    {
      words: 'doctor',
      says: 'look at the broker, the streams and this machine, and say what to do',
      more: 'Exit code 0 if nothing needs attention, 9 if something does, 3 if the broker cannot be reached.',
      flags: [
        { name: '--monitor <url>', says: 'the monitoring port of the server, as http://127.0.0.1:8222: it tells when data is synced' },
      ],
      examples: ['doctor', 'doctor --json'],
      load: () => import('../commands/doctor.ts').then(({ doctor }) => doctor),
    },
  ],
}
