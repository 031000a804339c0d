/** The gates of one consumer, and who stands at them. */

import type { Gate, Leave } from './gate.ts'
import type { Hand } from './hand.ts'
import type { Run } from './run.ts'

/** What is done by others. */
interface Hands {
  /** Looks again for what may begin. */
  fill(): void
  /** Asks for more, where there is room now. */
  refill(): void
  /** Hands back what a gate has no room for. */
  turnAway(run: Run, after: number): void
  /** Hands back what a gate could not be asked about. */
  failed(run: Run): void
  trouble(what: string, error: unknown, run: Run): void
}

/** Lets runs in, or has them wait. */
export class Threshold {
  readonly #gates: readonly Gate[]
  readonly #hand: Hand
  readonly #hands: Hands

  constructor(gates: readonly Gate[], hand: Hand, hands: Hands) {
    this.#gates = gates
    this.#hand = hand
    this.#hands = hands
  }

  /** Whether a run may begin. If not, it stands at a gate now or is handed back. What was stopped meanwhile needs no leave to end. */
  admits(run: Run): boolean {
    if (this.#gates.length === 0) return true
    if (run.stopped !== undefined) {
      this.forget(run)
      return true
    }
    try {
      const leave = ask(this.#gates, run, this.back)
      if (leave === 'now') {
        run.leave = enter(this.#gates, run)
        return true
      }
      if (typeof leave === 'number') this.#hands.turnAway(run, leave)
      else this.#hand.stand(run, leave === 'aside')
    } catch (error) {
      this.#hands.trouble(`a gate failed; ${run.id} will be tried again`, error, run)
      this.#hands.failed(run)
    }
    this.#hands.refill()
    return false
  }

  /** A gate would be asked anew, or what stands at it was stopped. */
  readonly back = (run: Run): void => {
    if (!this.#hand.unstand(run)) return
    this.#hand.waiting.unshift(run)
    this.#hands.fill()
  }

  /** It will not begin here. */
  forget(run: Run): void {
    for (const gate of this.#gates) gate.forget?.(run)
  }

  /** Nothing begins here any more. */
  close(): Promise<void>[] {
    return this.#gates.flatMap((gate) => gate.close?.() ?? [])
  }
}

/** Asks all gates. Nothing is entered: a run that has to wait at one gate holds nothing of the others. */
function ask(gates: readonly Gate[], run: Run, again: (run: Run) => void): Leave {
  for (const gate of gates) {
    const leave = gate.ask(run, again)
    if (leave !== 'now') return leave
  }
  return 'now'
}

/** Enters all gates, in order. Gives how to leave them, in reverse; all are left, whatever leaving one of them throws. */
function enter(gates: readonly Gate[], run: Run): () => void {
  const leaves: (() => void)[] = []
  for (const gate of gates) {
    const leave = gate.enter(run)
    if (leave !== undefined) leaves.push(leave)
  }
  const leaveAll = () => {
    let leave = leaves.pop()
    try {
      for (; leave !== undefined; leave = leaves.pop()) leave()
    } finally {
      if (leave !== undefined) leaveAll()
    }
  }
  return leaveAll
}
