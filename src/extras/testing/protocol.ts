/**
 * What a client says, read from bytes, and what it is told, written as bytes.
 *
 * source: NATS client protocol (docs.nats.io/reference/reference-protocols/nats-protocol)
 */

/** Something a client says. */
export type Said =
  | { readonly op: 'connect'; readonly options: Readonly<Record<string, unknown>> }
  | { readonly op: 'publish'; readonly subject: string; readonly reply: string; readonly headers: Buffer; readonly body: Buffer }
  | { readonly op: 'subscribe'; readonly subject: string; readonly queue: string; readonly sid: string }
  | { readonly op: 'unsubscribe'; readonly sid: string; readonly max: number }
  | { readonly op: 'ping' }
  | { readonly op: 'pong' }

const empty = Buffer.alloc(0)
const lineEnd = Buffer.from('\r\n')

/** Reads what a client says from its bytes, which may end anywhere. */
export class Reading {
  #rest = empty

  /** What is complete with these bytes. */
  read(bytes: Uint8Array): Said[] {
    let data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (this.#rest.length > 0) data = Buffer.concat([this.#rest, data])
    const said: Said[] = []
    let at = 0
    for (;;) {
      const end = data.indexOf(lineEnd, at)
      if (end < 0) break
      const line = data.toString('latin1', at, end)
      const words = line.split(/\s+/)
      const verb = (words[0] ?? '').toUpperCase()
      if (verb === 'PUB' || verb === 'HPUB') {
        const size = Number(words.at(-1))
        const from = end + 2
        if (data.length < from + size + 2) break
        const head = verb === 'HPUB' ? Number(words.at(-2)) : 0
        const reply = words.length > (verb === 'HPUB' ? 4 : 3) ? (words[2] as string) : ''
        // What is kept must not keep the whole block it came in.
        const message = Buffer.from(data.subarray(from, from + size))
        said.push({ op: 'publish', subject: words[1] as string, reply, headers: message.subarray(0, head), body: message.subarray(head) })
        at = from + size + 2
      } else {
        const one = lineSaid(verb, words, line)
        if (one !== undefined) said.push(one)
        at = end + 2
      }
    }
    this.#rest = Buffer.from(data.subarray(at))
    return said
  }
}

function lineSaid(verb: string, words: readonly string[], line: string): Said | undefined {
  const [, first = '', second = '', third = ''] = words
  if (verb === 'CONNECT') return { op: 'connect', options: JSON.parse(line.slice(8)) as Record<string, unknown> }
  if (verb === 'SUB') return { op: 'subscribe', subject: first, queue: third === '' ? '' : second, sid: third === '' ? second : third }
  if (verb === 'UNSUB') return { op: 'unsubscribe', sid: first, max: Number(second || 0) }
  if (verb === 'PING') return { op: 'ping' }
  if (verb === 'PONG') return { op: 'pong' }
  return undefined
}

/** A message on its way to a client. `subject` is what it is told, which is not always where it is subscribed. */
export interface Told {
  readonly subject: string
  readonly reply: string
  readonly headers: Uint8Array
  readonly body: Uint8Array
}

/** A message as a client reads it. */
export function messageTo(sid: string, { subject, reply, headers, body }: Told): Buffer {
  const to = reply === '' ? `${subject} ${sid}` : `${subject} ${sid} ${reply}`
  const sizes = headers.length === 0 ? `${body.length}` : `${headers.length} ${headers.length + body.length}`
  return Buffer.concat([Buffer.from(`${headers.length === 0 ? 'MSG' : 'HMSG'} ${to} ${sizes}\r\n`, 'latin1'), headers, body, lineEnd])
}
