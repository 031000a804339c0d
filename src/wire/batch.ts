/** Writing an atomic batch: the broker keeps all of its messages, or none. */

import { newId } from '../base/ids.ts'
import type { Link } from './connection.ts'
import { asHeaders } from './raw.ts'

/** A message as it lies in a batch. */
export interface BatchMessage {
  readonly subject: string
  readonly headers: Uint8Array
  readonly body: Uint8Array
}

/** All messages of a batch are written at once; only the last asks for an answer, which speaks for all of them. */
export function sendBatch(link: Link, messages: readonly BatchMessage[], reply: string): void {
  const id = newId()
  messages.forEach((message, index) => {
    const last = index === messages.length - 1
    const headers = asHeaders(withBatch(message.headers, id, index + 1, last))
    link.nc.publish(message.subject, message.body, last ? { reply, headers } : { headers })
  })
}

function withBatch(headers: Uint8Array, id: string, sequence: number, last: boolean): Uint8Array {
  const own = `Nats-Batch-Id: ${id}\r\nNats-Batch-Sequence: ${sequence}\r\n${last ? 'Nats-Batch-Commit: 1\r\n' : ''}\r\n`
  const block = Buffer.allocUnsafe(headers.length - 2 + own.length)
  block.set(headers.subarray(0, headers.length - 2))
  block.write(own, headers.length - 2, 'latin1')
  return block
}
