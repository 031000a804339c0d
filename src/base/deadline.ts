/** Waiting, but not for ever. */

/** What a promise comes to, or undefined after so many ms: then it goes on, and nobody waits for it. */
export async function atMost<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Hears of an abort. Gives back how to stop: signals live longer than what they are given to. */
export function onAbort(signal: AbortSignal, hear: () => void): () => void {
  signal.addEventListener('abort', hear, { once: true })
  return () => signal.removeEventListener('abort', hear)
}
