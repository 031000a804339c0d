/** One performance: a broker, the demos one after the other, the score. Ends in good order, also when it is called off. */

import { createRequire } from 'node:module'
import { type Server, startServer } from 'callboard/server'
import * as bothWaysContracts from '../both-ways/contracts.ts'
import { bothWays } from '../both-ways/demo.ts'
import * as emailContracts from '../email-fanout/contracts.ts'
import { emailFanout } from '../email-fanout/demo.ts'
import * as groupContracts from '../group-notification/contracts.ts'
import { groupNotification } from '../group-notification/demo.ts'
import * as huntContracts from '../treasure-hunt/contracts.ts'
import { treasureHunt } from '../treasure-hunt/demo.ts'
import { type Keys, openKeys } from './keys.ts'
import type { Options } from './options.ts'
import { random } from './random.ts'
import { type Score, showScores } from './score.ts'
import { type Demo, Stage, type Tempo } from './stage.ts'
import { type Terminal, terminal } from './terminal.ts'
import { type Window, watch } from './watch.ts'

const { version } = createRequire(import.meta.url)('callboard/package.json') as { version: string }

const demos: Readonly<Record<string, (options: Options, tempo: Tempo) => Demo | Promise<Demo>>> = {
  'group-notification': groupNotification,
  'email-fanout': emailFanout,
  'both-ways': bothWays,
  'treasure-hunt': treasureHunt,
}

const contracts = [groupContracts, emailContracts, bothWaysContracts, huntContracts].flatMap((each) => Object.values(each))

/** What came of a performance. */
export interface Outcome {
  readonly scores: readonly Score[]
  /** It was called off. */
  readonly stopped: boolean
}

/** What all acts have in common. */
interface House {
  readonly terminal: Terminal
  readonly server: Server
  readonly options: Options
  readonly tempo: Tempo
  readonly keys: Keys | undefined
  /** One for all acts: the dashboard shows all of them. A new one each time: a folder of one's own may hold what earlier ones left. */
  readonly namespace: string
  readonly stop: AbortSignal
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
  const played = live && out.isTTY === true && process.stdin.isTTY === true
  const tempo: Tempo = played ? 'played' : live ? 'watched' : 'headless'
  const prepared: Demo[] = []
  try {
    for (const name of chosen(options.names)) prepared.push(await (demos[name] as (typeof demos)[string])(options, tempo))
    await using server = await startServer({
      port: options.port,
      store: options.store ?? 'memory',
      notice: (line) => shown.line(`  ${line}`),
      signal: stop,
    })
    const namespace = `demo${Date.now().toString(36)}`
    await using window = live ? await watch(server.url, namespace, contracts, shown) : undefined
    banner(shown, server, window, prepared, options)
    const keys = played && !stop.aborted ? openKeys(process.stdin, (error) => shown.say('note', 'stage', `${error}`)) : undefined
    try {
      return await perform(prepared, { terminal: shown, server, options, tempo, keys, namespace, stop }, window)
    } finally {
      keys?.close()
    }
  } finally {
    for (const demo of prepared) await demo.close()
  }
}

/** One act after the other. With a keyboard everybody stays until the end, to be tried out. */
async function perform(prepared: readonly Demo[], house: House, window: Window | undefined): Promise<Outcome> {
  const { terminal: shown, keys, stop } = house
  const scores: Score[] = []
  const stages: Stage[] = []
  let played = 0
  for (const [index, demo] of prepared.entries()) {
    if (stop.aborted) break
    const { score, whole, stage } = await act(demo, index, house)
    scores.push(score)
    stages.push(stage)
    if (whole) played++
    if (!keys || !whole) continue
    demo.encore?.(stage)
    const last = index === prepared.length - 1
    if (last) await lookOn(window, keys, shown, stop)
    else await stage.turn('\r', 'the next act', 15_000).catch(() => undefined)
  }
  const stopped = played < prepared.length && stop.aborted
  if (keys) await Promise.all(stages.map((stage) => stage.clear()))
  showScores(shown, scores, stopped)
  return { scores, stopped }
}

async function act(
  demo: Demo,
  index: number,
  { terminal: shown, server, options, tempo, keys, namespace, stop }: House,
): Promise<{ readonly score: Score; readonly whole: boolean; readonly stage: Stage }> {
  shown.line()
  shown.line(`  ${shown.paint('bold', `ACT ${index + 1}  ${demo.name}`)}  ${shown.paint('dim', demo.title)}`)
  const stage = new Stage({ terminal: shown, random: random(options.seed), servers: server.url, namespace, tempo, keys, signal: stop })
  void server.exited.then(({ error }) => error && stage.fail(error))
  let problem: string | undefined
  let whole = false
  try {
    await demo.play(stage)
    whole = !stop.aborted
  } catch (error) {
    problem = (error as Error).message
  }
  if (!keys) await stage.clear()
  const score = demo.score()
  return { score: problem === undefined ? score : { ...score, ok: false, problem }, whole, stage }
}

/** Keeps everything open at the end, as long as somebody looks. Resolves when the performance is called off. */
async function lookOn(window: Window | undefined, keys: Keys, { line, paint }: Terminal, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return
  line()
  line(
    `  ${paint('bold', 'All has been played; everybody is still there.')} Now it is your turn${window ? `, here and at ${window.url}` : ''}`,
  )
  line(`  ${paint('dim', keys.help)}`)
  await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }))
}

function banner(
  { line, paint }: Terminal,
  server: Server,
  window: Window | undefined,
  prepared: readonly Demo[],
  { seed, store }: Options,
): void {
  const row = (label: string, value: string, remark: string) =>
    line(`  ${label.padEnd(13)}${paint('bold', value)}   ${paint('dim', remark)}`)
  line()
  line(`  ${paint('bold', `callboard ${version}`)}`)
  line()
  if (window) row('Dashboard', window.url, 'what happens here, in a browser')
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
