/** Runs one nats-server: starts it, waits until it answers, watches it, ends it. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Duration, spelled } from '../../base/duration.ts'
import { asError, type CallboardError, fault } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { anything, callable, readOptions, text, time, whole } from '../../base/options.ts'
import { withStore } from './config.ts'
import { type FindOptions, type FoundServer, findServer } from './find.ts'
import { type Info, readInfo } from './info.ts'
import { type Lock, lock } from './lock.ts'
import { type Child, type Ending, spawn } from './spawn.ts'
import { type Features, features } from './version.ts'

/** How the server is to run. The options of `findServer` say which binary. */
export interface ServerOptions extends FindOptions {
  /** A nats-server configuration file. Default: the `nats-server.conf` that comes with callboard. */
  readonly config?: string
  /** The port for clients; 0: a free one, which the server chooses itself. Default: 4222. */
  readonly port?: number
  /**
   * The folder in which streams are kept, created if it is not there. It replaces the one in the configuration file.
   * `'memory'`: a temporary folder, removed with everything in it when the server ends. Default: `.callboard/nats`.
   */
  readonly store?: string
  /** The name the server goes by. Default: `callboard-` and something unique. */
  readonly name?: string
  /** More arguments for the command line, as `['-D']`. */
  readonly args?: readonly string[]
  /** How long the server may take until it answers; recovering large streams takes its time. Default: 60 s. */
  readonly ready?: Duration
  /** How long `stop()` waits for an orderly end before it kills. Default: 10 s. */
  readonly grace?: Duration
  /** Hears every line that the server logs. */
  readonly onLine?: (line: string) => void
  /** Hears SERVER_DIED if the server ends without being asked to. */
  readonly onDeath?: (error: CallboardError) => void
}

/** How a server ended. */
export interface ServerExit {
  /** True if `stop()` asked for it. */
  readonly asked: boolean
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** SERVER_DIED, with the last lines of the log, unless it was asked for. */
  readonly error?: CallboardError
}

/** A running nats-server. It ends with `stop()`, at the end of `await using`, and when this process ends, however that happens. */
export interface Server extends AsyncDisposable {
  /** Where clients connect to, as `nats://127.0.0.1:4222`. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** The process of the server itself. */
  readonly pid: number
  readonly name: string
  /** As `2.15.1`. */
  readonly version: string
  /** What this version can do. */
  readonly features: Features
  /** The binary, and where it was found. */
  readonly binary: FoundServer
  /** The folder in which streams are kept. */
  readonly store: string
  /** True if the folder is removed when the server ends. */
  readonly temporary: boolean
  /** The last lines of the log, at most 200, oldest first. */
  readonly log: readonly string[]
  /** Resolves when the server has ended, asked or not, and everything it held is given back. Never rejects. */
  readonly exited: Promise<ServerExit>
  /** Asks the server to end in good order, and kills it if it has not after `grace`. Idempotent. */
  stop(): Promise<ServerExit>
  /** Sends a signal, as `'SIGKILL'`: for tests that want to see what a crash does. It is then not counted as asked. */
  kill(signal: NodeJS.Signals): void
}

/** Everything that can be set, once. Units: milliseconds. */
export const defaults = {
  port: 4222,
  store: '.callboard/nats',
  ready: 60_000,
  grace: 10_000,
  logged: 200, // lines kept
} as const

/** The configuration that comes with callboard. It lies three floors above this file, in the source and in what is built from it. */
export const packagedConfig = fileURLToPath(new URL('../../../nats-server.conf', import.meta.url))

