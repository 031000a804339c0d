import { task, topic } from 'callboard'
import { headers, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type Broker, broker, gathered, openBoard, streams } from '../support/board.ts'
import { until } from '../support/until.ts'

let here: Broker
beforeAll(async () => {
  here = await broker()
})
afterAll(async () => {
  await here[Symbol.asyncDispose]()
  expect(Reflect.ownKeys(Object.prototype)).not.toContain('polluted')
  expect(({} as { admin?: unknown }).admin).toBeUndefined()
})

const shape = z.object({ n: z.number() })
const body = Uint8Array.of(0x81, 0xa1, 0x6e, 1)

/** Stores something as somebody who may publish, and means no good. */
async function put(nc: NatsConnection, subject: string, fields: Readonly<Record<string, string>>, bytes: Uint8Array): Promise<void> {
  const block = headers()
  for (const [name, value] of Object.entries(fields)) block.set(name, value)
  await nc.request(subject, bytes, { headers: block, timeout: 5000 })
}

const hostile: [string, Record<string, string>][] = [
  ['a schedule without times', { 'Cb-Schedule': '{"name":"x"}' }],
  ['a schedule that is null', { 'Cb-Schedule': 'null' }],
  ['a schedule that is no JSON', { 'Cb-Schedule': '{"name":"x",' }],
  [
    'a schedule with times of no kind',
    { 'Cb-Schedule': '{"name":"x","fires":{"task":"asked"},"times":{"__proto__":{"polluted":1}},"since":0}' },
  ],
  ['a schedule that fires nothing', { 'Cb-Schedule': '{"name":"x","times":{"every":1000},"since":0,"overlap":"skip"}' }],
  [
    'a schedule with a cron that is none',
    {
      'Cb-Schedule':
        '{"name":"x","fires":{"task":"asked","queue":"default","lane":"normal"},"times":{"cron":"* *","zone":"Mars"},"since":0}',
    },
  ],
  [
    'a schedule whose name is a subject',
    {
      'Cb-Schedule':
        '{"name":"> a.*","fires":{"task":"asked","queue":"default","lane":"normal"},"times":{"every":1000},"since":0,"overlap":"queue"}',
    },
  ],
  [
    'a time of a schedule that is none',
    {
      'Cb-Schedule': '{"name":"x","fires":{"task":"asked","queue":"default","lane":"normal"},"times":{"every":1000},"since":0}',
      'Cb-Occurrence': 'never',
    },
  ],
  ['an id with blanks and wildcards', { 'Nats-Msg-Id': 'a b.*.> $JS.API' }],
  ['an id of 5,000 characters', { 'Nats-Msg-Id': 'x'.repeat(5000) }],
  ['an id that is a prototype', { 'Nats-Msg-Id': '__proto__' }],
  ['an own id of another kind', { 'Cb-Id': '"\\u0000<script>' }],
  ['retries that are none', { 'Cb-Retry': '{"attempts":"many","backoff":{"__proto__":{"polluted":1}}}' }],
  ['retries that are no JSON', { 'Cb-Retry': '{{{{' }],
  ['retries without end', { 'Cb-Retry': '{"attempts":1e308}' }],
  ['an expiry that is none', { 'Cb-Expires': 'NaN' }],
  ['an expiry before time', { 'Cb-Expires': '-1' }],
  ['a key that cannot be read', { 'Cb-Key': '%E0%A4%A' }],
  ['a topic of its own choice', { 'Cb-Topic': '$JS.API.STREAM.DELETE.> *' }],
  ['a death before its life', { 'Cb-Dead': '{"error":{"message":5},"__proto__":{"polluted":1}}' }],
  [
    'a death with a story of its own',
    { 'Cb-Dead': '{"error":{"name":"x","message":"y"},"style":"explicit","name":"asked","id":"z","back":"$JS.API.STREAM.DELETE.x"}' },
  ],
  ['a body that lies anywhere', { 'Cb-Object': '../../etc/passwd 1 1 x' }],
  ['a body that lies nowhere', { 'Cb-Object': '00000000000000000000000000 999999999 999999 0000000000000000000000000000000000000000000' }],
  ['a content that is none', { 'Content-Type': 'application/x-python-pickle; charset=json' }],
  ['a content that is compressed', { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }],
  ['a parent of 10,000 characters', { 'Cb-Parent': 'p'.repeat(10_000) }],
  ['names of JavaScript', { __proto__: 'a', constructor: 'b', 'X-toString': 'c' } as never],
]

test.each(hostile)('a message with %s ends, as a success or as a dead letter, and what comes after it is handled', async (_, fields) => {
  await using own = await openBoard({ ledger: { level: 'all' } })
  const [said, asked] = [topic('said', shape), task('asked', { input: shape, track: true, retry: { attempts: 2, backoff: '10ms' } })]
  const troubles: string[] = []
  own.on('trouble', ({ what }) => troubles.push(what))
  const done: number[] = []
  await using _service = await own
    .service('s')
    .subscribe(said, ({ n }) => void done.push(n))
    .perform(asked, ({ n }, ctx) => void done.push(n + 10 + Object.keys(ctx.headers).length * 0))
    .start()
  const all = { 'Nats-Msg-Id': 'foreign', ...fields }
  await put(here.nc, `${own.namespace}.topic.said`, all, body)
  await put(here.nc, `${own.namespace}.task.default.asked.normal.-.foreign2`, { ...all, 'Nats-Msg-Id': `${all['Nats-Msg-Id']}2` }, body)
  const letters = await until('both have ended', async () => {
    const found = await gathered(own.dead.list())
    const ended = found.length + done.length
    const { state } = await here.manager.streams.info(streams(own).queue())
    if (ended < 2 || state.messages > 0) throw new Error(`${ended} ended, ${state.messages} wait; ${troubles.slice(0, 3).join('; ')}`)
    return found
  })
  // What is shown, sent back and thrown away must not fall over it either.
  for (const { sequence } of letters) await own.dead.show(sequence)
  await own.dead.redrive({}).catch((error: unknown) => expect(error).toHaveProperty('code'))
  await gathered(own.inspect.waiting('default'))
  await gathered(own.inspect.events('said'))
  await gathered(own.ledger.read())
  await own.publish(said, { n: 100 })
  await own.enqueue(asked, { n: 100 })
  await until('what comes after it is handled', () => done.includes(100) && done.includes(110))
})
