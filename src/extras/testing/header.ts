/** Header blocks as the broker reads and writes them. Pure; bytes are kept as they came, one character each. */

/** The headers of a message: lines by name, in order. */
export type Fields = readonly (readonly [name: string, value: string])[]

const first = 'NATS/1.0'
const none = Buffer.alloc(0)

/** The lines of a block. */
export function fieldsOf(block: Uint8Array): [string, string][] {
  if (block.length === 0) return []
  const text = Buffer.from(block.buffer, block.byteOffset, block.byteLength).toString('latin1')
  return text
    .split('\r\n')
    .slice(1)
    .flatMap((line): [string, string][] => {
      const at = line.indexOf(':')
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()]]
    })
}

/** The first value of a name; undefined: there is none. */
export const fieldOf = (fields: Fields, name: string): string | undefined => fields.find(([each]) => each === name)?.[1]

/** A block of lines; without any there is no block. `status` as `408 Request Timeout`. */
export function blockOf(fields: Fields, status = ''): Buffer {
  if (fields.length === 0 && status === '') return none
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.from(`${first}${status === '' ? '' : ` ${status}`}\r\n${lines}\r\n`, 'latin1')
}

/** A block with more lines behind it. */
export function withFields(block: Uint8Array, more: Fields): Buffer {
  if (block.length === 0) return blockOf(more)
  return Buffer.concat([block.subarray(0, block.length - 2), blockOf(more).subarray(first.length + 2)])
}
