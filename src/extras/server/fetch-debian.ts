/**
 * Fetches the nats-server that Debian and its family package and sign.
 *
 * apt-get and dpkg-deb do the work, in a folder of our own: no root, nothing is installed, nothing of the machine is changed.
 * The signature of the package lists is checked by apt against the keyring that the machine trusts for its mirror.
 */

import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fault } from '../../base/errors.ts'
import { aptConfig, family, type Mirror, mirrorOf, parseList, parseSources, sourceLine, upstream } from './apt.ts'
import type { Errand } from './errand.ts'
import { newEnough, oldest } from './version.ts'

/** Fetches into the errand's folder and gives the path of the binary. Throws SERVER_DOWNLOAD_FAILED. */
export async function fromDebian(errand: Errand): Promise<string> {
  const kind = family(await readFile('/etc/os-release', 'utf8').catch(() => ''))
  if (!kind) throw fault('SERVER_DOWNLOAD_FAILED', 'This is no Debian or Ubuntu.')
  const mirror = mirrorOf(await configured(), kind)
  if (!mirror) throw fault('SERVER_DOWNLOAD_FAILED', 'No package mirror is configured in /etc/apt.')
  const failures: string[] = []
  for (const suite of mirror.suites) {
    const tried = await fromSuite(errand, mirror, suite)
    if (tried.binary !== undefined) return tried.binary
    failures.push(`${suite}: ${tried.failure}`)
  }
  throw fault('SERVER_DOWNLOAD_FAILED', `The mirror in ${mirror.source.file} gave none (${failures.join('; ')}).`)
}

type Attempt = { readonly binary: string; readonly failure?: never } | { readonly binary?: never; readonly failure: string }

async function fromSuite(errand: Errand, mirror: Mirror, suite: string): Promise<Attempt> {
  const folder = join(errand.folder, suite)
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'log', 'download'])
    await mkdir(join(folder, part), { recursive: true })
  await writeFile(join(folder, 'status'), '')
  await writeFile(join(folder, 'sources.list'), sourceLine(mirror, suite))
  await writeFile(join(folder, 'apt.conf'), aptConfig(folder, process.getuid?.() === 0))
  const conf = ['-c', join(folder, 'apt.conf')]
  const download = join(folder, 'download')
  try {
    errand.notice(`fetching nats-server from this machine's package mirror (${suite}, see ${mirror.source.file}) into ${errand.cache}`)
    await run('apt-get', [...conf, '-qq', 'update'], download, errand.signal)
    const listed = await run('apt-cache', [...conf, 'madison', 'nats-server'], download, errand.signal)
    const version = listed.split('|')[1]?.trim() ?? ''
    const number = upstream(version)
    if (number === undefined) return { failure: 'has no nats-server' }
    if (!newEnough(number)) return { failure: `has ${number}, older than ${oldest}` }
    await run('apt-get', [...conf, '-qq', 'download', `nats-server=${version}`], download, errand.signal)
    const archive = (await readdir(download)).find((name) => name.endsWith('.deb'))
    if (archive === undefined) return { failure: 'gave no package' }
    await run('dpkg-deb', ['-x', archive, 'unpacked'], download, errand.signal)
    return { binary: join(download, 'unpacked/usr/sbin/nats-server') }
  } catch (error) {
    errand.signal?.throwIfAborted()
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

/** All sources of the machine, in the order apt reads them. */
async function configured(): Promise<ReturnType<typeof parseList>> {
  const parts = '/etc/apt/sources.list.d'
  const names = (await readdir(parts).catch(() => [])).sort().map((name) => join(parts, name))
  const read = await Promise.all(
    ['/etc/apt/sources.list', ...names].map(async (file) => {
      const text = await readFile(file, 'utf8').catch(() => '')
      if (file.endsWith('.list')) return parseList(text, file)
      return file.endsWith('.sources') ? parseSources(text, file) : []
    }),
  )
  return read.flat()
}

/** Runs a program to its end and gives what it printed. Throws what it complained about, in one line. */
function run(program: string, args: readonly string[], cwd: string, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      cwd,
      timeout: 180_000,
      env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      ...(signal ? { signal } : {}),
    }
    execFile(program, args, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout)
      const said = stderr.trim().split('\n').slice(-3).join(' ')
      reject(new Error(said === '' ? `${program} ${args.at(-1) ?? ''} failed` : said, { cause: error }))
    })
  })
}
