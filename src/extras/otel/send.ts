/** Sending as a span, whose context travels with what is sent. */

import { type Attributes, context, defaultTextMapSetter, type Span, SpanKind, trace } from '@opentelemetry/api'
import type { Around, Receipt, Sending, UserHeaders } from '../../index.ts'
import type { Instruments, Means } from './instruments.ts'
import { errorType, failed, system, valid, word } from './words.ts'

/** Records every call that sends. */
export function sending({ tracer, propagator, on }: Means, kept: Instruments): NonNullable<Around['send']> {
  return (what, go) => (on() ? record(what, go) : go())

  async function record(what: Sending, go: (headers?: UserHeaders) => Promise<readonly Receipt[]>): Promise<readonly Receipt[]> {
    const labels = { ...system, [word.operation]: 'send', [word.type]: 'send', [word.destination]: what.name }
    const span = tracer.startSpan(`send ${what.name}`, { kind: SpanKind.PRODUCER, attributes: { ...labels, ...details(what) } })
    const begun = performance.now()
    try {
      const receipts = await go(carried(span))
      told(span, receipts)
      measured(labels)
      return receipts
    } catch (error) {
      failed(span, error)
      measured({ ...labels, [word.error]: errorType(error) })
      throw error
    } finally {
      span.end()
    }

    function measured(attributes: Attributes): void {
      kept.sending.record((performance.now() - begun) / 1000, attributes)
      kept.sent.add(what.count, attributes)
    }
  }

  /** Headers that say within which span it is sent. */
  function carried(span: Span): Record<string, string> {
    const headers: Record<string, string> = {}
    if (valid(span.spanContext())) propagator.inject(trace.setSpan(context.active(), span), headers, defaultTextMapSetter)
    return headers
  }
}

function details({ style, queue, count, service }: Sending): Attributes {
  return {
    [word.style]: style,
    ...(queue !== undefined && { [word.queue]: queue }),
    ...(count > 1 && { [word.count]: count }),
    ...(service !== undefined && { [word.group]: service }),
  }
}

function told(span: Span, receipts: readonly Receipt[]): void {
  const [only] = receipts
  if (receipts.length !== 1 || only === undefined) return
  span.setAttribute(word.id, only.id)
  if (only.duplicate) span.setAttribute(word.duplicate, true)
}
