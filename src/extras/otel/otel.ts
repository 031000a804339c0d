/**
 * One trace from what was said to every effect: sending is a span, its context travels as headers of the message, and each run of a
 * handler is a span below it, within which the handler runs; so what the handler sends is below that again.
 */

import {
  createNoopMeter,
  metrics as globalMetrics,
  propagation as globalPropagation,
  trace as globalTrace,
  type MeterProvider,
  ProxyTracerProvider,
  type TextMapPropagator,
  type TracerProvider,
} from '@opentelemetry/api'
import { anything, readOptions } from '../../base/options.ts'
import type { Board } from '../../index.ts'
import { instruments, type Means } from './instruments.ts'
import { running } from './run.ts'
import { sending } from './send.ts'

/** Whose traces and metrics they are. */
export interface OtelOptions {
  /** Who makes spans. Default: the one that the SDK of this process has registered; without one there are none. */
  readonly tracerProvider?: TracerProvider
  /** Who keeps metrics. Default: the one that the SDK of this process has registered; without one there are none. */
  readonly meterProvider?: MeterProvider
  /** How a context travels in headers. Default: the one that the SDK has registered, which is W3C trace context and baggage unless told otherwise. */
  readonly propagator?: Pick<TextMapPropagator, 'inject' | 'extract'>
}

/** What records a board. */
export interface Otel extends Disposable {
  /** Records nothing from now on; what is open is ended. */
  close(): void
}

const scope = 'callboard'
const nobody = new ProxyTracerProvider().getDelegate()

/** Whether an SDK has registered who makes spans. */
function registered(): boolean {
  const provider = globalTrace.getTracerProvider()
  return (provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider) !== nobody
}

/** Records what a board sends and runs, from now on. Throws UNKNOWN_OPTION. */
export function otel(board: Board, options?: OtelOptions): Otel {
  const { tracerProvider, meterProvider, propagator } = readOptions('otel()', options, {
    tracerProvider: anything<TracerProvider>(),
    meterProvider: anything<MeterProvider>(),
    propagator: anything<Means['propagator']>(),
  })
  const meter = (meterProvider ?? globalMetrics).getMeter(scope)
  const measured = meter !== createNoopMeter()
  const means: Means = {
    tracer: (tracerProvider ?? globalTrace).getTracer(scope),
    meter,
    on: () => measured || tracerProvider !== undefined || registered(),
    propagator: propagator ?? {
      inject: globalPropagation.inject.bind(globalPropagation),
      extract: globalPropagation.extract.bind(globalPropagation),
    },
  }
  const kept = instruments(means.meter)
  const runs = running(means, kept)
  const leave = [board.use({ send: sending(means, kept), run: runs.run }), board.on('finished', runs.finished)]
  const close = (): void => {
    for (const each of leave) each()
    runs.close()
  }
  return { close, [Symbol.dispose]: close }
}
