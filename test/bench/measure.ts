/** Reads what the machine knows: clocks, CPU and memory of processes, versions. Decides nothing. */

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { arch, cpus, platform, release, tmpdir, totalmem } from 'node:os'

/** Milliseconds of the monotonic clock, which all processes of one machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Milliseconds of CPU the processes `roots` and all they started have used, ended ones included; undefined where there is no /proc. */
export function cpuOf(roots: readonly number[]): number | undefined {
  const tree = treeOf(roots)
  if (!tree) return undefined
  let ticks = 0
  for (const pid of tree) {
    const fields = statOf(pid)
    // utime, stime, and the same of children that have ended: fields 14 to 17 of proc(5).
    if (fields) for (let i = 11; i <= 14; i++) ticks += Number(fields[i])
  }
  return ticks * 10
}

/** Memory of the processes `roots` and all they started, in MB; pages that several share are counted once. */
export function memoryOf(roots: readonly number[]): number | undefined {
  const tree = treeOf(roots)
  if (!tree) return undefined
  let kilobytes = 0
  for (const pid of tree) {
    const rollup = read(`/proc/${pid}/smaps_rollup`)
    const found = rollup?.match(/^Pss:\s+(\d+)/m) ?? read(`/proc/${pid}/status`)?.match(/^VmRSS:\s+(\d+)/m)
    kilobytes += Number(found?.[1] ?? 0)
  }
  return kilobytes / 1024
}

/** The most memory this process has had, in MB. Not from `resourceUsage`, which begins with what the parent had when it forked. */
export function peakMemory(): number {
  const peak = read('/proc/self/status')?.match(/^VmHWM:\s+(\d+)/m)?.[1]
  return Number(peak ?? process.resourceUsage().maxRSS) / 1024
}

/** Which file system a folder lies on, as far as the machine tells. */
export function fileSystemOf(folder: string): string {
  try {
    return execFileSync('stat', ['-f', '-c', '%T', folder], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

/** What a reader of the figures must know about the machine. */
export function machine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model ?? arch(),
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release().split('-')[0]}`,
    distribution: read('/etc/os-release')?.match(/^PRETTY_NAME="?([^"\n]+)/m)?.[1] ?? platform(),
    store: fileSystemOf(tmpdir()),
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

/** The fields of /proc/pid/stat from the third on: the second, the name, may hold spaces. */
function statOf(pid: number): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function treeOf(roots: readonly number[]): Set<number> | undefined {
  try {
    readlinkSync('/proc/self')
  } catch {
    return undefined
  }
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid)) continue
    const parent = Number(statOf(pid)?.[1] ?? 0)
    children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const tree = new Set<number>()
  const todo = [...roots]
  for (let pid = todo.pop(); pid !== undefined; pid = todo.pop()) {
    tree.add(pid)
    todo.push(...(children.get(pid) ?? []))
  }
  return tree
}
