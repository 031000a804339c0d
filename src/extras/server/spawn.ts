/**
 * A child process that does not outlive us, whatever ends us.
 *
 * Handlers for `exit` and signals do not run after SIGKILL, so something else has to watch. A few lines of shell fork a watcher
 * and then *become* the program (`exec`), so that the pid and the exit code we see are the program's own. The watcher waits on a
 * pipe of which only we hold the other end: a line on it means that all is well and it may go, its end means that we are gone.
 * Then it asks the program to end, kills it after ten seconds, and removes the scratch folder.
 *
 * The child leads a session of its own: Ctrl-C reaches only us, and we drain before the server goes.
 *
 * There is no such shell on Windows; there, the program ends with us unless we are killed.
 */

import { spawn as spawnProcess } from 'node:child_process'
import type { Writable } from 'node:stream'

const script = `
(
  if read -r line <&3; then exit 0; fi
  running() { kill -0 $$ 2>/dev/null && ! grep -qs '^State:.Z' /proc/$$/status; }
  kill -TERM $$ 2>/dev/null
  tenths=100
  while running && [ $tenths -gt 0 ]; do sleep 0.1; tenths=$((tenths - 1)); done
  if running; then kill -KILL $$ 2>/dev/null; fi
  rm -rf "$1"
) >/dev/null 2>&1 &
shift
exec "$@" 3<&-
`

/** How a program ended. One of the three is set; `error`: it could not even be started. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly error?: Error
}

/** A running program. */
export interface Child {
  /** Undefined if it could not be started. */
  readonly pid: number | undefined
  /** Sends a signal. Does nothing once the program has ended. */
  kill(signal: NodeJS.Signals): void
  /** Resolves when the program has ended. Never rejects. */
  readonly ended: Promise<Ending>
}

/** Starts a program that writes to the file `output`. `scratch` is the folder that is removed should we die before it. */
export function spawn(program: string, args: readonly string[], output: number, scratch: string): Child {
  const windows = process.platform === 'win32'
  const child = windows
    ? spawnProcess(program, args, { stdio: ['ignore', output, output], windowsHide: true })
    : spawnProcess('/bin/sh', ['-c', script, 'callboard', scratch, program, ...args], {
        stdio: ['ignore', output, output, 'pipe'],
        detached: true,
      })
  const leash = child.stdio[3] as Writable | null | undefined
  leash?.on('error', () => undefined)
  const atExit = (): void => {
    child.kill()
  }
  if (windows) process.once('exit', atExit)
  const ended = new Promise<Ending>((resolve) => {
    const end = (ending: Ending): void => {
      process.off('exit', atExit)
      leash?.end('over\n')
      resolve(ending)
    }
    child.once('error', (error) => end({ code: null, signal: null, error }))
    child.once('exit', (code, signal) => end({ code, signal }))
  })
  return { pid: child.pid, kill: (signal) => void child.kill(signal), ended }
}
