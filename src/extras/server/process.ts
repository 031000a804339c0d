/** Processes, seen from outside: whether one lives, and whether it is still the same one. */

import { readFileSync } from 'node:fs'

/** True if the process exists and has not ended. One that has ended but was not yet collected by its parent counts as ended. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it exists, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return stat(pid)?.state !== 'Z'
}

/**
 * What tells a process from a later one with the same pid: the time it was started at, in clock ticks since boot.
 * Empty where the system does not say (everywhere but Linux).
 */
export function birth(pid: number): string {
  return stat(pid)?.start ?? ''
}

function stat(pid: number): { state: string; start: string } | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The name in parentheses may hold anything, so fields are counted from the last ')'. See proc(5), fields 3 and 22.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', start: fields[19] ?? '' }
}
