/**
 * One server per store folder.
 *
 * nats-server does not notice when two of them write to one folder, and the streams do not survive it. A lock file names the
 * server and the process that launched it. Neither lives: the lock is stale and taken over silently. Only the server lives: its
 * launcher crashed and it is shutting down, so it is waited for. Both live: the folder is taken.
 */

import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asError, fault } from '../../base/errors.ts'
import { alive, birth } from './process.ts'

/** A process as it is remembered in a lock. */
interface Holder {
  readonly pid: number
  /** Told by the system, so that a later process with the same pid is not mistaken for this one. Empty: unknown. */
  readonly born: string
}

interface Claim {
  readonly launcher: Holder
  readonly server?: Holder
}

/** A store folder held. */
export interface Lock {
  /** Names the server that runs on the folder. Call it as soon as its pid is known. */
  name(pid: number): Promise<void>
  /** Gives the folder back. Never throws. */
  release(): Promise<void>
}

/** What to do about the claim that was found. Pure but for `lives`. */
export function judge(claim: Claim | undefined, lives: (holder: Holder) => boolean): 'take' | 'wait' | 'locked' {
  if (claim === undefined) return 'take'
  const server = claim.server !== undefined && lives(claim.server)
  if (lives(claim.launcher) && (server || claim.server === undefined)) return 'locked'
  return server ? 'wait' : 'take'
}

/**
 * Takes the store folder, creating it.
 *
 * patience   how long a server whose launcher is gone may take to shut down, in ms
 * throws     SERVER_STORE_LOCKED if another server keeps the folder; SERVER_START_FAILED if it cannot be made
 */
export async function lock(store: string, patience = 15_000): Promise<Lock> {
  await mkdir(store, { recursive: true }).catch((cause: unknown) => {
    const extras = { why: `${asError(cause).message}.`, fix: 'Choose a store folder that can be written to.', cause, details: { store } }
    throw fault('SERVER_START_FAILED', `The store folder ${store} cannot be made.`, extras)
  })
  const path = join(store, 'callboard.lock')
  const mine: Claim = { launcher: holder(process.pid) }
  const deadline = performance.now() + patience
  while (!(await create(path, mine))) {
    const text = await content(path)
    const claim = text === undefined ? undefined : parse(text)
    const verdict = judge(claim, lives)
    if (verdict === 'take') await remove(path, text)
    else if (verdict === 'locked' || performance.now() > deadline) throw locked(store, claim)
    else await sleep(50)
  }
  return {
    name: (pid) => write(path, { ...mine, server: holder(pid) }),
    release: () => rm(path, { force: true }).catch(() => undefined),
  }
}

const holder = (pid: number): Holder => ({ pid, born: birth(pid) })

const lives = (holder: Holder): boolean => alive(holder.pid) && (holder.born === '' || birth(holder.pid) === holder.born)

/** Replaces the claim at once, so that nobody reads half of it. */
async function write(path: string, claim: Claim): Promise<void> {
  const next = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  await writeFile(next, JSON.stringify(claim))
  await rename(next, path)
}

/** True if the file was not there. It appears with its content, so that nobody reads half a claim. */
async function create(path: string, claim: Claim): Promise<boolean> {
  const own = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  await writeFile(own, JSON.stringify(claim))
  try {
    await link(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(own, { force: true })
  }
}

/** A takeover that is older than this, in ms, was left by somebody who ended in its middle. */
const longestTakeover = 10_000

/** Removes a stale lock, and only that one. One at a time does so: else a second would remove what somebody has just taken over. */
async function remove(path: string, stale: string | undefined): Promise<void> {
  const guard = `${path}.takeover`
  if (!(await begun(guard))) return sleep(20)
  try {
    if ((await content(path)) === stale) await rm(path, { force: true })
  } finally {
    await rm(guard, { recursive: true, force: true })
  }
}

/** False: somebody else is at it. */
async function begun(guard: string): Promise<boolean> {
  try {
    await mkdir(guard)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const found = await stat(guard).catch(() => undefined)
    if (found !== undefined && Date.now() - found.mtimeMs > longestTakeover) await rm(guard, { recursive: true, force: true })
    return false
  }
}

async function content(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The claim in a lock file. One that is unreadable, because a machine went down while it was written, claims nothing. */
function parse(text: string): Claim | undefined {
  try {
    const claim: unknown = JSON.parse(text)
    return isClaim(claim) ? claim : undefined
  } catch {
    return undefined
  }
}

function isClaim(value: unknown): value is Claim {
  return (
    typeof value === 'object' &&
    value !== null &&
    'launcher' in value &&
    isHolder(value.launcher) &&
    (!('server' in value) || isHolder(value.server))
  )
}

function isHolder(value: unknown): value is Holder {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'born' in value &&
    typeof value.born === 'string'
  )
}

function locked(store: string, claim: Claim | undefined): Error {
  const pid = claim?.server?.pid ?? claim?.launcher.pid
  return fault('SERVER_STORE_LOCKED', `The store folder ${store} is in use by process ${pid}.`, {
    fix: 'Stop that process, or choose another store folder.',
    details: { store, pid },
  })
}
