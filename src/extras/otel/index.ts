/** `callboard/otel`: traces and metrics through the API of OpenTelemetry. Without its SDK nothing is recorded and nothing travels. */

export { type Otel, type OtelOptions, otel } from './otel.ts'
