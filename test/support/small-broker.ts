/** A broker with little room, that can be filled and emptied. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer } from 'callboard/server'
import { broker } from './board.ts'
import { until } from './until.ts'

/** A broker of 16 MB. */
export interface SmallBroker extends AsyncDisposable {
  readonly url: string
  /** Takes all the room there is. */
  fill(): Promise<void>
  /** Gives it back. */
  empty(): Promise<void>
}

/** Starts one. */
export async function smallBroker(): Promise<SmallBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'callboard-test-'))
  const config = join(folder, 'nats-server.conf')
  await writeFile(config, 'listen: 127.0.0.1:-1\njetstream { max_file_store: 16MB, max_memory_store: 1MB }')
  const server = await startServer({ config, port: 0, store: 'memory' })
  const raw = await broker(server.url)
  const store = async (bytes: number) => !(await raw.nc.request('filling', new Uint8Array(bytes))).string().includes('"error"')
  return {
    url: server.url,
    async fill() {
      await raw.manager.streams.add({ name: 'FILLING', subjects: ['filling'] })
      // What is left between two large ones is room for small ones.
      for (const bytes of [500_000, 10_000, 100]) await until('there is no room', async () => !(await store(bytes)))
    },
    empty: async () => void (await raw.manager.streams.delete('FILLING')),
    async [Symbol.asyncDispose]() {
      await raw[Symbol.asyncDispose]()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
