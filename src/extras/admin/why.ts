/** Why something waits, was retried or died, in words: a pure function from facts to sentences, each with a code that stays. */

import { spelled } from '../../base/duration.ts'
import type { Lane } from '../../index.ts'
import { whyGated } from './held.ts'
import type { Because, DeadView, MessageView, QueueView, SubscriptionView } from './model.ts'
import { known } from './views.ts'

/** What is known of a task or event. Times in ms since 1970. */
export interface MessageFacts {
  readonly now: number
  readonly message: MessageView | undefined
  /** Where it waits, as the broker says. Undefined: it does not wait there any more. */
  readonly waiting?: { readonly due?: number; readonly lane?: Lane; readonly key?: string; readonly bucket?: number }
  readonly queue?: QueueView
  /** Tasks of the queue that were stored before it and wait still. */
  readonly ahead?: number
  readonly letter?: DeadView
  /** Its newest worker has told of itself lately. Undefined: it is not known. */
  readonly workerAlive?: boolean
  /** When the ledger begins. Undefined: it has nothing. */
  readonly since?: number
}

const ago = (now: number, then: number): string => spelled(Math.max(0, now - then))
const say = (code: string, text: string, fix?: string): Because => ({ code, text, ...known('fix', fix) })

/** Why a task or event is where it is, what weighs most first. */
export function whyMessage(facts: MessageFacts): Because[] {
  const { message, letter, waiting } = facts
  if (letter !== undefined) return whyDead(letter, facts.now)
  if (message === undefined && waiting === undefined) return [unknownId(facts)]
  if (waiting !== undefined) return whyWaiting(facts)
  return message === undefined ? [] : [whyEnded(message, facts)]
}

function unknownId({ since, now }: MessageFacts): Because {
  const reach = since === undefined ? 'the ledger has no entries' : `the ledger reaches back ${ago(now, since)}`
  return say('unknown', `Nothing of this id waits, is dead, or was written down: ${reach}.`, 'Check the id and the namespace.')
}

function whyDead({ reason, attempts, at, service, error, sequence }: DeadView, now: number): Because[] {
  const when = `${ago(now, at)} ago`
  const redrive = `callboard dead redrive ${sequence}, when the cause is gone.`
  switch (reason) {
    case 'rejected':
      return [
        say(
          'rejected',
          `${service} gave it up ${when} on attempt ${attempts}: ${error.name}: ${error.message}. It said never again, so no attempt was left to be made.`,
          redrive,
        ),
      ]
    case 'expired':
      return [
        say(
          'expired',
          `It was given up ${when}, because it had not started in the time its sender allowed.`,
          'Add workers, or allow more time; then redrive it.',
        ),
      ]
    case 'unreadable':
      return [
        say(
          'unreadable',
          `${service} gave it up ${when}: its payload cannot be read: ${error.message}.`,
          'Redrive it with another payload, or discard it.',
        ),
      ]
    default:
      return poisoned(error.message)
        ? [
            say(
              'poison',
              `It was given up ${when} after ${attempts} attempts: its worker ended each time while it ran, so it is taken for the cause.`,
              'Look at what it makes its handler do, then redrive or discard it.',
            ),
          ]
        : [
            say(
              'exhausted',
              `${service} gave it up ${when} after ${attempts} attempts; the last ended with ${error.name}: ${error.message}.`,
              redrive,
            ),
          ]
  }
}

/** Nobody threw: the runs began and did not come back. */
const poisoned = (message: string): boolean => /ended with its process/.test(message)

function whyWaiting(facts: MessageFacts): Because[] {
  const { message, waiting = {}, queue, now } = facts
  const due = waiting.due ?? message?.due
  const because: Because[] = []
  if (waiting.due !== undefined && waiting.due > now)
    because.push(
      say(
        'scheduled',
        `It is not due before ${new Date(waiting.due).toISOString()}, in ${spelled(waiting.due - now)}.`,
        `callboard tasks run-now id:${message?.id ?? '…'}`,
      ),
    )
  else if (message?.state === 'running') because.push(running(message, facts))
  else if (message?.state === 'retrying') because.push(retrying(message, due, now))
  if (queue !== undefined) because.push(...whyHeld(queue, facts, because.length === 0))
  if (waiting.key !== undefined)
    because.push(
      say(
        'unique',
        `It holds the unique key ${JSON.stringify(waiting.key)}: whoever enqueues another with this key is given this one, until it has ended.`,
      ),
    )
  return because
}

