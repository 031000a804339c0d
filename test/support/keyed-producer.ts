/**
 * Asks for the same few things again and again, debounced and throttled, until it hears `stop`.
 *
 * argv     JSON: servers, namespace, of which contract, and from which number on it counts
 * prints   `asked how n key id duplicate` for each that was answered, at the end `done`
 */

import { callboard } from 'callboard'
import { contracts, keyedOptions, keys, ways } from './limited.ts'

const given = JSON.parse(process.argv[2] ?? '{}') as {
  servers: string
  namespace: string
  as: keyof typeof contracts
  from: number
}
const board = await callboard({ servers: given.servers, namespace: given.namespace, log: false })
let over = false
let n = given.from
process.once('SIGTERM', () => {
  over = true
})

await Promise.all(
  ways.map(async (way) => {
    while (!over) {
      const work = { n: n++, key: `${way}-${n % keys}`, ms: 0 }
      const { id, duplicate } = await board.enqueue(contracts[given.as], work, keyedOptions(way, work.key))
      console.log(`asked ${way} ${work.n} ${work.key} ${id} ${duplicate}`)
    }
  }),
)
console.log('done')
await board.close()
