/** What can be said on the command line of both programs. */

import { parseArgs } from 'node:util'

/** What was said. */
export interface Options {
  /** Names of demos, or beginnings of names; none: all of them. */
  readonly names: readonly string[]
  readonly seed: number
  readonly json: boolean
  readonly help: boolean
  /** A file of one's own in place of `demos/data/readers.csv`. */
  readonly readers: string | undefined
  /** A mail server of one's own, as `smtp://127.0.0.1:1025`. */
  readonly smtp: string | undefined
  /** Send to a mail server that is not on this machine. */
  readonly meant: boolean
  /** Port of the broker; 0: a free one. */
  readonly port: number
  /** Folder in which the broker keeps its data. */
  readonly store: string | undefined
}

export const usage = `
  npm start [name]               the demos, to be watched; with a keyboard, to take part
  npm run demo [name] -- …       the same without a pause: exit code 0 if the counts hold

  --seed N                       another cast, other difficulties; the same again for the same N (default 1)
  --json                         one JSON document on standard output (demo only)
  --readers file.csv             your own readers: name, address, zone
  --smtp smtp://127.0.0.1:1025   your own mail server
  --i-mean-it                    even if it is not on this machine
  --store folder, --port N       where the broker keeps its data, and where it listens (default: for this run only)
`

/** Reads a command line. Throws with a sentence for people. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      readers: { type: 'string' },
      smtp: { type: 'string' },
      'i-mean-it': { type: 'boolean', default: false },
      port: { type: 'string', default: '0' },
      store: { type: 'string' },
    },
  })
  const { json, help, readers, smtp, store } = values
  const port = whole('--port', values.port)
  if (port > 65_535) throw new Error(`--port: ${port} is no port; the highest is 65535`)
  return { names: positionals, seed: whole('--seed', values.seed), json, help, readers, smtp, meant: values['i-mean-it'], port, store }
}

function whole(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Error(`${name}: ${JSON.stringify(text)} is no whole number`)
  return Number(text)
}
