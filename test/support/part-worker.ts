/**
 * A worker of a queue in several partitions, which writes what it does: `began <what> <n>` and `ended <what> <n>`.
 *
 * argv   servers, namespace, history (a file all workers append to), and after how many runs it is killed in the middle of one, if at all
 */

import { appendFileSync } from 'node:fs'
import { callboard } from 'callboard'
import { partStep, piece } from './part.ts'

const [servers = '', namespace = '', history = '', most = ''] = process.argv.slice(2)
let begun = 0

async function run(what: string, n: number): Promise<number> {
  appendFileSync(history, `began ${what} ${n}\n`)
  if (++begun === Number(most)) process.kill(process.pid, 'SIGKILL')
  await new Promise((resolve) => setImmediate(resolve))
  appendFileSync(history, `ended ${what} ${n}\n`)
  return n
}

const board = await callboard({ servers, namespace, log: false })
const service = await board
  .service('workers')
  .perform(piece, (n) => run('piece', n), { lease: 1000 })
  .perform(partStep, ({ key, n }) => run(key, n), { lease: 1000 })
  .start()
console.log('ready')
process.once('SIGTERM', () => void service.stop().then(() => board.close()))
