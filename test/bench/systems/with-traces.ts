/** callboard with every message traced: beside callboard as it comes, it shows what spans cost that an SDK makes, batches and drops. */

import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import { otel } from '../../../src/extras/otel/index.ts'
import { opened } from './callboard.ts'
import type { Client, Place } from './system.ts'

/** What a collector would get is dropped: its network is not what is measured. */
const nowhere: SpanExporter = { export: (_, done) => done({ code: 0 }), shutdown: async () => {} }

/** Opens a board whose every message is traced. */
export function open(place: Place): Promise<Client> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(nowhere)] })
  return opened(place, {}, undefined, (board) => void otel(board, { tracerProvider, propagator: new W3CTraceContextPropagator() }))
}
