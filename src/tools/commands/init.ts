/** `callboard init`: a project to begin with, both ways to invoke in two short files. */

import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { ownVersion } from '../../board/worker.ts'
import type { Call } from '../cli/call.ts'
import { UsageError } from '../cli/usage.ts'

/** What the services import; written apart, because it is no file of ours. */
const beside = './contracts.ts'

const contracts = `/** What may be announced, and what may be asked for. Plain values: no connection, no handler; whoever speaks or answers shares them. */

import { task, topic } from 'callboard'
import { z } from 'zod'

/** Implicit: say what happened, name nobody. Every service that subscribed gets a copy of its own. */
export const noticePosted = topic('notice.posted', z.object({ text: z.string().min(1) }))

/** Explicit: name the work. Exactly one worker performs each task. */
export const sendMail = task('mail.send', {
  input: z.object({ to: z.email(), text: z.string() }),
  output: z.object({ sent: z.string() }),
  queue: 'mail',
  retry: { attempts: 5, backoff: '1s..1m' },
})
`

const app = `/** The services. callboard dev and callboard start give them the board. */

import { type Board, Reject } from 'callboard'
import { noticePosted, sendMail } from '${beside}'

const members = ['ann@example.org', 'bea@example.org', 'old@example.org']

export default (board: Board) => [
  // It listens because it subscribed; whoever posts a notice does not know it. Add another service, and nothing else changes.
  board.service('mail-planner').subscribe(noticePosted, async ({ text }, ctx) => {
    for (const to of members) await ctx.enqueue(sendMail, { to, text }) // a retried handler does not enqueue twice
  }),
  // It works because it was named. Throw, and it is tried again; Reject, and it is a dead letter at once.
  board.service('mailer').perform(sendMail, async ({ to }) => {
    if (to.startsWith('old')) throw new Reject('550 no such mailbox')
    return { sent: to }
  }),
]
`

function packageOf(folder: string): string {
  const name =
    basename(folder)
      .toLowerCase()
      .replaceAll(/[^a-z\d-]/g, '-') || 'board'
  const made = {
    name,
    private: true,
    type: 'module',
    scripts: { dev: 'callboard dev ./app.ts', start: 'callboard start ./app.ts' },
    dependencies: { callboard: `^${ownVersion()}`, zod: '^4' },
    devDependencies: { tsx: '^4', typescript: '^6' },
  }
  return `${JSON.stringify(made, undefined, 2)}\n`
}

/** `callboard init [folder]`. Leaves a package.json alone that is there, and writes nothing where a file would be lost. */
export async function init(call: Call): Promise<undefined> {
  const folder = resolve(call.host.cwd(), call.args[0] ?? '.')
  const files = { 'contracts.ts': contracts, 'app.ts': app }
  const there = Object.keys(files).filter((file) => existsSync(join(folder, file)))
  if (there.length > 0)
    throw new UsageError(`There is ${there.join(' and ')} already in ${folder}.`, 'Name another folder: callboard init ./board')
  await mkdir(folder, { recursive: true })
  const written = { ...files, ...(existsSync(join(folder, 'package.json')) ? {} : { 'package.json': packageOf(folder) }) }
  for (const [file, text] of Object.entries(written)) await writeFile(join(folder, file), text, { flag: 'wx' })
  const way = relative(call.host.cwd(), folder)
  return call.show({ folder, files: Object.keys(written) }, () => [
    `${call.out.paint('green', '●')} wrote ${Object.keys(written).join(', ')}`,
    ...(way === '' ? [] : [`  cd ${way}`]),
    '  npm install',
    '  npx callboard dev ./app.ts',
    `  npx callboard publish notice.posted '{"text":"Rehearsal moved to half past six"}'`,
  ])
}
