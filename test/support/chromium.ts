/**
 * A browser for the tests: the one that is named, one on the PATH, one fetched before, or Debian's own, fetched now.
 *
 * apt-get downloads the package and what it needs beyond what the machine has, dpkg-deb unpacks it into a folder of ours: no root,
 * nothing is installed. Libraries that the machine lacks are found there by LD_LIBRARY_PATH, fonts by a fontconfig file of our own.
 */

import { execFile } from 'node:child_process'
import { access, constants, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/** A browser that starts. */
export interface Chromium {
  readonly path: string
  /** What it needs in its environment, beside what the process has. */
  readonly env: Readonly<Record<string, string>>
}

const names = ['chromium', 'chromium-browser', 'google-chrome', 'chromium-headless-shell']
const wanted = ['chromium-headless-shell', 'chromium']

/** Finds a browser, fetching one where there is none. Throws an error that says all that was tried, and what to do. */
export async function findChromium(notice: (line: string) => void): Promise<Chromium> {
  const { CALLBOARD_CHROMIUM, PATH = '' } = process.env
  if (CALLBOARD_CHROMIUM) return { path: CALLBOARD_CHROMIUM, env: {} }
  for (const path of PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))))
    if (await runs({ path, env: {} })) return { path, env: {} }
  const home = join(process.env.CALLBOARD_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'callboard'), 'chromium')
  const kept = await unpackedIn(home)
  if (kept && (await runs(kept))) return kept
  try {
    return await fetchDebian(home, notice)
  } catch (error) {
    const fix = 'Install Chromium (apt-get install chromium), or set CALLBOARD_CHROMIUM to the path of one.'
    throw new Error(`No browser for the tests of the dashboard: none on the PATH, none in ${home}, and ${(error as Error).message}. ${fix}`)
  }
}

async function fetchDebian(home: string, notice: (line: string) => void): Promise<Chromium> {
  await mkdir(home, { recursive: true })
  const folder = await mkdtemp(`${home}.`)
  try {
    for (const part of ['lists/partial', 'cache/archives/partial', 'log', 'root']) await mkdir(join(folder, part), { recursive: true })
    await cp('/var/lib/dpkg/status', join(folder, 'status'))
    await writeFile(join(folder, 'apt.conf'), aptConf(folder))
    const apt = (...args: string[]) => run('apt-get', ['-c', join(folder, 'apt.conf'), '-qq', ...args])
    notice(`fetching Chromium from this machine's package mirror into ${home}`)
    await apt('update')
    const fonts = ['fontconfig-config', 'fonts-dejavu-core']
    const failures: string[] = []
    for (const name of wanted) {
      const failed = await apt('install', '--download-only', '--yes', '--no-install-recommends', name, ...fonts).then(
        () => undefined,
        (error: Error) => error.message,
      )
      if (failed === undefined) break
      failures.push(failed)
    }
    if (failures.length === wanted.length) throw new Error(`the package mirror gave none (${failures.join('; ')})`)
    const archives = join(folder, 'cache/archives')
    for (const name of (await readdir(archives)).filter((each) => each.endsWith('.deb')))
      await run('dpkg-deb', ['-x', join(archives, name), join(folder, 'root')])
    await rm(home, { recursive: true, force: true })
    await rename(join(folder, 'root'), home)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const found = await unpackedIn(home)
  if (!found) throw new Error('what the package mirror gave holds no browser')
  await promisify(execFile)(found.path, ['--version'], { env: { ...process.env, ...found.env } })
  return found
}

/** The browser below a folder that packages were unpacked into, with the environment in which it finds the rest. */
async function unpackedIn(home: string): Promise<Chromium | undefined> {
  const places = ['usr/lib/chromium/chromium-headless-shell', 'usr/lib/chromium/headless_shell', 'usr/lib/chromium/chromium']
  for (const place of places) {
    const path = join(home, place)
    if (!(await executable(path))) continue
    const triples = (await readdir(join(home, 'usr/lib'))).filter((name) => name.includes('-linux-gnu'))
    const libraries = triples.flatMap((triple) => [join(home, 'usr/lib', triple), join(home, 'usr/lib', triple, 'pulseaudio')])
    const system = await readFile('/etc/fonts/fonts.conf', 'utf8').catch(() => undefined)
    const fonts = join(home, 'fonts.conf')
    if (system === undefined) await writeFile(fonts, fontsConf(home))
    return {
      path,
      env: { LD_LIBRARY_PATH: libraries.join(':'), ...(system === undefined ? { FONTCONFIG_FILE: fonts } : {}) },
    }
  }
  return undefined
}

const fontsConf = (home: string): string =>
  `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${home}/usr/share/fonts</dir><dir>/usr/share/fonts</dir><cachedir>${home}/fontcache</cachedir></fontconfig>\n`

/** The machine's own sources and keys; all that is written stays in `folder`. */
function aptConf(folder: string): string {
  const set: Record<string, string> = {
    'Dir::State': `${folder}`,
    'Dir::State::Lists': `${folder}/lists`,
    'Dir::State::status': `${folder}/status`,
    'Dir::Cache': `${folder}/cache`,
    'Dir::Log': `${folder}/log`,
    'Debug::NoLocking': '1',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '10',
    'Acquire::https::Timeout': '10',
    ...(process.getuid?.() === 0 ? { 'APT::Sandbox::User': 'root' } : {}),
  }
  const clear = ['APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success', 'DPkg::Pre-Install-Pkgs']
  return [...clear.map((name) => `#clear ${name};`), ...Object.entries(set).map(([name, value]) => `${name} "${value}";`), ''].join('\n')
}

const executable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

async function runs({ path, env }: Chromium): Promise<boolean> {
  if (!(await executable(path))) return false
  return promisify(execFile)(path, ['--version'], { env: { ...process.env, ...env }, timeout: 20_000 }).then(
    () => true,
    () => false,
  )
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }
  try {
    await promisify(execFile)(program, args, { env, timeout: 600_000, maxBuffer: 1 << 26 })
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    throw new Error(stderr?.trim().split('\n').slice(-2).join(' ') || message)
  }
}
