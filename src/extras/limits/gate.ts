/** A gate of one's own: an asynchronous function that gives leave, as a gate that the runtime can ask. */

import type { Gate, Run } from '../../index.ts'

/** Where a run stands that has asked. */
interface Asked {
  readonly abort: AbortController
  leave?: () => void
  failed?: { readonly error: unknown }
}

/**
 * A gate of one's own.
 *
 * enter     resolves when the run may begin, with a function that is called once when it has ended. What it rejects with is told as
 *           `trouble`, and the delivery comes again a second later, at no attempt. Its signal aborts when the run was handed back;
 *           leave that is given later is left at once
 *
 * Whoever asks why something waits is told the name of the function. What waits here keeps a place among what its worker holds, so that no more is taken than can wait; it holds no handler slot.
 */
export function gate(enter: (run: Run, signal: AbortSignal) => Promise<() => void>): Gate {
  const asked = new Map<Run, Asked>()

  function begin(run: Run, again: (run: Run) => void): void {
    const state: Asked = { abort: new AbortController() }
    asked.set(run, state)
    const given = (leave: () => void) => {
      if (asked.get(run) !== state) return leave()
      state.leave = leave
      again(run)
    }
    // A function that is not async may throw at once.
    Promise.resolve()
      .then(() => enter(run, state.abort.signal))
      .then(given)
      .catch((error: unknown) => {
        if (asked.get(run) !== state) return
        state.failed = { error }
        again(run)
      })
  }

  return {
    ask(run, again) {
      const state = asked.get(run)
      if (state === undefined) begin(run, again)
      if (state?.failed !== undefined) throw state.failed.error
      return state?.leave === undefined ? 'wait' : 'now'
    },
    holds() {
      const waiting = [...asked.values()].filter(({ leave }) => leave === undefined).length
      return waiting === 0 ? [] : [{ gate: enter.name || 'of its own', waiting }]
    },
    enter(run) {
      const leave = asked.get(run)?.leave
      asked.delete(run)
      return leave
    },
    forget(run) {
      const state = asked.get(run)
      asked.delete(run)
      state?.abort.abort()
      state?.leave?.()
    },
  }
}
