/** Work that is too large for a message, and a look at what lies beside. */

import { type Board, task } from 'callboard'
import { broker } from './board.ts'

/** 5 MB, each byte told from its neighbours: a piece in the wrong place is noticed. */
export const fiveMegabytes = (seed = 1): Uint8Array => {
  const bytes = new Uint32Array(1_250_000)
  for (let at = 0, last = seed; at < bytes.length; at++) bytes[at] = last = (Math.imul(last, 1_664_525) + 1_013_904_223) >>> 0
  return new Uint8Array(bytes.buffer)
}

/** Adds up bytes. Hangs in its first attempt where it is told to. */
export const scan = task<{ data: Uint8Array; hang: boolean }, number>('scan', {
  track: true,
  large: 'store',
  retry: { attempts: 3, backoff: 1 },
})

/** What it comes to. */
export const sumOf = (data: Uint8Array): number => data.reduce((sum, each) => sum + each, 0)

/** Pieces of bodies that lie beside their messages. */
export async function pieces({ namespace }: Board): Promise<number> {
  await using here = await broker()
  return (await here.manager.streams.info(`${namespace.toUpperCase()}_OBJECTS`)).state.messages
}
