/**
 * The server's log, which it writes into a file rather than into a pipe to us.
 *
 * A pipe fills up when we are busy, and then the server waits for us; and when we are gone, the next line it writes ends it (a Go
 * program dies of SIGPIPE on its standard channels), in the middle of its orderly shutdown.
 */

import { closeSync, fstatSync, openSync, readSync, truncateSync, unwatchFile, watchFile } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

/** How many lines are kept. */
const kept = 200
/** How often the file is looked at, in ms. */
const every = 100
/** Bytes; the file begins anew when it is longer. */
const longest = 4 << 20

/** A log that is read while it is written. */
export interface Log {
  /** The file, open for whoever is to write the log. */
  readonly fd: number
  /** The last lines, at most 200, oldest first, up to this moment. */
  lines(): readonly string[]
  /** Reads what there is and stops looking. The lines can still be had. */
  end(): void
}

/** Opens a log. `tidy` may change each line; `heard` gets each, at most a tenth of a second late. */
export function openLog(path: string, tidy: (line: string) => string, heard?: (line: string) => void): Log {
  const fd = openSync(path, 'a')
  const reading = openSync(path, 'r')
  const decoder = new StringDecoder('utf8')
  const chunk = Buffer.alloc(65_536)
  const lines: string[] = []
  let position = 0
  let rest = ''
  let open = true

  function read(): void {
    if (!open) return
    for (let bytes = -1; bytes !== 0; position += bytes) {
      bytes = readSync(reading, chunk, 0, chunk.length, position)
      rest += decoder.write(chunk.subarray(0, bytes))
    }
    const complete = rest.split('\n')
    rest = complete.pop() ?? ''
    for (const raw of complete) {
      const line = tidy(raw.trimEnd())
      lines.push(line)
      if (lines.length > kept) lines.shift()
      heard?.(line)
    }
    if (position > longest && fstatSync(reading).size === position) {
      truncateSync(path)
      position = 0
    }
  }

  watchFile(path, { interval: every, persistent: false }, read)
  return {
    fd,
    lines: () => {
      read()
      return [...lines]
    },
    end: () => {
      unwatchFile(path, read)
      read()
      if (!open) return
      open = false
      closeSync(reading)
      closeSync(fd)
    },
  }
}
