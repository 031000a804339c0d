/** One stream of events from the server, read in a worker or in the page. */

import type { Message } from '../../messages.ts'

/** Opens the stream at an address and tells what comes. Gives back how to close it. The browser reconnects by itself. */
export function open(url: string, tell: (message: Message) => void): () => void {
  let source: EventSource | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  const connect = (): void => {
    const opened = new EventSource(url)
    source = opened
    for (const type of ['hello', 'tick', 'flow'] as const)
      opened.addEventListener(type, (event) => tell({ type, data: JSON.parse((event as MessageEvent<string>).data) } as Message))
    opened.onopen = () => tell({ type: 'link', data: 'open' })
    opened.onerror = () => {
      tell({ type: 'link', data: 'broken' })
      // After some answers, as 502 of a proxy, the browser gives up for good; we do not.
      if (opened.readyState !== EventSource.CLOSED) return
      retry = setTimeout(connect, 1_000)
    }
  }
  connect()
  return () => {
    clearTimeout(retry)
    source?.close()
  }
}
