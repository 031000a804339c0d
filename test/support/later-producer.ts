/**
 * Asks for so much, every other one for later, into a queue that is full again and again.
 *
 * argv     JSON: servers, namespace, which contract, and how much
 * prints   `asked n due` for each before it asks, due in ms since 1970; `stored n` when it was answered; at the end `done`
 */

import { callboard } from 'callboard'
import { contracts } from './limited.ts'

const given = JSON.parse(process.argv[2] ?? '{}') as { servers: string; namespace: string; as: keyof typeof contracts; count: number }
const board = await callboard({ servers: given.servers, namespace: given.namespace, log: false })
let asked = 0

async function ask(): Promise<void> {
  const n = asked++
  const delay = n % 2 === 0 ? 0 : 300 + ((n * 37) % 1500)
  const options = delay === 0 ? {} : { delay }
  console.log(`asked ${n} ${Date.now() + delay}`)
  await board.enqueue(contracts[given.as], { n, key: delay === 0 ? 'now' : 'later', ms: 5 }, options)
  console.log(`stored ${n}`)
}

await Promise.all(
  Array.from({ length: 48 }, async () => {
    while (asked < given.count) await ask()
  }),
)
console.log('done')
await board.close()
