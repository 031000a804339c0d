/** A worker whose handler blocks its event loop. Says what happens, line by line. argv: JSON with servers and namespace. */

import { existsSync } from 'node:fs'
import { callboard } from 'callboard'
import { blocking } from './blocking.ts'

const board = await callboard({ ...JSON.parse(process.argv[2] ?? '{}'), log: false })
const told = new Promise<void>((resolve) => {
  board.on('trouble', ({ what }) => {
    console.log(`trouble ${what}`)
    resolve()
  })
})
await board
  .service('workers')
  .perform(
    blocking,
    async (file) => {
      await new Promise<unknown>((written) => process.stdout.write('blocks\n', written))
      const nap = new Int32Array(new SharedArrayBuffer(4))
      while (!existsSync(file)) Atomics.wait(nap, 0, 0, 20)
      await told
      console.log('ends')
      return 'blocked'
    },
    { lease: 1_000 },
  )
  .start()
console.log('ready')
