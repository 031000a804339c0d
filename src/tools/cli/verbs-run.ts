/** Verbs that run something. */

import type { Group } from './verb.ts'

/** Verbs that run something. */
export const run: Group = {
  title: 'Run',
  verbs: [
    {
      words: 'dev',
      args: '[entry]',
      says: 'a broker on this machine, and the services of a module, started again when its files change',
      more: 'The module exports a default function as for `callboard start`. Data is kept in .callboard/, which git is told to ignore.',
      flags: [
        { name: '--port <number>', says: 'where the broker listens (4222, else the next that is free)' },
        { name: '--strict-port', says: 'fail where the port is taken' },
        { name: '--memory', says: 'forget everything at the end' },
      ],
      examples: ['dev ./app.ts', 'dev', 'dev ./app.ts --port 4300 --memory'],
      stays: true,
      load: () => import('../commands/dev.ts').then(({ dev }) => dev),
    },
    {
      words: 'start',
      args: '<entries...>',
      says: 'run the services of modules until told to stop, then drain',
      more: "A module exports a default function that is given the board and gives back services:\n\n  export default (board) => board.service('mailer').perform(sendMail, deliver)\n\nSIGTERM or Ctrl-C drains: nothing new is taken, running handlers finish, what does not is handed back at no attempt. A second\nsignal ends at once. On a terminal every run is a line; elsewhere the log is lines of JSON.",
      flags: [{ name: '--drain <duration>', says: 'how long running handlers may finish (25s)' }],
      examples: ['start ./app.ts', 'start ./mailer.ts ./planner.ts --drain 10s'],
      stays: true,
      load: () => import('../commands/start.ts').then(({ start }) => start),
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
      load: () => import('../commands/bench.ts').then(({ bench }) => bench),
    },
    {
      words: 'completion',
      args: '<shell>',
      says: 'completions for bash, zsh, fish or powershell, to be read by the shell',
      more: 'bash: put  source <(callboard completion bash)  into ~/.bashrc. zsh and fish alike.',
      examples: ['completion bash', 'completion fish > ~/.config/fish/completions/callboard.fish'],
      load: () => import('../commands/completion.ts').then(({ completion }) => completion),
    },
  ],
}
