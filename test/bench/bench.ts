/** Plays a whole plan: finds the servers, compiles once, runs step by step within the time allowed, and gathers the document. */

import type { Found, Kind } from './broker.ts'
import { find } from './broker.ts'
import { compile, discard } from './compile.ts'
import { machine } from './measure.ts'
import { install, versionsOf } from './packages.ts'
import type { Step, Wish } from './plan.ts'
import { peers, plan, replicated } from './plan.ts'
import type { Stage } from './play.ts'
import { play } from './play.ts'
import type { Document, Result } from './report.ts'
import { rowsOf } from './report.ts'
import { windowed } from './systems/system.ts'
import { judge } from './targets.ts'
import type { Workload } from './workloads.ts'
import { workloads } from './workloads.ts'

/** No run may take longer; at `--full` ten times as long. */
const deadline = 120_000

/**
 * Plays what was wished for.
 *
 * allowed   milliseconds after which no further run begins
 * profile   a folder for a CPU profile of every process
 */
export async function bench(root: string, wish: Wish, allowed: number, profile?: string): Promise<Document> {
  const until = Date.now() + allowed
  const steps = plan(workloads, wish)
  const { servers, skipped } = await survey(root, steps)
  const there = steps.filter((step) => servers.has(step.system))
  if (there.some((step) => peers[step.system])) install(root)
  const compiled = compile(root)
  const stage: Stage = {
    durability: wish.durability,
    compiled,
    deadline: wish.full ? deadline * 10 : deadline,
    ...(profile === undefined ? {} : { profile }),
  }
  const results: Result[] = []
  const failed: Document['failed'] = []
  const progress = progressOf(there.length)

  async function one(step: Step): Promise<void> {
    const failure = { workload: step.workload, system: step.system, run: step.run }
    if (Date.now() > until) return void failed.push({ ...failure, error: 'not begun: the time allowed was over' })
    progress.begin(step)
    try {
      const workload = workloads[step.workload] as Workload
      const played = await play(step, workload, servers.get(step.system) as Found, stage)
      results.push({ ...step, played })
      progress.end(step, Object.values(played.found)[0] ?? 0, Object.values(workload.metrics)[0]?.unit ?? '')
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown.message : String(thrown)
      failed.push({ ...failure, error })
      progress.fail(step, error)
    }
  }

  try {
    await windowed(there, wish.lanes, one)
  } finally {
    progress.over()
    discard(compiled)
  }
  const rows = rowsOf(results, workloads, [...servers.keys()])
  return {
    machine: machine(),
    versions: versionsOf(root, servers),
    settings: { ...settingsOf(wish) },
    rows,
    // Side by side nothing is measured, so nothing is judged.
    targets: wish.lanes > 1 ? [] : judge(rows, wish.durability),
    skipped,
    failed,
  }
}

/** Which server each system gets, and who goes without. */
async function survey(root: string, steps: readonly Step[]): Promise<{ servers: Map<string, Found>; skipped: Document['skipped'] }> {
  const servers = new Map<string, Found>()
  const skipped: Document['skipped'] = []
  const found = new Map<Kind, Found | undefined>()
  for (const system of new Set(steps.map((step) => step.system))) {
    const kind = peers[system]?.server ?? (replicated.includes(system) ? 'cluster' : 'nats')
    if (!found.has(kind)) found.set(kind, await find(kind, root))
    const server = found.get(kind)
    if (server) servers.set(system, server)
    else skipped.push({ system, why: `no ${kind} on this machine`, install: peers[system]?.install ?? '' })
  }
  return { servers, skipped }
}

function settingsOf(wish: Wish): Document['settings'] {
  return {
    durability: wish.durability,
    survives: wish.durability === 'always' ? 'power cut' : 'process kill',
    runs: wish.runs,
    scale: wish.scale,
    full: wish.full,
    body: 'about 200 bytes of MessagePack, a message id for deduplication',
    in_flight: 256,
    interleaved: true,
  }
}

/** One line that changes on a terminal, plain lines elsewhere; always on stderr. */
function progressOf(count: number) {
  const live = process.stderr.isTTY === true
  let begun = 0
  let ended = 0
  const name = (step: Step) => `${step.workload} ${step.system} #${step.run}`
  const say = (text: string) => process.stderr.write(live ? `\r\x1b[2K${text}` : `${text}\n`)
  return {
    begin: (step: Step) => {
      begun++
      if (live) say(`[${begun}/${count}] ${name(step)} …`)
    },
    end: (step: Step, value: number, unit: string) => {
      ended++
      if (!live) say(`[${ended}/${count}] ${name(step)}: ${Number(value.toPrecision(4))} ${unit}`)
    },
    fail: (step: Step, error: string) => {
      ended++
      say(`[${ended}/${count}] ${name(step)} failed: ${error}${live ? '\n' : ''}`)
    },
    over: () => {
      if (live) say('')
    },
  }
}
