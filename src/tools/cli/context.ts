/**
 * Contexts: named servers, so that an address and its credentials need not be said each time. Ours are kept beside those of the `nats`
 * program, in the same form, and its own are read as they are.
 *
 * source: the form of a context of the `nats` program, nats-io/jsm.go natscontext
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fromEnvironment } from '../../board/environment.ts'
import type { BoardOptions } from '../../index.ts'
import { UsageError } from './usage.ts'

type Env = Readonly<Record<string, string | undefined>>

/** A named server, as it is listed: without what is secret. */
export interface Context {
  readonly name: string
  readonly url: string
  readonly namespace?: string
  readonly description?: string
  /** Whose it is: written by `callboard contexts add`, or by the `nats` program. */
  readonly from: 'callboard' | 'nats'
  /** It is the one that is used where nothing else is said. */
  readonly used: boolean
}

/** What stands in the file of a context; an empty text counts as not there. */
export interface ContextFile {
  readonly url?: string
  readonly namespace?: string
  readonly description?: string
  readonly creds?: string
  readonly user?: string
  readonly password?: string
  readonly token?: string
  /** The file of a seed. */
  readonly nkey?: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly inbox_prefix?: string
}

/** What a context may be called: it is the name of a file. */
const nameable = /^\w[\w.-]{0,100}$/

interface Place {
  readonly from: Context['from']
  readonly folder: string
}

function settings(env: Env): string {
  return env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config')
}

const placesOf = (env: Env): readonly Place[] => [
  { from: 'callboard', folder: join(settings(env), 'callboard', 'contexts') },
  { from: 'nats', folder: join(settings(env), 'nats', 'context') },
]

const usedFile = (env: Env): string => join(settings(env), 'callboard', 'context')

/** The name of the context that is used where nothing else is said. Undefined: none. */
export function usedContext(env: Env): string | undefined {
  try {
    return readFileSync(usedFile(env), 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}

/** All of them by name; ours come before those of the `nats` program that are called the same. */
export function contexts(env: Env): Context[] {
  const used = usedContext(env)
  const found = new Map<string, Context>()
  for (const { from, folder } of placesOf(env)) {
    for (const file of filesIn(folder)) {
      const name = file.slice(0, -'.json'.length)
      if (found.has(name)) continue
      const { url = '', namespace, description } = read(join(folder, file), name)
      found.set(name, { name, url: withoutSecrets(url), ...texts({ namespace, description }), from, used: name === used })
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** A context as options of a board. Throws UsageError where there is none, or it cannot be read. */
export function boardOf(env: Env, name: string): BoardOptions {
  const file = fileOf(env, name)
  if (file === undefined) {
    const names = contexts(env).map((each) => each.name)
    throw new UsageError(
      `There is no context ${name}.`,
      names.length === 0 ? `callboard contexts add ${name} --url nats://… makes one.` : `There are ${names.join(', ')}.`,
    )
  }
  const { url, namespace, creds, user, password, token, nkey, ca, cert, key, inbox_prefix } = read(file, name)
  const tls = texts({ caFile: ca, certFile: cert, keyFile: key })
  return {
    ...texts({ servers: url, namespace, credentials: creds, user, password, token, inboxPrefix: inbox_prefix }),
    ...(nkey ? { nkey: seed(nkey, name) } : {}),
    ...(Object.keys(tls).length > 0 ? { tls } : {}),
  }
}

/**
 * Where the broker is and whose board it is, as far as environment and contexts say. A context that is named beats the environment; the one
 * in use comes last, and not at all where servers are named, for its credentials are meant for its own.
 */
export function addressIn(env: Env, named: string | undefined, servers: string | undefined): BoardOptions {
  const said = fromEnvironment(env)
  const wanted = named ?? (env.CALLBOARD_CONTEXT || undefined)
  if (wanted !== undefined) return { ...(said.namespace ? { namespace: said.namespace } : {}), ...boardOf(env, wanted) }
  const used = servers === undefined && said.servers === undefined ? usedContext(env) : undefined
  return used === undefined ? said : { ...boardOf(env, used), ...said }
}

/** Writes a context of ours. Only its owner may read it. Throws UsageError for a name that cannot be one. */
export function addContext(env: Env, name: string, content: ContextFile): void {
  const [place] = placesOf(env)
  if (!nameable.test(name) || place === undefined)
    throw new UsageError(`${JSON.stringify(name)} cannot be the name of a context.`, 'Use letters, digits, dots and dashes.')
  mkdirSync(place.folder, { recursive: true })
  writeFileSync(join(place.folder, `${name}.json`), `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 })
}

/** Uses a context from now on; undefined: none. Throws UsageError where there is none of this name. */
export function useContext(env: Env, name: string | undefined): void {
  if (name !== undefined) boardOf(env, name)
  mkdirSync(join(settings(env), 'callboard'), { recursive: true })
  if (name === undefined) rmSync(usedFile(env), { force: true })
  else writeFileSync(usedFile(env), `${name}\n`)
}

/** Removes a context of ours; those of the `nats` program stay. False: there is none. */
export function removeContext(env: Env, name: string): boolean {
  const ours = contexts(env).find((each) => each.name === name && each.from === 'callboard')
  if (ours === undefined) return false
  rmSync(fileOf(env, name) ?? '', { force: true })
  if (ours.used) useContext(env, undefined)
  return true
}

function fileOf(env: Env, name: string): string | undefined {
  return placesOf(env)
    .filter(({ folder }) => filesIn(folder).includes(`${name}.json`))
    .map(({ folder }) => join(folder, `${name}.json`))
    .at(0)
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith('.json') && nameable.test(file.slice(0, -'.json'.length)))
  } catch {
    return []
  }
}

function read(file: string, name: string): ContextFile {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ContextFile
  } catch (error) {
    throw new UsageError(`The context ${name} cannot be read.`, `Mend ${file}.`, `${(error as Error).message}.`)
  }
}

function seed(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new UsageError(`The nkey of the context ${name} cannot be read.`, `Look at ${file}.`, `${(error as Error).message}.`)
  }
}

/** What is there and not empty. */
function texts<T extends Readonly<Record<string, string | undefined>>>(values: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value)) as { [K in keyof T]?: string }
}

/** Addresses as they may be shown: a name and a password before a host are left out. */
export const withoutSecrets = (url: string): string => url.replaceAll(/\/\/[^@/,]*@/g, '//')
