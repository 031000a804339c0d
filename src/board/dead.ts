/**
 * Dead letters, one store for both ways to invoke: what was given up, why, and the way back.
 *
 * Burying keeps the copy first and drops the original after; the copy's id follows from its origin, so burying twice
 * is burying once. Redriving goes to where it died: a task to its queue, an event to the one subscription that gave it up.
 */

import { fault } from '../base/errors.ts'
import type { FailureError, Obituary } from '../base/obituary.ts'
import { oneOf, type ReadersOf, readOptions, text, time, whole } from '../base/options.ts'
import type { Run } from '../runtime/run.ts'
import { referenceField, removeBody } from '../wire/body.ts'
import { encode } from '../wire/codec.ts'
import { header, headerBlock, headerJson, mostHeaderBytes, mostOwnHeaderBytes } from '../wire/envelope.ts'
import { meantFor, subscriptionName } from '../wire/names.ts'
import { taskIn } from '../wire/names-read.ts'
import { place } from '../wire/place.ts'
import { shelf } from '../wire/stored.ts'
import type { Task, Topic, TopicPattern } from './contract.ts'
import type { Core } from './core.ts'
import { homeOf, publishedOn } from './home.ts'
import { besideOf, bodyIfThere, copied, release, year } from './large.ts'
import { type DeadLetter, type DeadSelector, filled, type Grave, type Letter, letterIn, lineOf, matches } from './letter.ts'
import { contentTypeField, refuseMisfit } from './payload.ts'
import { closed } from './seal.ts'

/** Buries a task: dead letter, then its end if it is tracked. */
export async function buryTask(core: Core, task: Task, run: Run, obituary: Obituary): Promise<void> {
  await bury(
    core,
    core.names.deadTask(task.queue, task.name, run.id),
    { ...obituary, style: 'explicit', name: task.name, id: run.id, back: run.delivery.subject },
    run,
  )
  const state = obituary.reason === 'expired' ? 'expired' : 'dead'
  if (task.track) await core.results.decide(run.id, { state, obituary, at: obituary.at }, task.keep)
}

/** Buries an event for one subscription; the other subscriptions are not concerned. */
export async function buryEvent(
  core: Core,
  run: Run,
  obituary: Obituary,
  service: string,
  topic: Pick<Topic | TopicPattern, 'kind' | 'name' | 'retention'>,
): Promise<void> {
  const name = publishedOn(run.delivery)
  const back = homeOf(core.names, topic).redriven(subscriptionName(service, topic.name), name)
  await bury(core, core.names.deadEvent(service, name, run.id), { ...obituary, style: 'implicit', name, id: run.id, back }, run)
}

async function bury(core: Core, subject: string, grave: Grave, { delivery }: Run): Promise<void> {
  const id = `dead:${subject}:${delivery.sequence}`
  // A process may have ended between copy and drop, and the broker remembers ids for a while only.
  const before = delivery.count > 1 ? await shelf(core.layout, core.names.dead).last(subject) : undefined
  if (before?.headers.get(header.id) === id) return
  // An event has other readers, and ages; what became of it for one of them does not.
  const beside = grave.style === 'implicit' ? await copied(core, delivery.headers) : undefined
  // What callboard sent fits; what somebody else sent may have more headers than can be kept.
  let room = mostHeaderBytes
  const kept = [...delivery.headers].filter(([name, value]) => {
    if (/^nats-/i.test(name) || name === header.dead || (beside && name === header.object)) return false
    room -= name.length + Buffer.byteLength(value) + 4
    return room >= 0
  })
  const fields = [[header.id, id], ...(beside ? [referenceField(beside)] : []), ...kept] as [string, string][]
  await core.publisher.publish({
    subject,
    headers: headerBlock(
      [...fields, [header.dead, fittingJson(grave, fields, core.link.maxPayload - delivery.body.length)]],
      mostOwnHeaderBytes,
    ),
    body: delivery.body,
    ...(beside && { beside }),
  })
}

