/** The peers' packages: installed on demand from a lock file of their own, so that nobody who only wants callboard gets them. */

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Found } from './broker.ts'
import { peers } from './plan.ts'

const folder = (root: string) => join(root, 'test/bench/peers')

/** Installs what the lock file says, unless it is there already. */
export function install(root: string): void {
  const at = folder(root)
  const lock = readFileSync(join(at, 'package-lock.json'), 'utf8')
  const names = Object.keys((JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as { dependencies: object }).dependencies)
  const wanted = JSON.parse(lock) as { packages: Record<string, { version?: string }> }
  const there = names.every((name) => versionIn(at, name) === wanted.packages[`node_modules/${name}`]?.version)
  if (there) return
  process.stderr.write('installing the peers\n')
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: at,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** Versions of everything that took part. */
export function versionsOf(root: string, servers: ReadonlyMap<string, Found>): Record<string, string> {
  const versions: Record<string, string> = { node: process.version }
  for (const name of ['nats', '@nats-io/jetstream', 'msgpackr']) versions[name] = versionIn(root, name) ?? 'unknown'
  for (const [system, server] of servers) {
    const peer = peers[system]
    versions[peer?.server ?? 'nats-server'] = server.version
    const name = system.replace('-quorum', '')
    if (peer) versions[name] = versionIn(folder(root), name) ?? 'unknown'
  }
  return versions
}

function versionIn(at: string, name: string): string | undefined {
  const file = join(at, 'node_modules', name, 'package.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined
}
