/** Finds a usable nats-server: the one that was named, the one on the PATH, one fetched before, or one fetched now. */

import { access, constants, stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { fault, shown } from '../../base/errors.ts'
import { anything, callable, readOptions, text, wrong } from '../../base/options.ts'
import { type Binary, binaryName, examine } from './binary.ts'
import { cached, type Env } from './cache.ts'
import { fetchServer, type Source } from './fetch.ts'
import { newEnough, oldest } from './version.ts'

/** A nats-server that can be started, and where it was found: named by the caller or by CALLBOARD_NATS_SERVER, on the PATH, in our cache, or fetched just now. */
export interface FoundServer extends Binary {
  readonly from: 'named' | 'PATH' | 'cache' | Source
}

/** Where to look for a server, and where to fetch one. */
export interface FindOptions {
  /** The binary to use, and no other. Default: the environment variable CALLBOARD_NATS_SERVER, if it is set. */
  readonly binary?: string
  /** Where to fetch from, in this order. `[]` fetches nothing. Default: the release site, then the machine's own Debian mirror. */
  readonly sources?: readonly Source[]
  /** Is told, in one line, what is fetched from where. Default: writes the line to stderr. */
  readonly notice?: (line: string) => void
  /** Gives up; what was begun is removed. */
  readonly signal?: AbortSignal
  /** Where variables are read: CALLBOARD_NATS_SERVER, CALLBOARD_CACHE, CALLBOARD_NATS_RELEASES, PATH. Default: process.env. */
  readonly env?: Env
}

/**
 * Finds a nats-server of at least 2.14, fetching one into our cache if the machine has none.
 *
 * In this order: `binary`, else CALLBOARD_NATS_SERVER (if one of them is given, nothing else is tried) → PATH → the cache
 * (CALLBOARD_CACHE, else XDG_CACHE_HOME/callboard, else ~/.cache/callboard) → the official release archive, checked against its
 * published checksums → on Debian and its family, the distribution's own signed package, without root and without installing it.
 *
 * throws  INVALID_OPTION; SERVER_TOO_OLD if the one that was named is; SERVER_NOT_FOUND, with everything that was tried and three ways out;
 *         SERVER_CHECKSUM if the archive is not what was published; ABORTED
 */
export async function findServer(options: FindOptions = {}): Promise<FoundServer> {
  return find(readOptions('findServer', options, findReaders))
}

/** How the options of `findServer` are read; `startServer` takes them too. */
export const findReaders = {
  binary: text,
  sources: (value: unknown) =>
    Array.isArray(value) && value.every((each) => each === 'release' || each === 'debian')
      ? (value as readonly Source[])
      : wrong('it must be a list out of release and debian'),
  notice: callable<(line: string) => void>(),
  signal: anything<AbortSignal>(),
  env: anything<Env>(),
}

/** `findServer`, its options checked. */
export async function find(options: FindOptions): Promise<FoundServer> {
  const { signal } = options
  const env = options.env ?? process.env
  const named = options.binary ?? (env.CALLBOARD_NATS_SERVER || undefined)
  if (named !== undefined) return fromName(named, options.binary === undefined ? 'CALLBOARD_NATS_SERVER' : 'binary')

  const onPath = await fromPath(env.PATH ?? env.Path ?? '')
  if (onPath && newEnough(onPath.version)) return { ...onPath, from: 'PATH' }

  for (const path of await cached(env)) {
    const found = await examine(path)
    if (found && newEnough(found.version)) return { ...found, from: 'cache' }
  }

  const tooOld = onPath && `${onPath.path} is ${onPath.version}, older than ${oldest}`
  const tell = options.notice ?? toStderr
  const notice = (line: string): void => tell(tooOld ? `${tooOld}; ${line}` : line)
  const tried = [`PATH: ${tooOld ?? 'there is no nats-server'}`]
  const sources = options.sources ?? ['release', 'debian']
  try {
    signal?.throwIfAborted()
    return await fetchServer(sources, tried, { env, notice, signal })
  } catch (error) {
    if (signal?.aborted) throw fault('ABORTED', 'Fetching a nats-server was given up.', { cause: error, details: { outcome: 'definite' } })
    throw error
  }
}

/** The one clear line, on stderr. */
function toStderr(line: string): void {
  process.stderr.write(`callboard: ${line}\n`)
}

async function fromName(name: string, by: string): Promise<FoundServer> {
  const path = resolve(name)
  const file = (await stat(path).catch(() => undefined))?.isFile() ?? false
  const found = file ? await examine(path) : undefined
  if (!found) {
    throw fault('SERVER_NOT_FOUND', `${by} is ${shown(name, 200)}, which is ${file ? 'no nats-server that runs here' : 'no file'}.`, {
      fix: `Set it to a nats-server of at least ${oldest}, or leave it out to let callboard look for one.`,
      details: { path },
    })
  }
  if (!newEnough(found.version)) {
    throw fault('SERVER_TOO_OLD', `${by} is ${shown(name, 200)}, a nats-server ${found.version}; callboard needs ${oldest}.`, {
      details: { path, version: found.version },
    })
  }
  return { ...found, from: 'named' }
}

/** The first nats-server on the PATH that is new enough, else the first one that runs. */
async function fromPath(path: string): Promise<Binary | undefined> {
  let first: Binary | undefined
  for (const folder of path.split(delimiter).filter((part) => part !== '')) {
    const candidate = join(folder, binaryName)
    if (!(await runnable(candidate))) continue
    const found = await examine(candidate)
    if (found && newEnough(found.version)) return found
    first ??= found
  }
  return first
}

function runnable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
