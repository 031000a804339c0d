/**
 * Asks for work as fast as it can, and tells of it.
 *
 * argv     JSON: servers, namespace, full (`wait` or `reject`), total, and from which number on it counts
 * prints   `held <bytes>` now and then, `stored <n>` for each that was stored, at the end `done <asked>`
 *
 * 64 at a time, each awaited, until `total` were asked for. What is refused is not asked for again.
 */

import { callboard } from 'callboard'
import { heavy, heldBytes, taskBytes } from './pressure.ts'

const given = JSON.parse(process.argv[2] ?? '{}') as {
  servers: string
  namespace: string
  full: 'wait' | 'reject'
  total: number
  from: number
}
const board = await callboard({ servers: given.servers, namespace: given.namespace, log: false })
const work = heavy(given.full)
let asked = 0
let _stored = 0

async function ask(): Promise<void> {
  const n = given.from + asked++
  if (asked % 250 === 0) console.log(`held ${heldBytes()}`)
  try {
    await board.enqueue(work, { n, data: new Uint8Array(taskBytes).fill(n & 255) })
  } catch (error) {
    if ((error as { code?: string }).code !== 'QUEUE_FULL') throw error
    return
  }
  _stored++
  console.log(`stored ${n}`)
}

await Promise.all(
  Array.from({ length: 64 }, async () => {
    while (asked < given.total) await ask()
  }),
)
console.log(`done ${asked}`)
await board.close()
