import { context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { type Board, pattern, Reject, Snooze, task, topic } from 'callboard'
import { otel } from 'callboard/otel'
import { expect, test } from 'vitest'
import { beside, latch, openBoard, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const posted = topic<{ n: number }>('notice.posted')
const any = pattern<{ n: number }>('notice.*')
const send = task<{ to: string }>('mail.send', { queue: 'mail', retry: { attempts: 2, backoff: 1 } })

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

/** An SDK that keeps what is recorded. */
function kept() {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const measures = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: measures, exportIntervalMillis: 3_600_000 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  return {
    sdk: { tracerProvider, meterProvider, propagator: new W3CTraceContextPropagator() },
    spans: () => exporter.getFinishedSpans(),
    named: (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name),
    async metric(name: string) {
      await reader.forceFlush()
      const all =
        measures
          .getMetrics()
          .at(-1)
          ?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? []
      return all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []
    },
  }
}

const idOf = (span: ReadableSpan) => span.spanContext().spanId
const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId
const of = (board: Board, { sdk }: ReturnType<typeof kept>) => otel(board, sdk)

test('one trace leads from what was published to every effect, over processes', async () => {
  const seen = kept()
  await using sender = await openBoard()
  await using worker = await beside(sender)
  of(sender, seen)
  of(worker, seen)
  await worker
    .service('planner')
    .subscribe(any, async (_, ctx) => {
      await ctx.enqueue(send, { to: 'ann' })
    })
    .start()
  const mailed = latch<string | undefined>()
  await worker
    .service('archive')
    .subscribe(posted, () => undefined)
    .perform(send, () => mailed.open(trace.getActiveSpan()?.spanContext().traceId))
    .start()
  const { id } = await sender.publish(posted, { n: 1 })
  const inside = await until('the mail is sent', mailed.promise)
  await until('all spans have ended', () => seen.spans().length === 5)
  const [said] = seen.named('send notice.posted')
  const [planned] = seen.named('process notice.*')
  const [archived] = seen.named('process notice.posted')
  const [asked] = seen.named('send mail.send')
  const [performed] = seen.named('process mail.send')
  if (!said || !planned || !archived || !asked || !performed)
    throw new Error(
      seen
        .spans()
        .map(({ name }) => name)
        .join(),
    )
  expect(new Set(seen.spans().map((span) => span.spanContext().traceId))).toEqual(new Set([inside]))
  expect([planned, archived, asked, performed].map(parentOf)).toEqual([said, said, planned, asked].map(idOf))
  expect(planned.links.map(({ context: { spanId } }) => spanId)).toEqual([idOf(said)])
  expect(said.attributes).toEqual({
    'messaging.system.name': 'nats',
    'messaging.system': 'nats',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'notice.posted',
    'messaging.message.id': id,
    'callboard.style': 'implicit',
  })
  expect(planned.attributes).toMatchObject({
    'messaging.operation.name': 'process',
    'messaging.destination.name': 'notice.posted',
    'messaging.destination.template': 'notice.*',
    'messaging.consumer.group.name': 'planner',
    'messaging.message.id': id,
    'callboard.outcome': 'succeeded',
    'callboard.attempt': 1,
  })
  expect(performed.attributes).toMatchObject({ 'callboard.style': 'explicit', 'callboard.queue': 'mail' })
})

test('each attempt is a span of the same trace, with what became of it; only failures are errors', async () => {
  const seen = kept()
  await using board = await openBoard()
  of(board, seen)
  await board
    .service('mailer')
    .perform(send, ({ to }, { attempt }) => {
      if (to === 'later' && trace.getActiveSpan() !== undefined && seen.named('process mail.send').length === 0) throw new Snooze(1)
      if (to === 'again' && attempt === 1) throw Object.assign(new Error('greylisted'), { code: 'EGREY' })
      if (to === 'never') throw new Reject('no such mailbox')
    })
    .start()
  const outcomes = async (to: string, count: number) => {
    const { id } = await board.enqueue(send, { to })
    const mine = () => seen.named('process mail.send').filter(({ attributes }) => attributes['messaging.message.id'] === id)
    await until(`${to} has ended`, () => mine().length === count)
    expect(new Set(mine().map((span) => span.spanContext().traceId)).size).toBe(1)
    return mine().map(({ attributes, status }) => [attributes['callboard.outcome'], status.code, attributes['error.type']])
  }
  expect(await outcomes('later', 2)).toEqual([
    ['snoozed', SpanStatusCode.UNSET, undefined],
    ['succeeded', SpanStatusCode.UNSET, undefined],
  ])
  expect(await outcomes('again', 2)).toEqual([
    ['retried', SpanStatusCode.ERROR, 'EGREY'],
    ['succeeded', SpanStatusCode.UNSET, undefined],
  ])
  expect(await outcomes('never', 1)).toEqual([['dead', SpanStatusCode.ERROR, 'Reject']])
  const consumed = await seen.metric('messaging.client.consumed.messages')
  expect(consumed.map(({ value, attributes }) => [value, attributes['messaging.consumer.group.name']])).toEqual([[5, 'mailer']])
  const processed = await seen.metric('messaging.process.duration')
  expect(processed.map(({ attributes, value }) => [attributes['error.type'], (value as { count: number }).count])).toEqual([
    [undefined, 3],
    ['EGREY', 1],
    ['Reject', 1],
  ])
  expect((await seen.metric('messaging.client.sent.messages')).map(({ value }) => value)).toEqual([3])
})

test('what is delayed, sent back from the dead letters, or kept in order by key stays in its trace', async () => {
  const seen = kept()
  await using board = await openBoard()
  of(board, seen)
  let alive = false
  await board
    .service('mailer')
    .perform(send, ({ to }) => {
      if (to === 'dead' && !alive) throw new Reject('no such mailbox')
    })
    .subscribe(posted, () => undefined, { ordered: ({ n }) => String(n) })
    .start()
  const traces = (name: string) => seen.named(name).map((span) => span.spanContext().traceId)
  await board.enqueue(send, { to: 'later' }, { delay: '200ms' })
  await until('the delayed one has run', () => seen.named('process mail.send').length === 1)
  await board.enqueue(send, { to: 'dead' })
  await until('it is buried', async () => (await board.inspect.dead()).count === 1)
  alive = true
  expect(await board.dead.redrive({})).toBe(1)
  await until('it has run again', () => seen.named('process mail.send').length === 3)
  const [delayed, dead] = traces('send mail.send')
  expect(traces('process mail.send')).toEqual([delayed, dead, dead])
  await board.publish(posted, { n: 1 }, { key: 'k' })
  await until('the event has been heard', () => seen.named('process notice.posted').length === 1)
  expect(traces('process notice.posted')).toEqual(traces('send notice.posted'))
})

test('a batch is one span, linked to all who sent what is in it, and a child of none', async () => {
  const seen = kept()
  await using board = await openBoard()
  of(board, seen)
  await board
    .service('mailer')
    .perform(send, (items) => items.map(({ input }) => (input.to === 'bad' ? new Reject('bad') : undefined)), {
      batch: { size: 3, within: '10s' },
    })
    .start()
  await board.enqueueMany(send, [{ to: 'ann' }, { to: 'bob' }])
  await board.enqueue(send, { to: 'bad' })
  const [batch] =
    (await until('the batch has ended', () =>
      seen.named('process mail.send').length === 1 ? seen.named('process mail.send') : undefined,
    )) ?? []
  const [many, one] = seen.named('send mail.send')
  if (!batch || !many || !one) throw new Error('a span is missing')
  expect(batch.links.map(({ context: { spanId } }) => spanId).sort()).toEqual([idOf(many), idOf(many), idOf(one)].sort())
  expect(parentOf(batch)).toBeUndefined()
  expect(batch.attributes['messaging.batch.message_count']).toBe(3)
  expect(many.attributes['messaging.batch.message_count']).toBe(2)
  expect(batch.status.code).toBe(SpanStatusCode.ERROR)
})

test('a sender that stands within a span is its child; what cannot be sent is an error', async () => {
  const seen = kept()
  await using board = await openBoard()
  of(board, seen)
  const outer = seen.sdk.tracerProvider.getTracer('test').startSpan('checkout')
  const huge = { to: 'x'.repeat(8 * 1024 * 1024) }
  await context.with(trace.setSpan(ROOT_CONTEXT, outer), async () => {
    await board.enqueue(send, { to: 'ann' })
    expect(await thrownBy(board.enqueue(send, huge))).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' })
  })
  const [sent, refused] = seen.named('send mail.send')
  expect([sent, refused].map((span) => span && parentOf(span))).toEqual([idOf(outer as never), idOf(outer as never)])
  expect(refused).toMatchObject({ status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'PAYLOAD_TOO_LARGE' } })
})

test('without an SDK nothing travels, and what was recorded is no more after close', async () => {
  await using board = await openBoard()
  using recording = otel(board)
  const seen = kept()
  const heard = latch<object>()
  await board
    .service('reader')
    .subscribe(posted, (_, { headers }) => heard.open(headers))
    .start()
  await board.publish(posted, { n: 1 })
  expect(await until('it is heard', heard.promise)).toEqual({})
  recording.close()
  of(board, seen).close()
  await board.publish(posted, { n: 2 })
  expect(seen.spans()).toEqual([])
})
