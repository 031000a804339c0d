/**
 * The package as it is published, built once for the run, for tests that call its program: `.callboard/built`. Beside it the programs of the
 * tests: they start in a quarter of the time that it takes to compile them and all of the source anew, and the run starts hundreds.
 */

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import type { Snippet } from '../repo/snippets.ts'

const root = join(import.meta.dirname, '../..')
const built = join(root, '.callboard/built')
const stamp = join(built, 'stamp')

/** Everything that goes into the package, and the programs of the tests. */
function sources(): string[] {
  const found = ['src', 'test/setup', 'test/support', 'test/faults'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  )
  return [...found.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts')), 'package.json', 'nats-server.conf']
}

/** Where a file of the repository is when it is built, from its root. */
export const place = (path: string): string => `.callboard/built/${path.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js')}`

export default function setup(): void {
  const all = sources()
  const newest = String(Math.max(...all.map((path) => statSync(join(root, path)).mtimeMs))) + all.length
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === newest) return
  rmSync(built, { recursive: true, force: true })
  for (const path of all) {
    const to = join(root, place(path))
    mkdirSync(dirname(to), { recursive: true })
    if (path.endsWith('.ts')) writeFileSync(to, plain(readFileSync(join(root, path), 'utf8'), path))
    else cpSync(join(root, path), to)
  }
  writeFileSync(stamp, newest)
}

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
const compilerOptions = { ...options, module: ts.ModuleKind.ESNext, noEmit: false, allowImportingTsExtensions: false }

/** As `npm run build` writes it; types are checked elsewhere. */
function plain(text: string, path: string): string {
  return ts.transpileModule(text, { fileName: path, compilerOptions }).outputText.replaceAll(/(?<=['"]\.\.\/\.\.\/)src\//g, 'dist/')
}

/** A block of the docs as a script: without types, which are checked elsewhere, it runs beside the package that was built. */
export function script(block: Snippet): Snippet {
  const code = plain(block.above + block.code, block.file)
  return { ...block, file: block.file.replace(/\.ts$/, '.js'), above: '', code }
}
