/** One real nats-server for the whole run. Tests find it by `inject('natsUrl')`, and keep apart by a namespace each. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { type Server, startServer } from '../../src/extras/server/index.ts'
import { canary, canaryUser } from '../support/canary.ts'
import { rolesUser } from '../support/roles.ts'
import { asRoles } from '../support/roles-inbox.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the server of this run listens. */
    natsUrl: string
  }
}

// Two projects name this setup; the first to come starts the server, the last to go stops it.
let server: Promise<Server> | undefined
let users = 0

/** The server as it is shipped, with one more user: the tests log in with a secret, and nobody else has to. */
async function started(): Promise<Server> {
  const shipped = await readFile('nats-server.conf', 'utf8')
  const anybody = '{ user: anybody, password: "" }'
  if (!shipped.includes(anybody)) throw new Error(`nats-server.conf does not say ${anybody}`)
  const folder = await mkdtemp(join(tmpdir(), 'callboard-test-'))
  const config = join(folder, 'nats-server.conf')
  const user = asRoles ? rolesUser(canaryUser, canary) : `{ user: ${canaryUser}, password: "${canary}" }`
  await writeFile(config, shipped.replace(anybody, `${anybody}, ${user}`))
  try {
    return await startServer({ config, port: 0, store: 'memory' })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  users++
  server ??= started()
  const { url, stop } = await server
  project.provide('natsUrl', url)
  return async () => {
    users--
    if (users === 0) await stop()
  }
}
