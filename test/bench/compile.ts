/**
 * Turns the sources into plain JavaScript before anything is measured.
 *
 * What runs is then what users run, and a process is up in a quarter of a second instead of half a second of both cores; a bench starts
 * hundreds of them.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

/** Compiles `src` and what uses it into a folder of its own, each file where it was; no types are checked. Returns the folder. */
export function compile(root: string, user = 'test/bench'): string {
  const out = join(root, '.callboard', `bench-${process.pid}`)
  for (const folder of ['src', user]) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.ts') || entry.includes('node_modules')) continue
      const { outputText } = ts.transpileModule(readFileSync(join(root, folder, entry), 'utf8'), {
        compilerOptions: {
          target: ts.ScriptTarget.ES2022,
          module: ts.ModuleKind.ESNext,
          verbatimModuleSyntax: true,
          rewriteRelativeImportExtensions: true,
        },
      })
      const to = join(out, folder, entry.replace(/\.ts$/, '.js'))
      mkdirSync(dirname(to), { recursive: true })
      writeFileSync(to, outputText)
    }
  }
  return out
}

/** Removes what `compile` made. */
export function discard(out: string): void {
  rmSync(out, { recursive: true, force: true })
}
