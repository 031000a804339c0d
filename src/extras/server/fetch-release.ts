/** Fetches the archive that the project publishes, and trusts it only if it has the published checksum. */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { asError, fault } from '../../base/errors.ts'
import { binaryName } from './binary.ts'
import type { Errand } from './errand.ts'
import { recommended } from './version.ts'

/** Where releases are published. A mirror with the same layout can be named by CALLBOARD_NATS_RELEASES. */
export const releases = 'https://github.com/nats-io/nats-server/releases/download'

/** How long the release site may take to answer at all, in ms. Without a way to the internet, this is what a start loses. */
const answer = 4_000
/** How long the archive, of some 7 MB, may take, in ms. */
const patience = 300_000

/**
 * Fetches into the errand's folder and gives the path of the binary.
 *
 * throws  SERVER_DOWNLOAD_FAILED; SERVER_CHECKSUM if the archive is not the published one
 */
export async function fromRelease(errand: Errand): Promise<string> {
  const base = `${(errand.env.CALLBOARD_NATS_RELEASES || releases).replace(/\/+$/, '')}/v${recommended}`
  const sums = await (await get(`${base}/SHA256SUMS`, answer, errand.signal)).text().catch((error: unknown) => {
    throw failed(`${base}/SHA256SUMS`, error)
  })
  const asset = choose(sums, recommended, process.platform, process.arch)
  if (!asset) throw fault('SERVER_DOWNLOAD_FAILED', `${base} has no archive for ${process.platform} ${process.arch}.`)

  const url = `${base}/${asset.name}`
  errand.notice(`fetching nats-server ${recommended} from ${url} into ${errand.cache}`)
  const archive = join(errand.folder, asset.name)
  const sum = await download(url, archive, errand.signal)
  if (sum !== asset.sum) {
    throw fault('SERVER_CHECKSUM', `${url} has the SHA-256 sum ${sum}, but ${asset.sum} is published.`, {
      details: { url, sum, published: asset.sum },
    })
  }
  return unpack(archive, join(errand.folder, 'unpacked'), asset.name)
}

/** A published file. */
export interface Asset {
  readonly name: string
  /** SHA-256, in lower-case hex. */
  readonly sum: string
}

const systems: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows', freebsd: 'freebsd' }
const machines: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm7',
  ia32: '386',
  s390x: 's390x',
  ppc64: 'ppc64le',
  riscv64: 'riscv64',
}

/** What the archive for a platform is called, without its ending. `platform` and `arch` as node calls them. Pure. */
export function stem(version: string, platform: string, arch: string): string {
  return `nats-server-v${version}-${systems[platform] ?? platform}-${machines[arch] ?? arch}`
}

/** The archive for a platform, out of a `SHA256SUMS` file. Pure. */
export function choose(sums: string, version: string, platform: string, arch: string): Asset | undefined {
  const published = new Map<string, string>()
  for (const line of sums.split('\n')) {
    const [, sum, name] = /^([0-9a-fA-F]{64})\s+\*?(\S+)\s*$/.exec(line) ?? []
    if (sum !== undefined && name !== undefined) published.set(name, sum.toLowerCase())
  }
  for (const name of ['.tar.gz', '.zip'].map((ending) => `${stem(version, platform, arch)}${ending}`)) {
    const sum = published.get(name)
    if (sum !== undefined) return { name, sum }
  }
  return undefined
}

async function get(url: string, limit: number, signal: AbortSignal | undefined): Promise<Response> {
  const limits = [AbortSignal.timeout(limit), ...(signal ? [signal] : [])]
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.any(limits) })
  } catch (error) {
    signal?.throwIfAborted()
    throw failed(url, error)
  }
  if (response.ok) return response
  await response.body?.cancel()
  throw fault('SERVER_DOWNLOAD_FAILED', `${url} answered ${response.status}.`, { details: { url, status: response.status } })
}

/** Writes what the address holds to a file and gives its SHA-256 sum. */
async function download(url: string, to: string, signal: AbortSignal | undefined): Promise<string> {
  const response = await get(url, patience, signal)
  if (!response.body) throw fault('SERVER_DOWNLOAD_FAILED', `${url} is empty.`)
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform(chunk: Buffer, _, next) {
      hash.update(chunk)
      next(null, chunk)
    },
  })
  try {
    await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), hashing, createWriteStream(to))
  } catch (error) {
    signal?.throwIfAborted()
    throw failed(url, error)
  }
  return hash.digest('hex')
}

async function unpack(archive: string, into: string, name: string): Promise<string> {
  await mkdir(into, { recursive: true })
  const zip = name.endsWith('.zip')
  const [program, args] =
    zip && process.platform !== 'win32' ? ['unzip', ['-q', archive, '-d', into]] : ['tar', ['-xf', archive, '-C', into]]
  try {
    await promisify(execFile)(program, args)
    const inside = (await readdir(into, { recursive: true })).find((path) => basename(path) === binaryName)
    if (inside === undefined) throw new Error(`it holds no ${binaryName}`)
    return join(into, inside)
  } catch (error) {
    throw fault('SERVER_DOWNLOAD_FAILED', `${name} could not be unpacked.`, { why: asError(error).message, cause: error })
  }
}

/** fetch says "fetch failed" and hides the reason one floor down. */
function failed(url: string, error: unknown): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : asError(error)
  const reason = cause.name === 'TimeoutError' ? 'no answer in time' : cause.message
  return fault('SERVER_DOWNLOAD_FAILED', `${url} could not be fetched: ${reason}.`, { cause: error, details: { url } })
}
