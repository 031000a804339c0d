/**
 * Holds the one stream of all tabs. A browser opens six connections to a host at most (HTTP/1.1), and each stream holds one: with
 * a stream in every tab the seventh tab, and every action in the first six, would wait for ever.
 */

import type { Message } from '../../messages.ts'
import { open } from './source.ts'

const ports = new Set<MessagePort>()
const last = new Map<Message['type'], Message>()
let opened = false

addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0]
  if (!port) return
  port.onmessage = ({ data }: MessageEvent<{ readonly hear: string } | 'bye'>) => {
    if (data === 'bye') {
      ports.delete(port)
      return
    }
    ports.add(port)
    for (const message of last.values()) port.postMessage(message)
    if (opened) return
    opened = true
    open(data.hear, (message) => {
      // Who comes later hears how things are, but not what has passed.
      if (message.type !== 'flow') last.set(message.type, message)
      for (const each of ports) each.postMessage(message)
    })
  }
})
