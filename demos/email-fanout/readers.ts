/** Who is told of a book: readers from a CSV file with the columns name, address and zone. */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** The readers that come with the demo. All of them are invented. */
export const ownReaders = fileURLToPath(new URL('../data/readers.csv', import.meta.url))

const reader = z.object({ name: z.string().min(1), address: z.email(), zone: z.string().refine(known, 'no IANA time zone') })

/** Somebody who wants a mail when a book is out. */
export type Reader = z.infer<typeof reader>

/** Reads a file of readers. Throws with the line where something is wrong. */
export async function readReaders(file: string): Promise<Reader[]> {
  const [head = [], ...rows] = records(await readFile(file, 'utf8'))
  const columns = head.map((cell) => cell.trim().toLowerCase())
  for (const needed of ['name', 'address', 'zone'])
    if (!columns.includes(needed))
      throw new Error(`${file}: there is no column ${needed}; the first line must name the columns name,address,zone`)
  if (rows.length === 0) throw new Error(`${file}: there are no readers`)
  return rows.map((row, index) => {
    const read = reader.safeParse(Object.fromEntries(columns.map((column, at) => [column, row[at]?.trim()])))
    if (read.success) return read.data
    const wrong = read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`${file}: reader ${index + 1} (${row.join(',')}): ${wrong.join('; ')}`)
  })
}

/** The records of a CSV text. Cells with commas, quotes or line breaks stand in double quotes; a quote in them is doubled. */
function records(text: string): string[][] {
  const found: string[][] = []
  let record: string[] = []
  for (const [, quoted, plain = '', end] of text.replace(/^\uFEFF/, '').matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    record.push(quoted?.replaceAll('""', '"') ?? plain)
    if (end === ',') continue
    if (record.some((cell) => cell !== '')) found.push(record)
    record = []
  }
  return found
}

function known(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }))
  } catch {
    return false
  }
}
