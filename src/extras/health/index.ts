/** `callboard/health`: whether a process lives and is ready, for whoever asks over HTTP. */

export { type Health, type HealthOptions, health, type Readiness } from './health.ts'
export { type ServedHealth, type ServeHealthOptions, serve } from './serve.ts'
