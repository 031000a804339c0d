/** A run of a handler as a span, within which the handler runs. */

import {
  type Attributes,
  type Context,
  context,
  defaultTextMapGetter,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  trace,
} from '@opentelemetry/api'
import { type Around, type EventMap, type Handling, outcomeOf, type Received } from '../../index.ts'
import type { Instruments, Means } from './instruments.ts'
import { errorType, failed, system, valid, word } from './words.ts'

/** A span, and how many of its messages have not ended. */
interface Open {
  readonly span: Span
  left: number
}

/** Records runs: their spans begin when the handler is called, and end when it is known what became of all that it was called for. */
export function running({ tracer, propagator, on }: Means, kept: Instruments) {
  const open = new Map<string, Open>()

  const run: NonNullable<Around['run']> = (handling, go) => (on() ? record(handling, go) : go())

  function record(handling: Handling, go: () => unknown): unknown {
    const { messages } = handling
    const senders = messages.map(({ headers }) => propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter))
    // What many have sent is nobody's child: it is linked to all of them.
    const [parent = ROOT_CONTEXT] = messages.length === 1 ? senders : []
    const labels = labelsOf(handling)
    const template = labels[word.template] ?? labels[word.destination]
    const span = tracer.startSpan(
      `process ${template}`,
      { kind: SpanKind.CONSUMER, links: senders.flatMap(linkTo), attributes: { ...labels, ...details(handling) } },
      parent,
    )
    kept.consumed.add(messages.length, labels)
    const entry = { span, left: messages.length }
    for (const { id, attempt } of messages) {
      // The same delivery in hand twice: the broker thought it lost.
      const key = keyOf({ ...handling, id, attempt })
      open.get(key)?.span.end()
      open.set(key, entry)
    }
    return context.with(trace.setSpan(parent, span), go)
  }

  function finished(told: EventMap['finished']): void {
    const { error, ms, service, name, style, queue } = told
    const key = keyOf(told)
    const entry = open.get(key)
    if (entry === undefined) return
    open.delete(key)
    const labels = labelsOf({ service, name, style, queue, messages: [] })
    const outcome = outcomeOf(told)
    const bad = outcome === 'retried' || outcome === 'dead'
    kept.processing.record(ms / 1000, bad ? { ...labels, [word.error]: errorType(error) } : labels)
    if (bad) failed(entry.span, error)
    entry.span.setAttribute(word.outcome, outcome)
    if (--entry.left === 0) entry.span.end()
  }

  return {
    run,
    finished,
    close(): void {
      for (const { span } of open.values()) span.end()
      open.clear()
    },
  }
}

const keyOf = ({ service, name, id, attempt }: Pick<EventMap['finished'], 'service' | 'name' | 'id' | 'attempt'>): string =>
  `${service}\n${name}\n${id}\n${attempt}`

function labelsOf({ service, name, messages: [first] }: Pick<Handling, keyof Handling>): Attributes {
  const pattern = /[*>]/.test(name)
  return {
    ...system,
    [word.operation]: 'process',
    [word.type]: 'process',
    [word.group]: service,
    ...(pattern ? { [word.template]: name } : { [word.destination]: first?.topic ?? name }),
  }
}

function details({ style, queue, name, messages }: Handling): Attributes {
  const [first] = messages as readonly [Received]
  return {
    [word.style]: style,
    ...(queue !== undefined && { [word.queue]: queue }),
    ...(style === 'implicit' && { [word.subscription]: name }),
    ...(messages.length === 1
      ? { [word.id]: first.id, [word.attempt]: first.attempt, ...(first.topic !== undefined && { [word.destination]: first.topic }) }
      : { [word.count]: messages.length }),
  }
}

function linkTo(sender: Context): Link[] {
  const found = trace.getSpanContext(sender)
  return valid(found) ? [{ context: found }] : []
}
