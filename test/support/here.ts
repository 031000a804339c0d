/** The program `callboard` in this process: as a function of its command line, its environment and its standard input. */

import { PassThrough } from 'node:stream'
import type { Host } from '../../src/tools/cli/call.ts'
import { main } from '../../src/tools/cli/main.ts'
import { splitLine } from './shell.ts'

/** How a call ended, and what it wrote. */
export interface Wrote {
  readonly code: unknown
  readonly out: string
  readonly err: string
}

/** Calls the program without the cost of a process. `line` is what stands behind `callboard`. */
export async function here(line: string, env: Readonly<Record<string, string>>, input = '', folder = process.cwd()): Promise<Wrote> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  stdin.end(input)
  const texts = { out: '', err: '' }
  stdout.on('data', (data) => {
    texts.out += data
  })
  stderr.on('data', (data) => {
    texts.err += data
  })
  const ignore = () => undefined
  const argv = ['node', 'callboard', ...splitLine(line)]
  const host = { argv, env, stdin, stdout, stderr, cwd: () => folder, on: ignore, off: ignore, once: ignore, exit: ignore }
  const running = host as unknown as Host
  await main(running)
  return { code: running.exitCode ?? 0, ...texts }
}
