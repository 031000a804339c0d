/** A wire that a test holds in its hands: between a client and its broker, it can swallow what the broker says, and be cut. */

import { connect, createServer, type Socket } from 'node:net'

/** A wire to a broker. */
export interface Wire extends AsyncDisposable {
  readonly url: string
  /** From now on nothing the broker says arrives. */
  swallow(): void
  /** From now on everything arrives again, on connections made from now on. */
  heal(): void
  /** Ends all connections. */
  cut(): void
  /** Everything the clients have said, as text. */
  said(): string
}

/** Lays a wire to a port of this machine. */
export async function wire(port: number): Promise<Wire> {
  const sockets = new Set<Socket>()
  let swallowing = false
  let said = ''
  const server = createServer((client) => {
    const broker = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => undefined)
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.on('data', (data) => {
        if (from === client) said += data.toString('latin1')
        if (from === client || !swallowing) to.write(data)
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as { port: number }
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `nats://127.0.0.1:${own}`,
    swallow: () => {
      swallowing = true
    },
    heal: () => {
      swallowing = false
    },
    cut,
    said: () => said,
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
