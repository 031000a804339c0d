/** The time that a fake broker goes by. */

/** Something to be done at an instant. */
export interface Clock {
  /** ms since 1970. */
  now(): number
  /**
   * Does something at an instant, once; gives back how to not do it. `housekeeping`: something that may come late and in one go when
   * nothing else happens meanwhile, as a sign of life does.
   */
  at(time: number, run: () => void, housekeeping?: boolean): () => void
}

/** The clock of the machine, as it was before anybody changed it. */
const { setTimeout: later, clearTimeout: never, Date: Dates } = globalThis
const longest = 2 ** 31 - 1

/** Goes by the clock of the machine. */
export const realClock: Clock = {
  now: () => Dates.now(),
  at(time, run) {
    let timer: NodeJS.Timeout
    const wait = () => {
      const left = time - Dates.now()
      timer = left > longest ? later(wait, longest) : later(run, Math.max(0, left))
      timer.unref()
    }
    wait()
    return () => never(timer)
  },
}