/** The story of a death, without the older parts of its history where it would grow too large beside body and headers. */
function fittingJson(grave: Grave, fields: readonly (readonly [string, string])[], free: number): string {
  const taken = 200 + fields.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value) + 4, 0)
  const room = Math.min(mostOwnHeaderBytes, free) - taken
  for (const history of [grave.history, grave.history.slice(-1), []]) {
    const json = headerJson({ ...grave, history })
    if (json.length <= room) return json
  }
  const { name, message } = grave.error
  return headerJson({ ...grave, history: [], error: { name: name.slice(0, 50), message: message.slice(0, 200) } })
}

/** The dead letters of a board. */
export interface Dead {
  /** Those that match, oldest first. */
  list(selector?: DeadSelector): AsyncIterable<DeadLetter>
  /** One of them, by its sequence or id. Throws NOT_FOUND. */
  show(which: number | string): Promise<DeadLetter>
  /** How many there are of each kind of error, most first. */
  groups(selector?: DeadSelector): Promise<DeadGroup[]>
  /** Sends those that match back to where they died, and removes them here. Gives how many. */
  redrive(selector: DeadSelector | number): Promise<number>
  /** Sends one back with another payload, checked against the contract. */
  redriveEdited<Input>(sequence: number, contract: Task<Input> | Topic<Input>, payload: NoInfer<Input>): Promise<void>
  /** Those that match, as lines of JSON with their payloads: for keeping elsewhere before they are discarded. */
  export(selector?: DeadSelector): AsyncIterable<string>
  /** Removes those that match. Gives how many. */
  discard(selector: DeadSelector | number): Promise<number>
}

/** Dead letters whose errors look alike. */
export interface DeadGroup {
  readonly fingerprint: string
  readonly name: string
  readonly reason: Obituary['reason']
  readonly count: number
  /** The newest of their errors. */
  readonly error: FailureError
  /** ms since 1970. */
  readonly first: number
  readonly last: number
}

const selectorReaders = {
  name: text,
  style: oneOf('implicit', 'explicit'),
  service: text,
  reason: oneOf('rejected', 'exhausted', 'expired', 'unreadable'),
  id: text,
  fingerprint: text,
  within: time(),
  after: whole(0, Number.MAX_SAFE_INTEGER),
  limit: whole(0, Number.MAX_SAFE_INTEGER),
} satisfies ReadersOf<DeadSelector>

