/** Several handles as one: wait for all, any or the first, and call off those that are no longer wanted. */

import type { ErrorCode } from '../base/errors.ts'
import type { ResultHandle, ResultOptions } from './handle.ts'

type Outputs<H extends readonly ResultHandle<unknown>[]> = {
  -readonly [K in keyof H]: H[K] extends ResultHandle<infer Output> ? Output : never
}
type AnyOutput<H extends readonly ResultHandle<unknown>[]> = H[number] extends ResultHandle<infer Output> ? Output : never

/** The results of all tasks, in order. When one fails the others are cancelled, and its error is thrown. */
export async function all<const H extends readonly ResultHandle<unknown>[]>(handles: H, options?: ResultOptions): Promise<Outputs<H>> {
  return together(handles, options, (waits) => Promise.all(waits)) as Promise<Outputs<H>>
}

/** The result of the first task that succeeds; the others are cancelled. Throws an AggregateError when all have failed. */
export async function any<const H extends readonly ResultHandle<unknown>[]>(handles: H, options?: ResultOptions): Promise<AnyOutput<H>> {
  return together(handles, options, (waits) => Promise.any(waits)) as Promise<AnyOutput<H>>
}

/** What the first task that ends comes to, be it a result or an error; the others are cancelled. */
export async function race<const H extends readonly ResultHandle<unknown>[]>(handles: H, options?: ResultOptions): Promise<AnyOutput<H>> {
  return together(handles, options, (waits) => Promise.race(waits)) as Promise<AnyOutput<H>>
}

/** Errors that end the waiting, and not the task. */
const waiting: ReadonlySet<ErrorCode | undefined> = new Set(['TIMED_OUT', 'ABORTED'] as const)

/** Waits, and cancels whatever has not ended when the waiting is over, however it is over. */
async function together<T>(
  handles: readonly ResultHandle<unknown>[],
  options: ResultOptions | undefined,
  wait: (waits: Promise<unknown>[]) => Promise<T>,
): Promise<T> {
  const open = new Set(handles)
  const over = new AbortController()
  const signal = options?.signal === undefined ? over.signal : AbortSignal.any([options.signal, over.signal])
  const waits = handles.map(async (handle) => {
    try {
      const output = await handle.result({ ...options, signal })
      open.delete(handle)
      return output
    } catch (error) {
      if (!waiting.has((error as { code?: ErrorCode }).code)) open.delete(handle)
      throw error
    }
  })
  try {
    return await wait(waits)
  } finally {
    const losers = [...open]
    over.abort()
    await Promise.allSettled([...losers.map((handle) => handle.cancel()), ...waits])
  }
}
