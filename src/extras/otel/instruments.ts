/** What is measured, by the names of the semantic conventions. */

import type { Counter, Histogram, Meter, TextMapPropagator, Tracer } from '@opentelemetry/api'

/** What sending and running need. */
export interface Means {
  readonly tracer: Tracer
  readonly meter: Meter
  /** Whether anybody would keep what is recorded: an SDK may be registered at any time. */
  on(): boolean
  readonly propagator: Pick<TextMapPropagator, 'inject' | 'extract'>
}

/** The instruments. */
export interface Instruments {
  /** Seconds a call took that sends. */
  readonly sending: Histogram
  readonly sent: Counter
  readonly consumed: Counter
  /** Seconds a handler ran. */
  readonly processing: Histogram
}

/** Bounds as the conventions advise, in seconds. */
const advice = { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] }

/** Makes them. */
export function instruments(meter: Meter): Instruments {
  return {
    sending: meter.createHistogram('messaging.client.operation.duration', {
      unit: 's',
      description: 'How long a call took that sends.',
      advice,
    }),
    sent: meter.createCounter('messaging.client.sent.messages', { unit: '{message}', description: 'Messages that were to be sent.' }),
    consumed: meter.createCounter('messaging.client.consumed.messages', {
      unit: '{message}',
      description: 'Messages that handlers were called for.',
    }),
    processing: meter.createHistogram('messaging.process.duration', { unit: 's', description: 'How long a handler ran.', advice }),
  }
}
