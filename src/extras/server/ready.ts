/** Waits until a server that was started answers, and makes sure that it is ours that does. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { spelled } from '../../base/duration.ts'
import { fault } from '../../base/errors.ts'
import { lastLines, startFailed } from './failure.ts'
import { type Info, readInfo } from './info.ts'
import type { Log } from './log.ts'
import type { Child, Ending } from './spawn.ts'

/** Where a server listens. */
interface Address {
  readonly url: string
  readonly host: string
  readonly port: number
}

/** Where a server listens, and what it says of itself. */
export interface Answer extends Address {
  readonly info: Info
}

/** What is waited for: the name the server must answer with, and how long that may take, in ms. */
export interface Expected {
  readonly name: string
  readonly port: number
  readonly ready: number
  readonly signal: AbortSignal | undefined
}

/** Waits until our very server answers, and gives its address and greeting. Throws what `startServer` throws. */
export async function answered(child: Child, scratch: string, log: Log, expected: Expected): Promise<Answer> {
  const over = new AbortController()
  let ending: Ending | undefined
  void child.ended.then((how) => {
    ending = how
    over.abort()
  })
  const given = expected.signal
  const until = AbortSignal.any([over.signal, AbortSignal.timeout(expected.ready), ...(given ? [given] : [])])
  for (;;) {
    if (ending) throw startFailed(expected.port, ending, log.lines())
    if (given?.aborted)
      throw fault('ABORTED', 'Starting the nats-server was given up.', { cause: given.reason, details: { outcome: 'definite' } })
    if (until.aborted)
      throw fault('SERVER_START_FAILED', `The nats-server did not answer within ${spelled(expected.ready)}.`, lastLines(log.lines()))
    const address = await announced(scratch, child.pid ?? 0)
    const info = address && (await readInfo(address.host, address.port, until).catch(() => undefined))
    if (info && info.name !== expected.name)
      throw fault('SERVER_START_FAILED', `Another server, ${info.name}, answers at ${address.url}.`, lastLines(log.lines()))
    if (info && !info.jetstream) throw fault('JETSTREAM_OFF', `The nats-server at ${address.url} keeps no streams.`)
    if (info) return { ...address, info }
    await sleep(10, undefined, { signal: until }).catch(() => undefined)
  }
}

/** Where the server listens, as it writes into its ports file once it does. Undefined until then. */
async function announced(scratch: string, pid: number): Promise<Address | undefined> {
  try {
    const name = (await readdir(scratch)).find((file) => file.endsWith(`_${pid}.ports`))
    if (name === undefined) return undefined
    const ports: unknown = JSON.parse(await readFile(join(scratch, name), 'utf8'))
    const urls: unknown = typeof ports === 'object' && ports !== null && 'nats' in ports ? ports.nats : undefined
    const url: unknown = Array.isArray(urls) ? urls[0] : undefined
    if (typeof url !== 'string') return undefined
    const { hostname, port } = new URL(url)
    return { url, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
  } catch {
    // Half a file: it is being written.
    return undefined
  }
}
