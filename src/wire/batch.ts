/** Writing an atomic batch: the broker keeps all of its messages, or none. */

import { newId } from '../base/ids.ts'
import { header } from './envelope.ts'
import type { Frames, Head, ReplyTo } from './frames.ts'

/** A message as it lies in a batch. */
export interface BatchMessage {
  readonly subject: string
  readonly headers: Head
  readonly body: Uint8Array
}

/** All messages of a batch are written at once; only the last asks for an answer, which speaks for all of them. */
export function writeBatch(frames: Frames, messages: readonly BatchMessage[], reply: ReplyTo): void {
  const start = `${header.batchId}: ${newId()}\r\n${header.batchSequence}: `
  const last = messages.length - 1
  for (let i = 0; i <= last; i++) {
    const { subject, headers, body } = messages[i] as BatchMessage
    if (i < last) frames.message(subject, undefined, headers, `${start}${i + 1}\r\n`, body)
    else frames.message(subject, reply, headers, `${start}${i + 1}\r\n${header.batchCommit}: 1\r\n`, body)
  }
}
