/** One real nats-server for the whole run. Tests find it by `inject('natsUrl')`, and keep apart by a namespace each. */

import type { TestProject } from 'vitest/node'
import { type Server, startServer } from '../../src/extras/server/index.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the server of this run listens. */
    natsUrl: string
  }
}

// Two projects name this setup; the first to come starts the server, the last to go stops it.
let server: Promise<Server> | undefined
let users = 0

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  users++
  server ??= startServer({ config: 'nats-server.conf', port: 0, store: 'memory' })
  const { url, stop } = await server
  project.provide('natsUrl', url)
  return async () => {
    users--
    if (users === 0) await stop()
  }
}
