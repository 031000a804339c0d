/** The only waiting there is in the tests: for something, with a deadline that names what did not happen. */

/** How often a condition is looked at, in milliseconds. */
const every = 10

/**
 * Waits until something has happened, and gives what it came to.
 *
 * what     names it for the failure: `until('the task has ended', …)` fails with "the task has ended: not within 25000 ms"
 * awaited  a promise; or a function that is asked again and again until what it answers is truthy. What it throws means
 *          "not yet"; the last thing thrown becomes the cause of the failure
 * within   milliseconds. What is not given is long enough for a machine with far too much to do, and shorter than the lease of a
 *          delivery (30 s): that something comes right only when that has run out is not taken for that it works
 */
export async function until<T>(what: string, awaited: PromiseLike<T> | (() => T | PromiseLike<T>), within = 25_000): Promise<T> {
  let over = false
  let last: unknown
  let fail: (error: Error) => void = () => {}
  const late = new Promise<never>((_, reject) => {
    fail = reject
  })
  const timer = setTimeout(() => fail(new Error(`${what}: not within ${within} ms`, { cause: last })), within)

  async function truthy(look: () => T | PromiseLike<T>): Promise<T> {
    while (!over) {
      try {
        const seen = await look()
        if (seen) return seen
      } catch (error) {
        last = error
      }
      await new Promise((resolve) => setTimeout(resolve, every))
    }
    return late
  }

  try {
    return await Promise.race([typeof awaited === 'function' ? truthy(awaited) : awaited, late])
  } finally {
    over = true
    clearTimeout(timer)
  }
}
