/** A gate as a user writes it: one place for all processes of this machine, and for some of the work a door that is opened later. */

import { existsSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { GatePlan, Run } from 'callboard'
import type { Limited } from './limited.ts'
import { until } from './until.ts'

/** Where it keeps what its processes share, and what odd numbers are told while the door is shut: to stand aside, or so many ms. */
export interface OwnGate {
  readonly folder: string
  readonly shut: 'aside' | number
}

/** The file that opens the door. */
export const door = (folder: string): string => join(folder, 'open')

/** The process that has the place; undefined: nobody. */
export function holder(folder: string): number | undefined {
  try {
    return Number(readlinkSync(join(folder, 'place')))
  } catch {
    return undefined
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Whether nobody has the place, or one that is gone. */
function free(folder: string): boolean {
  const there = holder(folder)
  return there === undefined || !lives(there)
}

/** Takes the place, that of a process that is gone too. Safe as long as no two may find the same one gone. */
function takes(folder: string): boolean {
  const there = holder(folder)
  if (there !== undefined && lives(there)) return false
  if (there !== undefined) unlinkSync(join(folder, 'place'))
  try {
    // It is there with its content or not at all.
    symlinkSync(String(process.pid), join(folder, 'place'))
    return true
  } catch {
    return false
  }
}

/** The gate. Tells `stands n` when something begins to wait at it, and `left n` when it waits no more. */
export function ownGate({ folder, shut }: OwnGate, tell: (words: string) => void): GatePlan {
  return {
    bind({ read }) {
      const standing = new Map<Run, number>()
      let opens: Promise<unknown> | undefined
      const chance = (may: boolean) => {
        if (may) return until('the place is free', () => free(folder), 300_000)
        opens ??= until('the door opens', () => existsSync(door(folder)), 300_000)
        return opens
      }
      const leave = (run: Run) => {
        const n = standing.get(run)
        if (standing.delete(run)) tell(`left ${n}`)
      }
      return {
        ask(run, again) {
          const { n } = read(run) as Limited
          const may = n % 2 === 0 || existsSync(door(folder))
          if (may && takes(folder)) return 'now'
          if (!standing.has(run)) tell(`stands ${n}`)
          standing.set(run, n)
          if (!may && shut !== 'aside') return shut
          void chance(may).then(() => standing.has(run) && again(run))
          return 'aside'
        },
        enter(run) {
          leave(run)
          return () => unlinkSync(join(folder, 'place'))
        },
        forget: leave,
      }
    },
  }
}