/**
 * Finds a nats-server, fetching one if need be, and runs it until `stop()` or the end of this process.
 *
 * throws  INVALID_OPTION; what `findServer` throws; SERVER_PORT_TAKEN; SERVER_STORE_LOCKED if another server keeps the store folder;
 *         SERVER_START_FAILED if it ends or does not answer in time, and then the message holds its last lines; JETSTREAM_OFF; ABORTED
 */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const settings = { config: packagedConfig, name: `callboard-${newId()}`, args: [], ...defaults, ...checked(options) }
  const { signal } = options
  const binary = await findServer(options)
  const scratch = await mkdtemp(join(tmpdir(), 'callboard-'))
  const temporary = settings.store === 'memory'
  const store = temporary ? join(scratch, 'store') : resolve(settings.store)
  let held: Lock | undefined
  let child: Child | undefined
  const giveBack = async (): Promise<void> => {
    await held?.release()
    await rm(scratch, { recursive: true, force: true })
  }
  try {
    held = await lock(store)
    const config = await configure(settings.config, store, scratch)
    // Port -1 lets the server choose a free one itself: nobody can take it between our choice and its start.
    const args = [
      ...config.args,
      '-p',
      String(settings.port || -1),
      '-n',
      settings.name,
      '-js',
      '--ports_file_dir',
      scratch,
      ...settings.args,
    ]
    child = spawn(binary.path, args, scratch)
    const log = logOf(child, (line) => line.replaceAll(config.path, settings.config), settings.onLine)
    const pid = child.process.pid ?? 0
    if (pid > 0) await held.name(pid)
    const { host, port, url, info } = await answered(child, scratch, log, { ...settings, signal })
    const control = controlled(child, log, giveBack, settings)
    return {
      url,
      host,
      port,
      pid,
      name: info.name,
      version: info.version,
      features: features(info.version),
      binary,
      store,
      temporary,
      log,
      ...control,
    }
  } catch (error) {
    child?.process.kill('SIGKILL')
    await child?.ended
    await giveBack()
    throw error
  }
}

/** Checks the options that are ours; `findServer` uses the others as they are. */
function checked(options: ServerOptions) {
  return readOptions('startServer', options, {
    config: text,
    port: whole(0, 65_535),
    store: text,
    name: text,
    args: anything<readonly string[]>(),
    ready: time(1),
    grace: time(0),
    onLine: callable<(line: string) => void>(),
    onDeath: callable<(error: CallboardError) => void>(),
    binary: text,
    sources: anything<NonNullable<FindOptions['sources']>>(),
    notice: callable<(line: string) => void>(),
    signal: anything<AbortSignal>(),
    env: anything<NonNullable<FindOptions['env']>>(),
  })
}

/** The file the server is started with, ours if it had to be changed, and how to say it on the command line. */
async function configure(given: string, store: string, scratch: string): Promise<{ path: string; args: readonly string[] }> {
  const original = resolve(given)
  const text = await readFile(original, 'utf8').catch((cause: unknown) => {
    throw fault('SERVER_START_FAILED', `The configuration file ${original} cannot be read.`, {
      why: `${asError(cause).message}.`,
      fix: 'Correct the option config, or leave it out to use the one that comes with callboard.',
      cause,
    })
  })
  const changed = withStore(text, store, (path) => resolve(dirname(original), path))
  if (changed === undefined) return { path: original, args: ['-c', original, '-sd', store] }
  const path = join(scratch, 'nats-server.conf')
  await writeFile(path, changed)
  return { path, args: ['-c', path] }
}

/** Collects the last lines of the log, in an array that goes on changing. */
function logOf(child: Child, tidy: (line: string) => string, onLine: ((line: string) => void) | undefined): readonly string[] {
  const lines: string[] = []
  for (const input of child.output) {
    createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (raw) => {
      const line = tidy(raw)
      lines.push(line)
      if (lines.length > defaults.logged) lines.shift()
      onLine?.(line)
    })
  }
  return lines
}

interface Address {
  readonly url: string
  readonly host: string
  readonly port: number
}

interface Expected {
  readonly name: string
  readonly port: number
  readonly ready: number
  readonly signal: AbortSignal | undefined
}

/** Waits until our very server answers, and gives its address and greeting. Throws what `startServer` throws. */
async function answered(child: Child, scratch: string, log: readonly string[], expected: Expected): Promise<Address & { info: Info }> {
  const over = new AbortController()
  let ending: Ending | undefined
  void child.ended.then((how) => {
    ending = how
    over.abort()
  })
  const given = expected.signal
  const until = AbortSignal.any([over.signal, AbortSignal.timeout(expected.ready), ...(given ? [given] : [])])
  for (;;) {
    if (ending) throw startFailed(expected.port, ending, log)
    if (given?.aborted)
      throw fault('ABORTED', 'Starting the nats-server was given up.', { cause: given.reason, details: { outcome: 'definite' } })
    if (until.aborted)
      throw fault('SERVER_START_FAILED', `The nats-server did not answer within ${spelled(expected.ready)}.`, lastLines(log))
    const address = await announced(scratch, child.process.pid ?? 0)
    const info = address && (await readInfo(address.host, address.port, until).catch(() => undefined))
    if (info && info.name !== expected.name)
      throw fault('SERVER_START_FAILED', `Another server, ${info.name}, answers at ${address.url}.`, lastLines(log))
    if (info && !info.jetstream) throw fault('JETSTREAM_OFF', `The nats-server at ${address.url} keeps no streams.`)
    if (info) return { ...address, info }
    await sleep(10, undefined, { signal: until }).catch(() => undefined)
  }
}

