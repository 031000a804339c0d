/** Verbs that say and ask: the two ways to invoke, side by side. */

import type { Flag, Group } from './verb.ts'

const common: readonly Flag[] = [
  { name: '--id <id>', says: 'its id: said twice within the dedupe window, it is stored once' },
  { name: '--header <name=value>', says: 'text that is sent along', many: true },
  { name: '--lines', says: 'many payloads, one JSON value for each line of @file or -' },
  { name: '--dry-run', says: 'check it and say where it would go, store nothing' },
]

/** Verbs that say and ask. */
export const speak: Group = {
  title: 'Speak',
  verbs: [
    {
      words: 'publish',
      args: '<topic> [json]',
      known: 'topics',
      says: '◇ say what happened; everyone who subscribed gets a copy',
      more: 'The event is JSON, @file, or - for standard input; left out, it is null. Naming nobody is the point: there is no delay, no\npriority and no result here, which only the sender of a task has.',
      flags: [...common, { name: '--key <text>', says: 'what it is about, for subscribers that keep order per key' }],
      examples: [
        `publish books.released '{"isbn":"978-0"}'`,
        'publish books.released @book.json --dry-run',
        'publish books.released --lines - < books.ndjson',
      ],
      begins: true,
      load: () => import('../commands/publish.ts').then(({ publish }) => publish),
    },
    {
      words: 'enqueue',
      args: '<task> [json]',
      known: 'tasks',
      says: '■ name work that one worker does',
      more: 'The input is JSON, @file, or - for standard input; left out, there is none. The queue is that of the contract, else the one\nwhose workers perform the task, else --queue.',
      flags: [
        ...common,
        { name: '--queue <name>', says: 'the queue it waits in, where no contract says so', known: 'queues' },
        { name: '--delay <duration>', says: 'not before this much time has passed: 30s, 10m, 2h' },
        { name: '--at <time>', says: 'not before this time: 2027-03-01T09:00, in the zone of --zone, or with one of its own' },
        { name: '--zone <name>', says: 'the clock --at is read on, as Asia/Kolkata (UTC)' },
        { name: '--priority <lane>', says: 'its lane', choices: ['high', 'normal', 'low'] },
        { name: '--unique <key>', says: 'while one with this key waits or runs, the answer is that one' },
        { name: '--expires <duration>', says: 'given up if it has not started after this time' },
        { name: '--wait', says: 'wait for its result and print it; exit code 7 if it does not succeed' },
        { name: '--timeout <duration>', says: 'how long --wait waits (1m); then exit code 8, and the task goes on' },
      ],
      examples: [
        `enqueue mail.send '{"to":"ann@example.org"}'`,
        `enqueue mail.send '{"to":"ann@example.org"}' --delay 10m --unique hello:ann`,
        `enqueue report.pdf '{"month":3}' --wait --timeout 1m`,
      ],
      begins: true,
      load: () => import('../commands/enqueue.ts').then(({ enqueue }) => enqueue),
    },
  ],
}
