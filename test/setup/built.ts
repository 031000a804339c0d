/** The package as it is published, built once for the run, for tests that call its program: `.callboard/built`. */

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

const root = join(import.meta.dirname, '../..')
const built = join(root, '.callboard/built')
const stamp = join(built, 'stamp')

/** Everything that goes into the package. */
function sources(): string[] {
  const src = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.d.ts'),
  )
  return [...src.map((path) => join('src', path)), 'package.json', 'nats-server.conf']
}

export default function setup(): void {
  const all = sources()
  const newest = String(Math.max(...all.map((path) => statSync(join(root, path)).mtimeMs))) + all.length
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === newest) return
  rmSync(built, { recursive: true, force: true })
  for (const path of all) {
    const to = join(built, path.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js'))
    mkdirSync(dirname(to), { recursive: true })
    if (path.endsWith('.ts')) writeFileSync(to, plain(join(root, path)))
    else cpSync(join(root, path), to)
  }
  writeFileSync(stamp, newest)
}

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
const compilerOptions = { ...options, module: ts.ModuleKind.ESNext, noEmit: false, allowImportingTsExtensions: false }

/** As `npm run build` writes it; types are checked elsewhere. */
function plain(path: string): string {
  return ts.transpileModule(readFileSync(path, 'utf8'), { fileName: path, compilerOptions }).outputText
}
