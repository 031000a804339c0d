/** A broker of one's own that can be killed, frozen and brought back, with the same streams on the same port. */

import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer } from 'callboard/server'
import { until } from './until.ts'

/** A broker whose life is in the hands of a test. */
export interface OwnBroker extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Ends it as a crash does; resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again. */
  start(): Promise<void>
  /** Stops it where it is; resolves when it stands still. */
  freeze(): Promise<void>
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
    async freeze() {
      server.kill('SIGSTOP')
      await until('the broker stands still', () => /^\d+ \(.*\) T /.test(readFileSync(`/proc/${server.pid}/stat`, 'utf8')))
    },
    thaw: () => server.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      server.kill('SIGCONT')
      await server.stop()
      await rm(store, { recursive: true, force: true })
    },
  }
}
