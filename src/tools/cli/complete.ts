/** Completions of the shell: from the table of verbs, and names asked of the broker in a moment that nobody notices. */

import completer, { type Complete, type Command as Completing } from '@bomb.sh/tab'
import { milliseconds } from '../../base/duration.ts'
import type { Board } from '../../index.ts'
import type { Host } from './call.ts'
import { bash } from './complete-bash.ts'
import { addressIn } from './context.ts'
import { everywhere, type Flag, type Group, type Known, type Verb } from './verb.ts'

/** How long the broker has to answer: who presses Tab does not wait. `CALLBOARD_COMPLETE_WITHIN` allows more. */
const patience = '300ms'

/** Shells there are completions for. */
export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const

/** `callboard complete -- words…`, which the shell calls: what may stand in place of the last word, one for each line. */
export async function complete(host: Pick<Host, 'argv' | 'env'>, groups: readonly Group[]): Promise<void> {
  const words = host.argv.slice(host.argv.indexOf('--') + 1)
  const verbs = groups.flatMap((group) => group.verbs)
  const verb = verbs.filter((each) => each.words.split(' ').every((word, index) => words[index] === word)).at(-1)
  const known = await names(wanted(verb), host, words)
  for (const each of verbs) place(each, known)
  completer.parse(words)
}

/** The script that a shell reads once. That of bash is our own: the library's wants the package bash-completion, and evaluates what was typed. */
export function script(shell: string, write: (text: string) => void): void {
  if (shell === 'bash') write(bash)
  else completer.setup('callboard', 'callboard', shell)
}

function place(verb: Verb, known: ReadonlyMap<Known, readonly string[]>): void {
  const command = completer.command(verb.words, verb.says)
  for (const flag of [...(verb.flags ?? []), ...everywhere]) option(command, flag, known)
  for (const [index, argument] of (verb.args?.split(' ') ?? []).entries()) {
    const offered = index === 0 && verb.known ? (known.get(verb.known) ?? []) : []
    command.argument(argument.replace(/[<>[\].]/g, ''), (tell) => offer(tell, offered), argument.includes('...'))
  }
}

function option(command: Completing, { name, says, choices, known: kind }: Flag, known: ReadonlyMap<Known, readonly string[]>): void {
  const [long = '', value] = name.replace(/^--/, '').split(' ')
  if (value === undefined) command.option(long, says)
  else command.option(long, says, (tell) => offer(tell, choices ?? (kind && known.get(kind)) ?? []))
}

function offer(tell: Complete, values: readonly string[]): void {
  for (const value of values) tell(value, '')
}

function wanted(verb: Verb | undefined): Set<Known> {
  const kinds = [verb?.known, ...(verb?.flags ?? []).map((flag) => flag.known)]
  return new Set(kinds.filter((kind) => kind !== undefined))
}

/** Names on the broker; none where it does not answer in time. */
async function names(
  kinds: ReadonlySet<Known>,
  { env }: Pick<Host, 'env'>,
  words: readonly string[],
): Promise<Map<Known, readonly string[]>> {
  const found = new Map<Known, readonly string[]>()
  if (kinds.size === 0) return found
  const said = (flag: string) => (words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined)
  const address = {
    ...addressIn(env, said('--context'), said('--url')),
    ...(said('--url') ? { servers: said('--url') } : {}),
    ...(said('--namespace') ? { namespace: said('--namespace') } : {}),
  }
  const late = new Promise<void>((resolve) => setTimeout(resolve, milliseconds(env.CALLBOARD_COMPLETE_WITHIN || patience) ?? 0))
  const asking = ask(kinds, address, found).catch(() => undefined)
  await Promise.race([asking, late])
  // What is still on its way would keep the process, and the shell, waiting.
  setTimeout(() => process.exit(0), 50).unref()
  return found
}

async function ask(kinds: ReadonlySet<Known>, address: object, found: Map<Known, readonly string[]>): Promise<void> {
  const { callboard } = await import('../../index.ts')
  const board = await callboard({ ...address, existing: true, log: false, name: 'callboard completion' })
  try {
    await Promise.all([...kinds].map(async (kind) => found.set(kind, [...new Set(await read[kind](board))].sort())))
  } finally {
    await board.close()
  }
}

const read: Readonly<Record<Known, (board: Board) => Promise<string[]>>> = {
  topics: async (board) => (await board.inspect.topics()).map(({ name }) => name),
  tasks: async (board) => (await board.inspect.queues()).flatMap(({ performers }) => performers.map(({ task }) => task)),
  queues: async (board) => (await board.inspect.queues()).map(({ name }) => name),
  services: async (board) => (await board.inspect.subscriptions()).map(({ service }) => service),
  workers: async (board) => (await board.inspect.workers()).map(({ name }) => name),
  async limits(board) {
    const { limits } = await import('../../extras/limits/index.ts')
    return (await limits(board).list()).map(({ name }) => name)
  },
  async schedules(board) {
    const all: string[] = []
    for await (const { name } of board.schedules.list()) all.push(name)
    return all
  },
}
