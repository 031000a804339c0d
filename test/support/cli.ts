/** The program `callboard` as it is published: in a process of its own, with pipes or on a terminal. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const root = join(import.meta.dirname, '../..')
/** The package as `npm run build` would make it. */
export const built = join(root, '.callboard/built')
const program = join(built, 'dist/tools/cli.js')

/** A folder of a user who has installed the package, with these files in it. It is removed when the test is over. */
export function app(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(built, 'app-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** How a call ended, and what it wrote. */
export interface Ended {
  readonly code: number | NodeJS.Signals
  readonly out: string
  readonly err: string
}

/** A call that runs. */
export interface Running {
  readonly process: ChildProcess
  readonly written: { out: string; err: string }
  readonly ended: Promise<Ended>
}

/** How to call. */
export interface CallOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What stands on standard input. */
  readonly input?: string
  /** The working folder. Default: that of the package. */
  readonly cwd?: string
}

/** What every call sees of our own environment: nothing that would colour, or lead to another broker. */
const { PATH = '', HOME = '', CALLBOARD_NATS_SERVER, CALLBOARD_CACHE } = process.env
const plain = Object.fromEntries(
  Object.entries({ PATH, HOME, CALLBOARD_NATS_SERVER, CALLBOARD_CACHE }).filter(([, value]) => value !== undefined),
) as Record<string, string>

/** Starts a call. It is killed when the test is over. */
export function begin(args: readonly string[], options: CallOptions = {}): Running {
  return watched(
    spawn(process.execPath, [program, ...args], { cwd: options.cwd ?? built, env: { ...plain, ...options.env }, stdio: 'pipe' }),
    options,
  )
}

/** Calls, and waits for the end. */
export function cli(args: readonly string[], options: CallOptions = {}): Promise<Ended> {
  return begin(args, options).ended
}

/** The same on a terminal of so many columns, which shows what is written to both streams: a pseudo-terminal of `script`. */
export function onTerminal(
  args: readonly string[],
  { columns = 80, ...options }: CallOptions & { readonly columns?: number } = {},
): Running {
  const quoted = [process.execPath, program, ...args].map((each) => `'${each.replaceAll("'", "'\\''")}'`).join(' ')
  const command = `stty cols ${columns} rows 24; exec ${quoted}`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: options.cwd ?? built,
    env: { ...plain, TERM: 'xterm', ...options.env },
    stdio: 'pipe',
  })
  return watched(child, options, true)
}

function watched(child: ChildProcess, { input }: CallOptions, open = false): Running {
  const written = { out: '', err: '' }
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    written.out += more
  })
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    written.err += more
  })
  child.stdin?.on('error', () => undefined)
  if (input !== undefined) child.stdin?.write(input)
  if (!open) child.stdin?.end()
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code: signal ?? code ?? 0, ...written }))
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return { process: child, written, ended }
}
