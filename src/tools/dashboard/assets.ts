/** The pages: built once, held in memory, sent with names that change with their content. */

import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** A file that is sent. */
export interface Asset {
  readonly body: Uint8Array<ArrayBuffer>
  readonly gzipped: Uint8Array<ArrayBuffer>
  readonly type: string
  /** Its name holds a hash of its content: it may be kept for ever. */
  readonly kept: boolean
}

/** Path, without a slash before it → file. */
export type Assets = ReadonlyMap<string, Asset>

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const here = fileURLToPath(new URL('.', import.meta.url))

let opened: Promise<Assets> | undefined

/** Reads the pages, once in a process. As published they lie beside this file; from source they are built when they are missing or outdated. */
export function assets(): Promise<Assets> {
  opened ??= (async () => read(import.meta.url.endsWith('.ts') ? await built() : join(here, 'ui')))().catch((error: unknown) => {
    opened = undefined
    throw error
  })
  return opened
}

async function read(folder: string): Promise<Assets> {
  const found = await files(folder)
  return new Map(
    await Promise.all(
      found.map(async (path): Promise<[string, Asset]> => {
        const body = new Uint8Array(await readFile(join(folder, path)))
        const gzipped = new Uint8Array(await promisify(gzip)(body, { level: 9 }))
        return [path, { body, gzipped, type: types[extname(path)] ?? 'application/octet-stream', kept: path.startsWith('assets/') }]
      }),
    ),
  )
}

/** The folder of pages built from exactly these sources. */
async function built(): Promise<string> {
  const root = join(here, '../../..')
  const home = join(root, '.callboard/dashboard')
  const folder = join(home, await fingerprint([here, join(here, '../../extras/admin'), join(root, 'package.json')]))
  if (await exists(join(folder, 'index.html'))) return folder
  await mkdir(home, { recursive: true })
  const made = await mkdtemp(join(home, 'making-'))
  // Named by a variable: neither the compiler nor what is published knows the builder.
  const builder = new URL('./bundle.ts', import.meta.url).href
  const { bundle } = (await import(builder)) as { bundle(to: string): Promise<void> }
  await bundle(made)
  // Another process may have been faster; its pages are the same.
  await rename(made, folder).catch(() => rm(made, { recursive: true, force: true }))
  await forget(home, folder)
  return folder
}

/** Removes what older sources were built to, except what somebody may be reading. */
async function forget(home: string, current: string): Promise<void> {
  for (const name of await readdir(home)) {
    const path = join(home, name)
    const made = await stat(path).catch(() => undefined)
    if (path !== current && made && made.mtimeMs < Date.now() - 60 * 60_000) await rm(path, { recursive: true, force: true })
  }
}

async function fingerprint(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) {
    const inside = (await stat(path).catch(() => undefined))?.isDirectory() ? await files(path) : ['']
    for (const name of inside) hash.update(`${name}\0`).update(await readFile(join(path, name)).catch(() => ''))
  }
  return hash.digest('hex').slice(0, 16)
}

async function files(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
