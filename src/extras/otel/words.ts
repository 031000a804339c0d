/**
 * The words of OpenTelemetry for messaging, as its semantic conventions have them in version 1.45; they are written here, because the
 * package that has them calls them experimental.
 */

import type { Attributes, Span, SpanContext } from '@opentelemetry/api'
import { isSpanContextValid, SpanStatusCode } from '@opentelemetry/api'

/** Names of attributes. Those that begin with `callboard` are ours. */
export const word = {
  operation: 'messaging.operation.name',
  type: 'messaging.operation.type',
  destination: 'messaging.destination.name',
  template: 'messaging.destination.template',
  group: 'messaging.consumer.group.name',
  subscription: 'messaging.destination.subscription.name',
  id: 'messaging.message.id',
  count: 'messaging.batch.message_count',
  error: 'error.type',
  style: 'callboard.style',
  queue: 'callboard.queue',
  attempt: 'callboard.attempt',
  outcome: 'callboard.outcome',
  duplicate: 'callboard.duplicate',
} as const

/** Both names of the system: many tools still look for the older one. */
export const system: Attributes = { 'messaging.system.name': 'nats', 'messaging.system': 'nats' }

/** What kind of error it is, in a word of which there are few. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : error.name
}

/** Marks a span as failed. */
export function failed(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  span.recordException(error instanceof Error ? error : message)
  span.setStatus({ code: SpanStatusCode.ERROR, message })
  span.setAttribute(word.error, errorType(error))
}

/** A context that can be pointed at. */
export const valid = (found: SpanContext | undefined): found is SpanContext => found !== undefined && isSpanContextValid(found)
