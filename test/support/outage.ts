/** A broker of one's own that can be killed, frozen and brought back, with the same streams on the same port. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer } from 'callboard/server'

/** A broker whose life is in the hands of a test. */
export interface OwnBroker extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Ends it as a crash does; resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again. */
  start(): Promise<void>
  freeze(): void
  thaw(): void
}

/** Starts a broker of one's own. */
export async function ownBroker(): Promise<OwnBroker> {
  const store = await mkdtemp(join(tmpdir(), 'callboard-test-'))
  let server = await startServer({ config: 'nats-server.conf', port: 0, store })
  const { port, url } = server
  return {
    url,
    port,
    async kill() {
      server.kill('SIGKILL')
      await server.exited
    },
    async start() {
      server = await startServer({ config: 'nats-server.conf', port, store })
    },
    freeze: () => server.kill('SIGSTOP'),
    thaw: () => server.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      server.kill('SIGCONT')
      await server.stop()
      await rm(store, { recursive: true, force: true })
    },
  }
}
