/** What a server says of itself when one connects, before anything is asked or any credentials are given. */

import { connect } from 'node:net'

/** The part of the server's greeting that the launcher looks at. */
export interface Info {
  readonly name: string
  readonly version: string
  readonly jetstream: boolean
}

/**
 * Connects, reads the greeting, disconnects.
 *
 * throws  what the socket throws (ECONNREFUSED), or an Error if the peer greets otherwise than a nats-server does
 */
export function readInfo(host: string, port: number, signal: AbortSignal): Promise<Info> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal })
    let text = ''
    const end = (settle: () => void): void => {
      socket.destroy()
      settle()
    }
    socket.setEncoding('utf8')
    socket.on('error', (error) => end(() => reject(error)))
    socket.on('close', () => reject(new Error(`${host}:${port} closed the connection without a greeting`)))
    socket.on('data', (chunk: string) => {
      text += chunk
      const line = text.indexOf('\r\n')
      if (line < 0 && text.length < 65_536) return
      const info = parseInfo(text.slice(0, line))
      end(() => (info ? resolve(info) : reject(new Error(`what listens on ${host}:${port} is not a nats-server`))))
    })
  })
}

/** The greeting `INFO {…}`, or undefined if it is none. */
export function parseInfo(line: string): Info | undefined {
  if (!line.startsWith('INFO ')) return undefined
  try {
    const info: unknown = JSON.parse(line.slice(5))
    if (typeof info !== 'object' || info === null) return undefined
    const name = 'server_name' in info ? info.server_name : undefined
    const version = 'version' in info ? info.version : undefined
    if (typeof name !== 'string' || typeof version !== 'string') return undefined
    return { name, version, jetstream: 'jetstream' in info && info.jetstream === true }
  } catch {
    return undefined
  }
}
