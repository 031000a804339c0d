/** A broker that knows its users and what each may do. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Board, type BoardOptions, callboard } from 'callboard'
import type { Permissions } from 'callboard/permissions'
import { startServer } from 'callboard/server'

/** A broker with users. */
export interface UsersBroker<Name extends string> extends AsyncDisposable {
  readonly url: string
  /** How one of them logs in, as options of a board. */
  login(name: Name): Promise<Pick<BoardOptions, 'user' | 'password' | 'credentials'>>
  /** Opens a board as one of them. */
  as(name: Name): Promise<Board>
}

/** Starts one. Everybody's password is `password of <name>`. */
export async function usersBroker<Name extends string>(users: Readonly<Record<Name, Permissions>>): Promise<UsersBroker<Name>> {
  const folder = await mkdtemp(join(tmpdir(), 'callboard-test-'))
  const config = join(folder, 'nats-server.conf')
  const blocks = Object.entries<Permissions>(users).map(
    ([name, may]) => `{ user: ${name}, password: "password of ${name}", ${may.config()} }`,
  )
  await writeFile(config, `listen: 127.0.0.1:-1\njetstream {}\nauthorization { users: [\n${blocks.join('\n')}\n] }\n`)
  const server = await startServer({ config, port: 0, store: 'memory' })
  return {
    url: server.url,
    login: async (name) => ({ user: name, password: `password of ${name}` }),
    as: (name) =>
      callboard({ servers: server.url, user: name, password: `password of ${name}`, inboxPrefix: users[name].inboxPrefix, log: false }),
    async [Symbol.asyncDispose]() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
