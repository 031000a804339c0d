/** Programs in processes of their own, for tests that end them in every way there is. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { place } from '../setup/built.ts'
import { sings } from './canary.ts'
import { until } from './until.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A process. It is killed at the end of the block. */
export interface Program extends AsyncDisposable {
  readonly pid: number
  /** What it has written, line by line. */
  readonly lines: readonly string[]
  /** All it has written, on both ways out. */
  written(): string
  /** Resolves when it has ended, with its exit code or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** Waits for a line that is this, or begins with this word. A process takes its time to start: up to three minutes, if nothing else is said. */
  says(line: string, within?: number): Promise<string>
  /** SIGKILL: no chance to say anything any more. */
  kill(): Promise<unknown>
}

/** Starts a program of the tests, as it was built for the run. `file` is the path of its source from the root. */
export function program(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  const child = spawn(process.execPath, [place(file), ...args], { cwd: root, env: { ...process.env, ...env }, stdio: 'pipe' })
  let text = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    complaint += more
  })
  const lines = () => text.split('\n').slice(0, -1)
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) =>
      sings(text + complaint) ? reject(new Error(`${file} has written the secret it logs in with`)) : resolve(signal ?? code ?? 0),
    )
  })
  const kill = () => {
    child.kill('SIGKILL')
    return ended
  }
  return {
    pid: child.pid ?? 0,
    get lines() {
      return lines()
    },
    written: () => text + complaint,
    ended,
    says(line, within = 180_000) {
      const heard = () => lines().find((each) => each === line || each.startsWith(`${line} `))
      const silent = ended.then((end) => heard() ?? Promise.reject(new Error(`${file} has ended (${end}) and never said ${line}`)))
      return Promise.race([until(`${file} says ${line}`, () => heard() ?? '', within), silent]).catch((error: Error) => {
        throw new Error(`${error.message}; it complained: ${complaint}`, { cause: error })
      })
    },
    kill,
    [Symbol.asyncDispose]: async () => void (await kill()),
  }
}
