/** A demo as a program of its own: what it prints, how it ends, and which processes it leaves. */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { expect, onTestFinished } from 'vitest'
import { until } from './until.ts'

/** A program that runs, and what it has written so far. */
export interface Program {
  readonly process: ChildProcess
  readonly written: { out: string; err: string }
  /** Its exit code, when it and everything that could write in its place has ended. */
  readonly ended: Promise<number | null>
  /** It, and the processes that it and they have started, as long as they run. */
  left(): Promise<Left[]>
}

/** A process, known by a mark in its environment, which children inherit. Only Linux shows it. */
export interface Left {
  readonly pid: number
  readonly command: string
}

/** Starts `demos/<program>.ts`. */
export function start(program: string, ...args: string[]): Program {
  return begin(process.execPath, [...flags, `demos/${program}.ts`, ...args])
}

/** The same on a terminal with a keyboard, a pseudo-terminal of `script`: keys are written to `process.stdin`. */
export function startOnTerminal(program: string, ...args: string[]): Program {
  const command = [process.execPath, ...flags, `demos/${program}.ts`, ...args].map((each) => `'${each}'`).join(' ')
  return begin('script', ['-qec', `stty cols 160 rows 40; exec ${command}`, '/dev/null'])
}

const flags = ['--conditions=callboard-source', '--import', 'tsx']

function begin(program: string, args: readonly string[]): Program {
  const mark = `CALLBOARD_TEST_RUN=${randomUUID()}`
  const [name = '', value] = mark.split('=')
  const child = spawn(program, args, { env: { ...process.env, NO_COLOR: '1', [name]: value }, stdio: 'pipe' })
  const written = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (written.out += chunk))
  child.stderr.on('data', (chunk) => (written.err += chunk))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  // Whoever is left, because a test has failed, does not stay.
  onTestFinished(async () => {
    child.kill('SIGKILL')
    for (const { pid } of await marked(mark)) kill(pid)
  })
  return { process: child, written, ended, left: () => marked(mark) }
}

async function marked(mark: string): Promise<Left[]> {
  if (process.platform !== 'linux') return []
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  const found = pids.map(async (pid) => {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return environment.includes(mark) ? [{ pid: Number(pid), command: command.replaceAll('\0', ' ') }] : []
  })
  return (await Promise.all(found)).flat()
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself in the meantime.
  }
}

/** What is still there when the time is over is named by the failure. */
export async function nobodyIsLeft({ left }: Program): Promise<void> {
  const nobody = async () => expect(await left()).toEqual([])
  await until('every process the demo started has ended', async () => nobody().then(() => true), 30_000)
}
