/** Finding a server: what is used, what is passed over, what is fetched, and what is said when there is none. */

import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server as HttpServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { CallboardError } from '../../src/base/errors.ts'
import { parseList, parseSources } from '../../src/extras/server/apt.ts'
import { findServer, startServer } from '../../src/extras/server/index.ts'
import { recommended } from '../../src/extras/server/version.ts'

const run = promisify(execFile)
let root = ''
let count = 0
const sites: HttpServer[] = []
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'callboard-test-'))
})
afterEach(() => {
  for (const site of sites.splice(0)) site.close().closeAllConnections()
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function fresh(name: string): Promise<string> {
  const path = join(root, `${name}-${++count}`)
  await mkdir(path)
  return path
}

/** A script in a folder of its own that says it is a nats-server of this version. */
async function saying(version: string): Promise<string> {
  const path = join(await fresh('bin'), 'nats-server')
  await writeFile(path, `#!/bin/sh\necho 'nats-server: v${version}'\n`)
  await chmod(path, 0o755)
  return path
}

/** An environment with nothing in it but an empty cache and an empty PATH. */
async function bare(more: Record<string, string> = {}): Promise<Record<string, string>> {
  return { PATH: await fresh('path'), CALLBOARD_CACHE: await fresh('cache'), ...more }
}

async function thrownBy(promise: Promise<unknown>): Promise<CallboardError> {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof CallboardError) return error
  throw error
}

/** The names under which a release publishes its archives for the platforms that tests run on. */
const names = ['linux', 'darwin'].flatMap((system) =>
  ['amd64', 'arm64'].map((machine) => `nats-server-v${recommended}-${system}-${machine}.tar.gz`),
)

/** A release site with one archive that holds `binary`, and what was asked of it. */
async function releaseSite(binary: string, fault?: 'checksum' | 'truncated' | 'missing') {
  const folder = await fresh('release')
  await mkdir(join(folder, 'nats-server-v0'))
  await copyFile(binary, join(folder, 'nats-server-v0', 'nats-server'))
  await run('tar', ['-cf', 'archive', 'nats-server-v0'], { cwd: folder })
  const archive = await readFile(join(folder, 'archive'))
  const sum = createHash('sha256').update(archive).digest('hex')
  const sums = names.map((name) => `${fault === 'checksum' ? '0'.repeat(64) : sum}  ${name}\n`).join('')
  const asked: string[] = []
  const site = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    if (fault === 'missing' || !path.startsWith(`/v${recommended}/`)) response.writeHead(404).end()
    else if (path.endsWith('/SHA256SUMS')) response.end(sums)
    else if (fault === 'truncated') {
      response.writeHead(200, { 'content-length': archive.length })
      response.write(archive.subarray(0, 1000), () => response.destroy())
    } else response.end(archive)
  })
  sites.push(site)
  await new Promise<void>((resolve) => {
    site.listen(0, '127.0.0.1', resolve)
  })
  const { port } = site.address() as { port: number }
  return { url: `http://127.0.0.1:${port}`, asked }
}

const quiet = { notice: () => undefined, sources: ['release'] } as const

test('a server that is named by CALLBOARD_NATS_SERVER is used, before the one on the PATH', async () => {
  const named = await saying('2.14.3')
  const found = await findServer({ env: await bare({ CALLBOARD_NATS_SERVER: named, PATH: dirname(await saying('2.15.1')) }) })
  expect(found).toMatchObject({ path: named, version: '2.14.3', from: 'named' })
})

test.each([
  ['is not there', '/nowhere/nats-server', 'SERVER_NOT_FOUND', 'which is no file'],
  ['is something else', '/bin/ls', 'SERVER_NOT_FOUND', 'no nats-server that runs here'],
])('a named server that %s is an error, though there is another one', async (_, named, code, words) => {
  const error = await thrownBy(findServer({ env: await bare({ CALLBOARD_NATS_SERVER: named, PATH: dirname(await saying('2.15.1')) }) }))
  expect(error.code).toBe(code)
  expect(error.message).toContain(`CALLBOARD_NATS_SERVER is "${named}"`)
  expect(error.message).toContain(words)
})

