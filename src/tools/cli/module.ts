/** Loading a module of the user, in JavaScript or TypeScript. */

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { UsageError } from './usage.ts'

/**
 * Loads a module. TypeScript is read by Node where it can (22.18 and newer), else by the `tsx` of the user's project.
 * Throws UsageError where there is no such file or nobody can read it; what the module throws is thrown on.
 */
export async function load(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (!existsSync(path)) throw new UsageError(`There is no file ${path}.`, 'Give the path of a module, as ./contracts.ts.')
  if (/\.[cm]?tsx?$/.test(path) && !readsTypeScript()) await help(path)
  return (await import(pathToFileURL(path).href)) as Record<string, unknown>
}

/** Whether this process reads TypeScript by itself, or was started with something that does. */
function readsTypeScript(): boolean {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')
  return 'typescript' in process.features && process.features.typescript !== false ? true : /\btsx\b/.test(flags)
}

let helped = false

/** Lets the project's own tsx read TypeScript from here on. */
async function help(path: string): Promise<void> {
  if (helped) return
  let loader: string
  try {
    loader = createRequire(path).resolve('tsx/esm')
  } catch {
    throw new UsageError(
      `${path} is TypeScript, which Node ${process.versions.node} does not read.`,
      'npm install --save-dev tsx, or run Node 22.18 or newer.',
    )
  }
  await import(pathToFileURL(loader).href)
  helped = true
}
