/** Ten thousand chests, each a small file, and what it takes to open one: work for a processor, as a picture or a report would be. */

import { pbkdf2Sync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Some chests, and what to look for in them. */
export interface Range {
  readonly folder: string
  readonly first: number
  readonly last: number
  readonly turns: number
  readonly wanted: string
}

/** Files written at once. */
const atOnce = 500

/** A new folder for chests, to be removed in the end. */
export function openFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'callboard-hunt-'))
}

/** Buries chests 1 to `count` in a folder. */
export async function bury(folder: string, count: number): Promise<void> {
  const one = (chest: number) => writeFile(path(folder, chest), `chest ${chest}`)
  for (let first = 1; first <= count; first += atOnce)
    await Promise.all(Array.from({ length: Math.min(atOnce, count - first + 1) }, (_, at) => one(first + at)))
}

/** What lies in a chest: its file, behind a lock that takes `turns` to open. */
export function contentOf(folder: string, chest: number, turns: number): string {
  return pbkdf2Sync(readFileSync(path(folder, chest)), 'callboard', turns, 16, 'sha256').toString('hex')
}

/** Opens one chest after the other. Gives the one with the treasure. Holds whatever thread it runs in. */
export function search({ folder, first, last, turns, wanted }: Range): number | undefined {
  for (let chest = first; chest <= last; chest++) if (contentOf(folder, chest, turns) === wanted) return chest
  return undefined
}

function path(folder: string, chest: number): string {
  return join(folder, String(chest))
}
