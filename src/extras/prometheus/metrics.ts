/** The metrics of a board, registered with prom-client. */

import { createRequire } from 'node:module'
import { Counter, Gauge, Histogram, type Registry, register } from 'prom-client'
import { fault } from '../../base/errors.ts'
import { anything, flag, readOptions, wrong } from '../../base/options.ts'
import type { Board } from '../../index.ts'
import { listen } from './listen.ts'
import { looking } from './look.ts'
import { type Instruments, type Metric, type MetricName, table } from './table.ts'

/** Where the metrics of a board go. */
export interface MetricsOptions {
  /** The registry of prom-client they are registered with. Default: its own, which other libraries use too. */
  readonly registry?: Registry
  /** What their names begin with. Default `callboard_`. Edge: letters, digits and `_`; another one for each board of a registry. */
  readonly prefix?: string
  /** Whether the broker is asked for queues, subscriptions and workers at each scrape. Default true. Edge: all processes get the same answers; one that asks is enough. */
  readonly inspect?: boolean
}

/** Metrics that are kept. */
export interface Metrics extends Disposable {
  readonly registry: Registry
  /** What `text` is, for the header `content-type`. */
  readonly contentType: string
  /** Everything in the registry, as Prometheus reads it. */
  text(): Promise<string>
  /** Counts nothing from now on, and takes the metrics out of the registry. */
  close(): void
}

/** From 5 ms to 10 min: as long as handlers run and tasks wait. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]

const { version } = createRequire(import.meta.url)('callboard/package.json') as { version: string }

/**
 * Keeps the metrics of a board from now on.
 *
 * throws  INVALID_OPTION, UNKNOWN_OPTION; INVALID_OPTION also where the registry has metrics of these names
 */
export function metrics(board: Board, options?: MetricsOptions): Metrics {
  const {
    registry = register,
    prefix = 'callboard_',
    inspect = true,
  } = readOptions('metrics()', options, {
    registry: anything<Registry>(),
    prefix: (value: unknown) =>
      typeof value === 'string' && /^[a-z_]\w*$/i.test(value) ? value : wrong('it must be letters, digits and _'),
    inspect: flag,
  })
  const names = (Object.keys(table) as MetricName[]).filter((name) => inspect || table[name].from === 'told')
  const [taken] = names.filter((name) => registry.getSingleMetric(prefix + name))
  if (taken !== undefined)
    throw fault('INVALID_OPTION', `The registry has a metric ${prefix}${taken} already.`, {
      fix: 'Call metrics() once for a board, or give each board a registry or a prefix of its own.',
    })
  const made = Object.fromEntries(names.map((name) => [name, instrument(prefix + name, table[name], registry)])) as unknown as Instruments
  made.build_info.set({ version, node: process.versions.node }, 1)
  const deafen = listen(board, made)
  if (inspect) looking(board, made)
  const close = (): void => {
    for (const each of deafen) each()
    for (const name of names) registry.removeSingleMetric(prefix + name)
  }
  return {
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    close,
    [Symbol.dispose]: close,
  }
}

function instrument(name: string, { kind, help, labels }: Metric, registry: Registry): Counter | Gauge | Histogram {
  const settings = { name, help, labelNames: labels, registers: [registry] }
  if (kind === 'counter') return new Counter(settings)
  return kind === 'gauge' ? new Gauge(settings) : new Histogram({ ...settings, buckets })
}
