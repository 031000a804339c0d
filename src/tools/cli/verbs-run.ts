/** Verbs that run something. */

import type { Flag, Group } from './verb.ts'
import { settings } from './verbs-steer.ts'

/** Where a program can be asked how it is. */
const probed: readonly Flag[] = [
  { name: '--admin-port <number>', says: 'answer /livez, /readyz and /metrics there; 0 is any free port' },
  { name: '--admin-host <address>', says: 'the address that is done on (127.0.0.1)' },
]

/** Verbs that run something. */
export const run: Group = {
  title: 'Run',
  verbs: [
    {
      words: 'dev',
      args: '[entry]',
      says: 'a broker and a dashboard on this machine, and services that start again when their files change',
      more: 'The module exports a default function as for `callboard start`. Data is kept in .callboard/, which git is told to ignore.',
      flags: [
        { name: '--port <number>', says: 'where the broker listens (4222, else the next that is free)' },
        { name: '--strict-port', says: 'fail where the port is taken' },
        { name: '--memory', says: 'forget everything at the end' },
        { name: '--no-dashboard', says: 'no dashboard' },
      ],
      examples: ['dev ./app.ts', 'dev', 'dev ./app.ts --port 4300 --memory'],
      stays: true,
      begins: true,
      load: () => import('../commands/dev.ts').then(({ dev }) => dev),
    },
    {
      words: 'start',
      args: '<entries...>',
      says: 'run the services of modules until told to stop, then drain',
      more: "A module exports a default function that is given the board and gives back services:\n\n  export default (board) => board.service('mailer').perform(sendMail, deliver)\n\nSIGTERM or Ctrl-C drains: nothing new is taken, running handlers finish, what does not is handed back at no attempt. A second\nsignal ends at once. On a terminal every run is a line; elsewhere the log is lines of JSON.\n\nWith --queues, each service that is given back must perform tasks of every queue that is named. Subscriptions start in any case.",
      flags: [
        { name: '--queues <names>', says: 'perform tasks of these queues only, as mail,reports', known: 'queues' },
        { name: '--lanes <names>', says: 'serve these of high, normal and low only, as high,normal' },
        { name: '--drain <duration>', says: 'how long running handlers may finish (25s)' },
        ...probed,
      ],
      examples: [
        'start ./app.ts',
        'start ./mailer.ts ./planner.ts --drain 10s',
        'start ./app.ts --queues mail,reports',
        'start ./app.ts --admin-port 4601',
      ],
      stays: true,
      begins: true,
      load: () => import('../commands/start.ts').then(({ start }) => start),
    },
    {
      words: 'dash',
      says: 'the dashboard of a broker, in a browser of this machine',
      more: 'It listens on this machine alone. --host opens it to others, and then wants --allow and a login: set CALLBOARD_READER_TOKEN and\nCALLBOARD_OPERATOR_TOKEN.',
      flags: [
        { name: '--port <number>', says: 'its port (4600, else the next that is free)' },
        { name: '--host <address>', says: 'the address it listens on (127.0.0.1)' },
        { name: '--allow <name>', says: 'a host name it may be asked for under', many: true },
        { name: '--read-only', says: 'nobody may do anything but look' },
        { name: '--hide-payloads', says: 'nobody sees payloads' },
        ...probed,
      ],
      examples: ['dash', 'dash --port 4700 --read-only'],
      stays: true,
      load: () => import('../commands/dash.ts').then(({ dash }) => dash),
    },
    {
      words: 'demo',
      says: 'both ways to invoke, side by side, with a broker of its own that is thrown away',
      more: 'Exit code 0 only if the counts hold: nobody is left out, nobody gets two mails.',
      examples: ['demo', 'demo --json'],
      stays: true,
      begins: true,
      load: () => import('../commands/demo.ts').then(({ demo }) => demo),
    },
    {
      words: 'bench',
      says: 'what this machine does, with a broker of its own that is thrown away',
      flags: [
        { name: '--messages <number>', says: 'how many of each (10000)' },
        { name: '--size <bytes>', says: 'how large (200)' },
        { name: '--sync <interval>', says: 'how often the broker syncs to disk: always, 10s, 2m (10s)' },
      ],
      examples: ['bench', 'bench --messages 1000 --sync always --json'],
      stays: true,
      begins: true,
      load: () => import('../commands/bench.ts').then(({ bench }) => bench),
    },
    {
      words: 'permissions',
      says: 'what the broker must allow a process, from its contracts and its role',
      more: 'Written as a block for a user in the configuration file of nats-server; --json gives the claims of a JWT. No broker is asked.',
      flags: [
        { name: '--role <role>', says: 'whose permissions', choices: ['producer', 'worker', 'reader', 'operator'] },
        { name: '--service <name>', says: 'the service a worker works for' },
      ],
      examples: [
        'permissions --contracts ./contracts.mjs --role producer',
        'permissions --contracts ./contracts.mjs --role worker --service mailer --json',
      ],
      load: () => import('../commands/permissions.ts').then(({ permissions }) => permissions),
    },
    {
      words: 'spec',
      says: 'the AsyncAPI 3 document of your contracts',
      more: 'Channels are topics and queues, messages have the JSON Schema of your schemas, where their library tells it. No broker is asked.',
      examples: ['spec --contracts ./contracts.mjs', 'spec --contracts ./contracts.mjs > asyncapi.json'],
      load: () => import('../commands/spec.ts').then(({ spec }) => spec),
    },
    ...settings,
    {
      words: 'init',
      args: '[folder]',
      says: 'a project to begin with: contracts, services, package.json',
      more: 'Nothing that is there is overwritten.',
      examples: ['init ./board', 'init ./another --json'],
      load: () => import('../commands/init.ts').then(({ init }) => init),
    },
    {
      words: 'contexts',
      says: 'named servers, those of the nats program included',
      more: 'A context stands for an address and its credentials: --context names one, `contexts use` makes it the one that is used where\nnothing else is said. What --url and CALLBOARD_URL name is never mixed with it.',
      examples: ['contexts', 'contexts --json'],
      load: () => import('../commands/contexts.ts').then(({ list }) => list),
    },
    {
      words: 'contexts add',
      args: '<name>',
      says: 'keep an address under a name: --url, --namespace, --creds, --user',
      more: 'With --user the password is read from CALLBOARD_PASSWORD. The file is for its owner alone.',
      flags: [{ name: '--description <text>', says: 'what it is' }],
      examples: ['contexts add staging --url nats://staging.example.org:4222 --namespace shop'],
      load: () => import('../commands/contexts.ts').then(({ add }) => add),
    },
    {
      words: 'contexts use',
      args: '[name]',
      says: 'use one from now on; without a name, none',
      examples: ['contexts use staging', 'contexts use'],
      load: () => import('../commands/contexts.ts').then(({ use }) => use),
    },
    {
      words: 'contexts remove',
      args: '<name>',
      says: 'forget one; those of the nats program stay',
      examples: ['contexts remove staging --yes'],
      load: () => import('../commands/contexts.ts').then(({ remove }) => remove),
    },
    {
      words: 'completion',
      args: '<shell>',
      says: 'completions for bash, zsh, fish or powershell, to be read by the shell',
      more: 'bash: put  source <(callboard completion bash)  into ~/.bashrc. zsh and fish alike. Names on the broker are offered\nwhere it answers within 300 ms, or what CALLBOARD_COMPLETE_WITHIN says.',
      examples: ['completion bash', 'completion fish > ~/.config/fish/completions/callboard.fish'],
      load: () => import('../commands/completion.ts').then(({ completion }) => completion),
    },
  ],
}