/** Where the server listens, as it writes into its ports file once it does. Undefined until then. */
async function announced(scratch: string, pid: number): Promise<Address | undefined> {
  try {
    const name = (await readdir(scratch)).find((file) => file.endsWith(`_${pid}.ports`))
    if (name === undefined) return undefined
    const ports: unknown = JSON.parse(await readFile(join(scratch, name), 'utf8'))
    const urls: unknown = typeof ports === 'object' && ports !== null && 'nats' in ports ? ports.nats : undefined
    const url: unknown = Array.isArray(urls) ? urls[0] : undefined
    if (typeof url !== 'string') return undefined
    const { hostname, port } = new URL(url)
    return { url, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
  } catch {
    // Half a file: it is being written.
    return undefined
  }
}

/** What the holder of a running server can do with it. */
function controlled(
  child: Child,
  log: readonly string[],
  giveBack: () => Promise<void>,
  { grace, onDeath }: { readonly grace: number; readonly onDeath?: (error: CallboardError) => void },
): Pick<Server, 'exited' | 'stop' | 'kill' | typeof Symbol.asyncDispose> {
  let asked = false
  const exited = child.ended.then(async ({ code, signal }): Promise<ServerExit> => {
    await giveBack()
    if (asked) return { asked, code, signal }
    const error = fault('SERVER_DIED', `The nats-server ended by itself (${how({ code, signal })}).`, lastLines(log, { code, signal }))
    onDeath?.(error)
    return { asked, code, signal, error }
  })
  const stop = async (): Promise<ServerExit> => {
    asked = true
    child.process.kill('SIGTERM')
    const late = setTimeout(() => child.process.kill('SIGKILL'), grace)
    try {
      return await exited
    } finally {
      clearTimeout(late)
    }
  }
  const kill = (signal: NodeJS.Signals): void => {
    child.process.kill(signal)
  }
  return { exited, stop, kill, [Symbol.asyncDispose]: async () => void (await stop()) }
}

/** Why a server that ended before it answered has done so. Pure. */
export function startFailed(port: number, ending: Ending, log: readonly string[]): CallboardError {
  if (ending.error)
    return fault('SERVER_START_FAILED', 'The nats-server could not be started.', { why: `${ending.error.message}.`, cause: ending.error })
  const lines = log.join('\n')
  if (/address already in use|Only one usage of each socket address/i.test(lines)) {
    return fault('SERVER_PORT_TAKEN', `Port ${port} is in use by another program.`, { details: { port } })
  }
  if (/Duplicate 'store_dir'/i.test(lines)) {
    const fix = 'Move store_dir into the main configuration file, where it can be replaced, or remove it.'
    return fault('SERVER_START_FAILED', 'An included configuration file sets store_dir.', { ...lastLines(log, ending), fix })
  }
  return fault('SERVER_START_FAILED', `The nats-server ended while it started (${how(ending)}).`, lastLines(log, ending))
}

const how = ({ code, signal }: Ending): string => (signal === null ? `exit code ${code}` : signal)

/** The end of the log as it stands in an error. */
function lastLines(log: readonly string[], ending?: Ending): { why: string; fix: string; details: Readonly<Record<string, unknown>> } {
  const lines = log.filter((line) => line.trim() !== '').slice(-10)
  return {
    why: lines.length > 0 ? `Its last lines:\n${lines.map((line) => `  ${line}`).join('\n')}\n` : 'It wrote nothing.',
    fix: 'Correct what the log complains about, and start it again.',
    details: { log: lines, ...(ending ? { code: ending.code, signal: ending.signal } : {}) },
  }
}
