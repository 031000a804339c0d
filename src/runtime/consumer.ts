/**
 * The consumer: asks for what fits, runs it, and has it settled. There is one of these for each binding, and it has never
 * heard what the binding is for.
 *
 * A delivery waits for a slot, is at a gate, or runs; it is held in each of these, and its lease is prolonged.
 */

import { atMost } from '../base/deadline.ts'
import type { Events } from '../base/events.ts'
import { atTurnsEnd } from '../base/turn.ts'
import type { Intake, Receiver } from '../wire/source.ts'
import { count, noted, past } from './attempt.ts'
import type { Binding } from './binding.ts'
import { Demand } from './demand.ts'
import { Hand } from './hand.ts'
import { overdue, prolong, tick } from './heartbeat.ts'
import { Pending } from './pending.ts'
import { outcomeOf, perform, refusal } from './perform.ts'
import type { Pulse } from './pulse.ts'
import { Run } from './run.ts'
import { settle } from './settle.ts'
import { runInfo, tellEnd, troubleOf } from './telling.ts'
import { Threshold } from './threshold.ts'
import { ack, judgeAnyway, type Outcome } from './verdict.ts'

/** How long a delivery waits that could not be begun for a reason that may pass, in ms. */
const patience = 1000

/** How long the last answers are waited for at least, in ms. */
const leastSettling = 5000

/** A consumer of one binding. */
export interface Consumer {
  readonly binding: Binding
  /** Handlers running now. */
  readonly running: number
  /** Deliveries that have arrived and wait for a slot or a gate. */
  readonly waiting: number
  /** Of those, deliveries at a gate. */
  readonly gated: number
  /** What runs now. */
  readonly runs: Iterable<Run>
  start(): Promise<void>
  /** Takes nothing more, hands back what has not begun, waits for the rest; at the deadline (ms from now) interrupts it and hands it back. */
  drain(deadline: number): Promise<void>
  /** Calls off what has this id, whether it runs or waits here. */
  cancel(id: string): void
  /** The run with this id, if it is here. */
  find(id: string): Run | undefined
}

