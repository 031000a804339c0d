/** The program: reads the command line, does what it says, ends with the exit code that says how it went. */

import { createRequire } from 'node:module'
import { call, type Host } from './call.ts'
import { complain } from './complaint.ts'
import { exitOf } from './exit.ts'
import { pen } from './pen.ts'
import { said } from './program.ts'
import { groups } from './verbs.ts'

const { version } = createRequire(import.meta.url)('callboard/package.json') as { version: string }

/** Runs the program on a process. Sets its exit code, and ends it only when nothing else would. */
export async function main(host: Host): Promise<void> {
  // Whoever reads us may stop reading: `callboard queues | head -1` is no error.
  for (const stream of [host.stdout, host.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => error.code === 'EPIPE' && host.exit(0))
  const argv = host.argv.slice(2)
  const mood = { json: argv.includes('--json'), verbose: argv.includes('--verbose') }
  const wish = { color: !argv.includes('--no-color'), env: host.env }
  const err = pen(host.stderr, wish)
  try {
    if (argv[0] === 'complete') return await (await import('./complete.ts')).complete(host, groups)
    const heard = said(argv, groups, version, pen(host.stdout, wish))
    if ('text' in heard) return void host.stdout.write(heard.text)
    host.exitCode = await perform(heard, host)
  } catch (thrown) {
    complain(thrown, err, mood)
    host.exitCode = exitOf(thrown)
  }
}

async function perform({ verb, args, flags }: Exclude<ReturnType<typeof said>, { text: string }>, host: Host): Promise<number> {
  const stop = new AbortController()
  const heard = verb.stays ? stopping(host, stop) : undefined
  const action = await verb.load()
  const made = call(host, args, flags, stop.signal, verb.begins)
  try {
    return (await action(made)) ?? 0
  } catch (thrown) {
    // What fails because it was called off has not failed.
    if (!stop.signal.aborted) throw thrown
    return stop.signal.reason === 'SIGTERM' ? 143 : 130
  } finally {
    await made.close()
    heard?.()
  }
}

/** A first signal asks to end, a second one ends; so does the end of whoever started us with a channel. Gives back how to stop listening. */
function stopping(host: Host, stop: AbortController): () => void {
  const ask = (signal: NodeJS.Signals) => (stop.signal.aborted ? host.exit(signal === 'SIGTERM' ? 143 : 130) : stop.abort(signal))
  const left = () => stop.abort('SIGTERM')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) host.on(signal, ask)
  host.on('disconnect', left)
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) host.off(signal, ask)
    host.off('disconnect', left)
  }
}
