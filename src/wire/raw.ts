/**
 * The two places where callboard knows more of the NATS client than its types say. Each has a test that fails when the
 * client changes it (test/broker/client.test.ts), and each falls back on the public way.
 *
 * headers in   the client parses every header into a map; we take the bytes and look for what we need
 * headers out  the client asks the headers it is given for their bytes; ours are bytes already
 */

import type { Msg, MsgHdrs } from 'nats'

interface Innards {
  readonly _rdata?: Uint8Array
  readonly _msg?: { readonly hdr: number }
}

/** The header bytes of a message; undefined if it has none. */
export function headerBytes(message: Msg): Uint8Array | undefined {
  const { _rdata: data, _msg: frame } = message as unknown as Innards
  if (data !== undefined && frame !== undefined) return frame.hdr > 0 ? data.subarray(0, frame.hdr) : undefined
  const parsed = message.headers
  return parsed === undefined ? undefined : Buffer.from(parsed.toString())
}

const carrier = {
  bytes: new Uint8Array(0) as Uint8Array,
  encode(): Uint8Array {
    return this.bytes
  },
}

/** Bytes dressed as the headers that `publish` takes: one dress for all of them, so good for the next call only. */
export function asHeaders(bytes: Uint8Array): MsgHdrs {
  carrier.bytes = bytes
  return carrier as unknown as MsgHdrs
}
