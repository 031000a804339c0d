/** The parser: commander, fed from the table of verbs. */

import { Command, CommanderError, Option } from 'commander'
import { nearest } from '../../base/options.ts'
import type { Flags } from './call.ts'
import { about, overview } from './help.ts'
import type { Pen } from './pen.ts'
import { UsageError } from './usage.ts'
import { everywhere, type Flag, type Group, type Verb } from './verb.ts'

/** What a command line says. */
export type Said = { readonly verb: Verb; readonly args: readonly string[]; readonly flags: Flags } | { readonly text: string }

/** Verbs by the other words people try first. */
const aliases: Readonly<Record<string, string>> = {
  topics: 'topic',
  queues: 'queue',
  subs: 'sub',
  tasks: 'task',
  schedules: 'schedule',
  workers: 'worker',
  limits: 'limit',
  contexts: 'context',
  dash: 'dashboard',
  remove: 'rm',
}

/** Reads a command line. Throws UsageError; help and version are text to be shown. */
export function said(argv: readonly string[], groups: readonly Group[], version: string, { paint, width }: Pen): Said {
  let found: Said | undefined
  let text = ''
  const root = new Command('callboard').version(version, '-V, --version', 'the version')
  for (const flag of [...everywhere, { name: '--verbose', says: '' }]) root.addOption(option(flag))
  for (const verb of groups.flatMap((group) => group.verbs)) {
    const command = place(root, verb)
    command.helpInformation = () => about(verb, groups, paint, width)
    command.action((...given: unknown[]) => {
      const args = given.slice(0, -2).flat()
      found = { verb, args: args.filter((each): each is string => typeof each === 'string'), flags: command.optsWithGlobals() }
    })
  }
  root.helpInformation = () => overview(groups, version, paint, width)
  for (const each of all(root)) {
    each
      .exitOverride()
      .helpCommand(false)
      .configureOutput({
        writeOut: (more) => {
          text += more
        },
        writeErr: () => undefined,
      })
  }
  try {
    root.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { text }
    if (argv.length === 0) return { text: root.helpInformation() }
    throw misunderstood(error, root, argv)
  }
  return found ?? { text: root.helpInformation() }
}

/** Puts a verb in its place, below the words before it. */
function place(root: Command, verb: Verb): Command {
  const words = verb.words.split(' ')
  const last = words.pop() ?? ''
  const parent = words.reduce((at, word) => at.commands.find((each) => each.name() === word) ?? at, root)
  const command = parent.command(last).allowExcessArguments(false)
  const alias = aliases[last]
  if (alias !== undefined) command.alias(alias)
  for (const argument of verb.args?.split(' ') ?? []) command.argument(argument)
  for (const flag of verb.flags ?? []) command.addOption(option(flag))
  return command
}

function option({ name, says, choices, many }: Flag): Option {
  const made = new Option(name, says)
  if (choices) made.choices([...choices])
  if (many) made.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value])
  return made
}

function all(command: Command): Command[] {
  return [command, ...command.commands.flatMap(all)]
}

/** What commander complains of, in our shape. */
function misunderstood(error: CommanderError, root: Command, argv: readonly string[]): UsageError {
  const { command, rest } = walked(root, argv)
  const path = pathOf(command)
  const [word = ''] = rest
  if (error.code === 'commander.excessArguments' && command.commands.length > 0) {
    const guess = nearest(
      word,
      command.commands.map((each) => each.name()),
    )
    return new UsageError(
      `There is no verb ${path}${word}.`,
      `${guess ? `Did you mean ${path}${guess}? ` : ''}callboard ${path}--help shows what there is.`,
    )
  }
  const [first = '', hint = ''] = error.message.replace(/^error: /, '').split('\n')
  const what = `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.$/, '')}.`
  const guess = /Did you mean (?:one of )?(.+?)\?/.exec(hint)?.[1]
  return new UsageError(what, `${guess ? `Did you mean ${guess}? ` : ''}callboard ${path}--help shows how it is said.`)
}

/** How far the words of a command line lead, and what is left of them. */
function walked(root: Command, argv: readonly string[]): { command: Command; rest: readonly string[] } {
  let command = root
  for (const [index, word] of argv.entries()) {
    const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word))
    if (next === undefined) return { command, rest: argv.slice(index) }
    command = next
  }
  return { command, rest: [] }
}

/** The words that lead to a command, each with a space behind it. */
function pathOf(command: Command): string {
  return command.parent === null ? '' : `${pathOf(command.parent)}${command.name()} `
}
