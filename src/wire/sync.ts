/**
 * How often the servers sync. A client cannot read that of its account, so it is asked where servers tell it: of the system
 * account, where the configuration imports that one question, and of their monitoring addresses.
 */

import type { Sync } from '../base/durability.ts'
import type { Link } from './connection.ts'

/** How long an answer is waited for, in ms. */
const patience = 2_000
/** How long the next server of a cluster is waited for after the last one has answered, in ms. */
const stall = 300

/** What every server answers that an account may ask about itself. */
const question = '$SYS.REQ.SERVER.PING.VARZ'

/** The part of a server's answer that is read here. */
interface Varz {
  /** Absent on a server that keeps no streams. */
  readonly jetstream?: { readonly config?: { readonly sync_interval?: number; readonly sync_always?: boolean } }
}

/** Asks all servers, and the monitoring addresses given. One that does not answer is `unknown`; nobody to ask is an empty list. Never throws. */
export async function syncs(link: Link, monitors: readonly string[]): Promise<Sync[]> {
  if (monitors.length > 0) return (await Promise.all(monitors.map(overHttp))).flatMap(syncIn)
  return (await overNats(link)).flatMap(syncIn)
}

async function overNats({ nc }: Link): Promise<(Varz | undefined)[]> {
  const answers: Varz[] = []
  try {
    const clustered = nc.info?.cluster !== undefined
    const asked = clustered ? ({ strategy: 'stall', stall } as const) : ({ strategy: 'count', maxMessages: 1 } as const)
    for await (const message of await nc.requestMany(question, '', { ...asked, maxWait: patience }))
      answers.push(message.json<{ data: Varz }>().data)
  } catch {
    // Nobody may ask, or nobody answers: what is known is what has come.
  }
  return answers
}

async function overHttp(monitor: string): Promise<Varz | undefined> {
  try {
    const answer = await fetch(new URL('/varz', monitor), { signal: AbortSignal.timeout(patience) })
    return (await answer.json()) as Varz
  } catch {
    return undefined
  }
}

function syncIn(varz: Varz | undefined): Sync[] {
  if (varz === undefined) return ['unknown']
  const { config } = varz.jetstream ?? {}
  if (config === undefined) return []
  if (config.sync_always === true) return ['always']
  return [config.sync_interval === undefined ? 'unknown' : config.sync_interval / 1_000_000]
}