function running(
  { attempt = 1, worker = 'a worker', service = '', ms: _ms, ...message }: MessageView,
  { workerAlive, now }: MessageFacts,
): Because {
  const since = message.storedAt === undefined ? '' : `, stored ${ago(now, message.storedAt)} ago`
  if (workerAlive === false)
    return say(
      'worker-gone',
      `Attempt ${attempt} began at ${worker}, which has told nothing since: the broker hands it to another worker when its lease ends.`,
    )
  return say('running', `Attempt ${attempt} runs at ${worker} (${service})${since}.`)
}

function retrying({ attempt = 1, error, ...message }: MessageView, due: number | undefined, now: number): Because {
  const next = due === undefined ? 'soon' : due > now ? `in ${spelled(due - now)}` : 'now, as soon as a worker has room'
  if (error === undefined) return say('snoozed', `Its handler put it off; it is tried again ${next}, and that costs no attempt.`)
  return say(
    'backoff',
    `Attempt ${attempt} failed with ${error.name}: ${error.message}; it is tried again ${next}.`,
    `callboard tasks show ${message.id}`,
  )
}

/** What holds a queue up, as far as it concerns one that waits in it. `alone`: nothing else explains the waiting. */
function whyHeld(queue: QueueView, { message, waiting, ahead, now }: MessageFacts, alone: boolean): Because[] {
  const because: Because[] = []
  if (queue.paused) because.push(paused(`The queue ${queue.name}`, queue.pausedUntil, now, `callboard queues resume ${queue.name}`))
  if (queue.blocked === 'no-worker')
    because.push(say('no-worker', `No worker serves the queue ${queue.name}.`, 'Start a service that performs this task.'))
  if (because.length > 0 || !alone) return because
  if (queue.blocked === 'gate') return [whyGated(`Workers of ${queue.name} have it or others in hand`, queue.holds, queue.gated)]
  const higher = queue.lanes.filter((lane) => rankOf(lane.lane) < rankOf(waiting?.lane ?? 'normal') && lane.waiting > 0)
  const before = ahead === undefined ? '' : ` ${ahead} stored before it wait, too.`
  if (higher.length > 0)
    return [
      say(
        'lane',
        `${higher.reduce((sum, lane) => sum + lane.waiting, 0)} tasks wait on a higher lane of ${queue.name} and come first.${before}`,
      ),
    ]
  const inTurn = whyTurn(queue, message?.name, waiting?.bucket)
  if (inTurn !== undefined) return [inTurn]
  const slots = queue.slots === undefined ? 'All slots' : `All ${queue.slots} slots`
  return [
    say(
      'busy',
      `${slots} of the workers of ${queue.name} are taken, or it is about to be handed over.${before}`,
      'Add workers, or raise concurrency.',
    ),
  ]
}

/** Why a task with an order or turns by key is not begun, although slots may be free. */
function whyTurn({ lanes }: QueueView, task: string | undefined, bucket: number | undefined): Because | undefined {
  const place = lanes.find(({ task: name, strand }) => name === task && strand?.index === (bucket ?? 0) % (strand?.of ?? 1))
  if (place?.strand === undefined) return undefined
  const { open, again, waiting, strand } = place
  if (!strand.single)
    return waiting < 2
      ? undefined
      : say(
          'fair',
          `Keys of ${task} have turns: ${waiting} tasks wait in the strand that its key is in, and that has one turn among ${strand.of}.`,
          'Add workers or concurrency; more strands part its key from those it shares a turn with.',
        )
  if (open === 0) return undefined
  const before = again > 0 ? 'The one before it has failed and is tried again first' : 'The one before it is not done'
  return say(
    'ordered',
    `${task} keeps an order by key. ${before}; ${waiting} wait in the same strand, one of ${strand.of}.`,
    again > 0 ? 'Mend what fails, or cancel it: an order waits for every retry.' : 'More strands let more keys run at once.',
  )
}

const rankOf = (lane: Lane): number => ['high', 'normal', 'low'].indexOf(lane)

function paused(what: string, until: number | undefined, now: number, fix: string): Because {
  // "Until further notice" is a century for the broker.
  const end = until === undefined || until - now > 10 * 365 * 86_400_000 ? 'until it is resumed' : `for another ${spelled(until - now)}`
  return say('paused', `${what} is paused ${end}.`, fix)
}

