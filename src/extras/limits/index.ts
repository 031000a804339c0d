/** `callboard/limits`: leave to run, across all workers. */

export { gate } from './gate.ts'
export { type LimitChange, type LimitState, type Limits, limits } from './limits.ts'
export { concurrency, type KeyLimits, type KeyOf, type LimitOptions, perKey, type RateOptions, rate } from './plan.ts'
export type { RateSetting, Setting } from './setting.ts'
export type { RateLimit } from './words.ts'
