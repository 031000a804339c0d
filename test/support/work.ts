/** The work that worker processes of the tests do, and those processes. */

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Board, task } from 'callboard'
import { place } from '../setup/built.ts'
import { until } from './until.ts'

/** What a piece of work does to its worker: nothing, hold it for ever the first time, or kill it. */
export interface Work {
  readonly n: number
  readonly kind: 'good' | 'hang' | 'poison'
}

/** The contract of it. */
export const work = task<Work, string>('work', { track: true, retry: { attempts: 3, backoff: 1 } })

/** What a worker tells. */
export interface Told {
  readonly tells: 'ready' | 'began' | 'done' | 'heard'
  readonly n: number
  readonly attempt: number
}

/** A worker process. */
export interface WorkerProcess extends Disposable {
  readonly child: ChildProcess
  readonly pid: number
  readonly told: readonly Told[]
  readonly gone: Promise<unknown>
  /** Resolves when it has heard all that the broker has sent it before, and has told what it began before. */
  hears(): Promise<unknown>
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Starts a worker process on a board's namespace, and waits until it works. */
export async function workerProcess(
  board: Board,
  servers: string,
  options: { lease: string; concurrency: number; batch?: number; pulls?: number },
): Promise<WorkerProcess> {
  const given = JSON.stringify({ servers, namespace: board.namespace, ...options })
  const child = spawn(process.execPath, [place('test/support/worker.ts'), given], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const told: Told[] = []
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.on('message', (message) => told.push(message as Told))
  await until('the worker process works', () => told.length > 0 || child.exitCode !== null || child.signalCode !== null, 180_000)
  return {
    child,
    pid: child.pid ?? 0,
    told,
    gone,
    hears() {
      const before = told.filter(({ tells }) => tells === 'heard').length
      child.send('hear')
      return until('the worker process hears', () => told.filter(({ tells }) => tells === 'heard').length > before)
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}
