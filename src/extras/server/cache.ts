/**
 * Our cache of fetched servers: one folder per version, with one binary in it.
 *
 * A binary comes into it by one rename from a private folder beside it, so it is there as a whole or not at all, whoever fetches
 * at the same time. Nothing is ever changed in place; the folder may be deleted at any time.
 */

import { access, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { binaryName } from './binary.ts'
import { compare } from './version.ts'

/** Where variables are read. */
export type Env = Readonly<Record<string, string | undefined>>

/** The folder of the cache: CALLBOARD_CACHE, else XDG_CACHE_HOME/callboard, else .cache/callboard in the home folder. */
export function cacheFolder(env: Env): string {
  if (env.CALLBOARD_CACHE) return resolve(env.CALLBOARD_CACHE)
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'callboard')
}

/** The binaries in the cache, newest first. None if there is no cache. */
export async function cached(env: Env): Promise<readonly string[]> {
  const folder = join(cacheFolder(env), 'nats-server')
  const names = await readdir(folder).catch(() => [])
  return names
    .filter((name) => /^\d+\.\d+\.\d+/.test(name))
    .sort((a, b) => compare(b, a))
    .map((version) => join(folder, version, binaryName))
}

const prefix = 'fetching-'
const abandoned = 3_600_000

/** A private folder in the cache, to fetch into. Removes those of processes that were killed while they fetched. */
export async function workshop(env: Env): Promise<string> {
  const folder = cacheFolder(env)
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix)) continue
    const since = await stat(join(folder, name)).catch(() => undefined)
    if (since && Date.now() - since.mtimeMs > abandoned) await clear(join(folder, name))
  }
  return mkdtemp(join(folder, prefix))
}

/** Moves a binary from its workshop into the cache and gives its new path. If another process was first, either one stays. */
export async function keep(env: Env, binary: string, version: string): Promise<string> {
  const folder = join(cacheFolder(env), 'nats-server', version)
  await mkdir(folder, { recursive: true })
  const path = join(folder, binaryName)
  try {
    await rename(binary, path)
  } catch (error) {
    // Windows does not replace a program that runs; the one that is there is as good.
    await access(path).catch(() => {
      throw error
    })
  }
  return path
}

/** Removes a workshop. Never throws. */
export async function clear(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => undefined)
}
