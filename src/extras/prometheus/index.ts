/** `callboard/prometheus`: metrics of a board for prom-client. */

export { type Metrics, type MetricsOptions, metrics } from './metrics.ts'
export { type Metric, table } from './table.ts'
