/** One call of a verb: what was said, where to write, and the board it works on. */

import { createInterface } from 'node:readline/promises'
import type { Admin } from '../../extras/admin/index.ts'
import type { Board, BoardOptions } from '../../index.ts'
import { addressIn } from './context.ts'
import { type Contracts, contractsIn, none } from './contracts.ts'
import { type Pen, pen } from './pen.ts'
import { UsageError } from './usage.ts'

/** The part of the process that a call uses. */
export type Host = Pick<NodeJS.Process, 'argv' | 'env' | 'stdin' | 'stdout' | 'stderr' | 'cwd' | 'once' | 'on' | 'off' | 'exit'> & {
  exitCode?: number | string | null | undefined
}

/** What the flags came to. */
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** One call of a verb. */
export interface Call {
  readonly host: Host
  /** Positional arguments, as they were given. */
  readonly args: readonly string[]
  /** Data goes to standard output, talk to standard error. */
  readonly out: Pen
  readonly err: Pen
  readonly json: boolean
  /** Aborts when the program is asked to end. */
  readonly signal: AbortSignal
  /** The text of a flag. */
  flag(name: string): string | undefined
  /** Whether a flag is set. */
  on(name: string): boolean
  /** Whether `--no-…` was said. */
  off(name: string): boolean
  /** All texts of a flag that may be given several times. */
  list(name: string): readonly string[]
  /** A whole number. Throws UsageError. */
  number(name: string, least?: number): number | undefined
  /** The board, opened when it is first asked for. Closed at the end of the call. */
  board(options?: BoardOptions): Promise<Board>
  /** Questions and commands about that board. */
  admin(): Promise<Admin>
  /** How to open it, for whoever opens one of their own. */
  address(): BoardOptions
  /** The contracts of the module that was named, if one was. */
  contracts(): Promise<Contracts>
  /** Writes what was read: as lines for people, or as one document. */
  show(data: unknown, lines: () => readonly string[]): undefined
  /** Asks before something is done that cannot be undone. False: no. Throws UsageError where nobody can be asked and `--yes` is missing. */
  sure(question: string): Promise<boolean>
  /** Gives back what the call holds. */
  close(): Promise<void>
}

/** A call. `begins`: it may begin a namespace that is not there. */
export function call(host: Host, args: readonly string[], flags: Flags, signal: AbortSignal, begins = false): Call {
  const wish = { color: flags.color !== false, env: host.env }
  const [out, err] = [pen(host.stdout, wish), pen(host.stderr, wish)]
  const flag = (name: string) => (typeof flags[name] === 'string' ? flags[name] : undefined)
  let board: Promise<Board> | undefined
  let contracts: Promise<Contracts> | undefined
  const address = (): BoardOptions => {
    const { CALLBOARD_PASSWORD: password } = host.env
    return {
      ...addressIn(host.env, flag('context'), flag('url')),
      ...given({
        servers: flag('url'),
        namespace: flag('namespace'),
        credentials: flag('creds'),
        user: flag('user'),
        password: flag('user') === undefined ? undefined : password,
        name: 'callboard cli',
        log: false as const,
      }),
    }
  }
  const self: Call = {
    host,
    args,
    out,
    err,
    json: flags.json === true,
    signal,
    flag,
    on: (name) => flags[name] === true,
    off: (name) => flags[name] === false,
    list: (name) => (Array.isArray(flags[name]) ? (flags[name] as readonly string[]) : []),
    number(name, least = 0) {
      const text = flag(name)
      if (text === undefined) return undefined
      const value = Number(text)
      if (/^\d{1,15}$/.test(text) && value >= least) return value
      const said = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
      throw new UsageError(`--${said} is ${JSON.stringify(text)}.`, `Give a whole number of ${least} or more.`)
    },
    address,
    board(options) {
      board ??= import('../../index.ts').then(({ callboard }) => callboard({ ...address(), existing: !begins, ...options }))
      return board
    },
    async admin() {
      const [open, { admin }, { topics, tasks }] = await Promise.all([
        self.board(),
        import('../../extras/admin/index.ts'),
        self.contracts(),
      ])
      return admin(open, { contracts: [...topics.values(), ...tasks.values()] })
    },
    contracts() {
      const file = flag('contracts') ?? host.env.CALLBOARD_CONTRACTS
      contracts ??= file ? contractsIn(file, host.cwd()) : Promise.resolve(none)
      return contracts
    },
    show(data, lines) {
      if (self.json) out.line(JSON.stringify(data, undefined, 2))
      else for (const line of lines()) out.line(line)
      return undefined
    },
    async sure(question) {
      if (flags.yes === true) return true
      if (!(host.stdin.isTTY && err.tty) || self.json)
        throw new UsageError(`${question} Nobody can be asked here.`, 'Say --yes if it is meant, or --dry-run to see what would be done.')
      return ask(host, `${question} [y/N] `, signal)
    },
    async close() {
      await board?.then(
        (open) => open.close(),
        () => undefined,
      )
    },
  }
  return self
}

async function ask(host: Host, question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: host.stdin, output: host.stderr })
  // The end of the input is a no: readline itself would wait for ever.
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    return /^y(es)?$/i.test((await Promise.race([lines.question(question, { signal }), ended])).trim())
  } finally {
    lines.close()
  }
}

/** Without what was not said. */
export function given<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
