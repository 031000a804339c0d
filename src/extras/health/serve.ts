/** Health on a port of this machine. */

import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { fault } from '../../base/errors.ts'
import { readOptions, text, whole } from '../../base/options.ts'
import type { Board } from '../../index.ts'
import { type Health, type HealthOptions, healthReaders, open } from './health.ts'

/** Where it is served, beside how it is answered. */
export interface ServeHealthOptions extends HealthOptions {
  /** Its port. Default: any free one. */
  readonly port?: number
  /** The address it listens on. Default `127.0.0.1`. Edge: whoever reaches it may ask; nothing but names, numbers and reasons is told. */
  readonly host?: string
}

/** Health that is served. */
export interface ServedHealth extends Pick<Health, 'readiness'>, AsyncDisposable {
  /** As `http://127.0.0.1:4601`. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/**
 * Serves the health of a board, to this machine alone unless told otherwise.
 *
 * throws  INVALID_OPTION, UNKNOWN_OPTION; PORT_TAKEN
 */
export async function serve(board: Board, options?: ServeHealthOptions): Promise<ServedHealth> {
  const {
    port = 0,
    host = '127.0.0.1',
    ...rest
  } = readOptions('serve()', options, { ...healthReaders, port: whole(0, 65_535), host: text })
  const answering = open(board, rest)
  const server = createAdaptorServer({ fetch: answering.fetch, overrideGlobalObjects: false })
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  } catch (cause) {
    answering.close()
    throw fault('PORT_TAKEN', `Health cannot be served on port ${port} of ${host}.`, { why: `${(cause as Error).message}.`, cause })
  }
  const { port: on } = server.address() as AddressInfo
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    answering.close()
    closing ??= new Promise((resolve) => {
      server.close(() => resolve())
      if ('closeAllConnections' in server) server.closeAllConnections()
    })
    return closing
  }
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${on}`,
    port: on,
    readiness: answering.readiness,
    close,
    [Symbol.asyncDispose]: close,
  }
}
