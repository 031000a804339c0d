/**
 * A child process that does not outlive us, whatever ends us.
 *
 * Handlers for `exit` and signals do not run after SIGKILL, so something else has to watch. A few lines of shell fork a watcher
 * and then *become* the program (`exec`), so that the pid and the exit code we see are the program's own. The watcher waits on a
 * pipe of which only we hold the other end: a line on it means that all is well and it may go, its end means that we are gone.
 * Then it asks the program to end, kills it after ten seconds, and removes the scratch folder.
 *
 * The child leads a session of its own: Ctrl-C reaches only us, and we drain before the server goes. It ignores SIGPIPE, for
 * when we are gone its log has no reader, and the next line would end it in the middle of its orderly shutdown.
 *
 * There is no such shell on Windows; there, the program ends with us unless we are killed.
 */

import { type ChildProcess, spawn as spawnProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'

const script = `
trap '' PIPE
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
  readonly process: ChildProcess
  /** All that the program writes, on both channels. */
  readonly output: readonly Readable[]
  /** Resolves when the program has ended and all it wrote was read. Never rejects. */
  readonly ended: Promise<Ending>
}

/** Starts a program. `scratch` is the folder that is removed should we die before it. */
export function spawn(program: string, args: readonly string[], scratch: string): Child {
  const windows = process.platform === 'win32'
  const child = windows
    ? spawnProcess(program, args, { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
    : spawnProcess('/bin/sh', ['-c', script, 'callboard', scratch, program, ...args], {
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        detached: true,
      })
  const output = [child.stdout, child.stderr].filter((stream) => stream !== null)
  // Not stdin: node closes that one as soon as the program ends, before we could tell the watcher that all is well.
  const leash = child.stdio[3] as Writable | null | undefined
  leash?.on('error', () => undefined)
  const atExit = (): void => {
    child.kill()
  }
  if (windows) process.once('exit', atExit)
  const exited = new Promise<Ending>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const ended = exited.then(async (ending) => {
    process.off('exit', atExit)
    leash?.end('over\n')
    if (!ending.error) await Promise.allSettled(output.map((stream) => finished(stream)))
    return ending
  })
  return { process: child, output, ended }
}