/** Makes a consumer. `worker` names this process in notes and dead letters. */
export function consumer(binding: Binding, worker: string, events: Events, pulse: Pulse): Consumer {
  const { slots, label } = binding
  const hand = new Hand()
  const { waiting, gated, running } = hand
  const trouble = (what: string, error?: unknown, run?: Run) => events.tell('trouble', troubleOf(label, what, error, run))
  const pending = new Pending((error) => trouble('an answer was not told; the delivery will come again', error))
  let closing = false
  const demand = new Demand()
  const threshold = new Threshold(binding.gates, hand, {
    fill,
    refill,
    turnAway: (run, after) => pending.add(handBack(run, after, true)),
    failed: (run) => pending.add(handBack(run, patience)),
    trouble,
  })
  let intake: Intake | undefined
  let ticking: NodeJS.Timeout | undefined
  let filling = false
  let asking = false

  const receiver: Receiver = {
    deliver(delivery) {
      demand.arrived()
      if (hand.adopt(delivery)) return
      if (slots.ranked) demand.left = delivery.left ?? 0
      const run = new Run(delivery, binding.terms(delivery), Date.now())
      ticking ??= setInterval(onTick, tick)
      waiting.push(run)
      fill()
      refill()
    },
    lapsed(n) {
      demand.lapsed(n)
      refill()
    },
    reset() {
      demand.reset()
      hand.doubt()
      refill()
    },
    trouble,
  }

  /** Asks once a turn, for all that the turn made room for: many small questions cost the broker more than the deliveries. */
  function refill(): void {
    // Lower ranks wait for what a higher one has asked for, so there it is asked at once.
    if (slots.ranked) ask()
    else if (!asking) {
      asking = true
      atTurnsEnd(ask)
    }
  }

  function ask(): void {
    asking = false
    if (intake === undefined || closing) return
    const more = demand.more(hand.held, slots.share(running.size))
    if (more > 0) intake.ask(more)
  }

  function fill(): void {
    if (filling) return
    filling = true
    try {
      while (waiting.length > 0 && !closing && slots.offers(fill)) {
        const run = waiting.shift() as Run
        if (!threshold.admits(run)) continue
        slots.take(fill)
        running.add(run)
        refill() // The slot may have come from another: then there is room for one more here.
        if (run.delivery.count === 1) begin(run)
        else void resume(run)
      }
    } finally {
      filling = false
    }
  }

  /** Begins what was handed over before: first it is looked up which attempt this is, and a mark is left where one is due. */
  async function resume(run: Run): Promise<void> {
    try {
      await recall(run)
      if (run.suspect && binding.gathers === undefined && run.attempt <= run.terms.policy.attempts)
        await binding.memory.note(run.delivery, noted(run.delivery.count, run, 'begins', run))
    } catch (error) {
      if (run.ended) return
      trouble(`what is remembered of ${run.id} could not be read; it will be run again`, error, run)
      run.delivery.again(patience)
      release(run)
      return
    }
    // Meanwhile it may have been handed back at the end of a drain.
    if (run.ended) return
    if (closing) pending.add(handBack(run).then(() => release(run)))
    else begin(run)
  }

  function begin(run: Run): void {
    if (run.stopped !== undefined) {
      end(run, outcomeOf(run.stopped, run.allowance))
      return
    }
    const now = Date.now()
    const reason = refusal(run, now)
    if (reason !== undefined) {
      run.ended = true
      pending.add(settle(run, { end: 'interrupted' }, { say: 'bury', reason }, binding, worker, events, now).then(() => release(run)))
      return
    }
    run.startedAt = now
    if (events.heard('started')) events.tell('started', { ...runInfo(label, run), wait: Math.max(0, now - run.delivery.storedAt) })
    pulse.moves(now)
    perform(run, binding, end)
    pulse.gave(label, run, Date.now(), now)
  }

  async function recall(run: Run): Promise<void> {
    const note = await binding.memory.recall(run.delivery)
    Object.assign(run, count(run.delivery.count, note), past(note), { recalled: true })
  }

  /** Ends a run, once. A handler that comes back after its run was ended by somebody else is told of, not listened to. */
  function end(run: Run, outcome: Outcome): void {
    if (run.ended) {
      if (events.heard('ignored')) events.tell('ignored', { ...runInfo(label, run), why: run.stopped ?? 'ended before' })
      return
    }
    run.ended = true
    const now = Date.now()
    pulse.gave(label, run, now)
    const verdict =
      outcome.end === 'returned'
        ? ack
        : judgeAnyway(outcome, run.attempt, run.terms.policy, (error) =>
            trouble(`the policy for ${run.id} could not be asked; it is tried again as any other`, error, run),
          )
    tellEnd(events, label, run, outcome, verdict, now)
    if (verdict.say === 'ack' && run.delivery.count === 1 && !binding.ends(run)) {
      run.delivery.ack()
      release(run)
      return
    }
    pending.add(settle(run, outcome, verdict, binding, worker, events, now).then(() => release(run)))
  }

  function release(run: Run): void {
    run.ended = true
    leave(run)
    hand.drop(run)
    demand.ended()
    refill() // Before the slot is given, so that lower ranks know that something is coming.
    slots.give()
  }

  function leave(run: Run): void {
    try {
      run.leave?.()
    } catch (error) {
      trouble(`leaving the gates of ${run.id} failed`, error, run)
    }
  }

  /** Gives back what has not begun: it costs no attempt, and somebody else may have it. */
  async function handBack(run: Run, after = 0, turnedAway = false): Promise<void> {
    run.ended = true
    leave(run)
    threshold.forget(run)
    try {
      const { delivery } = run
      if (delivery.count > 1 && !run.recalled) await recall(run)
      if (!turnedAway) await binding.memory.note(delivery, noted(delivery.count, run, 'free', run))
      else if (!run.suspect)
        await binding.memory.note(delivery, noted(delivery.count, { attempt: run.attempt, suspect: true }, 'free', run))
    } catch (error) {
      trouble(`handing ${run.id} back could not be noted; it may cost an attempt`, error, run)
    }
    run.delivery.again(after)
  }

  function onTick(): void {
    const now = Date.now()
    prolong(hand, binding.source.lease, now, trouble)
    for (const run of overdue(running, now)) interrupt(run, 'timed out')
    const idle = demand.tick(hand.size)
    fill()
    if (idle) {
      clearInterval(ticking)
      ticking = undefined
    }
    refill()
  }

  function interrupt(run: Run, why: 'timed out' | 'interrupted'): void {
    run.stop(why)
    // Whoever stopped it first has said why.
    end(run, outcomeOf(run.stopped ?? why, run.allowance))
  }

  return {
    binding,
    get running() {
      return running.size
    },
    get waiting() {
      return waiting.length + gated.size
    },
    get gated() {
      return gated.size
    },
    runs: running,
    async start() {
      slots.join(fill, () => demand.expects, binding.rank)
      intake = await binding.source.open(receiver)
      refill()
    },
    async drain(deadline) {
      closing = true
      await intake?.close()
      // Not before nothing comes any more: what is handed back earlier would come here again.
      for (const run of [...waiting.empty(), ...hand.unstandAll()]) pending.add(handBack(run))
      binding.gathers?.flush()
      await atMost(deadline, running.emptied())
      for (const run of [...running]) if (!run.ended) run.stop('interrupted')
      await atMost(Math.min(2000, deadline), running.emptied())
      for (const run of [...running]) {
        if (run.ended) continue
        if (run.startedAt > 0) interrupt(run, 'interrupted')
        else pending.add(handBack(run).then(() => release(run)))
      }
      // A broker that does not answer is not waited for longer than a handler would be.
      const patient = Math.max(leastSettling, deadline)
      await atMost(patient, pending.over())
      for (const closed of threshold.close()) pending.add(closed)
      await atMost(patient, pending.over())
      clearInterval(ticking)
    },
    cancel(id) {
      for (const run of hand) {
        if (run.id !== id) continue
        run.stop('cancelled')
        threshold.back(run)
      }
    },
    find: (id) => [...running].find((run) => run.id === id),
  }
}
