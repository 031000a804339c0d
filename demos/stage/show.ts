/** One performance: a broker, the demos one after the other, the score. Ends in good order, also when it is called off. */

import { createRequire } from 'node:module'
import { type Server, startServer } from 'callboard/server'
import { bothWays } from '../both-ways/demo.ts'
import { emailFanout } from '../email-fanout/demo.ts'
import { groupNotification } from '../group-notification/demo.ts'
import type { Options } from './options.ts'
import { random } from './random.ts'
import { type Score, showScores } from './score.ts'
import { type Demo, Stage } from './stage.ts'
import { type Terminal, terminal } from './terminal.ts'
import { lookOn, watch } from './watch.ts'

const { version } = createRequire(import.meta.url)('callboard/package.json') as { version: string }

const demos: Readonly<Record<string, (options: Options, live: boolean) => Demo | Promise<Demo>>> = {
  'group-notification': groupNotification,
  'email-fanout': emailFanout,
  'both-ways': bothWays,
}

/** What came of a performance. */
export interface Outcome {
  readonly scores: readonly Score[]
  /** It was called off. */
  readonly stopped: boolean
}

/**
 * Plays the demos that are wanted.
 *
 * out    where the lines go
 * live   somebody looks on
 * throws where something is wrong with the options, or there is no server to be had
 */
export async function show(options: Options, out: NodeJS.WriteStream, live: boolean): Promise<Outcome> {
  const stop = stopping(out)
  const shown = terminal(out)
  const prepared: Demo[] = []
  try {
    for (const name of chosen(options.names)) prepared.push(await (demos[name] as (typeof demos)[string])(options, live))
    await using server = await startServer({
      port: options.port,
      store: options.store ?? 'memory',
      notice: (line) => shown.line(`  ${line}`),
      signal: stop,
    })
    banner(shown, server, prepared, options)
    const scores: Score[] = []
    let played = 0
    for (const [index, demo] of prepared.entries()) {
      const lingers = live && index === prepared.length - 1 && out.isTTY && process.stdin.isTTY
      if (stop.aborted) break
      const { score, whole } = await perform(demo, index, server, shown, { options, live, stop, lingers })
      scores.push(score)
      if (whole) played++
    }
    const stopped = played < prepared.length && stop.aborted
    showScores(shown, scores, stopped)
    return { scores, stopped }
  } finally {
    for (const demo of prepared) await demo.close()
  }
}

interface Manner {
  readonly options: Options
  readonly live: boolean
  readonly stop: AbortSignal
  /** What was played stays to be looked at. */
  readonly lingers: boolean
}

async function perform(
  demo: Demo,
  index: number,
  server: Server,
  shown: Terminal,
  { options, live, stop, lingers }: Manner,
): Promise<{ readonly score: Score; readonly whole: boolean }> {
  shown.line()
  shown.line(`  ${shown.paint('bold', `ACT ${index + 1}  ${demo.name}`)}  ${shown.paint('dim', demo.title)}`)
  // A namespace of its own for each performance: a folder of one's own may hold what earlier ones left.
  const namespace = `act${index + 1}${Date.now().toString(36)}`
  await using window = live ? await watch(server.url, namespace, shown) : undefined
  const stage = new Stage({ terminal: shown, random: random(options.seed), servers: server.url, namespace, live, signal: stop })
  void server.exited.then(({ error }) => error && stage.fail(error))
  let problem: string | undefined
  let whole = false
  try {
    await demo.play(stage)
    whole = !stop.aborted
    if (lingers && window !== undefined) await lookOn(window, shown, stop)
  } catch (error) {
    problem = (error as Error).message
  }
  await stage.clear()
  const score = demo.score()
  return { score: problem === undefined ? score : { ...score, ok: false, problem }, whole }
}

function banner({ line, paint }: Terminal, server: Server, prepared: readonly Demo[], { seed, store }: Options): void {
  const row = (label: string, value: string, remark: string) =>
    line(`  ${label.padEnd(13)}${paint('bold', value)}   ${paint('dim', remark)}`)
  line()
  line(`  ${paint('bold', `callboard ${version}`)}`)
  line()
  row('Broker', server.url, `nats-server ${server.version} (${server.binary.from})`)
  for (const [label, value, remark] of prepared.flatMap(({ places }) => places)) row(label, value, remark)
  row('Data', server.store, store === undefined ? 'removed at the end; --store folder keeps it' : 'kept')
  row('Seed', String(seed), 'the same seed, the same story')
  line()
  line(
    `  ${paint('cyan', '◇ ┄┄▷')} implicit: said to nobody, heard by whoever listens   ${paint('yellow', '■ ──▶')} explicit: asked for by name, done once`,
  )
  line(`  ${paint('dim', 'Ctrl-C stops in good order and shows the score so far')}`)
}

/** A Ctrl-C reaches us from the terminal and from npm; what comes within so many ms of the first is the same. */
const same = 500

/** Aborts on Ctrl-C, when we are asked to end, and when nobody reads our lines any more. A second time it ends at once. */
function stopping(out: NodeJS.WriteStream): AbortSignal {
  const stop = new AbortController()
  let asked = Number.NaN
  const ask = () => {
    if (stop.signal.aborted && performance.now() - asked > same) process.exit(130)
    if (stop.signal.aborted) return
    asked = performance.now()
    stop.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask)
  out.on('error', () => stop.abort())
  return stop.signal
}

/** Names of demos that are meant by beginnings of names. Throws if one is no demo. */
function chosen(names: readonly string[]): string[] {
  const all = Object.keys(demos)
  if (names.length === 0) return all
  return names.map((name) => {
    const found = all.find((each) => each.startsWith(name))
    if (found === undefined) throw new Error(`there is no demo ${name}; there are ${all.slice(0, -1).join(', ')} and ${all.at(-1)}`)
    return found
  })
}
