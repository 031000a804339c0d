/** A worker can be asked to leave, by a subject of its own: who operates it need not be where it runs. */

import { fault } from '../base/errors.ts'
import { told } from '../wire/refusal.ts'
import type { Core } from './core.ts'

/** What a worker answers that was asked to leave: the services it stops, and how many handlers run. */
export interface Leaving {
  readonly services: readonly string[]
  readonly running: number
}

/** How long a worker has to answer, in ms. */
const patience = 3_000

/** Heeds what this worker is asked: to leave within so many ms, as a number. Gives back how to stop listening. */
export function heedAsked(core: Core, leave: (drain: number) => Leaving): () => void {
  // A service that begins and fails on a closed board passes here as well; there nobody can ask.
  if (core.link.nc.isClosed()) return () => undefined
  const subscription = core.link.nc.subscribe(core.names.ask(core.worker), {
    callback(error, message) {
      const drain = error ? Number.NaN : Number(message.string() || Number.NaN)
      if (drain >= 0 && Number.isSafeInteger(drain)) message.respond(JSON.stringify(leave(drain)))
    },
  })
  return () => subscription.unsubscribe()
}

/** Asks a worker to leave. Throws NOT_FOUND where nobody of this name hears, and what the broker throws. */
export async function askToLeave({ link, names }: Core, worker: string, drain: number): Promise<Leaving> {
  try {
    return (await link.nc.request(names.ask(worker), String(drain), { timeout: patience })).json<Leaving>()
  } catch (error) {
    if (/no responders/i.test(String(error))) throw fault('NOT_FOUND', `No worker ${worker} is there, or it runs no service.`)
    return told(error, `worker ${worker}`)
  }
}
