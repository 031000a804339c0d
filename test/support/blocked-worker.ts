/** A worker whose handler blocks its event loop. Says what happens, line by line. argv: JSON with servers and namespace. */

import { callboard } from 'callboard'
import { blocking } from './blocking.ts'

const board = await callboard({ ...JSON.parse(process.argv[2] ?? '{}'), log: false })
board.on('trouble', ({ what }) => console.log(`trouble ${what}`))
await board
  .service('workers')
  .perform(
    blocking,
    async (ms) => {
      console.log('blocks')
      // Until the line is out.
      await new Promise((resolve) => setTimeout(resolve, 50))
      for (const end = Date.now() + ms; Date.now() < end; );
      await new Promise((resolve) => setTimeout(resolve, 500))
      console.log('ends')
      return 'blocked'
    },
    { lease: 1_000 },
  )
  .start()
console.log('ready')
