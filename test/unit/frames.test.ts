import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Headers, headerBlock } from '../../src/wire/envelope.ts'
import { type Frame, Frames, framesIn, headSize } from '../../src/wire/frames.ts'

/** Everything that is written, as it leaves. */
function writing(write: (frames: Frames) => void): Uint8Array[] {
  const left: Uint8Array[] = []
  const frames = new Frames((bytes) => left.push(bytes))
  write(frames)
  frames.flush()
  return left
}

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('latin1')
/** Bodies are large; they are the same if their digests are. */
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const inbox = Buffer.from('_INBOX.a.')
const body = Buffer.from('body')
const bodies = fc.uint8Array({ maxLength: 300 })
const ids = fc.stringMatching(/^[A-Za-z0-9]{1,40}$/)

test('a message with nothing but its id is written as the protocol says', () => {
  const [bytes] = writing((frames) => frames.message('a.b', { inbox, token: 120 }, 'id-1', '', body))
  expect(text(bytes)).toBe('HPUB a.b _INBOX.a.120 31 35\r\nNATS/1.0\r\nNats-Msg-Id: id-1\r\n\r\nbody\r\n')
})

test('lines are added to headers that are ready, and to an id alike', () => {
  const block = headerBlock([['Nats-Msg-Id', 'id-1']])
  for (const head of [block, 'id-1']) {
    const [bytes] = writing((frames) => frames.message('a', undefined, head, 'X: y\r\n', body))
    expect(text(bytes)).toBe('HPUB a 37 41\r\nNATS/1.0\r\nNats-Msg-Id: id-1\r\nX: y\r\n\r\nbody\r\n')
  }
  expect([headSize(block), headSize('id-1')]).toEqual([block.length, block.length])
})

test('a word has an address and no headers', () => {
  const [bytes] = writing((frames) => frames.word(Buffer.from('$JS.ACK.x'), Buffer.from('+ACK')))
  expect(text(bytes)).toBe('PUB $JS.ACK.x 4\r\n+ACK\r\n')
})

test('what is written together leaves together, and nothing leaves twice', () => {
  const left: string[] = []
  const frames = new Frames((bytes) => left.push(text(bytes)))
  frames.flush()
  frames.word(Buffer.from('a'), body)
  frames.word(Buffer.from('b'), body)
  frames.flush()
  frames.flush()
  frames.word(Buffer.from('c'), body)
  frames.flush()
  expect(left).toEqual(['PUB a 4\r\nbody\r\nPUB b 4\r\nbody\r\n', 'PUB c 4\r\nbody\r\n'])
})

test('whatever is written is read again in order, over as many blocks as it takes', () => {
  const message = fc.record({
    subject: ids,
    id: ids,
    ready: fc.boolean(),
    token: fc.option(fc.nat({ max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
    body: fc.oneof(
      bodies,
      fc.integer({ min: 60_000, max: 70_000 }).map((size) => new Uint8Array(size)),
    ),
  })
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
      const left = writing((frames) => {
        for (const { subject, id, ready, token, body } of messages) {
          const head = ready ? headerBlock([['Nats-Msg-Id', id]]) : id
          frames.message(subject, token === undefined ? undefined : { inbox, token }, head, '', body)
        }
      })
      const read = left.flatMap((bytes) => [...framesIn(bytes)])
      const shown = (frame: Frame) => [frame.subject, frame.reply, new Headers(frame.headers).id, digest(frame.body)]
      expect(read.map(shown)).toEqual(
        messages.map(({ subject, id, token, body }) => [subject, token === undefined ? undefined : `_INBOX.a.${token}`, id, digest(body)]),
      )
    }),
    { numRuns: 40 },
  )
})

test('words are read again as well', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(ids, bodies), { maxLength: 20 }), (words) => {
      const left = writing((frames) => {
        for (const [subject, word] of words) frames.word(Buffer.from(subject), word)
      })
      const read = left.flatMap((bytes) => [...framesIn(bytes)])
      expect(read.map(({ subject, reply, headers, body }) => [subject, reply, headers.length, Buffer.from(body)])).toEqual(
        words.map(([subject, word]) => [subject, undefined, 0, Buffer.from(word)]),
      )
    }),
  )
})
