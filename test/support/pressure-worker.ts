/**
 * Does the work, slowly.
 *
 * argv     JSON: servers, namespace, full
 * prints   ready, `ran <n>` for each task, `held <bytes>` now and then
 */

import { callboard } from 'callboard'
import { heavy, heldBytes, machinePause } from './pressure.ts'

const given = JSON.parse(process.argv[2] ?? '{}') as { servers: string; namespace: string; full: 'wait' | 'reject' }
const board = await callboard({ servers: given.servers, namespace: given.namespace, log: false })
let ran = 0
await board
  .service('pressed')
  .perform(
    heavy(given.full),
    async ({ n, data }) => {
      if (data.some((byte) => byte !== (n & 255))) throw new Error(`task ${n} is damaged`)
      await machinePause(given.full)
      console.log(`ran ${n}`)
      if (++ran % 40 === 0) console.log(`held ${heldBytes()}`)
    },
    { concurrency: given.full === 'wait' ? 4 : 1, lease: '2s' },
  )
  .start()
console.log('ready')
