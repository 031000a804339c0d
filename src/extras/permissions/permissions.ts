/**
 * Permissions for the broker, made of contracts: what a process needs for its role, and nothing else. Pure; nothing is asked of a
 * broker and nothing is changed there.
 */

import { fault } from '../../base/errors.ts'
import { flag, type ReadersOf, readOptions, text } from '../../base/options.ts'
import { type Rightful, type Rights, type Role, rightsOf } from '../../index.ts'
import { rightsOnAll } from './all.ts'

/** Whose permissions. */
export interface PermissionsOptions {
  /** The namespace of the board. Default: `callboard`. */
  readonly namespace?: string
  /** The service a worker works for. Default: none. Edge: needed by a worker that subscribes. */
  readonly service?: string
  /** Whether subscriptions of a worker are ordered by a key: each needs an inbox of its own in the broker. Default: false. Edge: a boolean. */
  readonly ordered?: boolean
  /** What the inboxes of this user begin with. Default: `_INBOX_`, namespace, role and service. Edge: no two users should share it, or each can read the answers to the other. */
  readonly inboxPrefix?: string
}

/** The `nats` part of a user's JWT, as `nsc` and account servers take it. */
export interface Claims {
  readonly pub: { readonly allow: readonly string[] }
  readonly sub: { readonly allow: readonly string[] }
  /** How many answers to one question may be sent, and within how many ns. */
  readonly resp?: { readonly max: number; readonly ttl: number }
}

/** What a user may do. */
export interface Permissions {
  /** For the option `inboxPrefix` of `callboard()`: with another one the broker refuses everything that is answered. */
  readonly inboxPrefix: string
  /** Subjects it may publish to. */
  readonly publish: readonly string[]
  /** Subjects it may subscribe to. */
  readonly subscribe: readonly string[]
  /** Whether it may answer what it is asked. */
  readonly answers: boolean
  /** A block for a user in the configuration file of nats-server: `permissions { … }`. */
  config(): string
  /** The same for a user's JWT. */
  claims(): Claims
}

const roles: readonly Role[] = ['producer', 'worker', 'reader', 'operator']
const minute = 60_000_000_000

const readers = { namespace: text, service: text, ordered: flag, inboxPrefix: text } satisfies ReadersOf<PermissionsOptions>

/**
 * What a role needs on these contracts; on `'all'` of the namespace, in few subjects: for an account that holds nothing else, because
 * streams and consumers of any name are among them. Throws INVALID_ARGUMENT for another role, and where a worker that subscribes names no
 * service; INVALID_NAME for names that cannot be used.
 */
export function permissions(contracts: readonly Rightful[] | 'all', role: Role, options: PermissionsOptions = {}): Permissions {
  const { namespace = 'callboard', service, ordered, inboxPrefix } = readOptions('permissions()', options, readers)
  if (!roles.includes(role))
    throw fault('INVALID_ARGUMENT', `There is no role ${JSON.stringify(role)}.`, { fix: `Say one of ${roles.join(', ')}.` })
  if (contracts !== 'all' && !Array.isArray(contracts))
    throw fault('INVALID_ARGUMENT', "The first argument of permissions() is neither a list of contracts nor 'all'.")
  const own = ['_INBOX', namespace, role, ...(service === undefined ? [] : [service])].join('_')
  const rights = contracts === 'all' ? rightsOnAll(role, namespace, service) : rightsOf(contracts, role, namespace, service, ordered)
  return dressed(rights, inboxPrefix ?? own)
}

/** One user with all of these permissions, as a service needs that both performs and enqueues. Its inboxes are those of the first. */
export function together(first: Permissions, ...others: readonly Permissions[]): Permissions {
  const all = [first, ...others]
  const inboxes = new Set(all.map(({ inboxPrefix }) => `${inboxPrefix}.>`))
  const subjects = (of: 'publish' | 'subscribe') =>
    [...new Set(all.flatMap((each) => each[of]))].filter((each) => !inboxes.has(each)).sort()
  return dressed(
    { publish: subjects('publish'), subscribe: subjects('subscribe'), answers: all.some(({ answers }) => answers) },
    first.inboxPrefix,
  )
}

function dressed({ publish, subscribe: heard, answers }: Rights, inboxPrefix: string): Permissions {
  const subscribe = [`${inboxPrefix}.>`, ...heard]
  return {
    inboxPrefix,
    publish,
    subscribe,
    answers,
    config: () =>
      [
        'permissions {',
        `  publish { allow: [${listed(publish)}\n  ] }`,
        `  subscribe { allow: [${listed(subscribe)}\n  ] }`,
        ...(answers ? ['  allow_responses { max: 1, expires: "1m" }'] : []),
        '}',
      ].join('\n'),
    claims: () => ({ pub: { allow: publish }, sub: { allow: subscribe }, ...(answers ? { resp: { max: 1, ttl: minute } } : {}) }),
  }
}

const listed = (subjects: readonly string[]): string => subjects.map((subject) => `\n    ${JSON.stringify(subject)}`).join('')
