/** A window on one act: the dashboard over what it plays, and when it may be closed. */

import { callboard } from 'callboard'
import { serve } from 'callboard/dashboard'
import type { Terminal } from './terminal.ts'

/** An open window. */
export interface Window extends AsyncDisposable {
  readonly url: string
}

/** Opens the dashboard over a namespace. The demo goes on without it where its port is taken or its pages cannot be built. */
export async function watch(servers: string, namespace: string, { line, paint }: Terminal): Promise<Window | undefined> {
  const board = await callboard({ servers, namespace, name: 'dashboard', log: false, ledger: 'off' })
  try {
    const served = await serve(board)
    line(`  Dashboard    ${paint('bold', served.url)}   ${paint('dim', 'what happens here, in a browser')}`)
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

/** Keeps a window open at the end, as long as somebody looks. Resolves when the performance is called off. */
export async function lookOn(window: Window, { line, paint }: Terminal, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return
  line()
  line(`  ${paint('bold', 'All has been played.')} Look around at ${window.url}; ${paint('dim', 'Ctrl-C ends with the score')}`)
  await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }))
}