function whyEnded(message: MessageView, { now }: MessageFacts): Because {
  const { state, attempt = 1, endedAt, service = '' } = message
  const when = endedAt === undefined ? '' : ` ${ago(now, endedAt)} ago`
  switch (state) {
    case 'done':
      return say('done', `It succeeded${when} at ${service} on attempt ${attempt}.`)
    case 'cancelled':
      return say('cancelled', `It was called off${when}.`)
    case 'skipped':
      return say('skipped', `It is the firing of a schedule that was not wanted: its overlap or missed-time policy dropped it${when}.`)
    case 'dead':
    case 'expired':
      return say('gone', `It was a dead letter, and has been discarded since.`)
    default:
      return say(
        'gone',
        'It waits no more and no end of it was written down: that is on its way, or it was removed, or the ledger has left it out.',
      )
  }
}

/** Why a queue does not move. */
export function whyQueue(queue: QueueView, now: number): Because[] {
  const { name, ready, running, retrying } = queue
  const load = `${ready} tasks wait, ${running} run, ${retrying} wait for another attempt`
  if (queue.paused) return [paused(`The queue ${name}`, queue.pausedUntil, now, `callboard queues resume ${name}`), ...full(queue)]
  return [...full(queue), ...stalled(queue, load)]
}

function full({ name, full: isFull, held, limit }: QueueView): Because[] {
  if (!isFull || limit === undefined || held === undefined) return []
  const of = limit.tasks > 0 ? `${held.tasks} of ${limit.tasks} tasks` : `${held.bytes} of ${limit.bytes} bytes`
  return [
    say(
      'full',
      `${name} is full (${of}): what comes is refused, or waits.`,
      'Add workers, slow the sender, or raise the limit of the queue.',
    ),
  ]
}

function stalled(queue: QueueView, load: string): Because[] {
  const { name, ready, running, retrying, scheduled, slots } = queue
  switch (queue.blocked) {
    case 'no-worker':
      return [say('no-worker', `${load}, and no worker serves ${name}.`, 'Start a service that performs its tasks.')]
    case 'scheduled':
      return [say('scheduled', `Nothing is due: ${scheduled} tasks of ${name} wait for their time.`)]
    case 'gate':
      return [whyGated(load, queue.holds, queue.gated)]
    case 'busy':
      if (slots === undefined || running < slots) {
        const ordered = queue.lanes.filter(({ strand, open, waiting }) => strand?.single && open > 0 && waiting > 0)
        if (ordered.length > 0) return [inOrder(name, load, ordered)]
      }
      return [
        say(
          'busy',
          `${load}; ${slots === undefined ? 'the slots' : `the ${slots} slots`} of its workers are taken.`,
          'Add workers, or raise concurrency.',
        ),
      ]
    default:
      if (retrying > 0 && ready === 0) return [say('backoff', `${retrying} tasks of ${name} failed and wait for their next attempt.`)]
      return [ready + running === 0 ? say('empty', `${name} is empty.`) : say('moving', `${load}: it is moving.`)]
  }
}

/** Slots are free, and yet nothing begins: those that could are behind one of their own key. */
function inOrder(name: string, load: string, lanes: QueueView['lanes']): Because {
  const behind = lanes.reduce((sum, { waiting }) => sum + waiting, 0)
  const failing = lanes.filter(({ again }) => again > 0).length
  return say(
    'ordered',
    `${load}; of ${name} ${behind} wait for one before them of the same strand${failing > 0 ? `, which fails in ${failing} of ${lanes.length}` : ''}: they keep an order by key.`,
    failing > 0 ? 'Mend what fails, or cancel it: an order waits for every retry.' : 'More strands let more keys run at once.',
  )
}

/** Why a subscription lags behind its topic. */
export function whySubscription(subscription: SubscriptionView, now: number): Because[] {
  const { service, topic, waiting, open, again, oldest } = subscription
  const who = `${service} on ${topic}`
  const lag = `${waiting} events wait${oldest === undefined ? '' : `, the oldest for ${ago(now, oldest)}`}`
  const because: Because[] = []
  if (subscription.paused) because.push(paused(who, subscription.pausedUntil, now, `callboard subs resume ${service} ${topic}`))
  else if (subscription.blocked === 'no-worker')
    because.push(say('no-subscriber', `${lag}, and no worker of ${service} is there.`, `Start the service ${service}; it will catch up.`))
  else if (subscription.blocked === 'gate') because.push(whyGated(lag, subscription.holds, subscription.gated))
  else if (waiting > 0)
    because.push(say('busy', `${lag} and ${open} are in hand: ${service} is slower than what comes.`, 'Add workers, or raise concurrency.'))
  if (again > 0) because.push(say('backoff', `${again} events were handed over before and wait for another attempt.`))
  return because.length > 0 ? because : [say('caught-up', `${who} has handled everything there is.`)]
}
