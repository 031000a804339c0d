/** Payloads as they are given on a command line: as JSON, from a file, from standard input. */

import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fault } from '../../base/errors.ts'
import type { Call } from './call.ts'
import { UsageError } from './usage.ts'

/** The text an argument stands for: itself, the content of `@file`, or standard input for `-`. */
async function textOf(given: string, { host }: Pick<Call, 'host'>): Promise<string> {
  if (given !== '-' && !given.startsWith('@')) return given
  const parts: Buffer[] = []
  for await (const part of opened(given, host)) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

async function* opened(given: string, host: Call['host']): AsyncGenerator<unknown> {
  if (given === '-') return yield* host.stdin
  try {
    yield* createReadStream(resolve(host.cwd(), given.slice(1)))
  } catch (error) {
    throw new UsageError(`${given.slice(1)} cannot be read.`, 'Give the path of a file behind @.', (error as Error).message)
  }
}

/** The value an argument stands for; undefined if it was left out. Throws INVALID_PAYLOAD if it is not JSON. */
export async function payload(given: string | undefined, call: Pick<Call, 'host'>): Promise<unknown> {
  if (given === undefined) return undefined
  return parsed(await textOf(given, call), given === '-' ? 'Standard input' : given.startsWith('@') ? given.slice(1) : 'The payload')
}

/** One value for each line that is not empty. Throws INVALID_PAYLOAD, naming the line, if one is not JSON. */
export async function* payloads(given: string, { host }: Pick<Call, 'host'>): AsyncGenerator<unknown> {
  if (given !== '-' && !given.startsWith('@'))
    throw new UsageError('--lines reads many payloads.', 'Give @file or - in place of the payload.')
  const input = given === '-' ? host.stdin : createReadStream(resolve(host.cwd(), given.slice(1)))
  const failed = new Promise<never>((_, reject) => input.once('error', reject))
  failed.catch(() => undefined)
  let number = 0
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
  for (;;) {
    const next = await Promise.race([lines.next(), failed]).catch((error: Error) => {
      throw new UsageError(`${given.slice(1)} cannot be read.`, 'Give the path of a file behind @.', error.message)
    })
    if (next.done) return
    number++
    if (next.value.trim() !== '') yield parsed(next.value, `Line ${number}`)
  }
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw fault('INVALID_PAYLOAD', `${what} is not JSON. Nothing was stored.`, {
      why: `${(error as Error).message}.`,
      fix: `Write it as '{"isbn": "978-0"}', quoted for the shell; @file reads a file and - standard input.`,
    })
  }
}
