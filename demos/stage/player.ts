/** A process on the stage, seen from the stage. */

import { type ChildProcess, fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Cue, Report } from './report.ts'

/** A process on the stage. */
export interface Player {
  readonly name: string
  readonly pid: number
  /** Whether it was killed by us. */
  readonly killed: boolean
  readonly gone: boolean
  cue(cue: string, text?: string): void
  /** Asks it to leave in good order, and kills it if it has not in time. Resolves when it is gone. */
  leave(): Promise<void>
  /** SIGKILL: no chance to say anything any more. Resolves when it is gone. */
  kill(): Promise<void>
}

/** How a player is to be run. */
export interface Part {
  readonly name: string
  /** Path of its program. */
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  hear(report: Report): void
  /** Hears what it writes on standard error. */
  onLine(line: string): void
  /** It is gone, without having been asked. */
  onLoss(how: string): void
}

/** How long a player may take to leave. */
const patience = 10_000

/** Starts a process, with the flags this one was started with. It does not outlive us: the channel breaks, and it leaves. */
export function play(part: Part): Player {
  const child = fork(part.file, part.args, {
    env: { ...process.env, ...part.env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let asked = false
  let killed = false
  let gone = false
  const closed = new Promise<void>((resolve) => {
    child.once('error', (error) => end(`could not be started: ${error.message}`))
    // `close` comes after the last report was heard; `exit` may come before.
    child.once('close', (code, signal) => end(`ended with ${signal ?? `code ${code}`}`))
    function end(how: string): void {
      gone = true
      resolve()
      if (!asked) part.onLoss(how)
    }
  })
  child.on('message', (report) => part.hear(report as Report))
  listen(child, part.onLine)

  return {
    name: part.name,
    pid: child.pid ?? 0,
    get killed() {
      return killed
    },
    get gone() {
      return gone
    },
    cue(cue, text) {
      const said: Cue = { cue, ...(text === undefined ? {} : { text }) }
      if (child.connected) child.send(said, () => undefined)
    },
    async leave() {
      asked = true
      this.cue('leave')
      const late = setTimeout(() => child.kill('SIGKILL'), patience)
      await closed
      clearTimeout(late)
    },
    async kill() {
      asked = true
      killed = child.kill('SIGKILL')
      await closed
    },
  }
}

/** Lines of standard error; of callboard's log, which is JSON, only the message. */
function listen(child: ChildProcess, onLine: (line: string) => void): void {
  if (child.stderr === null) return
  createInterface({ input: child.stderr }).on('line', (line) => {
    try {
      const { msg, reason } = JSON.parse(line) as { msg?: string; reason?: string }
      // A dead letter has a reason; it is reported, too.
      if (reason === undefined) onLine(msg ?? line)
    } catch {
      onLine(line)
    }
  })
}
