/**
 * A broker in operator mode: users are not in its configuration, but bring a JWT that their account has signed.
 * source: the JWT of nats-io, version 2 of its claims (github.com/nats-io/jwt)
 */

import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callboard } from 'callboard'
import type { Claims, Permissions } from 'callboard/permissions'
import { startServer } from 'callboard/server'
import { nkeys } from 'nats'
import type { UsersBroker } from './users-broker.ts'

type Pair = ReturnType<typeof nkeys.createUser>

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A JWT about one key, signed by another. `exp`: s since 1970. */
function jwt(by: Pair, about: Pair, name: string, nats: Record<string, unknown>, exp?: number): string {
  const claims = {
    jti: randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    iss: by.getPublicKey(),
    name,
    sub: about.getPublicKey(),
    ...(exp === undefined ? {} : { exp }),
    nats: { version: 2, ...nats },
  }
  const text = `${base64({ typ: 'JWT', alg: 'ed25519-nkey' })}.${base64(claims)}`
  return `${text}.${Buffer.from(by.sign(Buffer.from(text))).toString('base64url')}`
}

const all = { subs: -1, data: -1, payload: -1 }
const accountLimits = { ...all, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 }
const streams = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }

/** The text of a credentials file. */
export const credentials = (token: string, user: Pair): string =>
  [
    '-----BEGIN NATS USER JWT-----',
    token,
    '------END NATS USER JWT------',
    '',
    '-----BEGIN USER NKEY SEED-----',
    new TextDecoder().decode(user.getSeed()),
    '------END USER NKEY SEED------',
    '',
  ].join('\n')

/** A broker whose users have credentials files. */
export interface OperatorBroker<Name extends string> extends UsersBroker<Name> {
  /** The path of a new credentials file, with these claims, until then. */
  file(name: string, claims: Claims, until?: Date): Promise<string>
}

/** Starts one, with an account for streams. */
export async function operatorBroker<Name extends string>(users: Readonly<Record<Name, Permissions>>): Promise<OperatorBroker<Name>> {
  const folder = await mkdtemp(join(tmpdir(), 'callboard-test-'))
  const [operator, account, system] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createAccount()]
  const accountJwt = jwt(operator, account, 'shop', { type: 'account', limits: { ...accountLimits, ...streams } })
  const systemJwt = jwt(operator, system, 'SYS', { type: 'account', limits: accountLimits })
  const config = join(folder, 'nats-server.conf')
  const lines = [
    'listen: 127.0.0.1:-1',
    'jetstream {}',
    // The permissions of a user come with its first line, which may have 4 KiB otherwise.
    'max_control_line: 64KB',
    `operator: ${jwt(operator, operator, 'operator', { type: 'operator', system_account: system.getPublicKey() })}`,
    `system_account: ${system.getPublicKey()}`,
    'resolver: MEMORY',
    `resolver_preload: { ${account.getPublicKey()}: ${accountJwt}, ${system.getPublicKey()}: ${systemJwt} }`,
  ]
  await writeFile(config, lines.join('\n'))
  const server = await startServer({ config, port: 0, store: 'memory' })
  const file = async (name: string, claims: Claims, until?: Date) => {
    const user = nkeys.createUser()
    const path = join(folder, `${name}-${randomUUID()}.creds`)
    const token = jwt(account, user, name, { type: 'user', ...all, ...claims }, until && Math.floor(until.getTime() / 1000))
    await writeFile(path, credentials(token, user), { mode: 0o600 })
    return path
  }
  const paths = new Map<Name, string>()
  const login = async (name: Name) => {
    const path = paths.get(name) ?? (await file(name, users[name].claims()))
    paths.set(name, path)
    return { credentials: path }
  }
  return {
    url: server.url,
    file,
    login,
    as: async (name) => callboard({ servers: server.url, ...(await login(name)), inboxPrefix: users[name].inboxPrefix, log: false }),
    async [Symbol.asyncDispose]() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