/** The dead letters of a board. */
export function dead(core: Core): Dead {
  const letters = shelf(core.layout, core.names.dead)

  async function* list(selector: DeadSelector = {}): AsyncGenerator<Letter> {
    const { within, limit, after = 0 } = readOptions('the dead letters', selector, selectorReaders)
    const since = within === undefined ? 0 : Date.now() - within
    let left = limit ?? Number.POSITIVE_INFINITY
    for await (const stored of letters.all(`${core.names.namespace}.dead.>`, after + 1)) {
      if (left <= 0) return
      const letter = letterIn(core.names, stored)
      if (letter === undefined || letter.at < since || !matches(letter, selector)) continue
      left--
      yield letter
    }
  }

  async function find(which: number | string): Promise<Letter> {
    if (typeof which === 'number') {
      const stored = await letters.at(which)
      const letter = stored && letterIn(core.names, stored)
      if (letter) return letter
    } else for await (const letter of list({ id: which, limit: 1 })) return letter
    throw fault('NOT_FOUND', `There is no dead letter ${which}.`)
  }

  /** The same with its body, wherever that lies. */
  async function withBody(letter: Letter): Promise<Letter> {
    const bytes = letter.reference && (await bodyIfThere(core, letter.reference))
    return bytes === undefined ? letter : filled(letter, bytes)
  }

  /** Removes the body that was the letter's own, and nobody's else. */
  async function strip(letter: Letter): Promise<void> {
    const { reference, name, id, back } = letter
    const task = taskIn(back)
    if (reference === undefined) return
    if (task === undefined) await removeBody(core.layout, core.names, reference)
    else await release(core, { ...task, name }, id, reference)
  }

  async function each(selector: DeadSelector | number, work: (letter: Letter) => Promise<void>): Promise<number> {
    // Without a selector all would be meant, which nobody says by leaving something out.
    if (selector === undefined)
      throw fault('INVALID_ARGUMENT', 'No dead letters were chosen.', { fix: 'Give a sequence or a selector; {} means all of them.' })
    const chosen = typeof selector === 'number' ? [await find(selector)] : list(selector)
    let count = 0
    for await (const letter of chosen) {
      await work(letter)
      count++
    }
    return count
  }

  /** `edited`: its contract, where the body is another one than it died with. */
  async function sendBack(letter: Letter, body: Uint8Array, edited?: Task<never> | Topic<never>): Promise<void> {
    if (letter.style === 'explicit') await core.results.forget(letter.id)
    else await refuseDeparted(letter)
    const fields: (readonly [string, string])[] = [
      [header.id, `redriven:${letter.sequence}`],
      [header.ownId, letter.id],
      ...contentTypeField(letter.encoding),
      ...letter.along.filter(([name]) => edited === undefined || (name !== header.object && name !== header.wire)),
      ...Object.entries(letter.headers),
    ]
    const whole = { subject: letter.back, headers: headerBlock(fields, mostOwnHeaderBytes), body }
    const beside = edited && besideOf(core, edited.large, whole, year)
    await core.publisher.publish(
      beside === undefined
        ? whole
        : { ...whole, headers: headerBlock([...fields, referenceField(beside)], mostOwnHeaderBytes), body: new Uint8Array(0), beside },
    )
    await letters.remove(letter.sequence)
    if (edited !== undefined) await strip(letter)
    exhumed(letter, 'redriven')
  }

  function exhumed({ style, name, id }: Letter, how: 'redriven' | 'discarded'): void {
    if (core.events.heard('exhumed')) core.events.tell('exhumed', { style, name, id, how })
  }

  /** A service that has left would never hear it, and the letter would be gone. */
  async function refuseDeparted({ back, service, name, sequence }: Letter): Promise<void> {
    const { stream, consumer } = meantFor(core.names, back)
    if (await place(core.layout, stream, consumer).exists()) return
    throw fault('NOT_FOUND', `Dead letter ${sequence} cannot be redriven: ${service} no longer subscribes to ${name}.`, {
      fix: 'Let the service subscribe again, or discard the letter.',
    })
  }

  return {
    list,
    show: async (which) => withBody(await find(which)),
    async groups(selector) {
      const groups = new Map<string, DeadGroup>()
      for await (const letter of list(selector)) {
        const key = `${letter.name} ${letter.fingerprint}`
        const group = groups.get(key)
        groups.set(key, {
          fingerprint: letter.fingerprint,
          name: letter.name,
          reason: letter.reason,
          error: letter.error,
          count: (group?.count ?? 0) + 1,
          first: group?.first ?? letter.at,
          last: letter.at,
        })
      }
      return [...groups.values()].sort((a, b) => b.count - a.count)
    },
    redrive: (selector) => each(selector, (letter) => sendBack(letter, letter.bytes)),
    async redriveEdited(sequence, contract, payload) {
      const letter = await find(sequence)
      if (contract.name !== letter.name)
        throw fault('INVALID_ARGUMENT', `Dead letter ${sequence} belongs to ${letter.name}, not to ${contract.name}.`)
      if (letter.sealed !== undefined && contract.seal === undefined)
        throw fault('SEALED', `Dead letter ${sequence} is sealed with ${letter.sealed}, and ${contract.name} has no seal.`, {
          fix: 'Give the contract that it was sent with; nothing was sent back.',
        })
      await refuseMisfit(contract.kind === 'task' ? contract.input : contract.schema, payload, contract.name)
      await sendBack(letter, await closed(contract.seal, encode(payload, letter.encoding), letter.as), contract)
    },
    async *export(selector) {
      for await (const letter of list(selector)) yield lineOf(await withBody(letter))
    },
    discard: (selector) =>
      each(selector, async (letter) => {
        await letters.remove(letter.sequence)
        await strip(letter)
        exhumed(letter, 'discarded')
      }),
  }
}
