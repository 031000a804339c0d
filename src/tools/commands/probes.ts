/** `--admin-port`: whether this program lives and is ready, and its metrics, for whoever asks over HTTP. */

import type { HealthOptions } from '../../extras/health/index.ts'
import type { Board } from '../../index.ts'
import { type Call, given } from '../cli/call.ts'

/** Answers until it is disposed of; nothing where nobody asked for it. */
export async function probes(call: Call, board: Board): Promise<AsyncDisposable | undefined> {
  const port = call.number('adminPort')
  if (port === undefined) return undefined
  const { serve } = await import('../../extras/health/index.ts')
  const metrics = await metricsOf(board)
  const served = await serve(board, given({ port, host: call.flag('adminHost'), metrics }))
  call.err.line(`asked how it is at ${served.url}/livez, /readyz${metrics ? ', /metrics' : ' (for /metrics: npm install prom-client)'}`)
  return served
}

/** prom-client is there where its user has installed it. */
async function metricsOf(board: Board): Promise<HealthOptions['metrics']> {
  try {
    const { metrics } = await import('../../extras/prometheus/index.ts')
    return metrics(board)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}
