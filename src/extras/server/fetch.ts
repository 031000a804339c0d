/** Fetches a nats-server into the cache, from the first source that has one, and says what was tried when none has. */

import { asError, CallboardError, fault } from '../../base/errors.ts'
import { type Binary, examine } from './binary.ts'
import { cacheFolder, clear, keep, workshop } from './cache.ts'
import type { Errand } from './errand.ts'
import { fromDebian } from './fetch-debian.ts'
import { fromRelease, releases, stem } from './fetch-release.ts'
import { newEnough, oldest, recommended } from './version.ts'

/** Where a server can be fetched: the project's release site, or the package mirror of a Debian-like machine. */
export type Source = 'release' | 'debian'

const fetchers: Readonly<Record<Source, (errand: Errand) => Promise<string>>> = { release: fromRelease, debian: fromDebian }

/**
 * Tries the sources in their order and keeps what the first one gives.
 *
 * tried   what was looked at before, for the message
 * throws  SERVER_NOT_FOUND; SERVER_CHECKSUM at once, for an archive that was tampered with is no reason to try elsewhere
 */
export async function fetchServer(
  sources: readonly Source[],
  tried: readonly string[],
  given: Pick<Errand, 'env' | 'notice' | 'signal'>,
): Promise<Binary & { readonly from: Source }> {
  const failures: string[] = []
  const causes: Error[] = []
  for (const source of sources) {
    try {
      return { ...(await fetchFrom(source, given)), from: source }
    } catch (error) {
      given.signal?.throwIfAborted()
      if (error instanceof CallboardError && error.code === 'SERVER_CHECKSUM') throw error
      const cause = asError(error)
      causes.push(cause)
      failures.push(`${source}: ${cause instanceof CallboardError ? [cause.what, cause.why].filter(Boolean).join(' ') : cause.message}`)
    }
  }
  const all = [...tried, ...failures]
  throw fault('SERVER_NOT_FOUND', 'There is no usable nats-server on this machine, and none could be fetched.', {
    why: `Tried, in this order:\n${all.map((line) => `  - ${line}`).join('\n')}\n`,
    fix: waysOut(process.platform, process.arch),
    details: { tried: all },
    ...(causes.length > 0 ? { cause: new AggregateError(causes, 'every source failed') } : {}),
  })
}

async function fetchFrom(source: Source, given: Pick<Errand, 'env' | 'notice' | 'signal'>): Promise<Binary> {
  const folder = await workshop(given.env)
  try {
    const fetched = await fetchers[source]({ ...given, folder, cache: cacheFolder(given.env) })
    const binary = await examine(fetched)
    if (!binary) throw fault('SERVER_DOWNLOAD_FAILED', 'What was fetched does not run here.')
    if (!newEnough(binary.version)) throw fault('SERVER_DOWNLOAD_FAILED', `What was fetched is ${binary.version}, older than ${oldest}.`)
    return { ...binary, path: await keep(given.env, fetched, binary.version) }
  } finally {
    await clear(folder)
  }
}

/** Three ways out, each ready to be pasted. Pure. */
export function waysOut(platform: string, arch: string): string {
  const name = stem(recommended, platform, arch)
  const [set, here, ending] = platform === 'win32' ? ['set', '%CD%', '.zip'] : ['export', '$PWD', '.tar.gz']
  return [
    'Do one of these:',
    '  1. fetch it by hand, here or where there is a way to the internet:',
    `     curl -fsSLO ${releases}/v${recommended}/${name}${ending} && tar -xf ${name}${ending} && ${set} CALLBOARD_NATS_SERVER=${here}/${name}/nats-server`,
    '  2. build it, where Go is at hand:',
    `     go install github.com/nats-io/nats-server/v2@v${recommended} && ${set} PATH=$PATH:$(go env GOPATH)/bin`,
    '  3. run it in a container and connect to that one:',
    `     docker run -d -p 4222:4222 nats:${recommended} -js && ${set} NATS_URL=nats://127.0.0.1:4222`,
  ].join('\n')
}
