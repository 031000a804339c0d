/** A window on what is played: the dashboard, at one address from the first act to the last. */

import { callboard } from 'callboard'
import { type DashboardOptions, serve } from 'callboard/dashboard'
import type { Terminal } from './terminal.ts'

/** An open window. */
export interface Window extends AsyncDisposable {
  readonly url: string
}

/**
 * Opens the dashboard over a namespace. The demos go on without it where its port is taken or its pages cannot be built.
 *
 * contracts   what may be tried in it, and what it checks by
 */
export async function watch(
  servers: string,
  namespace: string,
  contracts: NonNullable<DashboardOptions['contracts']>,
  { line, paint }: Terminal,
): Promise<Window | undefined> {
  const board = await callboard({ servers, namespace, name: 'dashboard', log: false })
  try {
    const served = await serve(board, { contracts })
    return {
      url: served.url,
      async [Symbol.asyncDispose]() {
        await served.close()
        await board.close()
      },
    }
  } catch (error) {
    line(`  ${paint('dim', `no dashboard: ${(error as Error).message}`)}`)
    await board.close()
    return undefined
  }
}