test('a named server that is too old is SERVER_TOO_OLD', async () => {
  const named = await saying('2.12.9')
  expect(await thrownBy(findServer({ env: await bare({ CALLBOARD_NATS_SERVER: named }) }))).toMatchObject({
    code: 'SERVER_TOO_OLD',
    details: { path: named, version: '2.12.9' },
  })
})

test('the first one on the PATH that is new enough is used', async () => {
  const [old, young] = [await saying('2.9.10'), await saying('2.14.0')]
  const env = await bare({ PATH: `${dirname(old)}:${dirname(young)}` })
  expect(await findServer({ env })).toMatchObject({ path: young, from: 'PATH' })
})

test('one on the PATH that is too old is passed over, and the notice says so', async () => {
  const old = await saying('2.9.10')
  const { url } = await releaseSite(await saying('2.15.1'))
  const notices: string[] = []
  const env = await bare({ PATH: dirname(old), CALLBOARD_NATS_RELEASES: url })
  expect(await findServer({ ...quiet, env, notice: (line) => notices.push(line) })).toMatchObject({ version: '2.15.1', from: 'release' })
  expect(notices).toEqual([
    expect.stringContaining(`${old} is 2.9.10, older than 2.14.0; fetching nats-server ${recommended} from ${url}/`),
  ])
})

test('what was fetched is used the next time, without asking the network', async () => {
  const { url, asked } = await releaseSite(await saying('2.15.1'))
  const env = await bare({ CALLBOARD_NATS_RELEASES: url })
  const first = await findServer({ ...quiet, env })
  const requests = asked.length
  expect(await findServer({ env, sources: [] })).toEqual({ ...first, from: 'cache' })
  expect(asked).toHaveLength(requests)
  expect(await readdir(env.CALLBOARD_CACHE ?? '')).toEqual(['nats-server'])
})

test('several may fetch at once, and all get a whole one', async () => {
  const { url } = await releaseSite(await saying('2.15.1'))
  const env = await bare({ CALLBOARD_NATS_RELEASES: url })
  const found = await Promise.all(Array.from({ length: 4 }, () => findServer({ ...quiet, env })))
  expect(new Set(found.map(({ path }) => path)).size).toBe(1)
  expect(await readdir(env.CALLBOARD_CACHE ?? '')).toEqual(['nats-server'])
})

test('a fetched server runs', async () => {
  const { path } = await findServer()
  const { url } = await releaseSite(path)
  await using server = await startServer({ ...quiet, port: 0, store: 'memory', env: await bare({ CALLBOARD_NATS_RELEASES: url }) })
  expect(server.binary.from).toBe('release')
})

test('an archive with another checksum than the published one is SERVER_CHECKSUM, and nothing is kept', async () => {
  const { url } = await releaseSite(await saying('2.15.1'), 'checksum')
  const env = await bare({ CALLBOARD_NATS_RELEASES: url })
  const error = await thrownBy(findServer({ ...quiet, env, sources: ['release', 'debian'] }))
  expect(error).toMatchObject({ code: 'SERVER_CHECKSUM', details: { published: '0'.repeat(64) } })
  expect(await readdir(env.CALLBOARD_CACHE ?? '')).toEqual([])
})

test.each([
  ['ends too early', 'truncated', 'could not be fetched'],
  ['is not there', 'missing', 'answered 404'],
] as const)('an archive that %s is told, and nothing is kept', async (_, fault, words) => {
  const { url } = await releaseSite(await saying('2.15.1'), fault)
  const env = await bare({ CALLBOARD_NATS_RELEASES: url })
  const error = await thrownBy(findServer({ ...quiet, env }))
  expect(error.code).toBe('SERVER_NOT_FOUND')
  expect(error.message).toContain(words)
  expect(error.cause).toMatchObject({ errors: [{ code: 'SERVER_DOWNLOAD_FAILED' }] })
  expect(await readdir(env.CALLBOARD_CACHE ?? '')).toEqual([])
})

