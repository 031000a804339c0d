/**
 * A connection that never gives up, with its errors told in callboard's words.
 *
 * Two of them make a board: one speaks (publishes and asks), one listens (receives and answers), so that a slow reader
 * that the broker cuts off does not take the publisher's answers with it.
 */

import { readFileSync } from 'node:fs'
import { type ConnectionOptions, connect, credsAuthenticator, type NatsConnection, nkeyAuthenticator, type TlsOptions } from 'nats'
import { atMost } from '../base/deadline.ts'
import { CallboardError, fault } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { connectOver, type Dial } from './line.ts'
import { cutAhead } from './raw.ts'

/** Where the broker is and who we are. */
export interface Address {
  /**
   * One or more of `nats://host:port`, `tls://host:port` or `host:port`. Default: `CALLBOARD_URL`, else `NATS_URL`, else
   * `nats://127.0.0.1:4222`. Edge: a text may hold several with commas between; the port is 4222 where none is named; user and
   * password may stand before the host.
   */
  readonly servers?: string | readonly string[]
  /** How this process is called on the broker. Default: `callboard`. Edge: the connection that listens has `, listening` behind it. */
  readonly name?: string
  /** Who logs in. Default: what the address says. */
  readonly user?: string
  /** The password of `user`. Default: what the address says. */
  readonly password?: string
  /** A token in place of user and password. Default: what the address says. */
  readonly token?: string
  /** Path of a NATS credentials file. Default: `CALLBOARD_CREDS`, else `NATS_CREDS`. Edge: a file that cannot be read is `AUTH`. */
  readonly credentials?: string
  /** The seed of an nkey, as `SU…`, read from where secrets are kept. Default: none. Edge: a seed that cannot be read is `AUTH`; it is never shown. */
  readonly nkey?: string
  /** Certificates, as the NATS client takes them. Default: none unless the address says tls. */
  readonly tls?: TlsOptions
  /** Every inbox begins with this; needed where permissions name it. Default: `_INBOX`. */
  readonly inboxPrefix?: string
  /** A broker in this process, as `callboard/testing` has one. Default: the network. Edge: then `servers` is not asked. */
  readonly dial?: Dial
}

/** What may happen to a link. `back` comes after every reconnect. */
export type LinkEvent = { readonly type: 'lost' } | { readonly type: 'back' } | { readonly type: 'refused'; readonly error: Error }

/** A connection as the rest of `wire/` uses it. */
export interface Link {
  readonly nc: NatsConnection
  /** The address in use, without secrets. */
  readonly server: string
  readonly version: string
  /** Largest message in bytes, headers included. */
  readonly maxPayload: number
  /** A subject of our own that nobody else listens to. */
  inbox(): string
  /** Hears of losses, returns and refusals. Gives back how to stop hearing. */
  listen(hear: (event: LinkEvent) => void): () => void
  /** Sends what is written, waits until the broker has read it, and closes. Never throws. */
  close(): Promise<void>
}

/** How long closing waits for a broker that does not answer, in ms. */
const parting = 2_000

/** The oldest server that has everything callboard builds on: schedules, atomic batches, expiry of single messages. */
export const oldestServer = '2.14.0'

/** Opens a link. Throws INVALID_URL, CONNECTION_FAILED, AUTH, TLS or UNSUPPORTED_SERVER. */
export async function link(address: Address): Promise<Link> {
  const parsed = parseServers(address.servers === undefined ? 'nats://127.0.0.1:4222' : address.servers)
  const nc = await dial(address, parsed)
  const info = nc.info
  if (!info || older(info.version, oldestServer)) {
    await nc.close()
    throw fault(
      'UNSUPPORTED_SERVER',
      `The server at ${parsed.shown} is nats-server ${info?.version ?? 'of unknown version'}; callboard needs ${oldestServer}.`,
    )
  }
  return dress(nc, parsed.shown, address.inboxPrefix ?? '_INBOX')
}

/** A machine that has much to do may be too slow for the time that the broker gives a newcomer to say who he is, or that we give the broker. */
const dials = 3

async function dial(address: Address, parsed: Parsed): Promise<NatsConnection> {
  const options = clientOptions(address, parsed)
  for (let tries = 1; ; tries++) {
    try {
      return await (address.dial === undefined ? connect(options) : connectOver(address.dial, options))
    } catch (error) {
      if (tries < dials && /timeout/i.test(`${error}`)) continue
      // A credentials file that cannot be read is told with its path.
      throw error instanceof CallboardError ? error : connectFault(error, parsed.shown)
    }
  }
}

function dress(nc: NatsConnection, server: string, inboxPrefix: string): Link {
  cutAhead(nc)
  const ears = new Set<(event: LinkEvent) => void>()
  const tell = (event: LinkEvent) => {
    for (const hear of ears) hear(event)
  }
  void (async () => {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') tell({ type: 'lost' })
      else if (status.type === 'reconnect') {
        cutAhead(nc)
        tell({ type: 'back' })
      } else if (status.type === 'error') tell({ type: 'refused', error: status.error })
    }
  })()
  return {
    nc,
    server,
    version: nc.info?.version ?? '',
    get maxPayload() {
      return nc.info?.max_payload ?? 1_048_576
    },
    inbox: () => `${inboxPrefix}.${newId()}`,
    listen(hear) {
      ears.add(hear)
      return () => ears.delete(hear)
    },
    async close() {
      await atMost(
        parting,
        nc.drain().catch(() => undefined),
      )
      await nc.close()
    },
  }
}

/** Says what may be lost: nothing over a connection that is closed, or about to be. */
export function mention(nc: NatsConnection, subject: string, body: Uint8Array | string): void {
  if (!nc.isClosed() && !nc.isDraining()) nc.publish(subject, body)
}

