import fc from 'fast-check'
import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Broker } from '../../src/extras/testing/index.ts'
import { connectOver } from '../../src/wire/line.ts'
import { type Deed, Doer } from '../support/alike.ts'
import { namespace } from '../support/namespace.ts'
import { until } from '../support/until.ts'

/** The same deeds on nats-server and on the broker of `callboard/testing`: whatever they are, both answer the same. */

let real: NatsConnection
let fake: NatsConnection
const broker = new Broker()

beforeAll(async () => {
  real = await connect({ servers: inject('natsUrl') })
  fake = await connectOver(broker.dial, {})
})
afterAll(async () => {
  await real.close()
  await fake.close()
  broker.close()
})

/** What comes of deeds on both. */
async function bothDo(config: object, deeds: readonly Deed[]): Promise<void> {
  const name = namespace().toUpperCase()
  const create: Deed = { do: 'ask', question: 'STREAM.CREATE.@', body: { name, subjects: ['@>'], storage: 'file', ...config } }
  const [here, there] = [new Doer(fake, name), new Doer(real, name)]
  const done: unknown[] = []
  const expected: unknown[] = []
  await here.do(create)
  // A server that is busy with many others may have no file for a stream just now.
  await until('the stream is there', async () => JSON.stringify(await there.do(create)).includes('"config"'))
  for (const deed of [create, ...deeds]) {
    const [mine, theirs] = await Promise.all([here.do(deed), there.do(deed)])
    done.push({ deed, came: mine })
    expected.push({ deed, came: theirs })
    expect(done).toEqual(expected)
  }
  await there.do({ do: 'ask', question: 'STREAM.DELETE.@', body: {} })
}

const subject = fc.constantFrom('a.1', 'a.2', 'b.1', 'c')
const pattern = fc.constantFrom('@a.1', '@a.*', '@b.>', '@*.1', '@c', '@>')
const sequence = fc.integer({ min: 0, max: 12 })
const once = fc.option(fc.constantFrom('one', 'two', 'three'), { nil: undefined })
const expectation = fc.option(fc.record({ sequence: fc.integer({ min: 0, max: 3 }), of: fc.option(pattern, { nil: undefined }) }), {
  nil: undefined,
  freq: 3,
})

const head = fc.tuple(once, expectation, fc.constantFrom('', '', '', 'sub')).map(([id, expected, rollup]) => ({
  ...(id === undefined ? {} : { 'Nats-Msg-Id': id }),
  ...(expected === undefined ? {} : { 'Nats-Expected-Last-Subject-Sequence': `${expected.sequence}` }),
  ...(expected?.of === undefined ? {} : { 'Nats-Expected-Last-Subject-Sequence-Subject': expected.of }),
  ...(rollup === '' ? {} : { 'Nats-Rollup': rollup }),
}))

const ask = (question: string, body: fc.Arbitrary<unknown> = fc.constant({})) =>
  body.map((given): Deed => ({ do: 'ask', question, body: given }))
const read = (body: fc.Arbitrary<unknown>) => body.map((given): Deed => ({ do: 'read', question: 'DIRECT.GET.@', body: given }))
const config = (name: string, filter: object) => ({
  stream_name: '%',
  config: { name, durable_name: name, ack_policy: 'explicit', ack_wait: 60e9, max_ack_pending: 4, ...filter },
  action: 'create',
})

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), subject, head, size: fc.integer({ min: 0, max: 60 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('batch' as const),
      members: fc.array(fc.record({ subject, head: head.map((each) => ({ ...each })) }), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('pull' as const),
      consumer: fc.constantFrom('one', 'two'),
      batch: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      nth: fc.nat(20),
      word: fc.constantFrom('+ACK', '+ACK', '-NAK', '+WPI', '+TERM', '-NAK {"delay":60000000000}'),
    }),
  },
  { weight: 2, arbitrary: ask('STREAM.INFO.@', fc.constantFrom({}, { subjects_filter: '@a.>' })) },
  {
    weight: 2,
    arbitrary: ask(
      'STREAM.MSG.GET.@',
      fc.oneof(
        sequence.map((seq) => ({ seq })),
        pattern.map((last) => ({ last_by_subj: last })),
      ),
    ),
  },
  {
    weight: 1,
    arbitrary: ask(
      'STREAM.MSG.DELETE.@',
      sequence.map((seq) => ({ seq: seq + 1, no_erase: true })),
    ),
  },
  {
    weight: 1,
    arbitrary: ask(
      'STREAM.PURGE.@',
      fc.oneof(
        pattern.map((filter) => ({ filter })),
        fc.tuple(pattern, sequence).map(([filter, seq]) => ({ filter, seq })),
      ),
    ),
  },
  { weight: 2, arbitrary: ask('CONSUMER.CREATE.@.one', fc.constant(config('one', { filter_subject: '@a.*' }))) },
  {
    weight: 1,
    arbitrary: ask(
      'CONSUMER.CREATE.@.two',
      fc.constantFrom(config('two', { filter_subjects: ['@b.>', '@c'] }), config('two', { filter_subject: '@*.1' })),
    ),
  },
  { weight: 2, arbitrary: ask('CONSUMER.LIST.@') },
  { weight: 1, arbitrary: ask('CONSUMER.DELETE.@.two') },
  {
    weight: 3,
    arbitrary: read(
      fc.oneof(
        sequence.map((seq) => ({ seq: seq + 1 })),
        pattern.map((last) => ({ last_by_subj: last })),
        fc.record({ seq: sequence.map((seq) => seq + 1), next_by_subj: pattern }),
        fc.record({ seq: sequence.map((seq) => seq + 1), next_by_subj: pattern, batch: fc.integer({ min: 1, max: 4 }) }),
      ),
    ),
  },
)

const stream = fc.record(
  {
    retention: fc.constantFrom('limits', 'workqueue'),
    discard: fc.constantFrom('old', 'new'),
    max_msgs: fc.constantFrom(5, 8),
    max_bytes: fc.constantFrom(400, 1000),
    max_msgs_per_subject: fc.constantFrom(1, 2),
    allow_atomic: fc.constant(true),
    allow_rollup_hdrs: fc.constant(true),
    allow_direct: fc.constant(true),
    allow_msg_ttl: fc.constant(true),
  },
  { requiredKeys: ['retention', 'discard', 'allow_direct', 'allow_atomic'] },
)

const runs = Number(process.env.CONFORMANCE_RUNS ?? 25)

test('whatever is stored, taken, answered, asked and removed: both brokers answer the same', async () => {
  await fc.assert(
    fc.asyncProperty(stream, fc.array(deed, { minLength: 1, maxLength: 60, size: 'max' }), (shape, deeds) => bothDo(shape, deeds)),
    { numRuns: runs, seed: Number(process.env.CONFORMANCE_SEED ?? 1), endOnFailure: process.env.CONFORMANCE_SHRINK === undefined },
  )
})
