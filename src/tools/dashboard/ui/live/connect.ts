/** The page's ear: through the worker that all tabs share, or, where a browser has none, by itself while it is seen. */

import type { Message } from '../../messages.ts'
import { open } from './source.ts'

/** Begins to hear. */
export function connect(tell: (message: Message) => void): void {
  const url = new URL('api/stream', document.baseURI).href
  if (typeof SharedWorker === 'undefined') {
    alone(url, tell)
    return
  }
  const worker = new SharedWorker(new URL('./shared-worker.ts', import.meta.url), { type: 'module', name: `callboard ${url}` })
  worker.port.onmessage = ({ data }: MessageEvent<Message>) => tell(data)
  worker.port.postMessage({ hear: url })
  addEventListener('pagehide', () => worker.port.postMessage('bye'))
  addEventListener('pageshow', (event) => event.persisted && worker.port.postMessage({ hear: url }))
}

function alone(url: string, tell: (message: Message) => void): void {
  let close: (() => void) | undefined
  const look = (): void => {
    if (document.hidden) {
      close?.()
      close = undefined
    } else close ??= open(url, tell)
  }
  document.addEventListener('visibilitychange', look)
  look()
}
