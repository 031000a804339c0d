/** What the broker says of a message it was given to store, read from the bytes of its answer: this is done for every message. */

import type { ApiError } from './refusal.ts'

/** Where a message is stored. `duplicate`: it was there before, and nothing was added. */
export interface Stored {
  readonly sequence: number
  readonly duplicate: boolean
}

/** An answer is `{"stream":"…", "seq":7}`, with `"duplicate": true` at times, blanks as the broker likes them, or has an error. Anything else ("no responders" is nothing at all) is none. */
export function readAnswer(data: Uint8Array): Stored | ApiError | undefined {
  const from = sequenceIn(data)
  if (from > 0) {
    let sequence = 0
    let at = from
    for (let digit = (data[at] as number) - 48; digit >= 0 && digit <= 9; digit = (data[++at] as number) - 48)
      sequence = sequence * 10 + digit
    // Nothing else is there: nearly always.
    if (data[at] === closingBrace) return { sequence, duplicate: false }
    const rest = Buffer.from(data.buffer, data.byteOffset + at, data.byteLength - at).toString('latin1')
    return { sequence, duplicate: /"duplicate": *true/.test(rest) }
  }
  if (data.length === 0 || data[2] !== letterE) return undefined
  return (JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()) as { error: ApiError }).error
}

const closingBrace = 125
const letterE = 101
const letterQ = 113

/** Where the digits of `"seq":7` begin in an answer that is no error, read as bytes; 0: there are none. */
function sequenceIn(data: Uint8Array): number {
  if (data[2] === letterE) return 0
  for (let at = 12; at < data.length - 3; at++)
    if (data[at] === letterQ && data[at - 1] === letterE && data[at + 1] === 34 && data[at - 3] === 34 && data[at + 2] === 58)
      return data[at + 3] === 32 ? at + 4 : at + 3
  return 0
}
