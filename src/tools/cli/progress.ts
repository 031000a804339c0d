/** How far something has come: one line that is written over on a terminal, nothing elsewhere. */

import type { Pen } from './pen.ts'
import { count } from './words.ts'

/** Tells how far something has come. */
export interface Progress {
  to(done: number): void
  /** Takes the line away. */
  end(): void
}

/** How often the line changes at most, in ms. */
const every = 100
const blocks = 20

/** Counts things on standard error. `total`: how many there will be, where that is known. */
export function counting(pen: Pen, what: string, total?: number): Progress {
  let last = 0
  let shown = false
  return {
    to(done) {
      if (!pen.tty || (Date.now() - last < every && done !== total)) return
      last = Date.now()
      shown = true
      pen.raw(`\r\u001b[2K${bar(done, total)}${count(done)}${total === undefined ? '' : `/${count(total)}`} ${what}`)
    },
    end() {
      if (shown) pen.raw('\r\u001b[2K')
    },
  }
}

function bar(done: number, total: number | undefined): string {
  if (!total) return ''
  const full = Math.min(blocks, Math.round((done / total) * blocks))
  return `${'█'.repeat(full)}${'░'.repeat(blocks - full)} `
}
