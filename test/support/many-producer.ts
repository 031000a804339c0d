/** Enqueues thousands in one call, again and again, until it is killed. argv: servers, namespace. Prints `stored` after each call. */

import { callboard } from 'callboard'
import { limited } from './limited.ts'

const [servers = '', namespace = ''] = process.argv.slice(2)
const board = await callboard({ servers, namespace, log: false })
for (;;) {
  await board.enqueueMany(
    limited,
    Array.from({ length: 20_000 }, (_, n) => ({ n, key: 'k', ms: 0 })),
  )
  console.log('stored')
}
