/**
 * A verb of the command line, as data: from one table come the parser, the help, the completions and `docs/reference/cli.md`.
 * What it does is loaded when it is called, so that help costs no connection library.
 */

import type { Call } from './call.ts'

/** Names of things on the broker that an argument or a flag may take, for completions. */
export type Known = 'topics' | 'tasks' | 'queues' | 'services' | 'schedules' | 'limits' | 'workers'

/** A flag. */
export interface Flag {
  /** As it is written: `--delay <duration>`, `--force`, `--header <name=value>`. */
  readonly name: string
  /** What it is for, in one line. */
  readonly says: string
  /** It may be given several times. */
  readonly many?: boolean
  /** It takes one of these. */
  readonly choices?: readonly string[]
  /** It takes the name of one of these. */
  readonly known?: Known
}

/** A verb. */
export interface Verb {
  /** Words behind `callboard`, as `dead redrive`. */
  readonly words: string
  /** Arguments, as `<topic> [json]`. */
  readonly args?: string
  /** What the first argument names. */
  readonly known?: Known
  /** What it does, in one line without a full stop. */
  readonly says: string
  /** What else must be known. */
  readonly more?: string
  readonly flags?: readonly Flag[]
  /** Command lines behind `callboard`, the commonest first. */
  readonly examples: readonly string[]
  /** It may begin a namespace that is not there. All others open only what there is. */
  readonly begins?: boolean
  /** It runs until it is stopped: a first signal asks it to end, a second one ends it. */
  readonly stays?: boolean
  /** Loads what it does. That gives the exit code, or nothing for 0. */
  readonly load: () => Promise<Action>
}

/** What a verb does. */
export type Action = (call: Call) => Promise<number | undefined | undefined>

/** Verbs that are shown together. */
export interface Group {
  readonly title: string
  readonly verbs: readonly Verb[]
}

/** Flags that every verb takes. */
export const everywhere: readonly Flag[] = [
  { name: '--url <servers>', says: 'the broker, several with commas between (CALLBOARD_URL, NATS_URL; nats://127.0.0.1:4222)' },
  { name: '--context <name>', says: 'a server by the name it was given: callboard contexts (CALLBOARD_CONTEXT)' },
  { name: '--namespace <name>', says: 'the namespace of the board (CALLBOARD_NAMESPACE; callboard)' },
  { name: '--creds <file>', says: 'a NATS credentials file (CALLBOARD_CREDS, NATS_CREDS)' },
  { name: '--user <name>', says: 'who logs in; the password is read from CALLBOARD_PASSWORD' },
  {
    name: '--contracts <file>',
    says: 'a module that exports topics and tasks: input is checked by it, and what is sealed is opened (CALLBOARD_CONTRACTS)',
  },
  { name: '--json', says: 'one JSON document on standard output, or a line of JSON for each thing that comes' },
  { name: '--no-color', says: 'no colours (NO_COLOR)' },
  { name: '--yes', says: 'do not ask' },
]

/** The long name of a flag, in the form it is read by: `--dry-run` → `dryRun`. */
export function keyOf({ name }: Pick<Flag, 'name'>): string {
  const [long = ''] = name.replace(/^--(no-)?/, '').split(' ')
  return long.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