interface Parsed {
  readonly servers: string[]
  readonly user: string | undefined
  readonly password: string | undefined
  /** A name without a password is a token. */
  readonly token: string | undefined
  readonly secure: boolean
  readonly shown: string
}

/** Addresses as the client wants them, with user, password and token taken out. Throws INVALID_URL, secrets masked. */
export function parseServers(given: string | readonly string[]): Parsed {
  if (typeof given !== 'string' && !Array.isArray(given)) throw fault('INVALID_URL', 'The server address is neither text nor a list.')
  const texts: readonly string[] = typeof given === 'string' ? given.split(',') : given
  // A password may hold a comma, so that a part of it looks like an address: what is shown is the whole, masked.
  const shown = masked(texts.map(String).join(','))
  const urls = texts.map((text) => parseServer(text, shown))
  if (urls.length === 0) throw fault('INVALID_URL', 'No server address was given.')
  const named = urls.find((url) => url.username !== '')
  const name = named && decoded(named.username, shown)
  const password = named?.password ? decoded(named.password, shown) : undefined
  return {
    servers: urls.map((url) => url.host),
    user: password === undefined ? undefined : name,
    password,
    token: password === undefined ? name : undefined,
    secure: urls.some((url) => url.protocol === 'tls:'),
    shown: urls.map((url) => `${url.protocol}//${url.host}`).join(', '),
  }
}

function parseServer(given: unknown, shown: string): URL {
  if (typeof given !== 'string' || given.trim() === '') throw fault('INVALID_URL', 'A server address is not text, or empty.')
  const text = given.trim()
  let url: URL
  try {
    url = new URL(text.includes('://') ? text : `nats://${text}`)
  } catch {
    // What the parser throws repeats what it was given.
    throw fault('INVALID_URL', `The server address ${shown} cannot be read.`)
  }
  if (url.protocol !== 'nats:' && url.protocol !== 'tls:')
    throw fault('INVALID_URL', `The server address ${shown} begins with ${url.protocol}//.`)
  if (url.hostname === '' || url.port === '0')
    throw fault('INVALID_URL', `The server address ${shown} has ${url.port === '0' ? 'port 0' : 'no host'}.`)
  if (url.port === '') url.port = '4222'
  return url
}

/** Everything up to the last @ may be secret, whatever it looks like. */
function masked(text: string): string {
  const scheme = /^[a-z]+:\/\//i.exec(text)?.[0] ?? ''
  const at = text.lastIndexOf('@')
  return (at < 0 ? text : `${scheme}***${text.slice(at)}`).slice(0, 200)
}

function decoded(text: string, shown: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw fault('INVALID_URL', `The server address ${shown} has a % in its user or password that means nothing; write it as %25.`)
  }
}

function clientOptions(address: Address, parsed: Parsed): ConnectionOptions {
  const user = address.user ?? parsed.user
  const pass = address.password ?? parsed.password
  const token = address.token ?? (user === undefined ? parsed.token : undefined)
  return {
    servers: parsed.servers,
    name: address.name ?? 'callboard',
    // Never give up, notice a dead peer within 30 s, and dial again quickly but not in step with everybody else.
    maxReconnectAttempts: -1,
    pingInterval: 10_000,
    maxPingOut: 2,
    timeout: 5_000,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    noAsyncTraces: true,
    ignoreAuthErrorAbort: true,
    ...(user === undefined ? {} : { user }),
    ...(pass === undefined ? {} : { pass }),
    ...(token === undefined ? {} : { token }),
    ...(address.credentials === undefined ? {} : { authenticator: credsAuthenticator(readCredentials(address.credentials)) }),
    ...(address.nkey === undefined ? {} : { authenticator: nkeyAuthenticator(new TextEncoder().encode(address.nkey.trim())) }),
    ...(address.tls !== undefined ? { tls: address.tls } : parsed.secure ? { tls: {} } : {}),
    ...(address.inboxPrefix === undefined ? {} : { inboxPrefix: address.inboxPrefix }),
  }
}

function readCredentials(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw fault('AUTH', `The credentials file ${path} cannot be read.`, { cause: error })
  }
}

function connectFault(error: unknown, where: string): CallboardError {
  const { name, message, code } = error as { name?: string; message?: string; code?: string }
  const text = `${message ?? error}`
  if (/authentication timeout/i.test(text))
    return fault('CONNECTION_FAILED', `The broker at ${where} was not told in time who we are: one of the two is overloaded.`, {
      cause: error,
    })
  if (
    name === 'AuthorizationError' ||
    name === 'UserAuthenticationExpiredError' ||
    /authorization violation|nkey|seed|credentials/i.test(text)
  ) {
    return fault('AUTH', `The broker at ${where} refused the credentials.`, { cause: error })
  }
  if (/tls|ssl|certificate|self.signed/i.test(text) || /^(ERR_TLS|CERT_|DEPTH_|SELF_)/.test(code ?? '')) {
    return fault('TLS', `No secure connection to ${where}: ${text}.`, { cause: error })
  }
  return fault('CONNECTION_FAILED', `The broker at ${where} could not be reached (${text}).`, { cause: error })
}

/** Whether one version comes before another: `2.9.10` before `2.14.0`. */
export function older(version: string, than: string): boolean {
  const numbers = (text: string) => text.replace(/^v/, '').split(/[.-]/).slice(0, 3).map(Number)
  const [a, b] = [numbers(version), numbers(than)]
  for (let i = 0; i < 3; i++) if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) < (b[i] ?? 0)
  return false
}
