import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BoardOptions, callboard, topic } from 'callboard'
import { type Server, startServer } from 'callboard/server'
import { nkeys } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { thrownBy } from '../support/board.ts'

const released = topic<{ isbn: string }>('books.released')
const folder = mkdtempSync(join(tmpdir(), 'callboard-secure-'))
const path = (name: string) => join(folder, name)
const user = nkeys.createUser()
const seed = new TextDecoder().decode(user.getSeed())
let secure: Server
let mutual: Server
let keyed: Server

/** A certificate for this machine, signed by the authority `ca`; without `ca`, an authority. */
function certificate(name: string, ca?: string): void {
  const ssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    path(`${name}.key`),
    '-out',
    path(`${name}.pem`),
  ]
  const signed = ca === undefined ? [] : ['-CA', path(`${ca}.pem`), '-CAkey', path(`${ca}.key`), '-addext', 'subjectAltName=DNS:localhost']
  ssl('req', '-x509', '-days', '2', '-subj', `/CN=${name}`, ...key, ...signed)
}

const server = (name: string, config: string) => {
  writeFileSync(path(`${name}.conf`), `listen: 127.0.0.1:-1\njetstream {}\n${config}`)
  return startServer({ config: path(`${name}.conf`), port: 0, store: 'memory' })
}

const served = async (options: BoardOptions) => {
  await using board = await callboard({ log: false, ...options })
  return (await board.publish(released, { isbn: '1' })).sequence
}

beforeAll(async () => {
  certificate('ca')
  certificate('stranger')
  certificate('server', 'ca')
  certificate('client', 'ca')
  const tls = `cert_file: "${path('server.pem')}", key_file: "${path('server.key')}"`
  secure = await server('secure', `tls { ${tls} }`)
  mutual = await server('mutual', `tls { ${tls}, ca_file: "${path('ca.pem')}", verify: true }`)
  keyed = await server('keyed', `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`)
})
afterAll(async () => {
  await Promise.all([secure?.stop(), mutual?.stop(), keyed?.stop()])
  rmSync(folder, { recursive: true, force: true })
})

const caFile = path('ca.pem')
const client = { certFile: path('client.pem'), keyFile: path('client.key') }

test('a board speaks TLS to a server whose authority it knows, and to no other', async () => {
  expect(await served({ servers: secure.url, tls: { caFile } })).toBe(1)
  expect(await thrownBy(served({ servers: secure.url, tls: { caFile: path('stranger.pem') } }))).toMatchObject({ code: 'TLS' })
  expect(await thrownBy(served({ servers: secure.url.replace('nats:', 'tls:') }))).toMatchObject({ code: 'TLS' })
})

test('a certificate that has expired, or that names another host, is not trusted', async () => {
  const ssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  for (const [name, host, days] of [
    ['late', 'localhost', '-1'],
    ['elsewhere', 'elsewhere.test', '2'],
  ] as const) {
    const [request, pem, extensions] = [path(`${name}.csr`), path(`${name}.pem`), path(`${name}.ext`)]
    writeFileSync(extensions, `subjectAltName=DNS:${host}`)
    ssl('req', '-new', '-subj', `/CN=${name}`, '-key', path('server.key'), '-out', request)
    const by = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial']
    ssl('x509', '-req', '-in', request, ...by, '-days', days, '-extfile', extensions, '-out', pem)
    const stale = await server(name, `tls { cert_file: "${pem}", key_file: "${path('server.key')}" }`)
    try {
      expect(await thrownBy(served({ servers: stale.url, tls: { caFile } })), name).toMatchObject({ code: 'TLS' })
    } finally {
      await stale.stop()
    }
  }
})

test('a server that wants a certificate of its clients takes one it can verify, and refuses those without', async () => {
  expect(await served({ servers: mutual.url, tls: { caFile, ...client } })).toBe(1)
  // With TLS 1.3 the client thinks itself welcome until the server closes the connection, with or without saying why in time.
  const { code, message } = await thrownBy(served({ servers: mutual.url, tls: { caFile } }))
  expect(['TLS', 'CONNECTION_FAILED'], message).toContain(code)
})

test('a board logs in with an nkey; another key and a seed that is none are refused, and no seed is shown', async () => {
  expect(await served({ servers: keyed.url, nkey: seed })).toBe(1)
  const stranger = new TextDecoder().decode(nkeys.createUser().getSeed())
  for (const nkey of [stranger, `${seed}x`, 'SU-no-seed']) {
    const error = await thrownBy(served({ servers: keyed.url, nkey }))
    expect(error).toMatchObject({ code: 'AUTH' })
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(nkey)
  }
})
