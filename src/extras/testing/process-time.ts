/**
 * The whole process by a virtual clock: while it is in force, `Date`, `performance.now`, `setTimeout`, `setInterval`, the timers that
 * are promises, and `AbortSignal.timeout` go by it. `setImmediate` and promises go on as ever: they are order, not time.
 */

import { createRequire, syncBuiltinESMExports } from 'node:module'
import type { Clock } from './clock.ts'
import { Handle, type VirtualClock } from './virtual-clock.ts'

/** What is put in place of, and put back. */
const own = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  Date: globalThis.Date,
}
const { now } = performance
const { timeout } = AbortSignal
const promises = createRequire(import.meta.url)('node:timers/promises') as Record<string, unknown>
const after = promises.setTimeout

let inForce: VirtualClock | undefined

type Run = (...given: unknown[]) => void

/** Has the process go by a clock. Throws where another one is in force. */
export function setTime(clock: VirtualClock): void {
  if (inForce !== undefined) throw new Error('another virtual clock is in force in this process; close its test board first')
  inForce = clock
  const clear = (timer: unknown) => clearIn(clock, timer)
  Object.assign(globalThis, {
    setTimeout: (run: Run, ms?: unknown, ...given: unknown[]) => clock.timer(ms, false, () => run(...given)),
    setInterval: (run: Run, ms?: unknown, ...given: unknown[]) => clock.timer(ms, true, () => run(...given)),
    clearTimeout: clear,
    clearInterval: clear,
    Date: datesOf(clock),
  })
  performance.now = () => clock.now() - clock.began + 1
  AbortSignal.timeout = (ms) => {
    const late = new AbortController()
    clock.timer(ms, false, () => late.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))).unref()
    return late.signal
  }
  promises.setTimeout = (ms: number, value: unknown, options?: { signal?: AbortSignal }) => afterIn(clock, ms, value, options?.signal)
  syncBuiltinESMExports()
  clock.begin()
}

/** Gives the process its own time back. */
export function resetTime(clock: VirtualClock): void {
  if (inForce !== clock) return
  inForce = undefined
  clock.end()
  Object.assign(globalThis, own)
  performance.now = now
  AbortSignal.timeout = timeout
  promises.setTimeout = after
  syncBuiltinESMExports()
}

function clearIn(clock: VirtualClock, timer: unknown): void {
  if (timer instanceof Handle) timer.close()
  else if (typeof timer === 'number' || typeof timer === 'string') clock.drop(Number(timer))
  // One that was made before this clock was in force.
  else own.clearTimeout(timer as NodeJS.Timeout)
}

function afterIn(clock: VirtualClock, ms: number, value: unknown, signal: AbortSignal | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const handle = clock.timer(ms, false, () => resolve(value))
    signal?.addEventListener('abort', () => {
      handle.close()
      reject(signal.reason)
    })
  })
}

/** `Date` by a clock; what is made of something else than now is a date as ever. */
function datesOf(clock: Clock): DateConstructor {
  return new Proxy(own.Date, {
    construct: (target, given, asked) => Reflect.construct(target, given.length === 0 ? [clock.now()] : given, asked),
    apply: () => new own.Date(clock.now()).toString(),
    get: (target, name) => (name === 'now' ? () => clock.now() : Reflect.get(target, name)),
  })
}
