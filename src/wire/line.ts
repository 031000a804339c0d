/**
 * A connection to a broker in this process: what would be bytes on a socket are bytes handed over, and everything else of callboard
 * and of its client runs as it does over a network.
 *
 * source: the transport seam of the NATS client, by which it speaks TCP and WebSocket
 */

import { type ConnectionOptions, connect, type NatsConnection, NatsConnectionImpl, setTransportFactory, type Transport } from 'nats'

/** One end of a line. */
export interface Line {
  /** Hands bytes to the broker; they are not changed afterwards. */
  send(bytes: Uint8Array): void
  /** Hangs up. */
  close(): void
}

/** Opens a line. `hear` gets what the broker says, in order; `ended` is called when the broker hangs up. Throws where nobody answers. */
export type Dial = (hear: (bytes: Uint8Array) => void, ended: (error?: Error) => void) => Line

/** Reserved for what does not exist (RFC 2606): should the network be asked for it, it knows nobody of that name. */
const host = 'callboard.invalid'
/** Nobody in this process dies unheard, so nobody is asked whether he lives. */
const day = 86_400_000

/** First dials under way, between which the client's factory must stay as it is. */
let dialling = 0

/** Connects over a line. Rejects as a connection over the network does. */
export async function connectOver(dial: Dial, options: ConnectionOptions): Promise<NatsConnection> {
  dialling++
  toLines()
  // The client hands its transports the options it was given, and so the line of this connection and no other.
  const own = { ...options, servers: [`${host}:1`], pingInterval: day, resolve: false, dial }
  const nc = await NatsConnectionImpl.connect(own).finally(() => {
    dialling--
    toNetwork()
  })
  // It has one factory for all its connections: this one brings its own whenever it dials again, and leaves the network's.
  const { protocol } = nc as unknown as { readonly protocol: { prepare(): unknown } }
  const prepare = protocol.prepare.bind(protocol)
  protocol.prepare = () => {
    toLines()
    const prepared = prepare()
    toNetwork()
    return prepared
  }
  return nc
}

const toLines = (): void => setTransportFactory({ factory: () => new LineTransport() })

/** Only `connect` knows how the network is dialled; it remembers that before it refuses what contradicts itself. */
function toNetwork(): void {
  if (dialling === 0) connect({ servers: [host], port: 1 }).catch(() => undefined)
}

class LineTransport implements Transport {
  readonly lang = 'callboard'
  readonly version = '1'
  closeError?: Error
  isClosed = false
  #line: Line | undefined
  #chunks: Uint8Array[] = []
  #wake: () => void = () => undefined
  #close: () => void = () => undefined
  readonly #closed = new Promise<void>((resolve) => {
    this.#close = resolve
  })

  async connect(server: { hostname: string }, { dial }: ConnectionOptions & { readonly dial?: Dial }): Promise<void> {
    if (dial === undefined) throw new Error(`a line was dialled for ${server.hostname}, which is on the network`)
    this.#line = dial(
      (bytes) => {
        this.#chunks.push(bytes)
        this.#wake()
      },
      (error) => this.#end(error),
    )
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    while (!this.isClosed) {
      const chunks = this.#chunks
      this.#chunks = []
      yield* chunks
      if (this.#chunks.length === 0 && !this.isClosed)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }

  isEncrypted = () => false

  send(bytes: Uint8Array): void {
    if (!this.isClosed) this.#line?.send(bytes)
  }

  disconnect = () => this.#end()
  discard = () => this.#end()
  closed = () => this.#closed

  close(error?: Error): Promise<void> {
    this.#end(error)
    return this.#closed
  }

  #end(error?: Error): void {
    if (this.isClosed) return
    this.isClosed = true
    if (error !== undefined) this.closeError = error
    this.#line?.close()
    this.#wake()
    this.#close()
  }
}
