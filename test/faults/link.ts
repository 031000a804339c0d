/** The wire between one process and the brokers, in the hands of the fault machine: it can lose what one side says, and be cut. */

import { connect, createServer, type Socket } from 'node:net'

/** Which side is not heard: `deaf`: the process does not hear the broker; `mute`: the broker does not hear the process. */
export type Loss = 'deaf' | 'mute' | 'both'

/** A wire to a port of this machine. */
export interface Wire {
  readonly port: number
  /** From now on these bytes are lost. */
  lose(loss: Loss): void
  /** Nothing is lost any more; connections that have lost something are ended. */
  heal(): void
  /** Ends all connections. */
  cut(): void
  close(): Promise<void>
}

/** Lays a wire to a port, which may change its owner meanwhile. */
export async function wire(to: () => number): Promise<Wire> {
  const sockets = new Set<Socket>()
  let loss: Loss | undefined
  const pass = (from: Socket, into: Socket, losing: Loss) => {
    sockets.add(from)
    from.on('error', () => undefined)
    from.on('close', () => {
      sockets.delete(from)
      into.destroy()
    })
    from.on('data', (data) => {
      if (loss === losing || loss === 'both') return
      if (!into.write(data)) {
        from.pause()
        into.once('drain', () => from.resume())
      }
    })
  }
  const server = createServer({ noDelay: true }, (client) => {
    const broker = connect({ port: to(), host: '127.0.0.1', noDelay: true })
    pass(client, broker, 'mute')
    pass(broker, client, 'deaf')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as { port: number }).port,
    lose: (what) => {
      loss = what
    },
    heal: () => {
      if (loss === undefined) return
      loss = undefined
      cut()
    },
    cut,
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
