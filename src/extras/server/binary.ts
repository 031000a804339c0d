/** A nats-server binary: what it is called, and what it says of itself. */

import { execFile } from 'node:child_process'
import { type Features, features, versionIn } from './version.ts'

/** What the file is called. */
export const binaryName = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server'

/** A binary that runs here. */
export interface Binary {
  /** Where it is. */
  readonly path: string
  /** As `2.15.1`. */
  readonly version: string
  /** What this version can do. */
  readonly features: Features
}

/** Asks a file for its version. Undefined if it does not run or does not say. */
export async function examine(path: string): Promise<Binary | undefined> {
  const output = await new Promise<string>((resolve) => {
    execFile(path, ['--version'], { timeout: 10_000 }, (error, stdout, stderr) => resolve(error ? '' : `${stdout}${stderr}`))
  })
  const version = versionIn(output)
  return version === undefined ? undefined : { path, version, features: features(version) }
}
