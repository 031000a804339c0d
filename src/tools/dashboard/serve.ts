/** The dashboard on a port of this machine. */

import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { fault } from '../../base/errors.ts'
import { readOptions, text, whole } from '../../base/options.ts'
import type { Board } from '../../index.ts'
import { type DashboardOptions, dashboardReaders, open } from './dashboard.ts'
import { loopback } from './guard.ts'

/** Where a dashboard is served, beside how it is. */
export interface ServeOptions extends DashboardOptions {
  /** Its port. Default: 4600, or the next one that is free. Edge: 0 is any free one; one that is named is the only one tried. */
  readonly port?: number
  /** The address it listens on. Default `127.0.0.1`. Edge: one that others can reach wants `hosts`, and with it a login. */
  readonly host?: string
}

/** A dashboard that is served. */
export interface Served extends AsyncDisposable {
  /** Where to look. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

const usual = 4600
const tries = 20

/**
 * Serves the dashboard of a board, to this machine alone unless told otherwise.
 *
 * throws  INVALID_OPTION for an address that others can reach without a login; PORT_TAKEN
 */
export async function serve(board: Board, options?: ServeOptions): Promise<Served> {
  const { port, host = '127.0.0.1', ...rest } = readOptions('serve()', options, { ...dashboardReaders, port: whole(0, 65_535), host: text })
  const hosted = !loopback(host) && (rest.hosts ?? []).length > 0 && (rest.tokens !== undefined || rest.authorize !== undefined)
  if (!loopback(host) && !hosted)
    throw fault('INVALID_OPTION', `The dashboard would be served on ${host}, where others can reach it, without hosts and a login.`, {
      fix: 'Give it hosts (the names it is asked for under) and tokens or authorize, or serve it on 127.0.0.1.',
    })
  const shown = open(board, rest)
  const server = createAdaptorServer({ fetch: shown.fetch, overrideGlobalObjects: false })
  const listen = (on: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(on, host, () => {
        server.off('error', reject)
        resolve()
      })
    })
  let last: unknown
  const candidates = port === undefined ? Array.from({ length: tries }, (_, index) => usual + index) : [port]
  let listening = false
  for (const candidate of candidates) {
    try {
      await listen(candidate)
      listening = true
      break
    } catch (error) {
      last = error
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') break
    }
  }
  if (!listening) {
    await shown.close()
    const range = candidates.length > 1 ? `ports ${usual} to ${usual + tries - 1}` : `port ${port}`
    throw fault('PORT_TAKEN', `The dashboard cannot listen on ${range} of ${host}.`, { why: `${(last as Error).message}.`, cause: last })
  }
  const { port: on } = server.address() as AddressInfo
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      await shown.close()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
    })()
    return closing
  }
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${on}${rest.path ?? ''}/`,
    port: on,
    close,
    [Symbol.asyncDispose]: close,
  }
}
