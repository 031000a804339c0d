/** A queue that fills faster than it is emptied, and what the processes at its two ends hold in memory. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { queue, task } from 'callboard'
import { machineTime } from './limited.ts'
import { until } from './until.ts'

/** What it may hold. */
export const mostHeld = 200
/** Bytes of one task. */
export const taskBytes = 16 * 1024

/** Work that takes longer than asking for it. */
export const heavy = (full: 'wait' | 'reject') =>
  task<{ n: number; data: Uint8Array }>('heavy', { queue: queue('pressed', { limit: { tasks: mostHeld }, full }) })

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that this process cannot let go of, buffers included. */
export function heldBytes(): number {
  collect()
  // Buffers go a round later than what pointed to them.
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** What a task takes: some ms, in which others may run. */
export function machinePause(full: 'wait' | 'reject'): Promise<unknown> {
  const over = machineTime() + (full === 'wait' ? 4 : 25)
  return until('its time is over', () => machineTime() >= over)
}
