/** A worker of large tasks. Tells when one began. argv: JSON with servers and namespace. */

import { callboard } from 'callboard'
import { scan, sumOf } from './large.ts'

const board = await callboard({ ...JSON.parse(process.argv[2] ?? '{}'), log: false })
await board
  .service('scanner')
  .perform(
    scan,
    async ({ data, hang }, { attempt }) => {
      console.log(`began ${attempt}`)
      if (hang && attempt === 1) await new Promise(() => undefined)
      return sumOf(data)
    },
    { lease: 2_000 },
  )
  .start()
console.log('ready')