test('an archive with a server that is too old is not kept', async () => {
  const { url } = await releaseSite(await saying('2.10.0'))
  const error = await thrownBy(findServer({ ...quiet, env: await bare({ CALLBOARD_NATS_RELEASES: url }) }))
  expect(error.message).toContain('What was fetched is 2.10.0')
})

test('without any server, the error tells all that was tried and three ways out', async () => {
  const env = await bare({ PATH: dirname(await saying('2.9.10')), CALLBOARD_NATS_RELEASES: 'http://127.0.0.1:1' })
  const error = await thrownBy(findServer({ ...quiet, env }))
  expect(error.code).toBe('SERVER_NOT_FOUND')
  expect(error.details.tried).toEqual([expect.stringMatching(/^PATH: .* is 2\.9\.10/), expect.stringMatching(/^release: .*127\.0\.0\.1:1/)])
  expect(error.fix.match(/^ {2}[123]\. /gm)).toHaveLength(3)
})

test('fetching that is given up is ABORTED, and nothing is kept', async () => {
  const { url } = await releaseSite(await saying('2.15.1'))
  const env = await bare({ CALLBOARD_NATS_RELEASES: url })
  const giveUp = new AbortController()
  const finding = findServer({ ...quiet, env, signal: giveUp.signal, notice: () => giveUp.abort() })
  expect(await thrownBy(finding)).toMatchObject({ code: 'ABORTED' })
  expect(await readdir(env.CALLBOARD_CACHE ?? '')).toEqual([])
})

const parent = fileURLToPath(new URL('../support/server-parent.ts', import.meta.url))

/** What to put before a command to run it as an ordinary user: as nobody if we are root and nobody can read this repository. */
function ordinary(): readonly [string, ...string[]] {
  const nobody = ['--reuid=nobody', '--regid=nogroup', '--clear-groups']
  const able = process.getuid?.() === 0 && spawnSync('setpriv', [...nobody, 'test', '-r', parent]).status === 0
  return able ? ['setpriv', ...nobody] : ['env']
}

/** True if this machine can fetch packages: it has apt-get and a mirror that can be reached. */
async function fetchesPackages(): Promise<boolean> {
  if (spawnSync('apt-get', ['--version']).status !== 0) return false
  const parts = '/etc/apt/sources.list.d'
  const files = (await readdir(parts).catch(() => [])).map((name) => join(parts, name))
  for (const file of ['/etc/apt/sources.list', ...files]) {
    const text = await readFile(file, 'utf8').catch(() => '')
    const sources = file.endsWith('.sources') ? parseSources(text, file) : file.endsWith('.list') ? parseList(text, file) : []
    for (const { uri } of sources) if (URL.canParse(uri) && (await reachable(new URL(uri)))) return true
  }
  return false
}

function reachable({ hostname, port, protocol }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port || (protocol === 'https:' ? 443 : 80)), timeout: 3000 })
    const end = (reached: boolean) => () => {
      socket.destroy()
      resolve(reached)
    }
    socket.on('connect', end(true)).on('error', end(false)).on('timeout', end(false))
  })
}

test("where the release site cannot be reached, an ordinary user gets the distribution's own package, or is told that there is none", async () => {
  const home = await fresh('home')
  for (const folder of [root, home]) await chmod(folder, 0o777)
  const [program, ...args] = ordinary()
  const command = [process.execPath, '--conditions=callboard-source', '--import', 'tsx', parent, '{}', 'find']
  const env = { PATH: '/usr/bin:/bin', HOME: home, TMPDIR: home, CALLBOARD_NATS_RELEASES: 'http://127.0.0.1:1' }
  const find = () => run(program, [...args, ...command], { env })
  if (!(await fetchesPackages())) return expect(find()).rejects.toThrow('- debian: ')

  const { stdout, stderr } = await find()
  expect(JSON.parse(stdout)).toMatchObject({ from: 'debian', path: expect.stringContaining(join(home, '.cache/callboard/nats-server')) })
  expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/^callboard: fetching nats-server from this machine's package mirror/)])
  expect(await readdir(join(home, '.cache/callboard'))).toEqual(['nats-server'])
})
