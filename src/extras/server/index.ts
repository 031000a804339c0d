/**
 * `callboard/server`: a nats-server for development, tests and small machines, found or fetched, run, and never left behind.
 *
 *     await using server = await startServer({ port: 0, store: 'memory' })
 *     const board = await callboard({ servers: server.url })
 */

export type { Binary } from './binary.ts'
export type { Source } from './fetch.ts'
export { type FindOptions, type FoundServer, findServer } from './find.ts'
export { packagedConfig, type Server, type ServerExit, type ServerOptions, startServer } from './start.ts'
export {
  compare as compareVersions,
  type Feature,
  type Features,
  features,
  oldest as oldestVersion,
  told as featuresTold,
} from './version.ts'
