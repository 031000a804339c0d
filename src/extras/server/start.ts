/** Runs one nats-server: starts it, waits until it answers, watches it, ends it. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Duration } from '../../base/duration.ts'
import { asError, type CallboardError, fault } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { callable, type Reader, readOptions, text, time, whole, wrong } from '../../base/options.ts'
import { withStore } from './config.ts'
import { died } from './failure.ts'
import { type FindOptions, type FoundServer, find, findReaders } from './find.ts'
import { type Lock, lock } from './lock.ts'
import { type Log, openLog } from './log.ts'
import { type Answer, answered } from './ready.ts'
import { type Child, spawn } from './spawn.ts'
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
  const binary = await find(settings)
  const scratch = await mkdtemp(join(tmpdir(), 'callboard-'))
  const temporary = settings.store === 'memory'
  const store = temporary ? join(scratch, 'store') : resolve(settings.store)
  let held: Lock | undefined
  let log: Log | undefined
  let child: Child | undefined
  const giveBack = async (): Promise<void> => {
    log?.end()
    await held?.release()
    await rm(scratch, { recursive: true, force: true }).catch(() => undefined)
  }
  try {
    held = await lock(store)
    const config = await configure(settings.config, store, scratch)
    log = openLog(join(scratch, 'log'), (line) => line.replaceAll(config.path, settings.config), settings.onLine)
    child = spawn(binary.path, [...config.args, ...commandLine(settings, scratch), ...settings.args], log.fd, scratch)
    if (child.pid !== undefined) await held.name(child.pid)
    const found = await answered(child, scratch, log, { ...settings, signal: settings.signal })
    return server({ ...found, binary, store, temporary }, child, log, settings, giveBack)
  } catch (error) {
    child?.kill('SIGKILL')
    await child?.ended
    await giveBack()
    throw error
  }
}

/** What is said on the command line, where it wins over the file. */
function commandLine({ port, name }: { readonly port: number; readonly name: string }, scratch: string): readonly string[] {
  // Port -1 lets the server choose a free one itself: nobody can take it between our choice and its start.
  return ['-p', String(port || -1), '-n', name, '-js', '--ports_file_dir', scratch]
}

/** Checks the options, those for finding a server included. */
function checked(options: ServerOptions) {
  return readOptions('startServer', options, {
    config: text,
    port: whole(0, 65_535),
    store: text,
    name: text,
    args: words,
    ready: time(1),
    grace: time(0),
    onLine: callable<(line: string) => void>(),
    onDeath: callable<(error: CallboardError) => void>(),
    ...findReaders,
  })
}

/** A list of texts. */
const words: Reader<readonly string[]> = (value) =>
  Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : wrong('it must be a list of texts')

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

/** What the holder of a running server gets. */
function server(
  found: Answer & Pick<Server, 'binary' | 'store' | 'temporary'>,
  child: Child,
  log: Log,
  { grace, onDeath }: { readonly grace: number; readonly onDeath?: (error: CallboardError) => void },
  giveBack: () => Promise<void>,
): Server {
  const { info, ...rest } = found
  let asked = false
  const exited = child.ended.then(async (ending): Promise<ServerExit> => {
    await giveBack()
    const { code, signal } = ending
    return asked ? { asked, code, signal } : { asked, code, signal, error: died(ending, log.lines()) }
  })
  if (onDeath) void exited.then(({ error }) => error && onDeath(error))
  const stop = async (): Promise<ServerExit> => {
    asked = true
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), grace)
    return exited.finally(() => clearTimeout(late))
  }
  return {
    ...rest,
    pid: child.pid ?? 0,
    name: info.name,
    version: info.version,
    features: features(info.version),
    get log() {
      return log.lines()
    },
    exited,
    stop,
    kill: child.kill,
    [Symbol.asyncDispose]: async () => {
      await stop()
    },
  }
}
